"""The view of sounds: homophones, Latin pinyin and emoji by what they are read as. Wide.

An alphabet of one symbol a class of syllables that speakers confuse. Han characters are read by their most frequent
reading, Latin runs when all of a run is pinyin, emoji and symbols by their glosses, digits by their names. Where a run
or a symbol can be read in several ways, the stretch is read several times.
"""

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import TypeAlias

from guiju.text.matching.prefixes import Prefixes
from guiju.text.views.forms import (
    MAX_FORM,
    MAX_GAP,
    OTHER,
    FormTable,
    compact,
    han_count,
    is_han,
    translated,
)
from guiju.text.views.models import Hit, Stretch, ViewText, Wanted
from guiju.text.views.syllables import MAX_RUN, fuzzy_class, is_syllable, readings_of_run
from guiju.text.views.tables import load_glosses, load_readings

VIEWS = frozenset({"pinyin", "pinyin2", "emoji", "decode"})
_MIN_SYLLABLES = 3
_MAX_FORMS = 8
_BMP = 0x10000
_DIGITS = ("ling", "yi", "er", "san", "si", "wu", "liu", "qi", "ba", "jiu")
_TONES = "12345"
_ROT13 = str.maketrans("abcdefghijklmnopqrstuvwxyz", "nopqrstuvwxyzabcdefghijklm")
_MIN_TURNED = 2
_SAME_SOUND, _LIKE_SOUND = 5, 10


_Way: TypeAlias = tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class _Special:
    """A run of letters or a symbol that is read: where it is, when it is known, and ways to read it, short and long."""

    start: int
    end: int
    known: int
    said: tuple[str, ...]
    ways: tuple[_Way, ...]


class Sounds:
    """The alphabet of sounds."""

    def __init__(self) -> None:
        """Make the classes and the table of the basic plane."""
        readings = load_readings()
        names = sorted({fuzzy_class(one) for one in readings.syllables})
        self._number = compact(names)
        of_syllable = [ord(self.of(one)) for one in readings.syllables]
        self.table: list[int] = [ord(OTHER)] * _BMP
        for letter in range(ord("a"), ord("z") + 1):
            self.table[letter] = letter
        for digit, name in enumerate(_DIGITS):
            self.table[ord("0") + digit] = ord(self.of(name))
        for character, first in readings.first.items():
            self.table[ord(character)] = of_syllable[first]

    def of(self, syllable: str) -> str:
        """Return the symbol of a syllable's class."""
        return self._number[fuzzy_class(syllable)]

    @lru_cache(maxsize=8192)  # noqa: B019 - there is one alphabet a library, as long as that lives
    def ways(self, ways: tuple[tuple[str, ...], ...]) -> tuple[tuple[str, ...], tuple[_Way, ...]]:
        """Return syllables as symbols: each way as a text, and with the number of letters of each."""
        found = tuple(tuple((self.of(syllable), len(syllable)) for syllable in way) for way in ways)
        return tuple("".join(sound for sound, _ in way) for way in found), found

    def forms(self, form: str) -> list[str]:
        """Return how a term sounds: one form for each combination of its characters' readings, at most a few."""
        readings = load_readings()
        ways = []
        for symbol in form:
            found = {self.of(readings.syllables[one]) for one in readings.of(symbol)}
            ways.append(sorted(found) or [chr(self.table[ord(symbol)]) if ord(symbol) < _BMP else OTHER])
        first = translated(form, self.table)
        return list(
            dict.fromkeys([first, *("".join(way) for way, _ in zip(product(*ways), range(_MAX_FORMS), strict=False))])
        )


class PinyinView:
    """Finds terms by how they sound."""

    views = VIEWS
    crosses_barriers = False

    def __init__(self, wanted: Collection[Wanted], decorations: Collection[str]) -> None:
        """Index `wanted`; only symbols that are `decorations` otherwise are read by their glosses."""
        self._sounds = Sounds()
        self._glosses: dict[str, tuple[tuple[str, ...], tuple[_Way, ...]]] = {}
        for symbol, glosses in load_glosses().items():
            if symbol in decorations:
                said = tuple(translated(gloss, self._sounds.table) for gloss in glosses)
                self._glosses[symbol] = said, tuple(tuple((sound, 0) for sound in one) for one in said)
        low = "".join(re.escape(one) for one in self._glosses if ord(one) < _BMP)
        self._symbol = re.compile(f"[{low}\U00010000-\U0010ffff]")
        # Which of the astral symbols are read is looked up: a class of many of them is slower than all of them.
        self._special = re.compile(f"[a-z]+|[{low}\U00010000-\U0010ffff]")
        self._wanted = {one.owner: one for one in wanted if _is_eligible(one)}
        self._forms = FormTable(self._wanted.values(), self._forms_of)

    def hits(self, stretch: Stretch) -> Collection[Hit]:
        """Return every term that sounds like what stands there and is written otherwise."""
        special = self._specials(stretch) if self._may_be_special(stretch) else None
        if special is None:
            found = self._forms.find(translated(stretch.plain, self._sounds.table))
            return self._checked(stretch, _plainly(stretch), found) if found else ()
        hits: dict[tuple[int, int, int], Hit] = {}
        for way in _ways(special):
            found = self._forms.find(self._said(stretch, special, way))
            if found:
                text = self._text(stretch, special, way)
                hits.update(((hit.owner, hit.start, hit.end), hit) for hit in self._checked(stretch, text, found))
        return list(hits.values())

    def _may_be_special(self, stretch: Stretch) -> bool:
        # Whatever has a gloss is a decoration: where none was taken out, there is nothing to read but letters.
        return stretch.has_latin or (stretch.places is not None and self._symbol.search(stretch.symbols) is not None)

    def _checked(self, stretch: Stretch, text: ViewText, found: Collection[tuple[int, int, int]]) -> list[Hit]:
        checked = (self._hit(stretch, text, (start, end), owner=owner) for start, end, owner in found)
        return [hit for hit in checked if hit is not None]

    def prefixes(self, is_held: Callable[[int], bool]) -> Prefixes:
        """Return what a stream must hold back of the terms for which `is_held`."""
        return Prefixes({form for one in self._wanted.values() if is_held(one.owner) for form in self._forms_of(one)})

    def _forms_of(self, one: Wanted) -> Collection[str]:
        return [form for form in self._sounds.forms(one.form) if OTHER not in form]

    def stirs(self, plain: str) -> bool:  # noqa: ARG002
        """Whether a disguise may be complete in these symbols: any text may sound or look like something."""
        return True

    def may_begin(self, symbol: str) -> bool:  # noqa: ARG002
        """Whether the symbol may begin a disguise."""
        return True

    def live_from(self, stretch: Stretch, prefixes: Prefixes) -> int:
        """Return the first symbol of the tail that could still become a term that is held back."""
        stretch = stretch.without_last(_growing(stretch.symbols))
        first = len(stretch.symbols)
        special = self._specials(stretch)
        if special is None:
            live = prefixes.live(translated(stretch.plain, self._sounds.table))
            return stretch.place(len(stretch.plain) - live) if live else first
        for way in _ways(special):
            live = prefixes.live(self._said(stretch, special, way))
            if live:
                first = min(first, self._text(stretch, special, way).starts[-live])
        return first

    def _hit(self, stretch: Stretch, text: ViewText, place: tuple[int, int], *, owner: int) -> Hit | None:
        start, end = place
        starts, ends = text.starts, text.ends
        if (start and starts[start - 1] == starts[start]) or (end < len(starts) and starts[end] == starts[end - 1]):
            return None
        term = self._wanted[owner]
        pieces = [stretch.symbols[starts[at] : ends[at]] for at in range(start, end)]
        gap = max([starts[at + 1] - ends[at] for at in range(start, end - 1)], default=0)
        view = self._view(pieces, term.form)
        if view is None or gap > self._most_gap(term, pieces) or _wanted_as(view, term.form) not in term.views:
            return None
        cost = self._cost(pieces, term.form)
        return Hit(owner, view, starts[start], ends[end - 1], text.known[end - 1], cost)

    def _view(self, pieces: Sequence[str], form: str) -> str | None:
        """Say how pieces write a form; None when they write it plainly, or mostly in digits."""
        if "".join(pieces) == form or 2 * sum(map(str.isdigit, pieces)) > len(pieces):
            return None
        if any(piece in self._glosses for piece in pieces):
            return "emoji"
        return (
            "rot13"
            if any(len(piece) > 1 and _is_latin(piece) and not is_syllable(piece) for piece in pieces)
            else "pinyin"
        )

    @staticmethod
    def _most_gap(term: Wanted, pieces: Sequence[str]) -> int:
        # Latin syllables are written apart by everybody.
        return MAX_GAP if "skip" in term.views or any(map(_is_latin, pieces)) else 0

    def _cost(self, pieces: list[str], form: str) -> int:
        readings = load_readings()
        cost = 0
        for piece, meant in zip(pieces, form, strict=False):
            if piece == meant:
                continue
            said = {readings.syllables[one] for one in readings.of(meant)}
            sound = piece if not is_han(piece) else readings.syllables[readings.first.get(piece, 0)]
            cost += _SAME_SOUND if sound in said else _LIKE_SOUND
        return cost

    def _specials(self, stretch: Stretch) -> list[_Special] | None:
        """Return the runs that are pinyin and the symbols that are read, None when there are none."""
        symbols = stretch.symbols
        size = len(symbols)
        found: list[_Special] = []
        for match in self._special.finditer(symbols):
            start, end = match.span()
            run = match[0]
            if run in self._glosses:
                found.append(_Special(start, end, end, *self._glosses[run]))
                continue
            if (end == size and not stretch.is_final) or not (ways := _readings(run)):
                continue
            stop = end + 1 if end < size and symbols[end] in _TONES else end
            found.append(_Special(start, stop, end + 1, *self._sounds.ways(ways)))
        return found or None

    def _said(self, stretch: Stretch, special: Sequence[_Special], way: int) -> str:
        """Return the stretch in sounds."""
        out: list[str] = []
        at = 0
        for found in special:
            if at < found.start:
                out.append(self._plain(stretch, at, found.start))
            out.append(found.said[way] if way < len(found.said) else found.said[-1])
            at = found.end
        out.append(self._plain(stretch, at, len(stretch.symbols)))
        return "".join(out)

    def _plain(self, stretch: Stretch, first: int, last: int) -> str:
        piece = stretch.symbols[first:last]
        if stretch.places is not None:
            piece = "".join([one for one in piece if one not in stretch.decorations])
        return translated(piece, self._sounds.table)

    def _text(self, stretch: Stretch, special: Sequence[_Special], way: int) -> ViewText:
        """Return where each sound of the stretch comes from."""
        starts: list[int] = []
        ends: list[int] = []
        known: list[int] = []
        at = 0
        for found in special:
            _note_plain(stretch, (at, found.start), (starts, ends, known))
            place = found.start
            for _, length in found.ways[min(way, len(found.ways) - 1)]:
                starts.append(place)
                ends.append(place + length if length else found.end)
                known.append(found.known)
                place += length
            at = found.end
        _note_plain(stretch, (at, len(stretch.symbols)), (starts, ends, known))
        return ViewText(starts, ends, known)


def _note_plain(stretch: Stretch, place: tuple[int, int], into: tuple[list[int], list[int], list[int]]) -> None:
    places = [at for at in range(*place) if stretch.places is None or stretch.symbols[at] not in stretch.decorations]
    starts, ends, known = into
    starts.extend(places)
    ends.extend([at + 1 for at in places])
    known.extend([at + 1 for at in places])


def _ways(special: Sequence[_Special]) -> range:
    return range(max(len(found.ways) for found in special))


def _is_eligible(one: Wanted) -> bool:
    least = 2 if "pinyin2" in one.views else _MIN_SYLLABLES
    return bool(one.views & VIEWS) and least <= han_count(one.form) and len(one.form) <= MAX_FORM


def _is_latin(piece: str) -> bool:
    return piece.isascii() and piece.isalpha()


def _wanted_as(view: str, form: str) -> str:
    """Return what a term must ask for to be looked for in a view."""
    if view == "rot13":
        return "decode" if han_count(form) >= _MIN_SYLLABLES else ""
    return "pinyin2" if view == "pinyin" and han_count(form) < _MIN_SYLLABLES else view


@lru_cache(maxsize=8192)
def _readings(run: str) -> tuple[tuple[str, ...], ...]:
    """Return the ways to read a run, plainly and in rot13."""
    return (*readings_of_run(run), *_turned(run))


def _turned(run: str) -> tuple[tuple[str, ...], ...]:
    """Return a run's readings in rot13."""
    return readings_of_run(run.translate(_ROT13)) if len(run) >= _MIN_TURNED else ()


def _growing(symbols: str) -> int:
    """Return how many letters at the end may still grow into a longer run."""
    size = at = len(symbols)
    while at and size - at <= MAX_RUN and "a" <= symbols[at - 1] <= "z":
        at -= 1
    return size - at if size - at <= MAX_RUN else 0


def _plainly(stretch: Stretch) -> ViewText:
    """Return where each plain symbol stands, for a stretch whose sounds are one for one."""
    size = len(stretch.symbols)
    if stretch.places is None:
        return ViewText(range(size), range(1, size + 1), range(1, size + 1))
    ends = [at + 1 for at in stretch.places]
    return ViewText(stretch.places, ends, ends)
