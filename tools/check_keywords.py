"""Tells how much of the keyword library is padding: productive patterns and near-duplicates, class by class.

usage: python tools/check_keywords.py [FOLDER] [--show N]   (default: the library that ships)

A class is what the files of one risk hold.
- Productive pattern: terms of three symbols or more that share their first two symbols, or their last two. Longer
  heads and tails are parts of these. At most 5 % of a class may come from one.
- Near-duplicates: of one class, wish and direction, one term stands inside another and needs nothing more than that one
  does; or both are equal without particles and with one word for “how”; or they are the same symbols in another order.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

from guiju.moderation.library import LibrarySources, load_library
from guiju.moderation.models import Term
from guiju.moderation.service import builtin_folder

MAX_PATTERN_SHARE = 0.05
PATTERN_SYMBOLS = 2
PARTICLES = frozenset("的地得了着过吧吗呢啊呀嘛啦哦都就也还们")
HOW = ("怎么样", "怎样", "如何", "咋样", "咋", "怎么")
FEWEST_TO_REORDER = 4
"""Two or three symbols in another order are often another word (牛奶, 奶牛)."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """How many terms of a class begin or end alike.

    Attributes:
        risk: the class.
        shape: the head with `…` after it, or the tail with `…` before it.
        count: how many terms.
        share: of the class, 0 to 1.
    """

    risk: str
    shape: str
    count: int
    share: float


def patterns(terms: Iterable[Term]) -> list[Pattern]:
    """Return every head and tail that two or more terms of a class share, most frequent first."""
    found: list[Pattern] = []
    for risk, mine in sorted(classes(terms).items()):
        shapes: Counter[str] = Counter()
        for term in mine:
            if len(term.form) > PATTERN_SYMBOLS:
                shapes.update((f"{term.form[:PATTERN_SYMBOLS]}…", f"…{term.form[-PATTERN_SYMBOLS:]}"))
        found.extend(Pattern(risk, shape, count, count / len(mine)) for shape, count in shapes.items() if count > 1)
    return sorted(found, key=lambda pattern: (-pattern.share, pattern.shape))


def near_duplicates(terms: Iterable[Term]) -> list[tuple[Term, Term, str]]:
    """Return pairs of one class that should be one term, the one that may go second, and why."""
    found: list[tuple[Term, Term, str]] = []
    for _, mine in sorted(classes(terms).items()):
        found.extend(_contained(mine))
        found.extend(_alike(mine))
    return found


def classes(terms: Iterable[Term]) -> dict[str, list[Term]]:
    """Return the terms by the risk of their file."""
    by_risk: defaultdict[str, list[Term]] = defaultdict(list)
    for term in terms:
        by_risk[term.risk].append(term)
    return by_risk


def without_particles(form: str) -> str:
    """Return a form with one word for “how” and no particles; the form itself when nothing else would be left."""
    for word in HOW:
        form = form.replace(word, "怎")
    bare = "".join(symbol for symbol in form if symbol not in PARTICLES)
    return bare if len(bare) > 1 else form


def _contained(terms: list[Term]) -> Iterator[tuple[Term, Term, str]]:
    by_form = {term.form: term for term in terms}
    for longer in terms:
        for piece in _pieces(longer.form):
            shorter = by_form.get(piece)
            if shorter is not None and _makes_needless(shorter, longer):
                yield shorter, longer, "contained"


def _pieces(form: str) -> set[str]:
    ends = range(len(form) + 1)
    return {form[low:high] for low, high in combinations(ends, 2) if 1 < high - low < len(form)}


def _makes_needless(shorter: Term, longer: Term) -> bool:
    if shorter.wish != longer.wish or not set(longer.scopes) <= set(shorter.scopes):
        return False
    theirs = [set(group) for group in longer.all_of]
    needs_more = any(
        not any(word in longer.form for word in group) and not any(their <= set(group) for their in theirs)
        for group in shorter.all_of
    )
    return not needs_more and not _is_guarded(shorter, longer.form)


def _is_guarded(term: Term, text: str) -> bool:
    """Return whether the neighbours in `text` keep `term` from acting at every place."""
    start = text.find(term.form)
    while start >= 0:
        before, after = text[:start], text[start + len(term.form) :]
        if not before.endswith(term.not_after or ("\0",)) and not after.startswith(term.not_before or ("\0",)):
            return any(term.form in phrase and phrase in text for phrase in term.allow)
        start = text.find(term.form, start + 1)
    return True


def _alike(terms: list[Term]) -> Iterator[tuple[Term, Term, str]]:
    for why, key in (("particle", without_particles), ("order", _ordered)):
        alike: defaultdict[tuple[str, str], list[Term]] = defaultdict(list)
        for term in terms:
            alike[key(term.form), term.wish].append(term)
        for same in alike.values():
            for first, second in combinations(same, 2):
                if set(first.scopes) & set(second.scopes):
                    yield first, second, why


def _ordered(form: str) -> str:
    return "".join(sorted(form)) if len(form) >= FEWEST_TO_REORDER else form


def main() -> int:
    """Print what is wrong; return 1 when something is."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, nargs="?", default=builtin_folder())
    parser.add_argument("--show", type=int, default=1, help="how many patterns to print for each class")
    arguments = parser.parse_args()
    terms = load_library(LibrarySources(arguments.folder)).terms
    found = patterns(terms)
    for risk, mine in sorted(classes(terms).items()):
        top = [pattern for pattern in found if pattern.risk == risk][: arguments.show]
        said = ", ".join(f"{pattern.shape} {pattern.count} ({pattern.share:.1%})" for pattern in top)
        print(f"{risk}: {len(mine):5,} terms; {said}")
    wrong = [pattern for pattern in found if pattern.share > MAX_PATTERN_SHARE]
    doubles = near_duplicates(terms)
    for pattern in wrong:
        print(f"too productive: {pattern.risk} {pattern.shape} {pattern.count} ({pattern.share:.1%})")
    for first, second, why in doubles:
        print(f"near-duplicate ({why}): {first.risk} {first.text} · {second.text}")
    print(f"{len(terms):,} terms, {len(wrong)} patterns over {MAX_PATTERN_SHARE:.0%}, {len(doubles)} near-duplicates")
    return bool(wrong or doubles)


if __name__ == "__main__":
    sys.exit(main())
