"""The keyword library as a detector: whole texts by an automaton, streams symbol by symbol with exact hold-back."""

from collections.abc import Iterator, Mapping, Sequence

from guiju.moderation.detectors.decoding import DecodeStream
from guiju.moderation.detectors.disguises import Disguises, DisguiseStream
from guiju.moderation.detectors.interface import DetectorStream, Tape
from guiju.moderation.detectors.keyword_stream import Forms, KeywordStream, Walk
from guiju.moderation.detectors.patterns import MAX_GAP, Conditions, Occurrence, Pattern, patterns_of
from guiju.moderation.library import Library
from guiju.moderation.models import ANYONE, Audience, Context, Finding, Scope
from guiju.moderation.policy import PolicyBundle
from guiju.text.matching.heads import HeadMatcher
from guiju.text.matching.prefixes import PrefixTree
from guiju.text.normalising import Normaliser
from guiju.text.views.decoding import ENCODED, decoded
from guiju.text.views.forms import stretch_of
from guiju.text.views.models import Stretch

_STREAM_SCOPE = Scope.OUTPUT


class KeywordDetector:
    """Finds the terms of a library. What is held back follows the policy: only what could change or stop the text."""

    name = "keywords"

    def __init__(self, library: Library, policy: PolicyBundle, normaliser: Normaliser) -> None:
        """Compile the library for both scopes, and for streams of output; the work of about 0.1 s for 10,000 terms."""
        self._library = library
        self._policy = policy
        self._normaliser = normaliser
        self._conditions = Conditions(normaliser)
        patterns = [
            pattern
            for term in library.terms
            for pattern in patterns_of(term, library.phrases.get(term.risk, ()), normaliser)
        ]
        alone = {id(pattern): (pattern,) for pattern in patterns}  # most forms have one; scopes share it
        self._sides: dict[Scope, _Side] = {}
        for scope in Scope:
            mine = [pattern for pattern in patterns if scope in pattern.term.scopes]
            twin = next((side for side in self._sides.values() if side.patterns == mine), None)
            self._sides[scope] = twin or _Side(mine, alone)
        self._disguised = frozenset(policy.detectors[self.name].disguises)
        terms = [term for term in library.terms if not self._disguised.isdisjoint(term.scopes)]
        self._disguises = Disguises(terms, library.phrases, normaliser, acts=self._acts)
        self._decoded_acts: dict[Scope, bool] = {}
        self._streams: dict[Scope, tuple[Forms, Forms]] = {}
        self._acting: dict[tuple[object, ...], bool] = {}
        self._forms_for_stream(_STREAM_SCOPE)
        if _STREAM_SCOPE in self._disguised:  # worked out before the first stream, which would have to wait for it
            self._disguises.held(_STREAM_SCOPE, ANYONE)
            if policy.tells_audiences:
                self._disguises.held(_STREAM_SCOPE, policy.relevant(Context(Audience.MINOR)))

    def find(self, tape: Tape, scope: Scope) -> Sequence[Finding]:
        """Return every hit in a whole text."""
        known = len(tape.symbols)
        conditions = self._conditions
        is_disguised = scope in self._disguised
        stretch = stretch_of(tape.symbols, self._normaliser, is_final=True)
        occurrences = list(self._occurrences(stretch, self._sides[scope]))
        if is_disguised:
            occurrences += self._disguises.whole(stretch, scope)
        found = [
            conditions.finding(occurrence, tape, known)
            for occurrence in occurrences
            if conditions.judge(occurrence, tape, known, final=True)
        ]
        if is_disguised and ENCODED.search(tape.symbols) is not None:
            runs = DecodeStream(tape, scope, self._inside, acts=False)
            found.extend(runs.take(known))
            found.extend(runs.finish(known))
        return found

    def open_stream(self, tape: Tape, scope: Scope) -> DetectorStream:
        """Start on a stream."""
        base, skip = self._forms_for_stream(scope)
        walk = Walk(base, skip, self._conditions, self._normaliser.table)
        if scope not in self._disguised:
            return KeywordStream(walk, tape, None)
        disguised = DisguiseStream(self._disguises, tape, scope)
        encoded = DecodeStream(tape, scope, self._inside, acts=self._decoding_acts(scope))
        return KeywordStream(walk, tape, (disguised, encoded))

    def _inside(self, text: str, scope: Scope, *, depth: int = 0) -> list[Pattern]:
        """Return the terms that a decoded text holds, written plainly or taken apart, or encoded once more."""
        tape = Tape.of(text, self._normaliser.normalise(text))
        known = len(tape.symbols)
        stretch = stretch_of(tape.symbols, self._normaliser, is_final=True)
        occurrences = [*self._occurrences(stretch, self._sides[scope]), *self._disguises.strict(stretch, scope)]
        found = [
            occurrence.pattern
            for occurrence in occurrences
            if "decode" in occurrence.pattern.term.views and self._conditions.judge(occurrence, tape, known, final=True)
        ]
        if depth == 0:
            for match in ENCODED.finditer(tape.symbols):
                for _, further, _, _ in decoded(tape.origin(*match.span()), is_alive=True):
                    found.extend(self._inside(further, scope, depth=1))
        return found

    def _decoding_acts(self, scope: Scope) -> bool:
        if scope not in self._decoded_acts:
            self._decoded_acts[scope] = any(
                "decode" in pattern.term.views and self._acts(pattern, scope)
                for pattern in self._sides[scope].patterns
                if pattern.view == "base"
            )
        return self._decoded_acts[scope]

    def _occurrences(self, stretch: Stretch, side: "_Side") -> Iterator[Occurrence]:
        symbols, is_lonely = stretch.symbols, self._conditions.is_lonely
        for start, end, index in side.matcher.find(symbols):
            for pattern in side.base_patterns[index]:
                if not is_lonely(pattern, symbols, start=start, end=end):
                    yield Occurrence(pattern, start, end)
        if stretch.places is None:
            return
        for start, end, index in side.matcher.find(stretch.plain):
            # Where nothing was passed over, the base view has it.
            if 0 < stretch.widest_gap(start, end - 1) <= MAX_GAP:
                for pattern in side.skip_patterns.get(index, ()):
                    yield Occurrence(pattern, stretch.place(start), stretch.place(end - 1) + 1)

    def _forms_for_stream(self, scope: Scope) -> tuple[Forms, Forms]:
        if scope not in self._streams:
            side = self._sides[scope]
            self._streams[scope] = (
                self._forms(side.base_forms, scope),
                self._forms(side.skip_forms, scope),
            )
        return self._streams[scope]

    def _forms(self, forms: Mapping[str, tuple[Pattern, ...]], scope: Scope) -> Forms:
        patterns = tuple(forms.values())
        held = {at for at, found in enumerate(patterns) if any(self._acts(pattern, scope) for pattern in found)}
        every = (pattern for found in patterns for pattern in found)
        passive = frozenset(pattern.term.id for pattern in every if not self._acts(pattern, scope))
        return Forms(PrefixTree(tuple(forms), held), patterns, passive)

    def _acts(self, pattern: Pattern, scope: Scope, context: Context | None = None) -> bool:
        term = pattern.term
        # All that a rule of policy looks at in a keyword's finding; thousands of patterns share it.
        key = (term.risks, term.level, pattern.wish, pattern.view, scope, context)
        acts = self._acting.get(key)
        if acts is None:
            finding = Finding("keywords", term.risks, term.level, pattern.wish, 0, 0, term.id, view=pattern.view)
            acts = self._acting[key] = self._policy.may_act(finding, scope, context)
        return acts


class _Side:
    """The patterns of one scope, and the matchers of whole texts for them."""

    def __init__(self, patterns: list[Pattern], alone: Mapping[int, tuple[Pattern, ...]]) -> None:
        self.patterns = patterns
        self.base_forms: dict[str, tuple[Pattern, ...]] = {}
        self.skip_forms: dict[str, tuple[Pattern, ...]] = {}
        for pattern in patterns:
            if pattern.view == "skip":
                _add(self.skip_forms, pattern, alone)
            # A form without gaps is the base form itself, or stands beside it there.
            if pattern.view != "skip" or pattern.form != pattern.term.form:
                _add(self.base_forms, pattern, alone)
        self.base_patterns = tuple(self.base_forms.values())
        # Every form that is looked for with gaps stands among the base forms too, so one automaton serves both views.
        self.skip_patterns = {
            at: self.skip_forms[form] for at, form in enumerate(self.base_forms) if form in self.skip_forms
        }
        self.matcher = HeadMatcher(tuple(self.base_forms))


def _add(forms: dict[str, tuple[Pattern, ...]], pattern: Pattern, alone: Mapping[int, tuple[Pattern, ...]]) -> None:
    others = forms.get(pattern.form)
    forms[pattern.form] = alone[id(pattern)] if others is None else (*others, pattern)
