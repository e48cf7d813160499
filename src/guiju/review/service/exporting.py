"""Examples that people marked, on their way out: training examples and test items, as JSON lines.

Nobody's pseudonym, name of an account or number of an exchange leaves with them; personal information in the text is
masked; what was erased stays erased, and is counted.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from guiju.kit.canonical_json import JsonObject, canonical_bytes
from guiju.kit.clock import BEIJING, Clock
from guiju.kit.errors import InputError
from guiju.ledger.models import Draft
from guiju.moderation.detectors.interface import Tape
from guiju.moderation.detectors.personal_information import PersonalInformationDetector
from guiju.moderation.models import Scope
from guiju.moderation.policy import KINDS as PERSONAL_KINDS
from guiju.moderation.rules import MASK
from guiju.review import rules
from guiju.review.evidence import LedgerPort
from guiju.review.models import ReviewItem
from guiju.review.repository import ItemRepository
from guiju.review.service.opening import ItemOpener
from guiju.storage.blobs import write_atomically
from guiju.text.normalising import base_normaliser

_PROVISIONS = ("cn/genai-measures-2023/art-7/para-1", "cn/genai-measures-2023/art-11/para-1")
_LONGEST = 500


@dataclass(frozen=True, slots=True)
class Exported:
    """What an export wrote: how many lines, and how many items it left out, by reason."""

    path: Path
    lines: int
    left_out: dict[str, int]


class ExampleExport:
    """Writes the examples that people marked."""

    def __init__(self, repository: ItemRepository, ledger: LedgerPort, clock: Clock, opener: ItemOpener) -> None:
        """Read items from `repository`, texts through `opener`; record each export in `ledger`."""
        self._repository = repository
        self._ledger = ledger
        self._clock = clock
        self._opener = opener
        wishes = dict.fromkeys(Scope, "observe")
        self._personal = PersonalInformationDetector(
            dict.fromkeys(Scope, tuple(PERSONAL_KINDS)), wishes, lambda _finding, _scope: True
        )

    def write(self, path: Path, kind: str, *, person: str, licence: str, consent: str) -> Exported:
        """Write the examples of a kind to `path`, in one piece.

        Args:
            path: where to.
            kind: `training` or `test`.
            person: who exports.
            licence: under what terms the lines may be used.
            consent: on what consent or other lawful basis they are used for this (articles 7 and 11).

        Raises:
            InputError: licence or consent is not stated.
            StorageError: something cannot be read or written.
        """
        licence, consent = _stated(licence, "--licence"), _stated(consent, "--consent")
        left_out: Counter[str] = Counter()
        lines = list(self._lines(kind, left_out, licence=licence, consent=consent))
        body: JsonObject = {
            "kind": kind,
            "lines": len(lines),
            "left_out": [[name, count] for name, count in sorted(left_out.items())],
            "licence": licence,
            "consent": consent,
        }
        draft = Draft("review.exported", f"staff:{person}", f"review_export:{kind}", body, provisions=_PROVISIONS)
        self._ledger.append(draft)
        write_atomically(path, b"".join(line + b"\n" for line in lines))
        return Exported(path, len(lines), dict(left_out))

    def _lines(self, kind: str, left_out: Counter[str], *, licence: str, consent: str) -> Iterator[bytes]:
        for item in self._repository.examples(kind):
            text = self._text(item)
            if not text:
                left_out["erased"] += 1
                continue
            yield canonical_bytes(
                {
                    "text": self._masked(text, item.scope),
                    "scope": item.scope.value,
                    "label": "harmful" if item.outcome else "harmless",
                    "risks": list(item.outcome or ()),
                    "was": item.action,
                    "is_correction": rules.is_wrong_block(item) or rules.is_missed(item),
                    "settled_on": item.settled_at.astimezone(BEIJING).date().isoformat() if item.settled_at else "",
                    "source": "guiju review",
                    "licence": licence,
                    "consent": consent,
                }
            )

    def _text(self, item: ReviewItem) -> str:
        recorded = self._opener.text_of(item)
        at = self._opener.focus(recorded) if recorded is not None else None
        return recorded.texts[at].text if recorded is not None and at is not None else ""

    def _masked(self, text: str, scope: Scope) -> str:
        tape = Tape.of(text, base_normaliser().normalise(text))
        characters = list(text)
        for finding in self._personal.find(tape, scope):
            characters[finding.start : finding.end] = MASK * (finding.end - finding.start)
        return "".join(characters)


def _stated(text: str, where: str) -> str:
    text = text.strip()
    if not 0 < len(text) <= _LONGEST:
        raise InputError(
            f"请写明使用条款和同意或其他合法依据（1 到 {_LONGEST} 字）。",
            f"State licence and consent or another lawful basis (1 to {_LONGEST} characters).",
            where=where,
        )
    return text
