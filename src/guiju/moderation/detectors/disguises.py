"""Terms in disguise: the views of `guiju.text.views` over a library, on whole texts and on streams.

A stream looks at a window: from the last barrier on, or as far back as a hit may reach. What it finds in it, and the
symbol with which each hit is certain, do not depend on where the window begins or ends, so it finds what a whole text
shows. Views whose findings act are looked at with every piece, the others once every `BLOCK` symbols.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Protocol

from guiju.moderation.detectors.interface import Tape
from guiju.moderation.detectors.patterns import Occurrence, Pattern, disguised
from guiju.moderation.models import Scope, Term
from guiju.text.normalising import Normaliser
from guiju.text.views.composed import ComposedView
from guiju.text.views.forms import MAX_GAP, MAX_SPAN, Prefixes, stretch_of
from guiju.text.views.initials import InitialsView
from guiju.text.views.models import Hit, Stretch, Wanted
from guiju.text.views.pinyin import PinyinView
from guiju.text.views.plain import OrderView, ShapeView
from guiju.text.views.syllables import MAX_RUN

BLOCK = 64
"""How many symbols a stream gathers before it looks for what policy only wants recorded."""

Acts = Callable[[Pattern, Scope], bool]


class View(Protocol):
    """One view of texts."""

    views: frozenset[str]

    def hits(self, stretch: Stretch) -> Collection[Hit]:
        """Return every term in disguise."""
        ...

    def prefixes(self, is_held: Callable[[int], bool]) -> Prefixes:
        """Return what a stream must hold back of the terms for which `is_held`."""
        ...

    def live_from(self, stretch: Stretch, prefixes: Prefixes) -> int:
        """Return the first symbol of the stretch's tail that could still become one of those terms."""
        ...

    def stirs(self, plain: str) -> bool:
        """Whether a disguise may be complete in these symbols; while none is, the plain views hold back enough."""
        ...

    def may_begin(self, symbol: str) -> bool:
        """Whether the symbol may begin a disguise."""
        ...


class Disguises:
    """All views over one library. Immutable; what a stream of one scope holds back is worked out when first asked."""

    def __init__(
        self, terms: Sequence[Term], phrases: Mapping[str, Sequence[str]], normaliser: Normaliser, *, acts: Acts
    ) -> None:
        """Index the terms that ask for more than being noted, and whose form has no barrier."""
        barriers = normaliser.table.barriers
        self._terms = [
            term for term in terms if term.wish != "observe" and term.views and not barriers & frozenset(term.form)
        ]
        self._phrases = phrases
        self._normaliser = normaliser
        self._acts = acts
        wanted = [Wanted(owner, normaliser.reduced(term.form), term.views) for owner, term in enumerate(self._terms)]
        self._views: tuple[View, ...] = (
            ComposedView(wanted, barriers),
            PinyinView(wanted, normaliser.table.decorations),
            ShapeView(wanted),
            OrderView(wanted),
            InitialsView(wanted),
        )
        self._last_barrier = re.compile("(?s).*[" + "".join(map(re.escape, sorted(barriers))) + "]")
        self._patterns: dict[tuple[int, str], tuple[Pattern, frozenset[Scope]]] = {}
        self._held: dict[Scope, Mapping[View, Prefixes]] = {}

    def whole(self, tape: Tape, scope: Scope) -> list[Occurrence]:
        """Return every occurrence in a whole text."""
        return [one for _, one in self.between(tape, (0, len(tape.symbols)), scope, views=self._views, is_final=True)]

    def strict(self, tape: Tape, scope: Scope) -> list[Occurrence]:
        """Return the occurrences in the view of parts, which is hardly ever wrong, in a whole text."""
        place = (0, len(tape.symbols))
        return [one for _, one in self.between(tape, place, scope, views=self._views[:1], is_final=True)]

    def between(
        self, tape: Tape, place: tuple[int, int], scope: Scope, *, views: Iterable[View], is_final: bool
    ) -> list[tuple[int, Occurrence]]:
        """Return the occurrences that become certain after symbol `place[0]` and up to `place[1]`, with that symbol."""
        low, high = place
        start = self.window(tape, low) if low else 0
        stretch = self.stretch(tape, start, high, is_final=is_final)
        return self.hits(stretch, start, place, scope, views=views)

    def hits(
        self, stretch: Stretch, start: int, place: tuple[int, int], scope: Scope, *, views: Iterable[View]
    ) -> list[tuple[int, Occurrence]]:
        """Return what becomes certain between two places of a stretch that begins at symbol `start` of the text."""
        low, high = place
        found: list[tuple[int, Occurrence]] = []
        for view in views:
            for hit in view.hits(stretch):
                due = start + hit.known
                if not low < due <= high + stretch.is_final or hit.known - hit.start > MAX_SPAN:
                    continue
                pattern, acting = self._pattern(hit.owner, hit.view)
                if scope in pattern.term.scopes:
                    where = start + hit.start, start + hit.end
                    found.append((due, Occurrence(pattern, *where, scope in acting, hit.cost)))
        return found

    def stretch(self, tape: Tape, start: int, end: int, *, is_final: bool) -> Stretch:
        """Return a stretch of the tape as views look at it."""
        return stretch_of(tape.symbols[start - tape.base : end - tape.base], self._normaliser, is_final=is_final)

    def plain(self, tape: Tape, start: int, end: int) -> str:
        """Return a stretch of the tape without decorations."""
        return self._normaliser.reduced(tape.symbols[start - tape.base : end - tape.base])

    def held(self, scope: Scope) -> Mapping[View, Prefixes]:
        """Return the views of which streams of `scope` must hold something back, with what that is."""
        if scope not in self._held:
            held = {view: view.prefixes(self._is_held(view, scope)) for view in self._views}
            self._held[scope] = {view: prefixes for view, prefixes in held.items() if not prefixes.is_empty}
        return self._held[scope]

    def quiet(self, scope: Scope) -> tuple[View, ...]:
        """Return the other views."""
        return tuple(view for view in self._views if view not in self.held(scope))

    def _pattern(self, owner: int, view: str) -> tuple[Pattern, frozenset[Scope]]:
        """Return a term as it is looked for in a view, and the scopes in which policy acts on it."""
        key = (owner, view)
        known = self._patterns.get(key)
        if known is None:
            term = self._terms[owner]
            pattern = disguised(term, self._phrases.get(term.risk, ()), self._normaliser, view=view)
            acting = frozenset(scope for scope in Scope if self._acts(pattern, scope))
            known = self._patterns[key] = pattern, acting
        return known

    def _is_held(self, view: View, scope: Scope) -> Callable[[int], bool]:
        # Whether a hit acts follows from the term's level, wish and risks and from the view, of which few combinations
        # exist; asking policy for each term of a large library would take long.
        said: dict[tuple[object, ...], bool] = {}

        def is_held(owner: int) -> bool:
            term = self._terms[owner]
            if scope not in term.scopes:
                return False
            is_short = len(term.form) <= 2  # noqa: PLR2004 - such terms never block in wide views
            key = (term.risks, term.level, term.wish, "strict" in term.views, is_short)
            if key not in said:
                said[key] = any(
                    self._acts(disguised(term, (), self._normaliser, view=one), scope) for one in view.views
                )
            return said[key] and bool(term.views & view.views)

        return is_held

    def window(self, tape: Tape, low: int) -> int:
        """Return where to begin so that nothing is missed that becomes certain after symbol `low`."""
        last = max(low - 1, tape.base)
        first = max(last - MAX_SPAN - MAX_RUN, tape.base)
        symbols = tape.symbols
        barrier = self._last_barrier.match(symbols, first - tape.base, last - tape.base)
        if barrier is not None:
            return tape.base + barrier.end()
        at = first - tape.base
        while at and first - tape.base - at <= MAX_RUN and "a" <= symbols[at - 1] <= "z":
            at -= 1
        return tape.base + at


class DisguiseStream:
    """The views on one stream.

    Attributes:
        tape: the stream's tape.
        due: the symbol with which `take` must be called next.
    """

    __slots__ = (
        "_disguises", "_held", "_last", "_quiet", "_quiet_seen", "_scope", "_seen", "_stirred", "_waiting", "due",
        "tape",
    )  # fmt: skip

    def __init__(self, disguises: Disguises, tape: Tape, scope: Scope) -> None:
        """Start at the beginning of a stream whose symbols are on `tape`."""
        self._disguises = disguises
        self.tape = tape
        self._scope = scope
        self._held = disguises.held(scope)
        self._quiet = disguises.quiet(scope)
        self._waiting: list[tuple[int, Occurrence]] = []
        self._seen = self._quiet_seen = 0
        self._stirred = 0
        self._last: tuple[int, int, Stretch] | None = None
        self.due = 1 if self._held else BLOCK

    def take(self, at: int) -> list[Occurrence]:
        """Return what becomes certain with symbol `at`; called when `at` reaches `due`."""
        if self._held and at > self._seen:
            self._look(self.tape.base + len(self.tape.symbols))
        found: list[Occurrence] = []
        if at % BLOCK == 0:
            found.extend(self._look_quietly(at, is_final=False))
        while self._waiting and self._waiting[0][0] <= at:
            found.append(self._waiting.pop(0)[1])
        block = at - at % BLOCK + BLOCK
        self.due = min(block, self._waiting[0][0] if self._waiting else block, self._seen + 1 if self._held else block)
        return found

    def finish(self, at: int) -> list[Occurrence]:
        """Return what becomes certain because no more than `at` symbols come."""
        found = self._look_quietly(at, is_final=True)
        if self._held:
            # What is certain up to `at` was taken on the way; left is what waits for the symbol after the last.
            last = self._disguises.between(self.tape, (at, at), self._scope, views=self._held, is_final=True)
            found.extend(occurrence for _, occurrence in last)
        return found

    def held_from(self, at: int) -> int:
        """Return the first of the `at` symbols so far that could still become a finding which acts."""
        if not self._held or not at:
            return at
        start = self._disguises.window(self.tape, at)
        if self._stirred <= start and not self._may_begin(at):
            return at
        last = self._last
        if last is not None and last[:2] == (start, at):
            stretch = last[2]
        else:
            stretch = self._disguises.stretch(self.tape, start, at, is_final=False)
        return start + min(view.live_from(stretch, prefixes) for view, prefixes in self._held.items())

    def _look(self, end: int) -> None:
        """Look at what came since the last time; `end` is how many symbols have come."""
        tape, seen = self.tape, self._seen
        tail = self._disguises.plain(tape, max(seen - MAX_GAP - 1, tape.base), end)
        if any(view.stirs(tail) for view in self._held):
            self._stirred = end
        start = self._disguises.window(tape, seen)
        self._waiting = []
        if self._stirred > start:
            stretch = self._disguises.stretch(tape, start, end, is_final=False)
            self._last = (start, end, stretch)
            found = self._disguises.hits(stretch, start, (seen, end), self._scope, views=self._held)
            self._waiting = sorted(found, key=_due)
        self._seen = end

    def _may_begin(self, at: int) -> bool:
        """Whether the last plain symbol may be the first part of a disguise."""
        tape = self.tape
        tail = self._disguises.plain(tape, max(at - MAX_GAP - 1, tape.base), at)
        return any(view.may_begin(tail[-1:]) for view in self._held)

    def _look_quietly(self, at: int, *, is_final: bool) -> list[Occurrence]:
        place = (self._quiet_seen, at)
        found = self._disguises.between(self.tape, place, self._scope, views=self._quiet, is_final=is_final)
        self._quiet_seen = at
        return [occurrence for _, occurrence in sorted(found, key=_due)]


def _due(one: tuple[int, Occurrence]) -> int:
    return one[0]
