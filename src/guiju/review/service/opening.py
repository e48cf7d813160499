"""Opens an item for a person: its text, what was found then, what would be found now, and which terms are near."""

from guiju.ledger.models import Erased
from guiju.moderation.models import ExplainedFinding, Scope
from guiju.moderation.service import Moderation
from guiju.review.evidence import LedgerPort, RecordedText, read_text
from guiju.review.models import Nearest, OpenedItem, ReviewItem, Said
from guiju.review.nearest import TermNeighbours
from guiju.text.normalising import base_normaliser

_LAST_TURNS = 20
_MOST_FINDINGS = 40
_KEYWORDS = "keywords"


class ItemOpener:
    """Reads items' texts from the ledger, and asks moderation about them."""

    def __init__(self, ledger: LedgerPort, moderation: Moderation) -> None:
        """Read `ledger`, ask `moderation`."""
        self._ledger = ledger
        self._moderation = moderation
        self._near: tuple[str, TermNeighbours] = ("", TermNeighbours(()))

    def text_of(self, item: ReviewItem) -> RecordedText | None:
        """Return what the ledger says of an item's text; None where its person was erased.

        Raises:
            StorageError: it should be readable and is not.
        """
        head, body = self._ledger.entry_by_id(item.entry_id), self._ledger.body(item.entry_id)
        if head is None or body is None or isinstance(body, Erased):
            return None
        return read_text(head.action, body)

    def open(self, item: ReviewItem) -> OpenedItem:
        """Return an item with everything that there is to see of it.

        Raises:
            StorageError: it should be readable and is not.
        """
        recorded = self.text_of(item)
        objection, contact = self._objection(item)
        if recorded is None:
            return OpenedItem(item, is_erased=True, objection=objection, contact=contact)
        at = self.focus(recorded)
        if at is None:
            return OpenedItem(item, is_erased=False, recorded=recorded.findings, reason=recorded.reason)
        text = recorded.texts[at]
        explanation = self._moderation.explain(text.text, item.scope)
        return OpenedItem(
            item=item,
            is_erased=False,
            context=(*recorded.texts[:at], *recorded.texts[at + 1 :]),
            text=text,
            recorded=recorded.findings,
            reason=recorded.reason,
            explanation=explanation,
            nearest=tuple(self._nearest(found) for found in explanation.findings[:_MOST_FINDINGS]),
            objection=objection,
            contact=contact,
        )

    def focus(self, recorded: RecordedText) -> int | None:
        """Return which text is in question: the one that what was recorded fits, else the last thing that was said."""
        texts = recorded.texts
        if recorded.findings:
            wanted = {finding.term_id for finding in recorded.findings}
            for at in range(max(0, len(texts) - _LAST_TURNS), len(texts))[::-1]:
                if _fits(texts[at], recorded) and self._finds(texts[at].text, recorded.scope, wanted):
                    return at
        if recorded.scope is Scope.INPUT:
            asked = [at for at, said in enumerate(texts) if said.role == "user" and said.text]
            return asked[-1] if asked else (len(texts) - 1 if texts else None)
        withheld = [at for at, said in enumerate(texts) if not said.was_released]
        return withheld[0] if withheld else (0 if texts else None)

    def _finds(self, text: str, scope: Scope, wanted: set[str]) -> bool:
        return any(finding.term_id in wanted for finding in self._moderation.decide(text, scope).findings)

    def _nearest(self, found: ExplainedFinding) -> tuple[Nearest, ...]:
        if found.finding.detector != _KEYWORDS:
            return ()
        form = base_normaliser().symbols_of(found.found)
        return tuple(
            near for near in self._neighbours().nearest(form, most=6) if near.term.id != found.finding.term_id
        )[:5]

    def _neighbours(self) -> TermNeighbours:
        key = self._moderation.policy.library_hash
        if self._near[0] != key:
            self._near = (key, TermNeighbours(self._moderation.terms()))
        return self._near[1]

    def _objection(self, item: ReviewItem) -> tuple[str, str]:
        body = self._ledger.body(item.objection_entry) if item.objection_entry else None
        if not isinstance(body, dict):
            return "", ""
        return str(body.get("text") or ""), str(body.get("contact") or "")


def _fits(said: Said, recorded: RecordedText) -> bool:
    """Tell whether what was found can stand in a text; in an answer places count over both parts of it."""
    return recorded.scope is Scope.OUTPUT or any(finding.end <= len(said.text) for finding in recorded.findings)
