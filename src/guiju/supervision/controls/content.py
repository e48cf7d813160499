"""Article 4 and article 14, paragraph 1: what must not be generated, and stopping where it is found."""

from guiju.law.models import Outcome
from guiju.supervision.controls.points import (
    Point,
    answer,
    ended,
    happened,
    is_so,
    kept_fresh,
    lacking,
    reaches,
)
from guiju.supervision.models import CheckContext, CheckResult, Control
from guiju.supervision.state_names import StateName

_CLOSED = "exchange.closed"


def _moderated(context: CheckContext) -> list[Point]:
    return [
        is_so(
            context,
            StateName.POLICY_KEYWORDS,
            zh="输入和输出都经关键词检测",
            en="input and output are checked by keywords",
        ),
        is_so(
            context,
            StateName.POLICY_INPUT_FAIL_CLOSED,
            zh="输入检测不成即不放行",
            en="input that could not be checked does not go on",
            otherwise=Outcome.PARTIAL,
        ),
        is_so(
            context,
            StateName.POLICY_OUTPUT_FAIL_CLOSED,
            zh="输出检测不成即不放行",
            en="output that could not be checked does not go on",
            otherwise=Outcome.PARTIAL,
        ),
    ]


def _prohibited(context: CheckContext) -> CheckResult:
    return answer(
        "content.prohibited",
        [
            *_moderated(context),
            happened(context, _CLOSED, zh="经检测的对话", en="moderated exchanges"),
            *reaches(context, StateName.LIBRARY_TERMS, "gb-t-45654/keyword-library/total"),
            *reaches(context, StateName.LIBRARY_A1_SMALLEST, "gb-t-45654/keyword-library/per-class/A.1"),
            *kept_fresh(context, StateName.LIBRARY_AGE_DAYS, "gb-t-45654/keyword-library/update-days"),
        ],
    )


def _discrimination(context: CheckContext) -> CheckResult:
    return answer(
        "content.discrimination",
        [
            *_moderated(context),
            happened(context, _CLOSED, zh="经检测的对话", en="moderated exchanges"),
            *reaches(context, StateName.LIBRARY_A2_SMALLEST, "gb-t-45654/keyword-library/per-class/A.2"),
            lacking(
                "关键词只拦截歧视性内容；算法设计、数据选择、模型优化中的防歧视措施不在本系统内，须由人认定",
                "keywords only stop discriminatory content; measures in design, data and training are not seen here",
            ),
        ],
    )


def _personal_rights(context: CheckContext) -> CheckResult:
    return answer(
        "content.personal-rights",
        [
            is_so(
                context,
                StateName.POLICY_PERSONAL_INFORMATION,
                zh="输入和输出都经个人信息检测",
                en="input and output are checked for personal information",
            ),
            is_so(
                context,
                StateName.POLICY_OUTPUT_FAIL_CLOSED,
                zh="输出检测不成即不放行",
                en="output that could not be checked does not go on",
                otherwise=Outcome.PARTIAL,
            ),
            happened(context, _CLOSED, zh="经检测的对话", en="moderated exchanges"),
            lacking(
                "只检测个人信息和关键词；肖像、名誉、身心健康等尚无专门的检测",
                "only personal information and keywords are looked for; likeness, repute and health have no detector",
            ),
        ],
    )


def _transparency(context: CheckContext) -> CheckResult:
    return answer(
        "content.transparency",
        [
            is_so(
                context,
                StateName.PORTAL_CHAT_MARK,
                zh="对话页始终标明内容由人工智能生成",
                en="the chat page always says that its answers are made by AI",
            ),
            happened(context, _CLOSED, zh="可追溯的对话", en="traceable exchanges"),
            lacking("准确性、可靠性的评测尚未建立", "accuracy and reliability are not evaluated yet"),
        ],
    )


def _stop_generation(context: CheckContext) -> CheckResult:
    return answer(
        "content.stop-generation",
        [
            is_so(
                context,
                StateName.POLICY_KEYWORDS,
                zh="输入和输出都经关键词检测",
                en="input and output are checked by keywords",
            ),
            ended(
                context, "output_stopped", zh="发现后停止生成并关闭上游", en="generation stopped and upstream closed"
            ),
        ],
    )


def _stop_transmission(context: CheckContext) -> CheckResult:
    return answer(
        "content.stop-transmission",
        [
            is_so(
                context,
                StateName.POLICY_OUTPUT_FAIL_CLOSED,
                zh="输出检测不成即不放行",
                en="output that could not be checked does not go on",
            ),
            ended(
                context,
                "output_stopped",
                zh="发现后未放行的部分不再发出",
                en="what had not been let out was held back",
            ),
        ],
    )


CONTROLS = (
    Control(
        "content.prohibited",
        "输入输出检测与关键词库",
        "Moderation of input and output with the keyword library",
        ("cn/genai-measures-2023/art-4/para-1/item-1#no-prohibited-content",),
        _prohibited,
    ),
    Control(
        "content.discrimination",
        "歧视性内容检测",
        "Moderation of discriminatory content",
        ("cn/genai-measures-2023/art-4/para-1/item-2#no-discrimination",),
        _discrimination,
    ),
    Control(
        "content.personal-rights",
        "个人信息检测",
        "Detection of personal information",
        ("cn/genai-measures-2023/art-4/para-1/item-4#respect-personal-rights",),
        _personal_rights,
    ),
    Control(
        "content.transparency",
        "对话页标明人工智能并留痕",
        "The chat page says it is AI, and exchanges are traceable",
        ("cn/genai-measures-2023/art-4/para-1/item-5#transparency-and-accuracy",),
        _transparency,
    ),
    Control(
        "content.stop-generation",
        "发现违法内容即停止生成",
        "Generation stops at a finding",
        ("cn/genai-measures-2023/art-14/para-1#stop-generation",),
        _stop_generation,
    ),
    Control(
        "content.stop-transmission",
        "发现违法内容即停止传输",
        "Transmission stops at a finding",
        ("cn/genai-measures-2023/art-14/para-1#stop-transmission",),
        _stop_transmission,
    ),
)
