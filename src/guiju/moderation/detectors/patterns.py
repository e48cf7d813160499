"""A term as it is looked for: a form, and the conditions under which an occurrence of it is a hit.

Every condition looks at a bounded stretch around the occurrence, so that a stream can hold the text back until the
condition is settled and then knows the same as somebody who has the whole text.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache

from guiju.kit.quick import quick
from guiju.moderation.detectors.interface import Tape
from guiju.moderation.flags import NEVER_BLOCKS, STRICT_VIEWS
from guiju.moderation.models import Finding, Term
from guiju.text.normalising import Normaliser, is_word_symbol
from guiju.text.views.score import shipped_score

MAX_GAP = 3
"""How many decorations in a row may be passed over inside a term with the flag `skip`."""

_LEAST_GAIN = {"initials": 0}
"""How much likelier a text must get, in hundredths of a bit, for a hit of a view to count; 0 where not said."""
_SCRIPT_LOOK_BACK = 32
_GREEK_FIRST, _ARMENIAN_LAST = "\u0370", "\u058f"


@dataclass(frozen=True, slots=True)
class Pattern:
    """One form of one term.

    Attributes:
        term: the term.
        form: the symbols that are looked for.
        view: `base`, or `skip` when decorations may stand between them.
        left_word: whether the symbol before must not be a letter or digit of a spaced script.
        right_word: the same for the symbol after.
        guards: what clears an occurrence: pairs (text directly before, text directly after), either may be empty.
        reach: how far guards look, in symbols.
        is_latin: whether it is written in real Latin letters; then Cyrillic or Greek text around is no look-alike.
        is_foreign: whether it is written in Cyrillic or Greek; then a purely Latin occurrence is another word.
        is_plain: whether it has no conditions at all.
        wish: what a hit asks for: what the term does, or at most a review in a view that may be wrong.
        is_wide: whether the view may be wrong, so that the term must read better than what stands there.
        companions: all texts that the term asks to be near, or not to be.
        wakes: the last symbols of those.
    """

    term: Term
    form: str
    view: str
    left_word: bool
    right_word: bool
    guards: tuple[tuple[str, str], ...]
    reach: int
    is_latin: bool
    is_foreign: bool
    is_plain: bool
    wish: str
    is_wide: bool = False
    companions: tuple[str, ...] = ()
    wakes: str = ""


@quick
@dataclass(frozen=True, slots=True)
class Occurrence:
    """Where a form occurs.

    Attributes:
        pattern: what occurs.
        start: its first symbol, counted in the whole text.
        end: one past its last.
        acts: whether policy changes or stops a text for it, so that a stream holds it back until it is judged.
        cost: how far the writing is from the term, in tenths of a symbol.
    """

    pattern: Pattern
    start: int
    end: int
    acts: bool = False
    cost: int = 0


class Conditions:
    """Judges occurrences of patterns."""

    def __init__(self, normaliser: Normaliser) -> None:
        """Judge by the classes of the normaliser's table."""
        self._lookalikes = normaliser.table.lookalikes
        self._decorations = normaliser.table.decorations
        self._score = shipped_score()
        # What decides for most stands first.
        self._judges = (self._companions, self._words, self._guards, self._scripts, self._reads_better)

    def judge(self, occurrence: Occurrence, tape: Tape, known: int, *, final: bool) -> bool | None:
        """Return whether an occurrence is a hit; None while that depends on symbols that have not come.

        Args:
            occurrence: what stands where.
            tape: the text.
            known: how many symbols of the whole text have come; later ones on the tape are not looked at.
            final: whether no more will come.
        """
        pattern = occurrence.pattern
        if pattern.is_plain:
            return True
        around = _Around(occurrence, tape, known - tape.base, is_final=final)
        if pattern.view == "skip" and around.itself() == pattern.term.form:
            return False  # the term as it is written, decorations of its own included: the base view has it
        is_open = False
        for judge in self._judges:
            said = judge(pattern, around)
            if said is False:
                return False
            is_open = is_open or said is None
        return None if is_open else True

    def is_lonely(self, pattern: Pattern, symbols: str, *, start: int, end: int) -> bool:
        """Whether a word that must stand near is missing, in a whole text: it decides for most, and costs the least."""
        term = pattern.term
        if not term.all_of or pattern.is_plain:
            return False
        is_near = symbols[max(0, start - term.within) : end + term.within].__contains__
        return not all([any(map(is_near, group)) for group in term.all_of])  # noqa: C419 - quicker for one or two

    def finding(self, occurrence: Occurrence, tape: Tape, known: int) -> Finding:
        """Return the finding for an occurrence that was judged to be a hit when `known` symbols had come."""
        pattern = occurrence.pattern
        first, last = tape.span(occurrence.start, occurrence.end)
        term = pattern.term
        delta = 0
        if pattern.view not in {"base", "skip"}:
            delta = self._gain(pattern, _Around(occurrence, tape, known - tape.base, is_final=False))
        return Finding(
            detector="keywords", risks=term.risks, level=term.level, wish=pattern.wish, start=first, end=last,
            term_id=term.id, view=pattern.view, reason=term.reason, cost=occurrence.cost, delta=delta,
        )  # fmt: skip

    def _reads_better(self, pattern: Pattern, around: "_Around") -> bool | None:
        """Whether the term reads better than what stands there, asked of views that may be wrong."""
        if not pattern.is_wide:
            return True
        if not around.is_settled(1):
            return None
        return self._gain(pattern, around) > _LEAST_GAIN.get(pattern.view, 0)

    def _gain(self, pattern: Pattern, around: "_Around") -> int:
        # An emoji is a decoration to the skip view, but here it stands for something.
        surface = around.itself() if pattern.view == "emoji" else self._reduced(around.itself())
        return self._score.gain(pattern.form, surface, before=around.before(1), after=around.after(1))

    def _words(self, pattern: Pattern, around: "_Around") -> bool | None:
        if pattern.left_word and (before := around.before(1)) and is_word_symbol(before):
            return False
        if not pattern.right_word:
            return True
        after = around.after(1)
        return not is_word_symbol(after) if after else around.is_settled(1)

    def _scripts(self, pattern: Pattern, around: "_Around") -> bool | None:
        if not pattern.is_latin and not pattern.is_foreign:
            return True
        foreign = sum(character in self._lookalikes for character in around.origin())
        if pattern.is_foreign:
            return foreign > 0
        letters = sum(symbol.isascii() and symbol.isalpha() for symbol in pattern.form)
        if foreign == 0 or foreign < letters:
            return True
        before = around.before(_SCRIPT_LOOK_BACK)
        return not any(_GREEK_FIRST <= symbol <= _ARMENIAN_LAST for symbol in before)

    def _guards(self, pattern: Pattern, around: "_Around") -> bool | None:
        if not pattern.guards:
            return True
        before, after = around.before(pattern.reach), around.after(pattern.reach)
        if pattern.view != "base":
            before, after = self._reduced(before), self._reduced(after)
        settled = around.is_settled(pattern.reach)
        is_open = False
        for left, right in pattern.guards:
            if not before.endswith(left):
                continue
            if after.startswith(right):
                return False
            is_open = is_open or (not settled and right.startswith(after))
        return None if is_open else True

    def _companions(self, pattern: Pattern, around: "_Around") -> bool | None:
        term = pattern.term
        if not term.all_of and not term.none_of:
            return True
        is_near = around.near(term.within).__contains__
        settled = around.is_settled(term.within)
        is_met = True
        for group in term.all_of:  # first, and with loops in C: these few decide for most
            if not any(map(is_near, group)):
                is_met = False
                break
        if (settled and not is_met) or any(map(is_near, term.none_of)):
            return False
        return True if is_met and (settled or not term.none_of) else None

    def _reduced(self, symbols: str) -> str:
        return "".join([symbol for symbol in symbols if symbol not in self._decorations])


class _Around:
    """The stretch of text around an occurrence, as far as it is known."""

    __slots__ = ("_end", "_known", "_start", "_tape", "is_final")

    def __init__(self, occurrence: Occurrence, tape: Tape, known: int, *, is_final: bool) -> None:
        self._tape = tape
        self._start = occurrence.start - tape.base
        self._end = occurrence.end - tape.base
        self._known = known
        self.is_final = is_final

    def before(self, reach: int) -> str:
        return self._tape.symbols[max(0, self._start - reach) : self._start]

    def itself(self) -> str:
        return self._tape.symbols[self._start : self._end]

    def near(self, reach: int) -> str:
        return self._tape.symbols[max(0, self._start - reach) : min(self._end + reach, self._known)]

    def after(self, reach: int) -> str:
        return self._tape.symbols[self._end : min(self._end + reach, self._known)]

    def origin(self) -> str:
        return self._tape.origins[self._start : self._end]

    def is_settled(self, reach: int) -> bool | None:
        """Whether all that `after` may ever return has come; None when not."""
        return True if self.is_final or self._known >= self._end + reach else None


def patterns_of(term: Term, phrases: Iterable[str], normaliser: Normaliser) -> list[Pattern]:
    """Return the forms in which a term is looked for; `phrases` are those of its risk."""
    everything = (*term.allow, *phrases)
    found = [_pattern(term, everything, normaliser, form=term.form, view="base")]
    if term.skips and not any(symbol in normaliser.table.barriers for symbol in term.form):
        reduced = [normaliser.reduced(phrase) for phrase in everything]
        found.append(_pattern(term, reduced, normaliser, form=normaliser.reduced(term.form), view="skip"))
    return found


def _pattern(term: Term, phrases: Iterable[str], normaliser: Normaliser, *, form: str, view: str) -> Pattern:
    guards = [*(("", after) for after in term.not_before), *((before, "") for before in term.not_after)]
    if view != "base":
        guards = [(normaliser.reduced(left), normaliser.reduced(right)) for left, right in guards]
    for phrase in phrases:
        guards.extend((phrase[:at], phrase[at + len(form) :]) for at in _occurrences(form, phrase))
    # A guard that is empty on both sides (a phrase equal to the term, or one of decorations only) would clear all.
    kept = tuple(dict.fromkeys(guard for guard in guards if guard != ("", "")))
    longest = max((len(side) for guard in kept for side in guard), default=0)
    letters = sum(symbol.isascii() and symbol.isalpha() for symbol in form)
    foreign = sum(character in normaliser.table.lookalikes for character in term.text) >= letters
    has_letters = letters > 0
    left_word = term.whole_word and is_word_symbol(form[0])
    right_word = term.whole_word and is_word_symbol(form[-1])
    companions, wakes = _flat(term.all_of, term.none_of)
    return Pattern(
        term=term,
        form=form,
        view=view,
        left_word=left_word,
        right_word=right_word,
        guards=kept,
        reach=longest * (MAX_GAP + 1 if view != "base" else 1),
        is_latin=has_letters and not foreign,
        is_foreign=has_letters and foreign,
        is_plain=form == term.form
        and not (kept or left_word or has_letters or right_word or term.all_of or term.none_of),
        wish=term.wish,
        companions=companions,
        wakes=wakes,
    )


@lru_cache(maxsize=4096)
def _flat(all_of: tuple[tuple[str, ...], ...], none_of: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    companions = tuple(dict.fromkeys((*(one for group in all_of for one in group), *none_of)))
    return companions, "".join({companion[-1] for companion in companions})


def disguised(term: Term, phrases: Iterable[str], normaliser: Normaliser, *, view: str) -> Pattern:
    """Return a term as it is looked for in a view of `guiju.text.views`; `phrases` are those of its risk."""
    form = normaliser.reduced(term.form)
    reduced = [normaliser.reduced(phrase) for phrase in (*term.allow, *phrases)]
    plain = _pattern(term, reduced, normaliser, form=form, view=view)
    is_wide = view not in STRICT_VIEWS
    may_block = not is_wide or ("strict" in term.views and len(form) > NEVER_BLOCKS)
    return replace(
        plain,
        left_word=False,
        right_word=False,
        is_latin=False,
        is_foreign=False,
        is_plain=False,
        wish=term.wish if may_block or term.wish != "block" else "review",
        is_wide=is_wide,
    )


def _occurrences(form: str, phrase: str) -> list[int]:
    return [at for at in range(len(phrase) - len(form) + 1) if phrase.startswith(form, at)]
