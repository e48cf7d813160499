"""Content without an explicit mark, at the user's request (labelling measures, article 9): agreed and recorded.

The agreement must say that the user labels the content and answers for its use; its text is evidence, word for word.
Who got what is kept for the months that the law asks. The implicit label stays.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from guiju.kit.canonical_json import JsonObject
from guiju.kit.clock import Clock, to_iso
from guiju.kit.errors import InputError
from guiju.labelling.models import ForeignLabel, Labelled
from guiju.labelling.produce_ids import LedgerPort, seal_facts
from guiju.labelling.service import Labeller
from guiju.ledger.models import Draft, EntryQuery

AGREED, DELIVERED = "agreement.unmarked_recorded", "label.unmarked_delivered"
PROVISIONS = ("cn/genai-measures-2023/art-12/para-1",)
_LONGEST_AGREEMENT, _LONGEST_NAME = 256 * 1024, 200
_MONTHS = 12


@dataclass(frozen=True, slots=True)
class Request:
    """What a user asked for.

    Attributes:
        recipient: who gets it, so that they can be found again: an account, a name and a way to reach them.
        reason: what it is for, in the user's words.
        agreement: the text that the user agreed to.
    """

    recipient: str
    reason: str
    agreement: str


@dataclass(frozen=True, slots=True)
class Delivered:
    """Content that was given out without an explicit mark, and until when its record is kept."""

    labelled: Labelled
    agreement_sha256: str
    keep_until: datetime


class UnmarkedDeliveries:
    """Gives out content without an explicit mark, each with its record."""

    def __init__(
        self, labeller: Labeller, ledger: LedgerPort, clock: Clock, *, months: int, policy: JsonObject | None = None
    ) -> None:
        """Keep records for `months`, as the law's data has them; `policy` is what labels are written under."""
        self._labeller, self._ledger, self._clock, self._months = labeller, ledger, clock, months
        self._policy = policy

    def deliver(
        self, path: Path, request: Request, *, content_id: str, target: Path | None = None, actor: str = "system"
    ) -> Delivered:
        """Put the implicit label alone into a file, and record who gets it before it takes its place.

        Raises:
            InputError: recipient, reason or agreement is missing or too long, or the file cannot be labelled.
            StorageError: the ledger cannot keep it, or the file cannot be written.
        """
        _check(request)
        digest = hashlib.sha256(request.agreement.encode()).hexdigest()
        self._keep_agreement(request.agreement, digest, actor)
        keep_until = months_later(self._clock.now(), self._months)

        def record(done: Labelled) -> None:
            body = {**_facts(done, request, digest, keep_until=keep_until), "policy": self._policy}
            self._ledger.append(Draft(DELIVERED, actor, f"label:{content_id}", body, provisions=PROVISIONS))

        done = self._labeller.label_file(
            path, content_id=content_id, foreign=ForeignLabel.REFUSE, target=target, record=record
        )
        return Delivered(done, digest, keep_until)

    def _keep_agreement(self, text: str, digest: str, actor: str) -> None:
        subject = f"agreement:{digest}"
        if not self._ledger.find(EntryQuery(actions=(AGREED,), subject=subject, limit=1)):
            self._ledger.append(Draft(AGREED, actor, subject, {"text": text}, provisions=PROVISIONS))


def _facts(done: Labelled, request: Request, digest: str, *, keep_until: datetime) -> JsonObject:
    return {
        "name": done.name,
        "recipient": request.recipient,
        "reason": request.reason,
        "agreement_sha256": digest,
        "sha256_before": done.sha256_before,
        "sha256_after": done.sha256_after,
        "label": dict(done.label.fields()) if done.label else None,
        "keep_until": to_iso(keep_until),
        "c2pa": seal_facts(done.sealed),
    }


def months_later(at: datetime, months: int) -> datetime:
    """Return the same day so many months later, or the last day of that month where there is no such day."""
    month = at.month - 1 + months
    year, month = at.year + month // _MONTHS, month % _MONTHS + 1
    for day in range(at.day, 0, -1):
        try:
            return at.replace(year=year, month=month, day=day)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def _check(request: Request) -> None:
    for name, text, most in (
        ("recipient", request.recipient, _LONGEST_NAME),
        ("reason", request.reason, _LONGEST_NAME),
        ("agreement", request.agreement, _LONGEST_AGREEMENT),
    ):
        if not text.strip() or len(text) > most:
            raise InputError(
                f"没有显式标识的内容须有{_NAMES[name]}（不超过 {most} 字）；标识办法第九条。",
                f"Content without an explicit mark needs its {name} (at most {most} characters); labelling measures, "
                "article 9.",
                where=name,
            )


_NAMES = {"recipient": "提供对象", "reason": "用途", "agreement": "用户协议全文"}
