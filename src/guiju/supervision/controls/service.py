"""Articles 12, 13 and 15: labels, a steady service, a way to complain."""

from guiju.law.models import Outcome
from guiju.supervision.controls.points import Point, answer, happened, is_so, lacking, state_of, unknown
from guiju.supervision.models import CheckContext, CheckResult, Control
from guiju.supervision.state_names import StateName

_RECENT_DAYS = 31
"""Over how many days failures are weighed against answers; our own choice."""


def _label(context: CheckContext) -> CheckResult:
    return answer(
        "service.label",
        [
            is_so(
                context,
                StateName.LABEL_ON_EVERY_ANSWER,
                zh="每个回答都带隐式标识",
                en="every answer carries the implicit label",
            ),
            is_so(
                context,
                StateName.LABEL_PRODUCER_IS_VALID_CODE,
                zh="标识中的服务提供者编码符合标准的格式",
                en="the provider's code in the label has the form of the standard",
                otherwise=Outcome.PARTIAL,
            ),
            is_so(
                context,
                StateName.PORTAL_CHAT_MARK,
                zh="对话页持续显示显式标识",
                en="the chat page always shows the explicit label",
            ),
            happened(context, "exchange.closed", zh="带标识的对话", en="labelled exchanges"),
        ],
    )


def _upstreams(context: CheckContext) -> Point:
    healthy = state_of(context, StateName.UPSTREAMS_HEALTHY)
    total = state_of(context, StateName.UPSTREAMS_TOTAL)
    if not isinstance(healthy, int) or not isinstance(total, int):
        return unknown(context, "上游的健康状况", "the health of the upstreams")
    zh, en = f"上游 {total} 个，健康 {healthy} 个", f"{healthy} of {total} upstreams are healthy"
    if healthy <= 0:
        return Point(Outcome.NOT_MET, zh, en)
    return Point(Outcome.MET if healthy >= total else Outcome.PARTIAL, zh, en)


def _failures(context: CheckContext) -> Point:
    endings = context.endings(_RECENT_DAYS)
    if endings is None:
        return unknown(context, "对话的结局", "how exchanges ended")
    answered = endings.get("answered")
    failed = endings["upstream_failed"].count if "upstream_failed" in endings else 0
    count = answered.count if answered is not None else 0
    zh, en = (
        f"近 {_RECENT_DAYS} 天作答 {count} 次，上游失败 {failed} 次",
        f"{count} answered, {failed} failed upstream within {_RECENT_DAYS} days",
    )
    if not count:
        return Point(Outcome.NOT_MET if failed else Outcome.INSUFFICIENT, zh, en)
    return Point(Outcome.PARTIAL if failed > count else Outcome.MET, zh, en, answered)


def _stable(context: CheckContext) -> CheckResult:
    return answer("service.stable", [_upstreams(context), _failures(context)])


def _complaints(context: CheckContext) -> CheckResult:
    received = happened(context, "objection.received", zh="收到异议", en="objections received")
    answered = happened(context, "objection.answered", zh="答复异议", en="objections answered")
    return answer(
        "service.complaint-channel",
        [
            is_so(
                context,
                StateName.PORTAL_OBJECTION_LINK,
                zh="回答旁有提出异议的入口",
                en="a user can object to an answer where it is shown",
            ),
            Point(Outcome.MET, received.zh, received.en, received.facts),  # that nobody objected is no fault
            Point(Outcome.MET, answered.zh, answered.en, answered.facts),
            lacking(
                "只有对回答提出异议的入口及其答复；完整的投诉举报渠道和处理尚未建立",
                "only answers can be objected to, and are; full channels and handling of complaints are not built yet",
            ),
        ],
    )


CONTROLS = (
    Control(
        "service.label",
        "显式标识和隐式标识",
        "Explicit and implicit labels",
        ("cn/genai-measures-2023/art-12/para-1#label",),
        _label,
    ),
    Control(
        "service.stable",
        "上游健康检查与切换",
        "Health checks of upstreams, and failover",
        ("cn/genai-measures-2023/art-13/para-1#stable-service",),
        _stable,
    ),
    Control(
        "service.complaint-channel",
        "异议入口",
        "Objections to answers",
        ("cn/genai-measures-2023/art-15/para-1#complaint-channel",),
        _complaints,
    ),
)
