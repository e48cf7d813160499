"""Article 11: what users put in, and what is kept of them."""

from guiju.law.models import Outcome
from guiju.supervision.controls.points import Point, answer, for_a_person, happened, is_so, lacking
from guiju.supervision.models import CheckContext, CheckResult, Control
from guiju.supervision.state_names import StateName


def _encrypted(context: CheckContext) -> Point:
    return is_so(
        context,
        StateName.LEDGER_BODIES_ENCRYPTED,
        zh="正文按人分别加密存放",
        en="bodies lie encrypted under the key of their person",
    )


def _training(context: CheckContext) -> Point:
    used = context.profile.facts.get("uses_user_input_for_training")
    if used is None:
        return for_a_person(
            "服务画像未声明是否用使用者输入训练", "not declared: whether user input is used for training"
        )
    if used:
        return lacking(
            "用使用者输入训练，而本系统没有拒绝的选项", "user input trains models, and there is no opt-out here"
        )
    return Point(Outcome.MET, "已声明不用使用者输入训练", "declared: user input is not used for training")


def _protect_input(context: CheckContext) -> CheckResult:
    return answer(
        "persons.protect-input",
        [
            _encrypted(context),
            is_so(
                context,
                StateName.STAFF_VIEWING_RECORDED,
                zh="查看正文先留痕",
                en="reading a body is recorded first",
            ),
            happened(context, "exchange.closed", zh="加密留存的对话", en="exchanges kept encrypted"),
            _training(context),
        ],
    )


def _collection(context: CheckContext) -> CheckResult:
    return answer(
        "persons.no-unnecessary-collection",
        [
            is_so(
                context,
                StateName.PERSONS_PSEUDONYMOUS,
                zh="终端用户只以化名留存",
                en="end users are kept by pseudonym only",
            ),
            for_a_person(
                "接入的应用另外收集什么，本系统看不到，须由人核对个人信息清单",
                "what the applications collect besides is not seen here; a person must check the inventory",
            ),
        ],
    )


def _retention(context: CheckContext) -> CheckResult:
    erased = happened(context, "person.erased", zh="按人删除", en="erasure of a person")
    return answer(
        "persons.no-unlawful-retention",
        [
            _encrypted(context),
            Point(Outcome.MET, f"可按人删除；{erased.zh}", f"a person can be erased; {erased.en}", erased.facts),
            lacking(
                "到期自动清除和留存期限表尚未建立",
                "purging when a period ends, and a retention schedule, are not built",
            ),
        ],
    )


def _rights(context: CheckContext) -> CheckResult:
    return answer(
        "persons.rights-requests",
        [
            _encrypted(context),
            happened(context, "person.erased", zh="应个人请求删除", en="erasure of a person"),
            lacking(
                "可以删除；查阅、复制、更正的受理尚未建立",
                "erasure works; taking requests to see or correct is not built",
            ),
        ],
    )


CONTROLS = (
    Control(
        "persons.protect-input",
        "按人加密与查看留痕",
        "Encryption for each person, and recorded viewing",
        ("cn/genai-measures-2023/art-11/para-1#protect-input",),
        _protect_input,
    ),
    Control(
        "persons.no-unnecessary-collection",
        "以化名留存",
        "Pseudonyms",
        ("cn/genai-measures-2023/art-11/para-1#no-unnecessary-collection",),
        _collection,
    ),
    Control(
        "persons.no-unlawful-retention",
        "按人删除",
        "Erasure of a person",
        ("cn/genai-measures-2023/art-11/para-1#no-unlawful-retention",),
        _retention,
    ),
    Control(
        "persons.rights-requests",
        "个人请求：删除",
        "Requests of persons: erasure",
        ("cn/genai-measures-2023/art-11/para-2#rights-requests",),
        _rights,
    ),
)
