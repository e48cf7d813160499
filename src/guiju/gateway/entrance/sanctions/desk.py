"""What people do about sanctions: impose, lift, object (article 15), answer; each is an entry."""

from dataclasses import dataclass
from datetime import datetime

from guiju.gateway.entrance.sanctions.interface import SanctionRegister
from guiju.gateway.entrance.sanctions.models import Sanction, SanctionOrder, SanctionQuery
from guiju.gateway.ports import Recording
from guiju.kit.errors import InputError
from guiju.ledger.models import Draft, EntryQuery

_TEXT_CHARACTERS = 4000
_CONTACT_CHARACTERS = 200
_OBJECTIONS_SHOWN = 50
COMPLAINTS = "cn/genai-measures-2023/art-15"
OBJECTED, ANSWERED = "objection.received", "objection.answered"


@dataclass(frozen=True, slots=True)
class Letter:
    """An objection to a sanction, or an answer to one; `is_erased` where its text is gone with its person's key."""

    entry_id: str
    at: datetime
    text: str
    contact: str
    is_answer: bool
    is_erased: bool


class SanctionDesk:
    """Joins the register to the ledger, and lets this process know at once; every call blocks."""

    def __init__(self, register: SanctionRegister, ledger: Recording) -> None:
        """Work with `register`; letters stand in `ledger`."""
        self._register = register
        self._ledger = ledger

    def impose(self, order: SanctionOrder, *, by: str) -> Sanction:
        """Impose a measure; within a second every process knows.

        Raises:
            InputError: the order lacks what its kind needs.
        """
        imposed = self._register.impose(order, by=by)
        if imposed is None:
            raise InputError("此处置已经登记。", "This sanction is registered already.", where="sanction")
        return imposed

    def lift(self, sanction_id: str, *, by: str, reason: str) -> Sanction:
        """End a measure; within a second every process knows. Raises NotFoundError, RefusedError, InputError."""
        return self._register.lift(sanction_id, by=by, reason=reason)

    def search(self, query: SanctionQuery) -> list[Sanction]:
        """Return sanctions, newest first."""
        return self._register.search(query)

    def get(self, sanction_id: str) -> Sanction:
        """Return one sanction. Raises NotFoundError."""
        return self._register.get(sanction_id)

    def object_to(self, sanction_id: str, text: str, *, contact: str) -> str:
        """Take an objection and return its number.

        Raises:
            NotFoundError: there is no such sanction.
            InputError: the text is empty or too long.
        """
        return self._write(OBJECTED, sanction_id, "", text=text, contact=contact)

    def answer(self, sanction_id: str, text: str, *, by: str) -> str:
        """Answer the objections to a sanction that stays; return the entry's id. Raises as `object_to`."""
        return self._write(ANSWERED, sanction_id, by, text=text, contact="")

    def letters(self, sanction_id: str) -> list[Letter]:
        """Return objections and answers, oldest first."""
        query = EntryQuery(actions=(OBJECTED, ANSWERED), subject=f"sanction:{sanction_id}", limit=_OBJECTIONS_SHOWN)
        letters = []
        for head in reversed(self._ledger.find(query)):
            body = self._ledger.body(head.id)
            facts = body if isinstance(body, dict) else {}
            letters.append(
                Letter(
                    head.id,
                    head.received_at,
                    str(facts.get("text", "")),
                    str(facts.get("contact", "")),
                    is_answer=head.action == ANSWERED,
                    is_erased=not isinstance(body, dict),
                )
            )
        return letters

    def waiting(self, limit: int = 500) -> list[str]:
        """Return the sanctions among the newest letters whose last one is an objection."""
        heads = self._ledger.find(EntryQuery(actions=(OBJECTED, ANSWERED), limit=limit))
        newest: dict[str, str] = {}
        for head in heads:
            if head.subject.startswith("sanction:"):
                newest.setdefault(head.subject.removeprefix("sanction:"), head.action)
        return [sanction_id for sanction_id, action in newest.items() if action == OBJECTED]

    def _write(self, action: str, sanction_id: str, by: str, *, text: str, contact: str) -> str:
        text, contact = text.strip(), contact.strip()
        if not 0 < len(text) <= _TEXT_CHARACTERS or len(contact) > _CONTACT_CHARACTERS:
            raise InputError(
                f"请写明理由（1 到 {_TEXT_CHARACTERS} 字）；联系方式不超过 {_CONTACT_CHARACTERS} 字。",
                f"Say why (1 to {_TEXT_CHARACTERS} characters); a contact has at most {_CONTACT_CHARACTERS}.",
                where="text",
            )
        sanction = self.get(sanction_id)
        draft = Draft(
            action=action,
            actor=by or f"person:{sanction.order.person}",
            subject=f"sanction:{sanction.id}",
            person=sanction.order.person,
            provisions=(COMPLAINTS,),
            body={"text": text, "contact": contact, "kind": sanction.order.kind.value},
        )
        return self._ledger.append(draft).id
