"""Personal information by its shape: numbers, addresses and accounts that name a person, see `personal_shapes`.

Serves GB/T 45654 A.4-e and A.4-f.

All of it works on runs of letters, digits and their connectors in normalised text, so that ①③⑧… and full-width
digits count, and a run is judged when it ends: the same for a whole text and for any split of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence

from guiju.moderation.detectors.interface import DetectorStream, Tape
from guiju.moderation.detectors.personal_shapes import PLATE_HEADS, SHAPES, Shape
from guiju.moderation.models import Finding, Scope

RUN_LIMIT = 256
"""A longer run is judged in overlapping pieces of this length, so that a stream need not hold all of it."""

_STRIDE = 128
_CONTEXT = 16
_DIGITS = frozenset("0123456789")
_RUN_SYMBOLS = _DIGITS | frozenset("abcdefghijklmnopqrstuvwxyz@._%+-")
_HEADED_SYMBOLS = _RUN_SYMBOLS | frozenset("·•")
_RUN_SYMBOL = re.compile(r"[0-9a-z@._%+\-·•]")
_RUNS = re.compile(r"(?:[0-9] ?|[a-z@._%+\-])+")  # the runs that _RunStream collects
_HEADED_RUNS = re.compile(rf"[{''.join(sorted(PLATE_HEADS))}]?(?:[0-9] ?|[a-z@._%+\-·•])+")  # those of _HeadedRunStream


class _Search:
    """What is looked for in one scope, compiled."""

    def __init__(self, kinds: Sequence[str], wish: str) -> None:
        self.shapes = tuple(shape for shape in SHAPES if shape.kind in kinds)
        self.wish = wish
        has_heads = any(shape.has_head for shape in self.shapes)
        self.runs = _HEADED_RUNS if has_heads else _RUNS
        self.stream: type[_RunStream] = _HeadedRunStream if has_heads else _RunStream
        gates = dict.fromkeys(shape.gate for shape in self.shapes)
        self.concerns = re.compile("|".join(gates) if gates else "(?!)")

    def find(self, tape: Tape) -> list[Finding]:
        found: list[Finding] = []
        first = _RUN_SYMBOL.search(tape.symbols)  # a search through a class is several times quicker than one for a run
        if first is None:
            return found
        for run in self.runs.finditer(tape.symbols, max(0, first.start() - 1)):
            if self.concerns.search(run[0]):
                stream = self.stream(self, tape, at=run.start())
                for symbol in run[0]:
                    found.extend(stream.step(symbol))
                found.extend(stream.finish())
        return found


class PersonalInformationDetector:
    """Finds personal information by its shape and its check digits."""

    name = "personal_information"

    def __init__(
        self, kinds: Mapping[Scope, Sequence[str]], wishes: Mapping[Scope, str], acts: Callable[[Finding, Scope], bool]
    ) -> None:
        """Look for `kinds`; `wishes` is what findings ask for, `acts` whether policy does anything about a finding."""
        self._searches = {scope: _Search(kinds[scope], wishes[scope]) for scope in Scope}
        self._holds = {
            scope: any(acts(_finding(shape, search.wish, (0, 0)), scope) for shape in search.shapes)
            for scope, search in self._searches.items()
        }

    def find(self, tape: Tape, scope: Scope) -> Sequence[Finding]:
        """Return everything of these shapes in a whole text."""
        return self._searches[scope].find(tape)

    def open_stream(self, tape: Tape, scope: Scope) -> DetectorStream:
        """Start on a stream."""
        search = self._searches[scope]
        return search.stream(search, tape, holds=self._holds[scope])


def _finding(shape: Shape, wish: str, span: tuple[int, int]) -> Finding:
    return Finding(
        "personal_information", shape.risks, shape.level, wish, *span, f"pi:{shape.kind}", reason=shape.reason
    )


class _RunStream:
    """Collects a run of letters, digits and connectors, and judges it when it ends."""

    def __init__(self, search: _Search, tape: Tape, *, at: int = 0, holds: bool = False) -> None:
        self._shapes = search.shapes
        self._wish = search.wish
        self._concerns = search.concerns
        self._tape = tape
        self._holds = holds
        self._at = at
        self._run = ""
        self._run_start = 0
        self._is_cut = False
        self._seen: set[tuple[int, int]] = set()

    def step(self, symbol: str) -> Sequence[Finding]:
        at = self._at
        self._at = at + 1
        run = self._run
        if symbol in _RUN_SYMBOLS or (symbol == " " and run and run[-1] in _DIGITS):
            if not run:
                self._run_start = at
            self._run = run + symbol
            return self._cut() if len(run) >= RUN_LIMIT - 1 else ()
        return self._close() if run else ()

    def finish(self) -> Sequence[Finding]:
        return self._close()

    def held_from(self) -> int:
        return self._run_start if self._run and self._holds else self._at

    def _close(self) -> Sequence[Finding]:
        run = self._run
        found = self._judge(run, ends=True) if self._concerns.search(run) else ()
        self._run = ""
        self._is_cut = False
        self._seen.clear()
        return found

    def _cut(self) -> Sequence[Finding]:
        """Judge a run that is too long to hold, then go on with its second half."""
        run = self._run
        found = self._judge(run, ends=False) if self._concerns.search(run) else ()
        self._run = run[_STRIDE:]
        self._run_start += _STRIDE
        self._is_cut = True
        return found

    def _judge(self, run: str, *, ends: bool) -> Sequence[Finding]:
        taken: list[tuple[int, int]] = []
        found: list[Finding] = []
        for shape, start, end in self._candidates(run, ends=ends):
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            taken.append((start, end))
            place = (self._run_start + start, self._run_start + end)
            if place not in self._seen:
                self._seen.add(place)
                found.append(_finding(shape, self._wish, self._tape.span(*place)))
        return found

    def _candidates(self, run: str, *, ends: bool) -> Iterator[tuple[Shape, int, int]]:
        """Yield what is real, the graver shapes first; what touches a cut is left to the piece that has all of it."""
        for shape in self._shapes:
            if shape.context and not self._has_context(shape):
                continue
            for match in shape.pattern.finditer(run):
                start, end = match.span(1)
                if (start == 0 and self._is_cut) or (end == len(run) and not ends):
                    continue
                if shape.lead is not None and not shape.lead.search(self._before(_CONTEXT) + run[:start][-_CONTEXT:]):
                    continue
                if shape.is_real(
                    re.sub("[ -]", "", match[1]) if shape.lead is None and shape.gate != "@" else match[1]
                ):
                    yield shape, start, end

    def _has_context(self, shape: Shape) -> bool:
        before = self._before(_CONTEXT)
        return any(word in before for word in shape.context)

    def _before(self, symbols: int) -> str:
        start = self._run_start - self._tape.base
        return self._tape.symbols[max(0, start - symbols) : start]


class _HeadedRunStream(_RunStream):
    """Runs that may begin with the first character of a vehicle plate, and hold its dot."""

    def step(self, symbol: str) -> Sequence[Finding]:
        at = self._at
        self._at = at + 1
        run = self._run
        if symbol in _HEADED_SYMBOLS or (symbol == " " and run and run[-1] in _DIGITS):
            if not run:
                self._run_start = at
            self._run = run + symbol
            return self._cut() if len(run) >= RUN_LIMIT - 1 else ()
        found = self._close() if run else ()
        if symbol in PLATE_HEADS:
            self._run = symbol
            self._run_start = at
        return found
