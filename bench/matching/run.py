"""What moderation costs: microseconds per 100 characters of a whole text and per delta of a stream, beside baselines.

    .venv/bin/python bench/matching/run.py [--terms 10000] [--write]

Text: the Chinese text of the law files of this project, which has hardly a hit. Terms: the shipped library, filled up
to `--terms` with invented Han words (a fixed seed), so that the automaton has its size in practice. Baselines on the
same machine in the same run: a loop of `term in text`, and ahocorasick_rs alone on text that is already normalised
(no normalising, no offsets, no conditions, no decision). Every figure is the least of several runs. `--write` writes
`bench/matching/last.md`.
"""

import argparse
import platform
import random
import re
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from guiju.moderation.library import LibrarySources
from guiju.moderation.models import Scope
from guiju.moderation.service import Moderation, builtin_folder
from guiju.text.matching.bigram import BigramMatcher
from guiju.text.matching.rust import RustMatcher
from guiju.text.normalising import base_normaliser

ROOT = Path(__file__).resolve().parents[2]
DELTA = 4
ENGLISH = "The provider shall establish a sound mechanism for complaints and reports, and publish the process. "


def corpus() -> str:
    """Return running Chinese text: what stands between the keys of the law files."""
    files = sorted((ROOT / "src" / "guiju" / "law" / "data").rglob("*.yaml"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    runs = re.findall(r"[\u4e00-\u9fff，。；：、“”（）]{12,}", text)
    return "\n".join(dict.fromkeys(runs))[:20_000]


def fillers(count: int, text: str) -> list[str]:
    """Return invented words of characters that the text uses, none of which stands in it."""
    chance = random.Random(20261123)
    letters = sorted({letter for letter in text if "\u4e00" <= letter <= "\u9fff"})
    words: set[str] = set()
    while len(words) < count:
        word = "".join(chance.choices(letters, k=chance.choice((2, 3, 3, 4, 4, 5))))
        if word not in text:
            words.add(word)
    return sorted(words)


def least(run: Callable[[], object], times: int = 7) -> float:
    """Return the least of several runs, in seconds."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        run()
        best = min(best, time.perf_counter() - began)
    return best


def stream(moderation: Moderation, text: str) -> Callable[[], None]:
    """Return a run that sends the text through a stream in pieces of `DELTA` characters."""
    deltas = [text[at : at + DELTA] for at in range(0, len(text), DELTA)]

    def run() -> None:
        push = moderation.open_stream(Scope.OUTPUT).push
        for delta in deltas:
            push(delta)

    return run


def held_back(moderation: Moderation, text: str) -> tuple[float, int]:
    """Return the mean and the largest number of characters that wait after each single character."""
    watched = moderation.open_stream(Scope.OUTPUT)
    out, waits = 0, []
    for at, character in enumerate(text, 1):
        out += len(watched.push(character).text)
        waits.append(at - out)
    return sum(waits) / len(waits), max(waits)


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--terms", type=int, default=10_000)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    text = corpus()
    with tempfile.TemporaryDirectory() as folder:
        shipped = Moderation(LibrarySources(builtin_folder())).library_stats().terms
        words = fillers(max(0, options.terms - shipped), text)
        (Path(folder) / "fill.yaml").write_text(
            'version: "1"\nrisk: A.1-h\nupdated: 2026-11-23\ngroups:\n- reason: 测量用\n  flags: [skip]\n  terms:\n'
            + "".join(f"  - {word}\n" for word in words),
            encoding="utf-8",
        )
        began = time.perf_counter()
        moderation = Moderation(LibrarySources(builtin_folder(), Path(folder)))
        built = time.perf_counter() - began
    stats = moderation.library_stats()
    pages = (moderation.search_terms("", offset=start, limit=500) for start in range(0, stats.terms, 500))
    forms = sorted({term.form for page in pages for term in page.terms})
    rust, bigram = RustMatcher(forms), BigramMatcher(forms)
    clean = "\n".join(line for line in text.split("\n") if not moderation.decide(line, Scope.OUTPUT).findings)
    symbols = base_normaliser().symbols_of(clean)
    english = (ENGLISH * 100)[:8000]
    short = [clean[at : at + 100] for at in range(0, len(clean) - 100, 100)]
    per_100 = 100 / len(clean) * 1e6
    rows = [
        (
            "`term in text`, a loop",
            least(lambda: [form for form in forms if form in symbols], 3) * per_100,
            "µs / 100 chars",
        ),
        ("ahocorasick_rs alone", least(lambda: rust.find(symbols)) * per_100, "µs / 100 chars"),
        ("plain-Python matcher alone", least(lambda: bigram.find(symbols)) * per_100, "µs / 100 chars"),
        ("normalising with offsets", least(lambda: base_normaliser().normalise(clean)) * per_100, "µs / 100 chars"),
        (
            "**decide()**, one long text",
            least(lambda: moderation.decide(clean, Scope.OUTPUT)) * per_100,
            "µs / 100 chars",
        ),
        (
            "**decide()**, texts of 100 characters",
            least(lambda: [moderation.decide(one, Scope.OUTPUT) for one in short]) / len(short) * 1e6,
            "µs / text",
        ),
        (
            "**stream**, Chinese",
            least(stream(moderation, clean)) / (len(clean) / DELTA) * 1e6,
            f"µs / delta of {DELTA}",
        ),
        (
            "**stream**, English",
            least(stream(moderation, english)) / (len(english) / DELTA) * 1e6,
            f"µs / delta of {DELTA}",
        ),
    ]
    mean, most = held_back(moderation, clean)
    size = f"{stats.terms} terms ({shipped} shipped), {len(clean)} characters"
    lines = [
        f"Python {platform.python_version()}, {platform.machine()}, {size}.",
        "",
        "| what | cost | unit |",
        "|---|---:|---|",
        *(f"| {name} | {cost:.2f} | {unit} |" for name, cost, unit in rows),
        f"| building library, policy and automata | {built * 1000:.0f} | ms |",
        f"| held back after each character, Chinese: mean / most | {mean:.2f} / {most} | characters |",
    ]
    print("\n".join(lines))
    if options.write:
        command = f"`.venv/bin/python bench/matching/run.py --terms {options.terms} --write`"
        (ROOT / "bench" / "matching" / "last.md").write_text(
            f"# {command}\n\n" + "\n".join(lines) + "\n", encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
