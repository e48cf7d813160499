"""What the classifier is held to, measured on texts that nothing was fitted or chosen on.

    .venv/bin/python bench/moderation/classifier.py [--evasions] [--fast] [--out FILE]

`GUIJU_DATA` says where the data sets are (default: ../shared/data); what is absent is named as not measured.
"""

import argparse
import functools
import importlib
import importlib.util
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "training")]

from guiju.moderation.classifier.features import codes_of, readable  # noqa: E402
from guiju.moderation.classifier.model import Classifier, load_classifier  # noqa: E402
from guiju.moderation.classifier.risk_table import NEVER, RiskEntry, read_risk_table  # noqa: E402
from guiju.moderation.evaluation.engines import classifier_engine, detector_engine  # noqa: E402
from guiju.moderation.evaluation.metrics import count, quality, wilson  # noqa: E402
from guiju.moderation.evaluation.models import Interval, Judged  # noqa: E402
from guiju.moderation.evaluation.running import Engine  # noqa: E402
from guiju.moderation.models import RISK_IDS  # noqa: E402
from guiju.text.normalising import base_normaliser  # noqa: E402
from sources import Example, read_all  # noqa: E402 - the project's folders stand on no path before

CHAPTERS = ("A.1", "A.2", "A.3", "A.4", "A.5")
STRENGTH = 0.3
"""So large a share of a text's pieces of two to four characters stands in disguise."""
EVADED = 400
"""So many risky and so many honest texts are measured in each disguise."""
METHODS = (
    "traditional", "width", "zero-width", "decorated", "spaced", "split", "digits", "martian", "homophone", "pinyin",
    "mixed-pinyin", "initials", "emoji", "shape", "swap", "reverse", "infix",
)  # fmt: skip


@dataclass(slots=True)
class Measured:
    """The rows of the table, and the texts with what was said about them."""

    rows: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, claim: str, bar: str, figure: str) -> None:
        """Add a row and print it."""
        self.rows.append((claim, bar, figure))
        print(f"| {claim} | {bar} | {figure} |", flush=True)


def main() -> None:
    """Measure, print the table, write it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--evasions", action="store_true", help="measure each disguise too")
    parser.add_argument("--fast", action="store_true", help="a fifth of each set")
    parser.add_argument("--out", type=Path, help="write the table to a file")
    asked = parser.parse_args()
    texts = [one for one in read_all() if one.part == "report" and not one.text.isspace()]
    if asked.fast:
        random.Random(1).shuffle(texts)
        texts = texts[: len(texts) // 5]
    name, engine = classifier_engine(with_encoder=True)
    print(f"{name}\n\n| what | bar | figure |\n|---|---|---|")
    found = Measured()
    said = {one.text: engine(one.text) for one in texts}
    sets(found, texts, said)
    small = random.Random(2).sample(texts, min(len(texts), 3000))
    others(found, small, said)
    if asked.evasions:
        evasions(found, texts, engine, said)
    speed(found, texts)
    memory(found)
    if asked.out:
        lines = [f"| {claim} | {bar} | {figure} |" for claim, bar, figure in found.rows]
        asked.out.write_text("\n".join([name, "", "| what | bar | figure |", "|---|---|---|", *lines, ""]))


def of(texts: Sequence[Example], *sources: str) -> list[Example]:
    """Return the texts of some sources."""
    return [one for one in texts if one.source in sources]


def shown(interval: Interval, total: int) -> str:
    """Write a figure with its interval."""
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}], n = {total:,}"


def macro(texts: Sequence[Example], said: Mapping[str, Judged]) -> Interval:
    """Return macro-F1 of risky and not."""
    return quality(count([bool(one.risks) for one in texts], [said[one.text].is_flagged for one in texts])).macro_f1


def sets(found: Measured, texts: Sequence[Example], said: dict[str, Judged]) -> None:
    """Measure on every set."""
    only = classifier_engine(with_encoder=True, only="A.2")[1]
    for source, bar in (("cold", "≥ 0.90"), ("swsr", "≥ 0.66")):
        mine = of(texts, source)
        if mine:
            title = {"cold": "COLD dev", "swsr": "SWSR, never trained on"}[source]
            prejudice = {one.text: only(one.text) for one in mine}
            found.add(f"{title}, macro-F1 of findings of A.2", bar, shown(macro(mine, prejudice), len(mine)))
            found.add("… of findings of any risk", "–", shown(macro(mine, said), len(mine)))
        else:
            found.add(source, bar, "not measured: the data are not here")
    written(found, of(texts, "written"), said)
    jade, honest = of(texts, "jade"), of(texts, "safetyqa")
    if jade and honest:
        found.add("JADE v2, recall", "≥ 0.85", shown(share(jade, said), len(jade)))
        found.add("… honest questions of ChineseSafetyQA flagged", "≤ 0.03", shown(share(honest, said), len(honest)))
    for source, title, bar in (
        ("counter", "comments against prejudice flagged", "≤ 0.30"),
        ("honest", "honest questions on sensitive matters flagged", "–"),
    ):
        mine = of(texts, source)
        found.add(title, bar, shown(share(mine, said), len(mine)))
    mine = of(texts, "counter", "honest", "safetyqa")
    blocking = sum(any(score >= row.block for row, score in blocks(one.text, said)) for one in mine)
    found.add("… and of all these, asked to block", "–", shown(wilson(blocking, len(mine)), len(mine)))


def blocks(text: str, said: dict[str, Judged]) -> Iterator[tuple[RiskEntry, float]]:
    """Yield the entries of the risks that were found, with the score."""
    table = read_risk_table()
    for risk in said[text].risks:
        if table[risk].block < NEVER:
            yield table[risk], said[text].score


def share(texts: Sequence[Example], said: dict[str, Judged]) -> Interval:
    """Return the share that is flagged."""
    return wilson(sum(said[one.text].is_flagged for one in texts), len(texts))


def chapter_of(judged: Judged) -> str:
    """Return the chapter of the highest finding; empty without one."""
    return judged.risks[0].split("-")[0] if judged.risks else ""


def written(found: Measured, texts: Sequence[Example], said: dict[str, Judged]) -> None:
    """Measure on the groups of written texts that were held out."""
    if not texts:
        return
    scores: list[float] = []
    for chapter in CHAPTERS:
        wanted = [bool(one.risks) and one.risks[0].startswith(chapter) for one in texts]
        scores.append(quality(count(wanted, [chapter_of(said[one.text]) == chapter for one in texts])).f1.value)
    found.add(
        "written, a fifth of the groups, macro-F1 over A.1 to A.5", "≥ 0.85",
        f"{sum(scores) / 5:.3f} ({', '.join(f'{one:.2f}' for one in scores)}), n = {len(texts):,}",
    )  # fmt: skip
    found.add(*told_apart([one for one in texts if one.risks]))
    risky = macro(texts, said)
    found.add("… risky or not, macro-F1", "–", shown(risky, len(texts)))
    for risk in RISK_IDS:
        mine = [one for one in texts if risk in one.risks]
        if mine:
            bar = "≥ 0.90" if risk in {"A.1-d", "A.1-f"} else "–"
            hits = sum(said[one.text].is_flagged for one in mine)
            right = sum(risk in said[one.text].risks for one in mine)
            told = f"{shown(wilson(hits, len(mine)), len(mine))}; as this risk {right / len(mine):.2f}"
            found.add(f"… {risk} flagged", bar, told)


def told_apart(texts: Sequence[Example]) -> tuple[str, str, str]:
    """Say how well the five chapters are told apart among risky texts, by the highest score."""
    classifier, normalise = load_classifier(), base_normaliser().symbols_of
    said: list[str] = []
    for one in texts:
        scores = classifier.scores(normalise(one.text)).risks
        said.append(max(zip(scores, RISK_IDS, strict=True))[1].split("-")[0])
    each = [
        quality(count([one.risks[0].startswith(chapter) for one in texts], [one == chapter for one in said])).f1.value
        for chapter in CHAPTERS
    ]
    figure = f"{sum(each) / 5:.3f} ({', '.join(f'{one:.2f}' for one in each)}), n = {len(texts):,}"
    return "… among the risky ones only, which of the five chapters, macro-F1", "≥ 0.85", figure


def others(found: Measured, texts: Sequence[Example], said: dict[str, Judged]) -> None:
    """Measure the detector, and the classifier without its encoder, on the same sets."""
    engines = (
        ("sentence by sentence", detector_engine(with_encoder=True)[1]),
        ("without the encoder", classifier_engine(with_encoder=False)[1]),
    )
    for title, engine in engines:
        again = {one.text: engine(one.text) for one in texts}
        parts = [
            f"{source} {macro(of(texts, source), again).value:.3f} ({macro(of(texts, source), said).value:.3f})"
            for source in ("cold", "swsr", "written")
            if of(texts, source)
        ]
        parts += [
            f"{source} flagged {share(of(texts, source), again).value:.3f} ({share(of(texts, source), said).value:.3f})"
            for source in ("jade", "safetyqa", "counter", "honest")
            if of(texts, source)
        ]
        found.add(f"{title}: macro-F1 and shares, in brackets the whole-text classifier's", "–", "; ".join(parts))


def evasions(found: Measured, texts: Sequence[Example], engine: Engine, said: dict[str, Judged]) -> None:
    """Measure what each disguise costs: risky texts are disguised, honest ones stay."""
    if importlib.util.find_spec("guiju.moderation.evasion") is None:
        found.add("after each evasion", "≤ 8 points", "not measured: guiju.moderation.evasion is not here")
        return
    disguise = importlib.import_module("guiju.moderation.evasion.disguise").disguise_text
    for source in ("cold", "written"):
        mine = of(texts, source)
        draw = random.Random(3)
        risky = draw.sample([one for one in mine if one.risks], min(EVADED, sum(bool(one.risks) for one in mine)))
        honest = draw.sample([one for one in mine if not one.risks], min(EVADED, len(mine) - len(risky)))
        both = [*risky, *honest]
        before = macro(both, said).value
        for method in METHODS:
            again = {
                one.text: engine(disguise(one.text, [method], strength=STRENGTH, seed=1))
                if one.risks
                else said[one.text]
                for one in both
            }
            after = macro(both, again).value
            found.add(
                f"{source}: {method}, {STRENGTH:.0%} of the pieces", "≤ 8 points",
                f"{(before - after) * 100:.1f} points ({before:.3f} → {after:.3f})",
            )  # fmt: skip


def fastest(work: Callable[[], object], times: int) -> float:
    """Return the shortest time of several, in microseconds."""
    best = float("inf")
    for _ in range(times):
        began = time.perf_counter()
        work()
        best = min(best, time.perf_counter() - began)
    return best * 1e6


def first_head(classifier: Classifier) -> Callable[[str], object]:
    """Return the cheap views alone: what decides whether the encoder is asked."""
    alone = Classifier(classifier.weights, classifier.sounds, with_encoder=False)
    return alone.scores


def speed(found: Measured, texts: Sequence[Example]) -> None:
    """Measure how long a text takes, each text at its fastest of several."""
    classifier = load_classifier()
    sample = [base_normaliser().symbols_of(one.text) for one in random.Random(4).sample(texts, min(200, len(texts)))]
    alone = first_head(classifier)
    cheap = sorted(fastest(functools.partial(alone, text), 7) for text in sample)
    found.add(
        "first head, µs a text: median, p95 (each at its fastest of 7)", "≤ 150",
        f"{cheap[len(cheap) // 2]:.0f}, {cheap[int(len(cheap) * 0.95)]:.0f}",
    )  # fmt: skip
    asked = [classifier.scores(text).asked_encoder for text in sample]
    full = sorted(fastest(functools.partial(classifier.scores, text), 3) for text in sample)
    found.add(
        "whole classifier, ms a text: median, p95", "–",
        f"{full[len(full) // 2] / 1000:.2f}, {full[int(len(full) * 0.95)] / 1000:.2f}; "
        f"mean length {sum(map(len, sample)) / len(sample):.0f}",
    )  # fmt: skip
    found.add("texts for which the encoder is asked (half of them risky)", "–", f"{sum(asked) / len(asked):.2f}")
    hashed = fastest(lambda: codes_of(readable(sample[0])), 50)
    found.add("… of which reading a text, µs", "–", f"{hashed:.1f}")


_MEMORY = """
import psutil, time
process = psutil.Process()
import numpy
from guiju.text.normalising import normalise
normalise("x")
before = process.memory_full_info().uss / 1e6
began = time.perf_counter()
from guiju.moderation.classifier.model import load_classifier
one = load_classifier(with_encoder={encoder})
for text in ("你好", "怎么才能把别人的隐私偷拍下来卖钱", "黑人都是坏人" * 20):
    one.scores(normalise(text).symbols)
took = time.perf_counter() - began
print(f"{{process.memory_full_info().uss / 1e6 - before:.0f}} MB private, "
      f"{{process.memory_info().rss / 1e6:.0f}} MB resident in all, loaded in {{took:.1f}} s")
"""


def memory(found: Measured) -> None:
    """Measure memory in processes of their own."""
    if importlib.util.find_spec("psutil") is None:
        found.add("memory", "–", "not measured: psutil is not here")
        return
    for encoder in (False, True):
        program = [sys.executable, "-c", _MEMORY.format(encoder=encoder)]
        said = subprocess.run(program, capture_output=True, text=True, check=True, env=_environment()).stdout.strip()
        found.add(f"memory of the classifier {'with' if encoder else 'without'} encoder", "–", said)


def _environment() -> dict[str, str]:
    return {"PYTHONPATH": str(ROOT / "src"), "PATH": "/usr/bin:/bin", "OPENBLAS_NUM_THREADS": "1"}


if __name__ == "__main__":
    main()
