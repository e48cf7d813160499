"""How many disguised terms of the shipped library are found, disguise by disguise, in carrier sentences.

    .venv/bin/python bench/moderation/evasion.py [--terms 1500] [--seeds 2] [--show N] [--write]

Each term of three characters and more that stands by itself (no companions required) and asks for block or review is
disguised by `guiju.moderation.evasion`, whose tables are others than the matcher's, put into a carrier sentence and
looked for as input. `strict` counts findings that ask for what the term asks for; `any` counts a review too. A term that
a disguise cannot change (no numeral, no traditional form) is left out of that disguise's row and counted in `skipped`.
"""

import argparse
import platform
import random
import sys
from collections import Counter
from pathlib import Path

from guiju.moderation.evasion.disguise import disguise
from guiju.moderation.evasion.methods import METHODS
from guiju.moderation.library import LibrarySources
from guiju.moderation.models import Scope, Term
from guiju.moderation.service import Moderation, builtin_folder

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


def eligible(moderation: Moderation, count: int) -> list[Term]:
    """Return terms of at least three characters that need nothing beside them, and some sentence shows them."""
    total = moderation.search_terms("", limit=1).total
    pages = (moderation.search_terms("", offset=start, limit=500) for start in range(0, total, 500))
    terms = [
        term
        for page in pages
        for term in page.terms
        if len(term.form) >= 3 and not term.all_of and term.wish != "observe" and Scope.INPUT in term.scopes
    ]
    random.Random(20261125).shuffle(terms)
    return [term for term in terms[: 2 * count] if carriers(moderation, term)][:count]


def carriers(moderation: Moderation, term: Term) -> list[str]:
    """Return the sentences in which the term is found when it is written plainly: others clear it by their words."""
    return [one for one in CARRIERS if found(moderation, one.format(term.text), term)]


def found(moderation: Moderation, text: str, term: Term) -> set[tuple[str, str]]:
    """Return the views and wishes with which a term is found."""
    findings = moderation.decide(text, Scope.INPUT).findings
    return {(one.view, one.wish) for one in findings if one.term_id == term.id}


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--terms", type=int, default=1500)
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--only", default="")
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    moderation = Moderation(LibrarySources(builtin_folder()))
    terms = eligible(moderation, options.terms)
    sentences = {term.id: carriers(moderation, term) for term in terms}
    lines = [
        f"Python {platform.python_version()}, {len(terms)} terms of the shipped library ({moderation.library_stats().terms}),"
        f" {options.seeds} seeds, strengths {', '.join(map(str, STRENGTHS))}.",
        "",
        "| disguise | tried | strict | any | bar | skipped | found in |",
        "|---|---:|---:|---:|---:|---:|---|",
    ]
    failed = False
    for method in [options.only] if options.only else METHODS:
        tried = strict = any_wish = skipped = 0
        views: Counter[str] = Counter()
        missed: list[str] = []
        chance = random.Random(f"carriers/{method}")
        for seed in range(options.seeds):
            for strength in STRENGTHS:
                for term in terms:
                    disguised = disguise(term.text, method, strength=strength, seed=seed)
                    if disguised is None:
                        skipped += 1
                        continue
                    tried += 1
                    text = chance.choice(sentences[term.id]).format(disguised)
                    hits = found(moderation, text, term)
                    strict += any(wish == term.wish for _, wish in hits)
                    any_wish += bool(hits)
                    views.update({view for view, _ in hits})
                    if not hits:
                        missed.append(f"{term.text} → {text!r}")
        if not tried:
            continue
        bar = BARS.get(method)
        share = 100 * any_wish / tried
        failed = failed or (bar is not None and share < bar)
        named = ", ".join(f"{view} {count}" for view, count in views.most_common(3))
        lines.append(
            f"| {method} | {tried} | {100 * strict / tried:.1f} % | {share:.1f} % | {f'{bar:.0f} %' if bar else '–'}"
            f" | {skipped} | {named} |"
        )
        print(lines[-1], flush=True)
        for one in random.Random(1).sample(missed, min(options.show, len(missed))):
            print("   ", one)
    print("\n".join(lines))
    if options.write:
        command = (
            f"`.venv/bin/python bench/moderation/evasion.py --terms {options.terms} --seeds {options.seeds} --write`"
        )
        (ROOT / "bench" / "moderation" / "evasion.md").write_text(
            f"# {command}\n\n" + "\n".join(lines) + "\n", encoding="utf-8"
        )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
