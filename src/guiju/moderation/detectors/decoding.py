"""Terms in encoded runs: what a run says is looked at like a text of its own; a hit covers the whole run."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import islice

from guiju.moderation.detectors.interface import Tape
from guiju.moderation.detectors.patterns import Pattern
from guiju.moderation.models import Finding, Scope
from guiju.text.views.decoding import CHUNK, HEAD, MIN_RUN, RUN, STEP, decoded, first_mark, may_be_encoded

_COST = 20
_MOST_TEXTS = 4

Inside = Callable[[str, Scope], Sequence[Pattern]]
"""Finds the terms of a decoded text that may be looked for in encoded runs."""


class DecodeStream:
    """Encoded runs on one stream, or in a whole text that is put through it at once.

    Attributes:
        due: the symbol with which `take` must be called next.
    """

    __slots__ = ("_acts", "_chunks", "_head", "_inside", "_run", "_scope", "_seen", "_tape", "_waiting", "due")

    def __init__(self, tape: Tape, scope: Scope, inside: Inside, *, acts: bool) -> None:
        """Start at the beginning of a text on `tape`; `acts` says whether what is found may stop or change it."""
        self._tape = tape
        self._scope = scope
        self._inside = inside
        self._acts = acts
        self._seen = 0
        self._run = -1
        self._head = ""
        self._chunks: list[_Chunk] = []
        self._waiting: list[tuple[int, _Chunk]] = []
        self.due = 1

    def take(self, at: int) -> list[Finding]:
        """Return what becomes certain with symbol `at`; called when `at` reaches `due`."""
        if at > self._seen:
            self._look(self._tape.base + len(self._tape.symbols))
        found: list[Finding] = []
        while self._waiting and self._waiting[0][0] <= at:
            found.extend(self._read(self._waiting.pop(0)[1]))
        self.due = min(self._seen + 1, self._waiting[0][0]) if self._waiting else self._seen + 1
        return found

    def finish(self, at: int) -> list[Finding]:
        """Return what becomes certain because no more than `at` symbols come."""
        chunk = self._growing(at)
        return self._read(chunk) if chunk is not None else []

    def held_from(self, at: int) -> int:
        """Return the first of the `at` symbols so far that belongs to a run which may come to say something."""
        chunk = self._growing(at) if self._acts else None
        if chunk is None:
            return at
        if may_be_encoded(chunk.head):
            return chunk.start
        return chunk.start + first_mark(self._tape.origin(chunk.start, at))

    def _growing(self, at: int) -> "_Chunk | None":
        """Return the chunk that may go on after symbol `at`, as far as it has come."""
        for chunk in self._chunks:
            if chunk.start < at <= chunk.end:
                is_first = chunk.head_from == chunk.start
                return replace(chunk, end=at, head=chunk.head[: at - chunk.start] if is_first else chunk.head)
        return None

    def _look(self, end: int) -> None:
        tape = self._tape
        start = self._run if self._run >= 0 else self._seen
        carried = self._head if self._run >= 0 else ""
        self._chunks = []
        self._run = -1
        for match in RUN.finditer(tape.symbols, start - tape.base):
            low, high = match.start() + tape.base, match.end() + tape.base
            goes_on = low == start and len(carried) == HEAD
            head = carried if goes_on else tape.origin(low, min(low + HEAD, high))
            head_from = -1 if goes_on else low
            while high - low > CHUNK:
                self._add(_Chunk(low, low + CHUNK, head, head_from), due=low + CHUNK)
                low += STEP
            chunk = _Chunk(low, high, head, head_from)
            if high == end:
                self._run, self._head = low, head
                self._chunks.append(chunk)
            else:
                self._add(chunk, due=high + 1)
        self._seen = end

    def _add(self, chunk: "_Chunk", *, due: int) -> None:
        self._chunks.append(chunk)
        if chunk.end - chunk.start >= MIN_RUN and due > self._seen:
            self._waiting.append((due, chunk))

    def _read(self, chunk: "_Chunk") -> list[Finding]:
        if chunk.end - chunk.start < MIN_RUN:
            return []
        found: dict[tuple[str, int, int], Finding] = {}
        run = self._tape.origin(chunk.start, chunk.end)
        said = decoded(run, is_alive=may_be_encoded(chunk.head))
        for view, text, low, high in islice(said, _MOST_TEXTS):
            first, last = self._tape.span(chunk.start + low, chunk.start + high)
            for pattern in self._inside(text, self._scope):
                term = pattern.term
                found[term.id, first, last] = Finding(
                    detector="keywords", risks=term.risks, level=term.level, wish=term.wish, start=first, end=last,
                    term_id=term.id, view=view, reason=term.reason, cost=_COST,
                )  # fmt: skip
        return list(found.values())


@dataclass(frozen=True, slots=True)
class _Chunk:
    """A chunk of a run: where it is, how the run began, and where that beginning stands (-1 when it is known)."""

    start: int
    end: int
    head: str
    head_from: int
