"""The registry of content numbers: which content got which ProduceID; the ledger is the registry.

A written label is an entry `label.written` about `label:<ProduceID>`, with the hashes of the file before and after. It
is appended before the labelled file takes its place: no evidence, no output. The pointer of an invisible watermark is
an entry `watermark.written` about `watermark:<pointer>` that names the number.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from guiju.kit.canonical_json import JsonObject
from guiju.labelling.models import Labelled
from guiju.labelling.provenance.interface import Sealed
from guiju.ledger.models import Draft, EntryQuery, Erased, Head, Receipt

WRITTEN, POINTED = "label.written", "watermark.written"
_LONGEST, _MOST = 4096, 20
PROVISIONS = ("cn/genai-measures-2023/art-12/para-1",)


class LedgerPort(Protocol):
    """What the registry needs of the ledger."""

    def append(self, draft: Draft) -> Receipt:
        """Keep an entry; return when it is durable."""

    def find(self, query: EntryQuery) -> list[Head]:
        """Return heads, newest first."""

    def body(self, entry_id: str) -> "JsonObject | Erased | None":
        """Return the body of an entry."""


@dataclass(frozen=True, slots=True)
class Produced:
    """One label that was written under a number."""

    entry_id: str
    at: datetime
    actor: str
    facts: JsonObject


class ProduceRegistry(Protocol):
    """Keeps which content got which number."""

    def record(self, done: Labelled, content_id: str, explicit: JsonObject | None = None) -> None:
        """Keep that a label was written; raises where that cannot be kept."""

    def find(self, content_id: str) -> Sequence[Produced]:
        """Return what is known of a number, newest first."""


class PointerRegistry(Protocol):
    """Keeps which watermark points to which number."""

    def find_pointer(self, pointer: str) -> "Sequence[Pointed]":
        """Return the numbers that a pointer was written for, newest first."""


@dataclass(frozen=True, slots=True)
class Pointed:
    """A number that a watermark was written for, and what is known of it; nothing where its content left otherwise."""

    content_id: str
    entry_id: str
    at: datetime
    known: tuple[Produced, ...]


def seal_facts(sealed: Sealed | None) -> JsonObject | None:
    """Return what became of a C2PA manifest as JSON has it; None where none was there and none is wanted."""
    if sealed is None:
        return None
    return {
        "outcome": sealed.outcome.value,
        "certificate": sealed.certificate,
        "has_parent": sealed.has_parent,
        "detail": sealed.detail,
    }


class LedgerRegistry:
    """The registry that is the ledger."""

    def __init__(self, ledger: LedgerPort, actor: str, *, policy: JsonObject | None = None) -> None:
        """Record as `actor`, such as `staff:<id>` or `system`; `policy` is what labels are written under."""
        self._ledger = ledger
        self._actor = actor
        self._policy = policy

    def record(self, done: Labelled, content_id: str, explicit: JsonObject | None = None) -> None:
        """Append the entry of a label that is about to be handed on; `explicit` tells of its visible or audible mark.

        Raises:
            StorageError: the ledger cannot keep it.
        """
        body: JsonObject = {
            "name": done.name,
            "format": done.format,
            "place": done.place,
            "produce_id": content_id,
            "label": dict(done.label.fields()) if done.label else None,
            "sha256_before": done.sha256_before,
            "sha256_after": done.sha256_after,
            "size_before": done.size_before,
            "size_after": done.size_after,
            "explicit": explicit,
            "replaced": [text[:_LONGEST] for text in done.replaced[:_MOST]],
            "c2pa": seal_facts(done.sealed),
            "policy": self._policy,
        }
        self._ledger.append(Draft(WRITTEN, self._actor, f"label:{content_id}", body, provisions=PROVISIONS))
        pointer = explicit.get("watermark") if explicit else None
        if isinstance(pointer, str):
            self.record_pointer(pointer, content_id)

    def record_pointer(self, pointer: str, content_id: str) -> None:
        """Append the entry of a watermark that is about to be handed on.

        Raises:
            StorageError: the ledger cannot keep it.
        """
        body: JsonObject = {"produce_id": content_id}
        self._ledger.append(Draft(POINTED, self._actor, f"watermark:{pointer}", body, provisions=PROVISIONS))

    def find_pointer(self, pointer: str) -> list[Pointed]:
        """Return the numbers that a pointer was written for, newest first; what was erased is left out."""
        found = []
        for head in self._ledger.find(EntryQuery(actions=(POINTED,), subject=f"watermark:{pointer}")):
            body = self._ledger.body(head.id)
            number = body.get("produce_id") if isinstance(body, dict) else None
            if isinstance(number, str):
                found.append(Pointed(number, head.id, head.occurred_at, tuple(self.find(number))))
        return found

    def find(self, content_id: str) -> list[Produced]:
        """Return what the ledger knows of a number, newest first; what was erased is left out."""
        heads = self._ledger.find(EntryQuery(actions=(WRITTEN,), subject=f"label:{content_id}"))
        found = []
        for head in heads:
            body = self._ledger.body(head.id)
            if isinstance(body, dict):
                found.append(Produced(head.id, head.occurred_at, head.actor, body))
        return found
