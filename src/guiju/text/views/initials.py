"""The view of initials: a whole Latin run that is the first letters of a term's syllables. Wide."""

import re
from collections.abc import Callable, Collection, Iterator
from itertools import product

from guiju.text.matching.prefixes import Prefixes
from guiju.text.views.forms import MAX_FORM, is_han
from guiju.text.views.models import Hit, Stretch, Wanted
from guiju.text.views.tables import load_readings

_MIN_INITIALS = 3
_MAX_FORMS = 4
_COST = 8
_RUN = re.compile("(?<![a-z0-9])[a-z]{2,16}(?![a-z0-9])")


class InitialsView:
    """Finds terms by their initials."""

    views = frozenset({"initials", "initials2"})
    crosses_barriers = False

    def __init__(self, wanted: Collection[Wanted]) -> None:
        """Index `wanted`."""
        owners: dict[str, list[int]] = {}
        for one in wanted:
            least = 2 if "initials2" in one.views else _MIN_INITIALS
            if one.views & self.views and least <= len(one.form) <= MAX_FORM:
                for form in _initials(one.form):
                    owners.setdefault(form, []).append(one.owner)
        self._owners = {form: tuple(found) for form, found in owners.items()}

    def prefixes(self, is_held: Callable[[int], bool]) -> Prefixes:
        """Return what a stream must hold back of the terms for which `is_held`."""
        return Prefixes(form for form, owners in self._owners.items() if any(is_held(one) for one in owners))

    def hits(self, stretch: Stretch) -> Collection[Hit]:
        """Return every term whose initials stand alone."""
        return list(self._hits(stretch)) if stretch.has_latin else ()

    def _hits(self, stretch: Stretch) -> Iterator[Hit]:
        size = len(stretch.symbols)
        for match in _RUN.finditer(stretch.symbols):
            owners = self._owners.get(match[0])
            if owners is not None and (match.end() < size or stretch.is_final):
                for owner in owners:
                    yield Hit(owner, "initials", *match.span(), match.end() + 1, _COST * len(match[0]))

    def stirs(self, plain: str) -> bool:  # noqa: ARG002
        """Whether a disguise may be complete in these symbols: any text may sound or look like something."""
        return True

    def may_begin(self, symbol: str) -> bool:  # noqa: ARG002
        """Whether the symbol may begin a disguise."""
        return True

    def live_from(self, stretch: Stretch, prefixes: Prefixes) -> int:
        """Return the first letter of a run at the end that could still become a term's initials."""
        symbols = stretch.symbols
        size = at = len(symbols)
        while at and size - at <= MAX_FORM and "a" <= symbols[at - 1] <= "z":
            at -= 1
        return at if at < size and prefixes.is_prefix(symbols[at:]) else size


def _initials(form: str) -> list[str]:
    """Return the initials of a term of Han characters, for each common reading; nothing for other terms."""
    readings = load_readings()
    ways = []
    for symbol in form:
        if not is_han(symbol):
            return []
        ways.append(sorted({readings.syllables[one][0] for one in readings.of(symbol)}))
    return ["".join(way) for way, _ in zip(product(*ways), range(_MAX_FORMS), strict=False)]
