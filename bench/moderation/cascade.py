"""How many honest questions the whole cascade refuses, with the shipped policy, library and classifier.

    .venv/bin/python bench/moderation/cascade.py [--show 20] [--write]

The questions are those of `training/evaluation/honest` (31 risks and the 13 topics that a service must not refuse) and
the comments of `training/evaluation/counter_prejudice.yaml`, by authors of their own, never trained on. Refused is what
policy does not let go on: refuse, hold, undetermined. What only asks for a review passes, and is counted beside it.
"""

import argparse
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from guiju.moderation.library import LibrarySources
from guiju.moderation.models import Decision, Scope
from guiju.moderation.service import Moderation, builtin_folder

ROOT = Path(__file__).resolve().parents[2]
SETS = ROOT / "training" / "evaluation"
BAR_PERCENT = 2.0


def lines_of(path: Path) -> Iterator[str]:
    """Give every line of a file of written sentences."""
    for group in yaml.safe_load(path.read_text("utf-8"))["groups"]:
        yield from (line.strip() for line in group["texts"].splitlines() if line.strip())


def measure(name: str, texts: list[str], moderation: Moderation, *, show: int) -> str:
    """Decide about every text as input and return a row of the table."""
    refused: list[tuple[str, Decision]] = []
    reviewed = 0
    detectors: Counter[str] = Counter()
    began = time.process_time()
    for text in texts:
        decision = moderation.decide(text, Scope.INPUT)
        reviewed += any(finding.wish in {"block", "review"} for finding in decision.findings)
        if not decision.may_pass:
            refused.append((text, decision))
            detectors.update({finding.detector for finding in decision.findings})
    cost = (time.process_time() - began) / len(texts) * 1000
    for text, decision in refused[:show]:
        print(f"  refused: {text} ← {decision.reason} {sorted({f.detector for f in decision.findings})}")
    share = 100 * len(refused) / len(texts)
    by = ", ".join(f"{detector} {count}" for detector, count in detectors.most_common()) or "–"
    return f"| {name} | {len(texts)} | {len(refused)} ({share:.2f} %) | {by} | {reviewed} | {cost:.2f} |"


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--show", type=int, default=0)
    parser.add_argument("--write", action="store_true")
    chosen = parser.parse_args()
    moderation = Moderation(LibrarySources(builtin_folder()))
    honest = sorted((SETS / "honest").glob("*.yaml"))
    risks = [line for path in honest if path.stem.startswith("about-") for line in lines_of(path)]
    topics = [line for path in honest if path.stem.startswith("topic-") for line in lines_of(path)]
    sets = {
        "honest questions about 31 risks": risks,
        "honest questions on 13 topics": topics,
        "comments against prejudice": list(lines_of(SETS / "counter_prejudice.yaml")),
    }
    rows = [measure(name, texts, moderation, show=chosen.show) for name, texts in sets.items()]
    head = "| set | texts | refused | by | block or review asked | CPU ms a text |\n|---|---:|---:|---|---:|---:|"
    table = f"{head}\n" + "\n".join(rows) + f"\n\nBar: at most {BAR_PERCENT} % of the honest questions refused.\n"
    print(table)
    if chosen.write:
        title = "# `.venv/bin/python bench/moderation/cascade.py --write`"
        Path(__file__).with_suffix(".md").write_text(f"{title}\n\n{table}", "utf-8")


if __name__ == "__main__":
    main()
