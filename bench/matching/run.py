"""What matching costs: microseconds per 100 characters of a whole text and per delta of a stream, beside others.

    .venv/bin/python bench/matching/run.py [--write]

Text: the Chinese text of the law files of this project, the lines without a term, in pieces of 100 characters. Terms:
the shipped library (more than 10,000). The other matchers get the normalised text and the same terms, and are asked for
nothing else: no normalising, no offsets into the original, no conditions, no disguises. pyahocorasick and flashtext
must be installed (the extra `dev`). houbb/sensitive-word is Java and cannot be built here: Maven cannot be reached.
Every figure is CPU time, the least of several runs; on a busy machine all of them rise together (caches are shared), so
the ratio to `ahocorasick_rs alone` tells more than a figure alone. `--write` writes `bench/matching/last.md`.
"""

import argparse
import importlib
import platform
import re
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from guiju.moderation.detectors.interface import Tape
from guiju.moderation.detectors.keywords import KeywordDetector
from guiju.moderation.library import Library, LibrarySources, load_library
from guiju.moderation.models import Scope
from guiju.moderation.policy import parse_policy
from guiju.moderation.service import builtin_folder, builtin_policy
from guiju.text.matching.bigram import BigramMatcher
from guiju.text.matching.heads import HeadMatcher
from guiju.text.matching.rust import RustMatcher
from guiju.text.normalising import base_normaliser

ROOT = Path(__file__).resolve().parents[2]
SIZE = 100
DELTA = 4
ENGLISH = "The provider shall establish a sound mechanism for complaints and reports, and publish the process. "


def corpus() -> str:
    """Return running Chinese text: what stands between the keys of the law files."""
    files = sorted((ROOT / "src" / "guiju" / "law" / "data").rglob("*.yaml"))
    text = "\n".join(path.read_text(encoding="utf-8") for path in files)
    runs = re.findall(r"[\u4e00-\u9fff，。；：、“”（）]{12,}", text)
    return "\n".join(dict.fromkeys(runs))[:20_000]


def least(run: Callable[[], object], times: int = 60) -> float:
    """Return the least CPU time of several runs, in seconds."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return best


def resident_mib() -> float:
    """Return the resident memory of this process in MiB."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * 4 / 1024


def dictionary_trie(forms: Sequence[str]) -> Callable[[str], list[tuple[int, int]]]:
    """Return a search by a trie of dictionaries, tried at each place of a text."""
    root: dict[str, dict[str, object]] = {}
    for form in forms:
        node = root
        for symbol in form:
            node = node.setdefault(symbol, {})  # type: ignore[assignment]
        node[""] = {}

    def find(text: str) -> list[tuple[int, int]]:
        hits = []
        for start in range(len(text)):
            node = root
            for at in range(start, len(text)):
                following = node.get(text[at])
                if following is None:
                    break
                node = following  # type: ignore[assignment]
                if "" in node:
                    hits.append((start, at + 1))
        return hits

    return find


def others(forms: Sequence[str]) -> dict[str, Callable[[str], object]]:
    """Return other matchers by name; those that are not installed are left out."""
    found: dict[str, Callable[[str], object]] = {"dictionary trie": dictionary_trie(forms)}
    try:
        automaton = importlib.import_module("ahocorasick").Automaton()
        for form in forms:
            automaton.add_word(form, form)
        automaton.make_automaton()
        found["pyahocorasick"] = lambda text: list(automaton.iter(text))
        keywords = importlib.import_module("flashtext").KeywordProcessor()
        keywords.set_non_word_boundaries(set())
        keywords.add_keywords_from_list(list(forms))
        found["flashtext (no overlaps)"] = lambda text: keywords.extract_keywords(text, span_info=True)
    except ImportError as error:
        print(f"not measured: {error.name} is not installed", file=sys.stderr)
    return found


def stream(detector: KeywordDetector, text: str) -> Callable[[], None]:
    """Return a run that sends the text through the detector in pieces of `DELTA` characters."""
    deltas = [text[at : at + DELTA] for at in range(0, len(text), DELTA)]
    normalise = base_normaliser().normalise

    def run() -> None:
        tape = Tape()
        watched = detector.open_stream(tape, Scope.OUTPUT)
        at = 0
        for delta in deltas:
            view = normalise(delta, at)
            tape.extend(delta, view, at)
            at += len(delta)
            for symbol in view.symbols:
                watched.step(symbol)
            watched.held_from()

    return run


def held_back(detector: KeywordDetector, text: str) -> tuple[float, int]:
    """Return the mean and the largest number of symbols that wait after each single character."""
    tape = Tape()
    watched = detector.open_stream(tape, Scope.OUTPUT)
    waits, symbols = [], 0
    for at, character in enumerate(text):
        view = base_normaliser().normalise(character, at)
        tape.extend(character, view, at)
        for symbol in view.symbols:
            watched.step(symbol)
        symbols += len(view.symbols)
        waits.append(symbols - watched.held_from())
    return sum(waits) / len(waits), max(waits)


def with_offsets(matcher: HeadMatcher) -> Callable[[str], list[tuple[int, int]]]:
    """Return the base view as a whole: normalise, match, and say where in the original."""
    normalise = base_normaliser().normalise

    def find(text: str) -> list[tuple[int, int]]:
        view = normalise(text)
        return [view.span(start, end) for start, end, _ in matcher.find(view.symbols)]

    return find


def streamed(detector: KeywordDetector, text: str) -> float:
    """Return microseconds a delta."""
    return least(stream(detector, text), 15) / (len(text) / DELTA) * 1e6


def texts_cost(find: Callable[[str], object], texts: Sequence[str]) -> float:
    """Return microseconds a text."""
    return least(lambda: [find(text) for text in texts]) / len(texts) * 1e6


def lines_of(
    library: Library, detector: KeywordDetector, shipped: KeywordDetector, memory: tuple[float, float]
) -> list[str]:
    """Measure and return the table."""
    forms = sorted({term.form for term in library.terms})
    normaliser = base_normaliser()
    matcher = HeadMatcher(forms)
    text = "\n".join(line for line in corpus().split("\n") if not matcher.find(normaliser.symbols_of(line)))
    originals = [text[at : at + SIZE] for at in range(0, len(text) - SIZE, SIZE)]
    symbols = [normaliser.symbols_of(one) for one in originals]
    rows = {
        **{name: texts_cost(find, symbols) for name, find in others(forms).items()},
        "ahocorasick_rs alone": texts_cost(RustMatcher(forms).find, symbols),
        "our plain-Python fallback alone": texts_cost(BigramMatcher(forms).find, symbols),
        "**base view**: normalised, matched, with offsets (bar: 10)": texts_cost(with_offsets(matcher), originals),
        "**all views**, judged (bar: 60)": texts_cost(
            lambda one: detector.find(Tape.of(one, normaliser.normalise(one)), Scope.OUTPUT), originals
        ),
        "plain views, judged, as shipped for answers": texts_cost(
            lambda one: shipped.find(Tape.of(one, normaliser.normalise(one)), Scope.OUTPUT), originals
        ),
        f"**stream**, all views, Chinese, a delta of {DELTA} (bar: 50)": streamed(detector, text[:6000]),
        f"**stream**, all views, English, a delta of {DELTA} (bar: 50)": streamed(detector, (ENGLISH * 60)[:6000]),
        f"**stream**, as shipped for answers, Chinese, a delta of {DELTA}": streamed(shipped, text[:6000]),
    }
    alone = rows["ahocorasick_rs alone"]
    mean, most = held_back(detector, text[:6000])
    held = f"Held back after each character, Chinese: {mean:.2f} symbols on average, {most} at most."
    used = f"Memory: library {memory[0]:.0f} MiB, automata and tables of all views {memory[1]:.0f} MiB (half of two)."
    return [
        f"Python {platform.python_version()}, {platform.machine()}, {len(forms)} terms, {len(text)} characters.",
        "",
        "| what | µs of CPU per 100 characters or delta | times ahocorasick_rs alone |",
        "|---|---:|---:|",
        *(f"| {name} | {cost:.2f} | {cost / alone:.1f} |" for name, cost in rows.items()),
        "",
        f"{held} {used}",
    ]


def main() -> int:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    before = resident_mib()
    library = load_library(LibrarySources(builtin_folder()))
    loaded = resident_mib()
    content = builtin_policy().read_bytes()
    everywhere = content.replace(b"disguises: [input]", b"disguises: [input, output]")
    if everywhere == content:
        raise RuntimeError("the shipped policy is not written as this program expects")
    detector, shipped = (
        KeywordDetector(library, parse_policy(said, "policy", library.content_hash), base_normaliser())
        for said in (everywhere, content)
    )
    memory = loaded - before, (resident_mib() - loaded) / 2
    lines = lines_of(library, detector, shipped, memory)
    print("\n".join(lines))
    if options.write:
        command = "`.venv/bin/python bench/matching/run.py --write`"
        (ROOT / "bench" / "matching" / "last.md").write_text(
            f"# {command}\n\n" + "\n".join(lines) + "\n", encoding="utf-8"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
