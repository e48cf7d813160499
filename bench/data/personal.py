"""What is found of planted personal information, what is found where there is none, and how much a CPU second reads.

    python bench/data/personal.py [--documents 20000] [--write]
    PYTHONPATH=src PEER/bin/python bench/data/personal.py …     (PEER: a venv with presidio-analyzer, for its column)

Documents are those of `generate.py` (Debian's Chinese documentation; `apt-get install manpages-zh
debian-reference-zh-cn debian-faq-zh-cn developers-reference maint-guide-zh-cn`). Presidio is asked through its built-in
recognisers alone (cards, phones of China, e-mail), without the language model that its engine loads beside them, which
is the fastest way to use it. Recall of a planted number: a finding of its kind that covers just its characters.
"""

import argparse
import platform
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.data.generate import Sample, documents

from guiju.privacy.rules import find_in_batch

PAGE = Path(__file__).with_name("README.md")
CHECKED = ("resident_id", "bank_card", "credit_code")
BATCH = 500
Spans = list[tuple[str, int, int, str]]
Search = Callable[[Sequence[str]], list[Spans]]


def ours(texts: Sequence[str]) -> list[Spans]:
    """Ask the room."""
    return [[(one.kind, one.start, one.end, one.confidence) for one in found] for found in find_in_batch(texts)]


def presidio() -> Search:
    """Return what asks Presidio's recognisers."""
    from presidio_analyzer.predefined_recognizers import (  # type: ignore[import-not-found] # noqa: PLC0415
        CreditCardRecognizer,
        EmailRecognizer,
        PhoneRecognizer,
    )

    asked = (
        (CreditCardRecognizer(), "CREDIT_CARD", "bank_card"),
        (PhoneRecognizer(supported_regions=("CN",)), "PHONE_NUMBER", "mobile"),
        (EmailRecognizer(), "EMAIL_ADDRESS", "email"),
    )

    def search(texts: Sequence[str]) -> list[Spans]:
        return [
            [
                (kind, found.start, found.end, "certain")
                for recogniser, entity, kind in asked
                for found in recogniser.analyze(text, [entity], None)
            ]
            for text in texts
        ]

    return search


def measured(search: Search, samples: Sequence[Sample]) -> tuple[list[Spans], float]:
    """Return what is found, and megabytes a CPU second."""
    texts = [one.text for one in samples]
    size = sum(len(one.encode()) for one in texts) / 1e6
    begin = time.process_time()
    found = [spans for at in range(0, len(texts), BATCH) for spans in search(texts[at : at + BATCH])]
    return found, size / (time.process_time() - begin)


def judged(samples: Sequence[Sample], found: Sequence[Spans]) -> tuple[Counter[str], Counter[str], Counter[str]]:
    """Return how many were planted and found of each kind, and how many were found where nothing was planted."""
    planted, hits, false = Counter[str](), Counter[str](), Counter[str]()
    for sample, spans in zip(samples, found, strict=True):
        wanted = sample.planted
        if wanted is not None:
            planted[wanted.kind] += 1
            span = (wanted.kind, wanted.start, wanted.start + len(wanted.written))
            hits[wanted.kind] += any(one[:3] == span for one in spans)
        for kind, _, _, confidence in spans:
            if wanted is None:
                false[f"{kind} ({confidence})"] += 1
    return planted, hits, false


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--documents", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    samples = list(documents(options.documents, seed=options.seed))
    size = sum(len(one.text.encode()) for one in samples) / 1e6
    engines: dict[str, Search] = {"guiju": ours}
    if find_spec("presidio_analyzer") is not None:
        engines["Presidio's recognisers"] = presidio()
    results = {name: measured(search, samples) for name, search in engines.items()}
    verdicts = {name: judged(samples, found) for name, (found, _) in results.items()}
    clean = sum(one.planted is None for one in samples)
    heads = " | ".join(engines)
    about = f"Python {platform.python_version()}, {platform.machine()}, {datetime.now(UTC):%Y-%m-%d}"
    lines = [
        "# Personal information: `bench/data/personal.py`\n",
        (
            f"{about}; {len(samples):,} documents, {size:.1f} MB, seed {options.seed}; {clean:,} without anything "
            "planted, a third of them with a look-alike. One run, CPU time.\n"
        ),
        f"|  | {heads} |\n| --- |{' --- |' * len(engines)}",
    ]
    for kind in verdicts["guiju"][0]:
        cells = [f"{hits[kind]} of {planted[kind]}" for planted, hits, _ in verdicts.values()]
        mark = " (check digit)" if kind in CHECKED else ""
        lines.append(f"| found: {kind}{mark} | {' | '.join(cells)} |")
    for sure in ("certain", "likely"):
        counts = [
            sum(number for name, number in false.items() if name.endswith(f"({sure})"))
            for *_, false in verdicts.values()
        ]
        cells = [f"{count} ({count / clean * 10_000:.1f})" for count in counts]
        lines.append(f"| {sure}, where nothing was planted (for 10,000 documents) | {' | '.join(cells)} |")
    speeds = [f"{speed:.1f}" for _, speed in results.values()]
    lines.append(f"| MB a CPU second | {' | '.join(speeds)} |")
    text = "\n".join(lines) + "\n"
    print(text)
    for name, (*_, false) in verdicts.items():
        print(name, dict(false))
    if options.write:
        kept = PAGE.read_text("utf-8").partition("\n## ")[2] if PAGE.is_file() else ""
        PAGE.write_text(text + (f"\n## {kept}" if kept else ""), "utf-8")


if __name__ == "__main__":
    main()
