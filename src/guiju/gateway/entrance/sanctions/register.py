"""This room's own register of sanctions: evidence first, then effect; every one has a reason and can be lifted."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from guiju.gateway.app_rules import is_endpoint
from guiju.gateway.entrance.sanctions import rules
from guiju.gateway.entrance.sanctions.models import Changes, Sanction, SanctionKind, SanctionOrder, SanctionQuery
from guiju.kit.canonical_json import JsonObject  # noqa: TC001 - as elsewhere, imports are not split by their use
from guiju.kit.clock import Clock, to_iso
from guiju.kit.errors import InputError, NotFoundError, RefusedError
from guiju.kit.ids import new_id
from guiju.ledger.models import Draft, Receipt

FUNCTIONS = ("stream", "tools", "media")
_REASON_CHARACTERS = 1000
_FUNCTIONS_MOST = 50
_COMPLAINTS = "cn/genai-measures-2023/art-15"


class SanctionStore(Protocol):
    """Where the register keeps its rows. What was reserved and not activated is seen by nobody."""

    def reserve(self, sanction: Sanction, *, is_automatic: bool) -> bool:
        """Keep a row that is not in force yet.

        Returns False where the id is there already, or, for a rule's, the person is suspended or terminated already.
        """
        ...

    def activate(self, sanction_id: str) -> None:
        """Put a reserved row in force."""
        ...

    def lift(self, sanction: Sanction) -> bool:
        """Keep that a sanction was lifted; False where it was already."""
        ...

    def changed_since(self, mark: int, now: datetime) -> Changes:
        """Return what changed after `mark`."""
        ...

    def search(self, query: SanctionQuery, now: datetime) -> list[Sanction]:
        """Return sanctions, newest first."""
        ...

    def get(self, sanction_id: str) -> Sanction | None:
        """Return one sanction that is or was in force."""
        ...


class OwnRegister:
    """Implements the port with a table."""

    def __init__(self, store: SanctionStore, append: Callable[[Draft], Receipt], clock: Clock) -> None:
        """Keep in `store`, after `append` made it evidence."""
        self._store = store
        self._append = append
        self._clock = clock

    def impose(self, order: SanctionOrder, *, by: str, sanction_id: str = "") -> Sanction | None:
        """Impose a measure; see the port."""
        now = self._clock.now()
        sanction = Sanction(sanction_id or new_id(), checked_order(order, now), by, now)
        if not self._store.reserve(sanction, is_automatic=bool(order.rule)):
            return None
        self._append(_imposed(sanction))
        self._store.activate(sanction.id)
        return sanction

    def lift(self, sanction_id: str, *, by: str, reason: str) -> Sanction:
        """End a measure; see the port."""
        sanction, now = self.get(sanction_id), self._clock.now()
        if not sanction.is_in_force(now):
            raise RefusedError("此处置已经结束。", "This sanction has ended already.", where="sanction")
        lifted = replace(sanction, lifted_at=now, lifted_by=by, lift_reason=_reason(reason))
        self._append(_lifted(lifted))
        self._store.lift(lifted)
        return lifted

    def changed_since(self, mark: int) -> Changes:
        """Return what changed; see the port."""
        return self._store.changed_since(mark, self._clock.now())

    def search(self, query: SanctionQuery) -> list[Sanction]:
        """Return sanctions; see the port."""
        return self._store.search(query, self._clock.now())

    def get(self, sanction_id: str) -> Sanction:
        """Return one; see the port."""
        found = self._store.get(sanction_id)
        if found is None:
            raise NotFoundError(
                f"没有编号为 {sanction_id} 的处置。", f"There is no sanction {sanction_id}.", where="sanction"
            )
        return found


def checked_order(order: SanctionOrder, now: datetime) -> SanctionOrder:
    """Return an order that has what its kind needs.

    Raises:
        InputError: it has not.
    """
    order = replace(order, reason=_reason(order.reason), person=order.person.strip())
    if not order.person or not order.person.isprintable():
        raise InputError("请指明用户的假名。", "Name the user's pseudonym.", where="person")
    if order.kind is SanctionKind.TERMINATE:
        order = replace(order, until=None)
    elif order.until is None or order.until <= now:
        raise InputError("请写明何时结束，且在将来。", "Say when it ends, in the future.", where="until")
    if order.kind is SanctionKind.LIMIT:
        return replace(order, functions=_functions(order.functions))
    return replace(order, functions=())


def _functions(names: tuple[str, ...]) -> tuple[str, ...]:
    is_sound = all(name in FUNCTIONS or name.startswith("model:") or is_endpoint(name) for name in names)
    if not 0 < len(names) <= _FUNCTIONS_MOST or not is_sound:
        raise InputError(
            f"请写明限制哪些功能：{'、'.join(FUNCTIONS)}，接口如 chat/completions，或 model:模型名。",
            f"Say what is closed: {', '.join(FUNCTIONS)}, an endpoint such as chat/completions, or model:NAME.",
            where="functions",
        )
    return tuple(sorted(set(names)))


def _reason(text: str) -> str:
    text = text.strip()
    if not 0 < len(text) <= _REASON_CHARACTERS:
        raise InputError(
            f"请写明理由（1 到 {_REASON_CHARACTERS} 字），它会告知用户。",
            f"Say why (1 to {_REASON_CHARACTERS} characters); the user will read it.",
            where="reason",
        )
    return text


def _imposed(sanction: Sanction) -> Draft:
    order = sanction.order
    facts: JsonObject = {
        "kind": order.kind.value,
        "reason": order.reason,
        "reason_en": order.reason_en,
        "app": order.app_id,
        "functions": list(order.functions),
        "until": to_iso(order.until) if order.until is not None else None,
        "exchange": order.exchange_id,
        "rule": order.rule,
        "exchanges": list(order.exchanges),
    }
    return Draft(
        id=sanction.id,
        action="user.sanctioned",
        actor=sanction.by,
        subject=f"sanction:{sanction.id}",
        person=order.person,
        provisions=(rules.USERS_DUTY, _COMPLAINTS),
        body=facts,
    )


def _lifted(sanction: Sanction) -> Draft:
    return Draft(
        action="user.sanction_lifted",
        actor=sanction.lifted_by,
        subject=f"sanction:{sanction.id}",
        person=sanction.order.person,
        provisions=(rules.USERS_DUTY, _COMPLAINTS),
        body={"kind": sanction.order.kind.value, "reason": sanction.lift_reason},
    )
