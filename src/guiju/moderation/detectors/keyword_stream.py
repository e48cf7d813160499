"""Keywords on a stream: findings as soon as they are certain, and exactly as much held back as could still be one."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass

from guiju.moderation.detectors.decoding import DecodeStream
from guiju.moderation.detectors.disguises import DisguiseStream
from guiju.moderation.detectors.interface import Tape
from guiju.moderation.detectors.patterns import MAX_GAP, Conditions, Occurrence, Pattern
from guiju.moderation.models import Finding
from guiju.text.matching.prefixes import PrefixTree
from guiju.text.table import Table


@dataclass(frozen=True, slots=True)
class Forms:
    """The forms of one view.

    Attributes:
        tree: their prefixes.
        patterns: for each form, the patterns that have it.
        passive: ids of the terms whose findings neither change nor stop the text, and are never held back.
    """

    tree: PrefixTree
    patterns: tuple[tuple[Pattern, ...], ...]
    passive: frozenset[str]


@dataclass(frozen=True, slots=True)
class Walk:
    """What streams of one scope share: the forms of both plain views, and how occurrences are judged."""

    base: Forms
    skip: Forms
    conditions: Conditions
    table: Table


@dataclass(frozen=True, slots=True)
class Rest:
    """While nothing can happen to open occurrences: how many there are, until when, and what wakes them."""

    count: int
    until: int
    wakes: str


class KeywordStream:
    """Two walks over the symbols: the base view always, the skip view only where decorations stand inside a prefix.

    Terms in disguise and in encoded runs are looked for beside them.
    """

    def __init__(self, walk: Walk, tape: Tape, elsewhere: tuple[DisguiseStream, DecodeStream] | None) -> None:
        """Start at the beginning of a stream whose symbols are on `tape`; plain views only without `elsewhere`."""
        self._base = base = walk.base
        self._skip = walk.skip
        self._elsewhere = elsewhere
        self._tape = tape
        self._conditions = walk.conditions
        self._decorations = walk.table.decorations
        self._barriers = walk.table.barriers
        self._known = base.tree.known
        self._live = 0
        self._at = 0
        self._due = 1 if elsewhere is not None else sys.maxsize
        self._state = ""
        self._skip_state = ""
        self._skip_live = 0
        self._skip_places: list[int] = []
        self._open: list[Occurrence] = []
        self._rest = Rest(0, 0, "")

    def step(self, symbol: str) -> Sequence[Finding]:
        """Take the next symbol; return what became certain with it."""
        before = self._state
        key = before + symbol
        self._state, self._live, ending = self._known.get(key) or self._base.tree.step(key)
        if self._skip_state or (before and symbol in self._decorations):
            self._step_skip(symbol, before)
        self._at += 1
        if ending:
            self._open_up(ending)
        said = self._look_elsewhere() if self._at >= self._due else ()
        found = self._settle(final=False) if self._open and not self._rests(symbol) else ()
        return [*found, *said] if said else found

    def finish(self) -> Sequence[Finding]:
        """Settle what waited for more text."""
        if self._elsewhere is None:
            return self._settle(final=True)
        disguised, encoded = self._elsewhere
        self._open.extend(disguised.finish(self._at))
        return [*self._settle(final=True), *encoded.finish(self._at)]

    def held_from(self) -> int:
        """Return the first symbol that is part of a live prefix or of an occurrence that is not settled."""
        held = self._at - self._live
        if self._skip_state and self._skip_live:
            held = min(held, self._skip_places[-self._skip_live])
        for occurrence in self._open:
            if occurrence.start < held and occurrence.acts:
                held = occurrence.start
        if self._elsewhere is None:
            return held
        return min(held, *(stream.held_from(self._at) for stream in self._elsewhere))

    def _open_up(self, ending: Sequence[int]) -> None:
        end = self._at
        for index in ending:
            for pattern in self._base.patterns[index]:
                acts = pattern.term.id not in self._base.passive
                self._open.append(Occurrence(pattern, end - len(pattern.form), end, acts))

    def _look_elsewhere(self) -> Sequence[Finding]:
        """Take what became certain in disguises, which are judged like plain occurrences, and in encoded runs."""
        assert self._elsewhere is not None  # noqa: S101 - nothing is ever due without it
        disguised, encoded = self._elsewhere
        self._open.extend(disguised.take(self._at))
        said = encoded.take(self._at)
        self._due = min(disguised.due, encoded.due)
        return said

    def _step_skip(self, symbol: str, before: str) -> None:
        """Walk the skip view: it starts at a decoration after a live prefix and ends when no gap is left inside."""
        at = self._at
        if symbol in self._decorations:
            self._pass_over(before)
            return
        if symbol in self._barriers:
            self._forget_skip()
            return
        state, self._skip_live, ending = self._skip.tree.step(self._skip_state + symbol)
        places = [*self._skip_places, at][-len(state) :] if state else []
        self._skip_state, self._skip_places = state, places
        for index in ending:
            for pattern in self._skip.patterns[index]:
                start = places[-len(pattern.form)]
                if at - start != len(pattern.form) - 1:
                    self._open.append(Occurrence(pattern, start, at + 1, pattern.term.id not in self._skip.passive))
        if state and at - places[0] == len(state) - 1:
            self._forget_skip()

    def _pass_over(self, before: str) -> None:
        at = self._at
        if self._skip_state:
            if at - self._skip_places[-1] > MAX_GAP:
                self._forget_skip()
            return
        self._skip_state, self._skip_live, _ = self._skip.tree.step(before)
        before = self._skip_state
        self._skip_places = list(range(at - len(before), at))

    def _forget_skip(self) -> None:
        self._skip_state = ""
        self._skip_live = 0
        self._skip_places = []

    def _settle(self, *, final: bool) -> Sequence[Finding]:
        found: list[Finding] = []
        still: list[Occurrence] = []
        for occurrence in self._open:
            if not final and self._waits(occurrence):
                still.append(occurrence)
                continue
            said = self._conditions.judge(occurrence, self._tape, self._at, final=final)
            if said is None:
                still.append(occurrence)
            elif said:
                found.append(self._conditions.finding(occurrence, self._tape, self._at))
        self._open = still
        self._rest = self._rest_of(still)
        return found

    def _rests(self, symbol: str) -> bool:
        """Whether the newest symbol cannot change anything about what is open; quicker than to ask each."""
        rest = self._rest
        return self._at < rest.until and symbol not in rest.wakes and len(self._open) == rest.count

    def _rest_of(self, still: Sequence[Occurrence]) -> Rest:
        wakes = ""
        for occurrence in still:
            pattern = occurrence.pattern
            if self._at - occurrence.end < max(pattern.reach, 1) or not pattern.companions:
                return Rest(0, 0, wakes)
            wakes += pattern.wakes
        until = min((one.end + one.pattern.term.within for one in still), default=0)
        return Rest(len(still), until, wakes)

    def _waits(self, occurrence: Occurrence) -> bool:
        """Whether an open occurrence stays open because no companion ends with the newest symbol.

        Its other conditions are settled a few symbols behind it; from there on only a companion can change what is
        known, until the stretch in which they count is over.
        """
        pattern, passed = occurrence.pattern, self._at - occurrence.end
        if passed <= max(pattern.reach, 1) or passed >= pattern.term.within or not pattern.companions:
            return False
        tape = self._tape
        return not tape.symbols.endswith(pattern.companions, 0, self._at - tape.base)
