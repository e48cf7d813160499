"""Terms in disguise: the views of `guiju.text.views` over a library, on whole texts and on streams.

A stream looks at a window: from the last barrier on, or as far back as a hit may reach. What it finds in it, and the
symbol with which each hit is certain, do not depend on where the window begins or ends, so it finds what a whole text
shows. Views whose findings act are looked at with every piece, the others once every `BLOCK` symbols.
"""

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from guiju.moderation.detectors.interface import Tape
from guiju.moderation.detectors.patterns import Occurrence, Pattern, disguised
from guiju.moderation.flags import NEVER_BLOCKS
from guiju.moderation.models import Context, Scope, Term
from guiju.text.matching.prefixes import Prefixes
from guiju.text.normalising import Normaliser
from guiju.text.views.composed import ComposedView
from guiju.text.views.forms import MAX_GAP, MAX_SPAN, stretch_of
from guiju.text.views.initials import InitialsView
from guiju.text.views.models import Hit, Stretch, Wanted
from guiju.text.views.pinyin import PinyinView
from guiju.text.views.plain import OrderView, ShapeView
from guiju.text.views.syllables import MAX_RUN
from guiju.text.views.vertical import VerticalView

BLOCK = 64
"""How many symbols a stream gathers before it looks for what policy only wants recorded."""

_Kind = tuple[frozenset[str], tuple[str, ...], str, str, bool, bool]
"""What decides whether a hit acts: the view, and the term's risks, level, wish, and whether it is strict, and short."""

Acts = Callable[[Pattern, Scope, Context], bool]
_CONTEXTS = 256


class View(Protocol):
    """One view of texts."""

    @property
    def views(self) -> frozenset[str]:
        """Return the flags that turn it on."""
        ...

    @property
    def crosses_barriers(self) -> bool:
        """Whether hits may cross the ends of sentences and lines."""
        ...

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
        order = OrderView(wanted)
        self._views: tuple[View, ...] = (
            ComposedView(wanted, barriers),
            PinyinView(wanted, normaliser.table.decorations),
            ShapeView(wanted),
            order,
            InitialsView(wanted),
            VerticalView(order),
        )
        self._last_barrier = re.compile("(?s).*[" + "".join(map(re.escape, sorted(barriers))) + "]")
        self._patterns: dict[tuple[int, str], Pattern] = {}
        self._held: dict[tuple[Scope, frozenset[_Kind]], Mapping[View, Prefixes]] = {}
        self._kinds: dict[tuple[Scope, Context], frozenset[_Kind]] = {}

    def whole(self, stretch: Stretch, scope: Scope) -> list[Occurrence]:
        """Return every occurrence in a whole text, read as one stretch."""
        return self._whole(stretch, scope, self._views)

    def strict(self, stretch: Stretch, scope: Scope) -> list[Occurrence]:
        """Return the occurrences in the view of parts, which is hardly ever wrong, in a whole text."""
        return self._whole(stretch, scope, self._views[:1])

    def _whole(self, stretch: Stretch, scope: Scope, views: Sequence[View]) -> list[Occurrence]:
        look = Look(scope, views, frozenset(), is_final=True)
        place = (0, len(stretch.symbols))
        found: list[Occurrence] = []
        for view in views:
            hits = view.hits(stretch)
            if hits:
                found.extend(occurrence for _, occurrence in self._certain(view, hits, 0, place=place, look=look))
        return found

    def between(self, tape: Tape, place: tuple[int, int], look: "Look") -> list[tuple[int, Occurrence]]:
        """Return the occurrences that become certain after symbol `place[0]` and up to `place[1]`, with that symbol."""
        low, high = place
        found: list[tuple[int, Occurrence]] = []
        start, stretch = -1, None
        for view in look.views:
            begin = self.window(tape, low, crosses=view.crosses_barriers) if low else 0
            if stretch is None or begin != start:
                start, stretch = begin, self.stretch(tape, begin, high, is_final=look.is_final)
            hits = view.hits(stretch)
            if hits:
                found.extend(self._certain(view, hits, start, place=place, look=look))
        return found

    def _certain(
        self, view: View, hits: Iterable[Hit], start: int, *, place: tuple[int, int], look: "Look"
    ) -> Iterator[tuple[int, Occurrence]]:
        low, high = place
        for hit in hits:
            due = start + hit.known
            if not low < due <= high + look.is_final or hit.known - hit.start > MAX_SPAN:
                continue
            pattern = self._pattern(hit.owner, hit.view)
            if look.scope in pattern.term.scopes:
                acts = _kind(pattern.term, view.views) in look.acting
                yield due, Occurrence(pattern, start + hit.start, start + hit.end, acts, hit.cost)

    def stretch(self, tape: Tape, start: int, end: int, *, is_final: bool) -> Stretch:
        """Return a stretch of the tape as views look at it."""
        return stretch_of(tape.symbols[start - tape.base : end - tape.base], self._normaliser, is_final=is_final)

    def plain(self, tape: Tape, start: int, end: int) -> str:
        """Return a stretch of the tape without decorations."""
        return self._normaliser.reduced(tape.symbols[start - tape.base : end - tape.base])

    def held(self, scope: Scope, context: Context) -> Mapping[View, Prefixes]:
        """Return the views of which streams must hold something back, with what that is."""
        key = scope, self.acting(scope, context)
        if key not in self._held:
            held = {view: view.prefixes(self._is_held(view, *key)) for view in self._views}
            self._held[key] = {view: prefixes for view, prefixes in held.items() if not prefixes.is_empty}
        return self._held[key]

    @property
    def views(self) -> tuple[View, ...]:
        """Return all views."""
        return self._views

    def _pattern(self, owner: int, view: str) -> Pattern:
        """Return a term as it is looked for in a view."""
        key = (owner, view)
        known = self._patterns.get(key)
        if known is None:
            term = self._terms[owner]
            phrases = self._phrases.get(term.risk, ())
            known = self._patterns[key] = disguised(term, phrases, self._normaliser, view=view)
        return known

    def acting(self, scope: Scope, context: Context) -> frozenset[_Kind]:
        """Return the kinds of terms that act in a view: few, and so are the sets of them, however many apps."""
        key = scope, context
        if key not in self._kinds:
            if len(self._kinds) >= _CONTEXTS:
                self._kinds.clear()
            some = {_kind(term, view.views): (term, view) for term in self._terms for view in self._views}
            self._kinds[key] = frozenset(
                kind
                for kind, (term, view) in some.items()
                if any(
                    self._acts(disguised(term, (), self._normaliser, view=name), scope, context) for name in view.views
                )
            )
        return self._kinds[key]

    def _is_held(self, view: View, scope: Scope, acting: frozenset[_Kind]) -> Callable[[int], bool]:
        def is_held(owner: int) -> bool:
            term = self._terms[owner]
            return scope in term.scopes and bool(term.views & view.views) and _kind(term, view.views) in acting

        return is_held

    def window(self, tape: Tape, low: int, *, crosses: bool = False) -> int:
        """Return where to begin so that nothing is missed that becomes certain after symbol `low`."""
        if crosses:
            # The first line must be a whole one. Where none begins soon, the line there is too long to be a row.
            first = max(low - MAX_SPAN - MAX_RUN, 0)
            line = tape.symbols.find("\n", first - tape.base) if first else -1
            return line + 1 + tape.base if line >= 0 else first
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


@dataclass(frozen=True, slots=True)
class Look:
    """How a text is looked at: which way it goes, in which views, which kinds of terms act, whether no more follows."""

    scope: Scope
    views: Collection[View]
    acting: frozenset[_Kind]
    is_final: bool = False


def _kind(term: Term, views: frozenset[str]) -> _Kind:
    is_short = len(term.form) <= NEVER_BLOCKS
    return views, term.risks, term.level, term.wish, "strict" in term.views, is_short


class DisguiseStream:
    """The views on one stream.

    Attributes:
        tape: the stream's tape.
        due: the symbol with which `take` must be called next.
    """

    __slots__ = (
        "_disguises", "_held", "_loud", "_quiet", "_quiet_seen", "_seen", "_stirred", "_waiting", "due", "tape",
    )  # fmt: skip

    def __init__(self, disguises: Disguises, tape: Tape, scope: Scope) -> None:
        """Start at the beginning of a stream whose symbols are on `tape`."""
        self._disguises = disguises
        self.tape = tape
        self._held = disguises.held(scope, tape.context)
        acting = disguises.acting(scope, tape.context)
        self._loud = Look(scope, tuple(self._held), acting)
        self._quiet = Look(scope, tuple(view for view in disguises.views if view not in self._held), acting)
        self._waiting: list[tuple[int, Occurrence]] = []
        self._seen = self._quiet_seen = 0
        self._stirred = 0
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
            last = self._disguises.between(self.tape, (at, at), replace(self._loud, is_final=True))
            found.extend(occurrence for _, occurrence in last)
        return found

    def held_from(self, at: int) -> int:
        """Return the first of the `at` symbols so far that could still become a finding which acts."""
        if not self._held or not at:
            return at
        held = at
        start = self._disguises.window(self.tape, at)
        if self._stirred > start or self._may_begin(at):
            held = self._live_from(start, at, crosses=False)
        if any(view.crosses_barriers for view in self._held):
            held = min(held, self._live_from(self._disguises.window(self.tape, at, crosses=True), at, crosses=True))
        return held

    def _live_from(self, start: int, at: int, *, crosses: bool) -> int:
        stretch = self._disguises.stretch(self.tape, start, at, is_final=False)
        mine = ((view, prefixes) for view, prefixes in self._held.items() if view.crosses_barriers == crosses)
        return min((start + view.live_from(stretch, prefixes) for view, prefixes in mine), default=at)

    def _look(self, end: int) -> None:
        """Look at what came since the last time; `end` is how many symbols have come."""
        tape, seen = self.tape, self._seen
        tail = self._disguises.plain(tape, max(seen - MAX_GAP - 1, tape.base), end)
        if any(view.stirs(tail) for view in self._held):
            self._stirred = end
        start = self._disguises.window(tape, seen)
        self._waiting = []
        if self._stirred > start:
            found = self._disguises.between(tape, (seen, end), self._loud)
            self._waiting = sorted(found, key=_due)
        self._seen = end

    def _may_begin(self, at: int) -> bool:
        """Whether the last plain symbol may be the first part of a disguise."""
        tape = self.tape
        tail = self._disguises.plain(tape, max(at - MAX_GAP - 1, tape.base), at)
        return any(view.may_begin(tail[-1:]) for view in self._held)

    def _look_quietly(self, at: int, *, is_final: bool) -> list[Occurrence]:
        place = (self._quiet_seen, at)
        found = self._disguises.between(self.tape, place, replace(self._quiet, is_final=is_final))
        self._quiet_seen = at
        return [occurrence for _, occurrence in sorted(found, key=_due)]


def _due(one: tuple[int, Occurrence]) -> int:
    return one[0]
