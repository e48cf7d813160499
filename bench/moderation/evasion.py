"""How many disguised terms of the shipped library are found, disguise by disguise, in carrier sentences.

    .venv/bin/python bench/moderation/evasion.py [--terms 1500] [--seeds 2] [--only NAME] [--show N] [--write]

Each term of three characters and more that stands by itself (no companions required) and asks for block or review is
disguised by `guiju.moderation.evasion`, whose tables are others than the matcher's, put in a carrier sentence where
it is found when written plainly, and looked for as input by the keyword detector. `strict` counts findings that ask for
what the term asks for; `any` counts a review too. A term that a disguise cannot change (no numeral, say)
is left out of that disguise's row and counted in `skipped`.
"""

import argparse
import platform
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from guiju.moderation.detectors.interface import Tape
from guiju.moderation.detectors.keywords import KeywordDetector
from guiju.moderation.evasion.disguise import disguise
from guiju.moderation.evasion.methods import METHODS
from guiju.moderation.library import Library, LibrarySources, load_library
from guiju.moderation.models import Scope, Term
from guiju.moderation.policy import parse_policy
from guiju.moderation.service import builtin_folder, builtin_policy
from guiju.text.normalising import base_normaliser

ROOT = Path(__file__).resolve().parents[2]
CARRIERS = (
    "请问哪里可以找到{}，在线等",
    "朋友发来一条消息：{}！",
    "听说最近有{}，你怎么看",
    "今天下午群里有人说{}然后就走了",
    "{}这个东西多少",
    "我想了解一下 {} 的情况",
    "你好呀，{}。谢谢你",
)
BARS = {
    **dict.fromkeys(("traditional", "width", "zero-width", "decorated", "spaced", "split", "pinyin"), 98.0),
    "homophone": 90.0, "initials": 75.0, "emoji": 60.0,
}  # fmt: skip
STRENGTHS = (0.5, 1.0)


@dataclass
class Row:
    """What became of one disguise."""

    tried: int = 0
    strict: int = 0
    any_wish: int = 0
    skipped: int = 0
    views: Counter[str] = field(default_factory=Counter)
    missed: list[str] = field(default_factory=list)

    def line(self, method: str) -> str:
        """Return the row of the table."""
        bar = BARS.get(method)
        named = ", ".join(f"{view} {count}" for view, count in self.views.most_common(3))
        shares = f"{100 * self.strict / self.tried:.1f} % | {self.share:.1f} %"
        return f"| {method} | {self.tried} | {shares} | {f'{bar:.0f} %' if bar else '–'} | {self.skipped} | {named} |"

    @property
    def share(self) -> float:
        """Return how many of a hundred were found, with whatever wish."""
        return 100 * self.any_wish / self.tried


class Finder:
    """The keyword detector on the shipped library."""

    def __init__(self, library: Library) -> None:
        """Build it."""
        policy = parse_policy(builtin_policy().read_bytes(), "policy", library.content_hash)
        self._detector = KeywordDetector(library, policy, base_normaliser())

    def found(self, text: str, term: Term) -> set[tuple[str, str]]:
        """Return the views and wishes with which a term is found."""
        findings = self._detector.find(Tape.of(text, base_normaliser().normalise(text)), Scope.INPUT)
        return {(one.view, one.wish) for one in findings if one.term_id == term.id}

    def carriers(self, term: Term) -> list[str]:
        """Return the sentences in which the term is found when written plainly: others clear it by their words."""
        return [one for one in CARRIERS if self.found(one.format(term.text), term)]

    def eligible(self, library: Library, count: int) -> dict[Term, list[str]]:
        """Return terms with their sentences."""
        terms = [
            term
            for term in library.terms
            if len(term.form) >= 3 and not term.all_of and term.wish != "observe" and Scope.INPUT in term.scopes
        ]
        random.Random(20261125).shuffle(terms)
        found = {term: self.carriers(term) for term in terms[: 2 * count]}
        return dict([(term, sentences) for term, sentences in found.items() if sentences][:count])

    def row(self, terms: dict[Term, list[str]], method: str, seeds: Sequence[int]) -> Row:
        """Try one disguise on all terms."""
        row = Row()
        chance = random.Random(f"carriers/{method}")
        for seed, strength in ((seed, strength) for seed in seeds for strength in STRENGTHS):
            for term, sentences in terms.items():
                disguised = disguise(term.text, method, strength=strength, seed=seed)
                if disguised is None:
                    row.skipped += 1
                    continue
                text = chance.choice(sentences).format(disguised)
                hits = self.found(text, term)
                row.tried += 1
                row.strict += any(wish == term.wish for _, wish in hits)
                row.any_wish += bool(hits)
                row.views.update({view for view, _ in hits})
                if not hits:
                    row.missed.append(f"{term.text} → {text!r}")
        return row


def main() -> int:
    """Measure and print the table; exit status 1 when a bar is not reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--terms", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--only", default="", choices=("", *METHODS))
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    library = load_library(LibrarySources(builtin_folder()))
    finder = Finder(library)
    terms = finder.eligible(library, options.terms)
    sizes = f"{len(terms)} terms of the shipped library ({len(library.terms)})"
    lines = [
        f"Python {platform.python_version()}, {sizes}, {options.seeds} seeds, strengths {STRENGTHS}.",
        "",
        "| disguise | tried | strict | any | bar | skipped | found in |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    print("\n".join(lines))
    failed = False
    for method in [options.only] if options.only else METHODS:
        row = finder.row(terms, method, range(options.seeds))
        if row.tried:
            failed = failed or row.share < BARS.get(method, 0.0)
            lines.append(row.line(method))
            print(lines[-1], flush=True)
        for one in random.Random(1).sample(row.missed, min(options.show, len(row.missed))):
            print("   ", one)
    if options.write:
        command = f"bench/moderation/evasion.py --terms {options.terms} --seeds {options.seeds} --write"
        text = f"# `.venv/bin/python {command}`\n\n" + "\n".join(lines) + "\n"
        (ROOT / "bench" / "moderation" / "evasion.md").write_text(text, encoding="utf-8")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
