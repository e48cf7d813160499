"""Articles 9, 14 (paragraph 2) and 19: records that hold, kept safe, and shown to whom may see them."""

from guiju.law.models import Outcome
from guiju.supervision.controls.points import Point, answer, happened, is_so, lacking, state_of, unknown, verdict
from guiju.supervision.models import CheckContext, CheckResult, Control
from guiju.supervision.state_names import StateName


def _integrity(context: CheckContext) -> Point:
    return verdict(context, StateName.LEDGER_INTEGRITY, zh="账本未被改写", en="the ledger was not rewritten")


def _completeness(context: CheckContext) -> Point:
    return verdict(context, StateName.LEDGER_COMPLETENESS, zh="账本没有缺失", en="nothing is missing in the ledger")


def _exchanges(context: CheckContext) -> Point:
    return happened(context, "exchange.closed", zh="留存的对话", en="exchanges on record")


def _staff(context: CheckContext) -> Point:
    members = state_of(context, StateName.STAFF_MEMBERS)
    if not isinstance(members, int):
        return unknown(context, "后台人员", "staff members")
    if members < 1:
        return Point(Outcome.NOT_MET, "没有实名的后台人员", "there are no named staff members")
    return Point(Outcome.MET, f"实名后台人员 {members} 人，按角色授权", f"{members} named staff, authorised by role")


def _viewing(context: CheckContext) -> Point:
    return is_so(context, StateName.STAFF_VIEWING_RECORDED, zh="查看正文先留痕", en="reading a body is recorded first")


def _producer(context: CheckContext) -> CheckResult:
    return answer("records.producer-duty", [_exchanges(context), _integrity(context), _completeness(context)])


def _security(context: CheckContext) -> CheckResult:
    return answer("records.security", [_exchanges(context), _integrity(context), _staff(context), _viewing(context)])


def _keep(context: CheckContext) -> CheckResult:
    return answer(
        "records.keep",
        [
            _exchanges(context),
            _integrity(context),
            _completeness(context),
            verdict(context, StateName.LEDGER_FRESHNESS, zh="账本是最新的", en="the ledger is up to date"),
        ],
    )


def _explain(context: CheckContext) -> CheckResult:
    exported = happened(context, "ledger.exported", zh="导出", en="exports")
    return answer(
        "records.explain",
        [
            is_so(
                context,
                StateName.LEDGER_EXPORT,
                zh="可导出能脱离本系统核验的证据包",
                en="a bundle can be exported that verifies without this house",
            ),
            _integrity(context),
            Point(Outcome.MET, exported.zh, exported.en, exported.facts),  # nobody may have asked yet
            lacking(
                "训练数据来源、标注规则、算法机理的说明材料不在本系统内",
                "the explanation of training data, annotation rules and algorithms is not held here",
            ),
        ],
    )


def _confidential(context: CheckContext) -> CheckResult:
    viewed = happened(context, "staff.body_viewed", zh="查看正文", en="views of bodies")
    return answer(
        "records.confidentiality",
        [
            _staff(context),
            _viewing(context),
            is_so(
                context,
                StateName.STAFF_INSPECTOR_READ_ONLY,
                zh="检查人员只读且有期限",
                en="inspectors may only read, for a limited time",
            ),
            Point(Outcome.MET, viewed.zh, viewed.en, viewed.facts),  # that nobody looked is no fault
        ],
    )


CONTROLS = (
    Control(
        "records.producer-duty",
        "可追溯的证据账本",
        "A ledger of evidence that can be traced",
        ("cn/genai-measures-2023/art-9/para-1#producer-duty",),
        _producer,
    ),
    Control(
        "records.security",
        "日志留存与访问控制",
        "Logs and access control",
        ("cn/genai-measures-2023/art-9/para-1#security",),
        _security,
    ),
    Control(
        "records.keep",
        "保存有关记录",
        "Keeping the records",
        ("cn/genai-measures-2023/art-14/para-2#keep-records",),
        _keep,
    ),
    Control(
        "records.explain",
        "可核验、可导出的证据",
        "Evidence that verifies and can be exported",
        ("cn/genai-measures-2023/art-19/para-1#explain-and-support",),
        _explain,
    ),
    Control(
        "records.confidentiality",
        "授权查看与留痕",
        "Authorised and recorded viewing",
        ("cn/genai-measures-2023/art-19/para-2#confidentiality",),
        _confidential,
    ),
)
