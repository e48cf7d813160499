"""What a user is told whose call a sanction refuses: what, why, until when, and how to object."""

from guiju.gateway.entrance.errors import AdmissionError
from guiju.gateway.entrance.sanctions.models import Sanction, SanctionKind
from guiju.gateway.entrance.sanctions.rules import USERS_DUTY
from guiju.kit.clock import BEIJING, to_iso

_CODES = {
    SanctionKind.LIMIT: "function_limited",
    SanctionKind.SUSPEND: "user_suspended",
    SanctionKind.TERMINATE: "user_terminated",
}
_TITLES = {
    SanctionKind.WARN: ("已警示", "warned"),
    SanctionKind.LIMIT: ("此功能对该用户已限制", "this function is closed for this user"),
    SanctionKind.SUSPEND: ("已暂停向该用户提供服务", "service to this user is suspended"),
    SanctionKind.TERMINATE: ("已终止向该用户提供服务", "service to this user is terminated"),
}


class SanctionedError(AdmissionError):
    """A sanction refuses the call."""

    provision = USERS_DUTY

    def __init__(self, sanction: Sanction) -> None:
        """Tell of `sanction`."""
        self.code = _CODES[sanction.order.kind]
        self.sanction = sanction
        self.facts: dict[str, str | int] = {"sanction": sanction.id, "kind": sanction.order.kind.value}
        order = sanction.order
        zh, en = _TITLES[order.kind]
        if order.until is not None:
            until = order.until.astimezone(BEIJING)
            zh, en = f"{zh}，至北京时间 {until:%Y-%m-%d %H:%M}", f"{en} until {until:%Y-%m-%d %H:%M} Beijing time"
        why = order.reason_en or order.reason
        super().__init__(
            f"{zh}。原因：{order.reason.rstrip('。')}。如有异议，请到 {object_path(sanction)} 提出。",
            f"{en[:1].upper()}{en[1:]}. Why: {why.rstrip('.')}. To object, go to {object_path(sanction)}.",
        )

    def payload(self, exchange_id: str = "") -> dict[str, object]:
        """Return the error object, with the sanction in parts for programs to read."""
        whole = super().payload(exchange_id)
        error = whole["error"]
        if isinstance(error, dict):
            error["sanction"] = sanction_facts(self.sanction)
        return whole


def object_path(sanction: Sanction) -> str:
    """Return the page on which the user sees the sanction and objects to it."""
    return f"/sanctions/{sanction.id}"


def sanction_facts(sanction: Sanction) -> dict[str, object]:
    """Return what the user is told, in parts."""
    order = sanction.order
    return {
        "id": sanction.id,
        "kind": order.kind.value,
        "reason": order.reason,
        "reason_en": order.reason_en,
        "functions": list(order.functions),
        "until": None if order.until is None else to_iso(order.until),
        "object_at": object_path(sanction),
    }
