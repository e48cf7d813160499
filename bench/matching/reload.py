"""How long a running stream waits while a library of 100,000 terms is put in force beside it.

    .venv/bin/python bench/matching/reload.py [--terms 100000] [--seconds 10]

Terms: the shipped library and invented Han words of the same lengths, so many that automata are not used (building one
keeps every other thread waiting; see `guiju.text.matching.choose`). One thread pushes deltas of four characters through
a stream without a pause; another builds the keyword detector anew. The longest pushes are compared with those of the
same stream before, since on a busy machine a push is interrupted anyway. Wall time: run it on an idle machine.
"""

import argparse
import random
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from bench.matching.run import corpus, resident_mib

from guiju.moderation.detectors.interface import Tape
from guiju.moderation.detectors.keywords import KeywordDetector
from guiju.moderation.library import Library, LibrarySources, load_library
from guiju.moderation.library_file import LibraryFile, term_id
from guiju.moderation.models import Scope
from guiju.moderation.policy import parse_policy
from guiju.moderation.service import builtin_folder, builtin_policy, without_collecting
from guiju.text.normalising import base_normaliser

DELTA = 4


def enlarged(library: Library, count: int) -> Library:
    """Return the library with invented terms, like its own in everything but the text."""
    chance = random.Random(20261126)
    letters = sorted({symbol for term in library.terms for symbol in term.form if "\u4e00" <= symbol <= "\u9fff"})
    terms = list(library.terms)
    while len(terms) < count:
        model = chance.choice(library.terms)
        form = "".join(chance.choices(letters, k=max(3, len(model.form))))
        terms.append(replace(model, id=term_id(model.risk, form), text=form, form=form))
    file = LibraryFile(terms[0].risk, "2026-11-26", tuple(terms), (), (), ())
    return Library([file])


def push_until(detector: KeywordDetector, text: str, stop: Callable[[], bool]) -> tuple[int, list[float]]:
    """Push until `stop`; return how many deltas, and the ten longest pushes in milliseconds."""
    deltas = [text[at : at + DELTA] for at in range(0, len(text), DELTA)]
    normalise = base_normaliser().normalise
    longest: list[float] = []
    pushed = 0
    while not stop():
        tape, at = Tape(), 0
        watched = detector.open_stream(tape, Scope.OUTPUT)
        for delta in deltas:
            began = time.perf_counter()
            view = normalise(delta, at)
            tape.extend(delta, view, at)
            at += len(delta)
            for symbol in view.symbols:
                watched.step(symbol)
            watched.held_from()
            longest = sorted([*longest, (time.perf_counter() - began) * 1000])[-10:]
            pushed += 1
            if stop():
                break
    return pushed, longest


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--terms", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=10)
    options = parser.parse_args()
    small = load_library(LibrarySources(builtin_folder()))
    large = enlarged(small, options.terms)
    policy = parse_policy(builtin_policy().read_bytes(), "policy", large.content_hash)
    text = corpus()
    detector = KeywordDetector(large, policy, base_normaliser())
    print(f"{len(large.terms)} terms, {resident_mib():.0f} MiB resident")
    until = time.monotonic() + options.seconds
    pushed, longest = push_until(detector, text, lambda: time.monotonic() > until)
    print(f"nothing beside: {pushed} deltas, longest {[round(one, 1) for one in longest]} ms")
    built: list[KeywordDetector] = []
    began = time.monotonic()

    def build() -> None:
        with without_collecting():  # as `Moderation.reload` does
            built.append(KeywordDetector(large, policy, base_normaliser()))

    builder = threading.Thread(target=build)
    builder.start()
    pushed, longest = push_until(detector, text, lambda: bool(built))
    builder.join()
    took = time.monotonic() - began
    print(f"while another is built: {pushed} deltas in {took:.0f} s, longest {[round(one, 1) for one in longest]} ms")
    return 0


if __name__ == "__main__":
    sys.exit(main())
