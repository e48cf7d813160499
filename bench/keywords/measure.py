"""What the built-in keyword library hits where it should not, and where it should.

    python bench/keywords/measure.py [--corpus FOLDER] [--shared FOLDER] [--training FOLDER] [--report FILE] [--show N]

False hits are counted per 100,000 characters of ordinary Chinese: the `*.txt` files of `--corpus` (see the README for
how to gather them), the words of jieba's dictionary, and the Chinese of this project. The development sets beside the
project and the sentences of `training/` are read when they are there; what is absent is named as not measured.
`--report` writes every term that hit honest text, with counts and examples.
"""

import argparse
import csv
import json
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import jieba
import yaml

from guiju.moderation.library import LibrarySources
from guiju.moderation.models import Action, Finding, Scope
from guiju.moderation.service import Moderation, builtin_folder

ROOT = Path(__file__).resolve().parents[2]
COMMON_WORD_FREQUENCY = 100
"""jieba counts a word so often in its corpus: from here on it is an everyday word (36,145 of 349,046)."""
EXAMPLES = 3
"""The report shows so many examples of each term."""


@dataclass
class Report:
    """Which terms hit honest text: for each, how often either way, and where."""

    counts: Counter[tuple[str, Scope]] = field(default_factory=Counter)
    found: dict[str, Finding] = field(default_factory=dict)
    examples: dict[str, dict[str, None]] = field(default_factory=dict)

    def add(self, finding: Finding, around: str, scope: Scope) -> None:
        """Count a hit."""
        self.counts[finding.term_id, scope] += 1
        self.found[finding.term_id] = finding
        kept = self.examples.setdefault(finding.term_id, {})
        if len(kept) < EXAMPLES:
            kept[around] = None

    def write(self, path: Path, moderation: Moderation) -> None:
        """Write a line a term, tab-separated, most hits first."""
        texts = {term.id: term.text for term in moderation.search_terms("", "", offset=0, limit=300_000).terms}
        lines = ["risk\twish\tterm\tinput\toutput\texamples"]
        for term_id in sorted(self.found, key=lambda one: -sum(self.counts[one, scope] for scope in Scope)):
            finding = self.found[term_id]
            counts = "\t".join(str(self.counts[term_id, scope]) for scope in (Scope.INPUT, Scope.OUTPUT))
            shown = " | ".join(self.examples[term_id])
            lines.append(f"{finding.risks[0]}\t{finding.wish}\t{texts[term_id]}\t{counts}\t{shown}")
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        print(f"\n{len(self.found)} terms hit honest text; written to {path}")


@dataclass
class Tally:
    """What was found in a set of texts; hits on honest text go to the report too."""

    report: Report | None = None
    texts: int = 0
    characters: int = 0
    refused: int = 0
    block: int = 0
    review: int = 0
    examples: Counter[str] = field(default_factory=Counter)

    def add(self, moderation: Moderation, text: str, scope: Scope) -> None:
        """Count one text."""
        decision = moderation.decide(text, scope)
        self.texts += 1
        self.characters += len(text)
        self.refused += decision.action is Action.REFUSE
        for finding in decision.findings:
            if finding.detector != "keywords":
                continue
            around = text[max(finding.start - 10, 0) : finding.end + 10].replace("\n", " ").replace("\t", " ")
            if self.report is not None:
                self.report.add(finding, around, scope)
            if finding.wish == "observe":
                continue
            self.block += finding.wish == "block"
            self.review += finding.wish == "review"
            found = text[finding.start : finding.end]
            self.examples[f"{finding.wish} {finding.risks[0]} [{found}] …{around}…"] += 1

    def per_100k(self, count: int) -> float:
        """Return a count per 100,000 characters."""
        return 100_000 * count / max(self.characters, 1)


def tally(moderation: Moderation, texts: Iterable[str], scope: Scope, *, report: Report | None = None) -> Tally:
    """Count over many texts."""
    found = Tally(report)
    for text in texts:
        found.add(moderation, text, scope)
    return found


def lines_of(path: Path) -> Iterator[str]:
    """Yield the lines of a text file that are not empty."""
    with path.open(encoding="utf-8") as file:
        for line in file:
            if line.strip():
                yield line.strip()


def own_chinese() -> Iterator[str]:
    """Yield the Chinese lines of the project's documents and of its law data."""
    for folder, pattern in ((ROOT / "docs", "*.md"), (ROOT / "src" / "guiju" / "law", "*.yaml"), (ROOT, "README*.md")):
        for path in sorted(folder.rglob(pattern) if folder != ROOT else folder.glob(pattern)):
            if path.name != "keyword-library.md":  # it describes what the library finds
                yield from (line for line in lines_of(path) if any("\u4e00" <= c <= "\u9fff" for c in line))


def dictionary_words() -> Iterator[tuple[str, int]]:
    """Yield jieba's words with their frequency."""
    for line in lines_of(Path(jieba.__file__).with_name("dict.txt")):
        word, frequency, *_ = line.split(" ")
        yield word, int(frequency)


def false_hits(moderation: Moderation, corpus: Path | None, report: Report, *, show: int) -> None:
    """Print the table of false hits on ordinary Chinese."""
    print("| ordinary Chinese | scope | characters | block /100k | review /100k |")
    print("|---|---|---:|---:|---:|")
    total = {scope: Tally() for scope in Scope}
    sets: list[tuple[str, list[str]]] = [("this project's documents and law data", list(own_chinese()))]
    if corpus is not None:
        sets += [(path.stem, list(lines_of(path))) for path in sorted(corpus.glob("*.txt"))]
    for name, texts in sets:
        for scope in Scope:
            found = tally(moderation, texts, scope, report=report)
            row(name, scope, found)
            total[scope].characters += found.characters
            total[scope].block += found.block
            total[scope].review += found.review
            total[scope].examples += found.examples
    for scope, found in total.items():
        row("**together**", scope, found)
    if corpus is None:
        print("\nnot measured: no --corpus given")
    for example, count in (total[Scope.INPUT].examples | total[Scope.OUTPUT].examples).most_common(show):
        print(f"  {count} {example}")


def row(name: str, scope: Scope, found: Tally) -> None:
    """Print one row."""
    block, review = found.per_100k(found.block), found.per_100k(found.review)
    print(f"| {name} | {scope} | {found.characters:,} | {block:.2f} | {review:.2f} |")


def dictionary(moderation: Moderation, show: int) -> None:
    """Print how many dictionary words hold a term that blocks."""
    words = list(dictionary_words())
    common, hit = 0, []
    for word, frequency in words:
        common += frequency >= COMMON_WORD_FREQUENCY
        if any(f.wish == "block" for scope in Scope for f in moderation.decide(word, scope).findings):
            hit.append((frequency, word))
    hit.sort(reverse=True)
    often = sum(frequency >= COMMON_WORD_FREQUENCY for frequency, _ in hit)
    print(f"\njieba dictionary: {len(words):,} words, {len(hit)} hold a blocking term;")
    print(f"of the {common:,} with frequency ≥ {COMMON_WORD_FREQUENCY}: {often}.")
    for frequency, word in hit[:show]:
        print(f"  {word} ({frequency})")


def sentences(folder: Path) -> list[tuple[str, str]]:
    """Return (form, sentence) of every file below a folder of `training/`."""
    documents = (yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(folder.rglob("*.yaml")))
    groups = (group for document in documents for group in document["groups"])
    return [(group["form"], line.strip()) for group in groups for line in group["texts"].splitlines() if line.strip()]


def written(moderation: Moderation, training: Path, report: Report, *, show: int) -> None:
    """Print the share of our own sentences that is blocked; requests go in only, other forms both ways."""
    print("\n| our own sentences | texts | blocked | block or review |")
    print("|---|---:|---:|---:|")
    for name, folder, honest in (
        ("honest: `training/benign`", training / "benign", True),
        ("honest, by other authors: `training/evaluation`", training / "evaluation", True),
        ("risky: `training/positive` (recall)", training / "positive", False),
    ):
        blocked = hit = 0
        examples: Counter[str] = Counter()
        texts = sentences(folder)
        for form, text in texts:
            one = Tally(report if honest else None)
            for scope in Scope if form != "request" or not honest else (Scope.INPUT,):
                one.add(moderation, text, scope)
            blocked += bool(one.block)
            hit += bool(one.block or one.review)
            examples += one.examples
        print(f"| {name} | {len(texts):,} | {share_of(blocked, texts)} | {share_of(hit, texts)} |")
        for example, count in examples.most_common(show if honest else 0):
            print(f"  {count} {example}")


def share_of(count: int, texts: list[tuple[str, str]]) -> str:
    """Return a count with its share."""
    return f"{count} ({count / max(len(texts), 1):.2%})"


def development(moderation: Moderation, shared: Path, report: Report, *, show: int) -> None:
    """Print the development figures on the sets beside the project."""
    data = shared / "data"
    questions = [json.loads(line)["question"] for line in lines_of(data / "safetyqa" / "half.jsonl")]
    with (data / "jade" / "v2_easy.csv").open(encoding="utf-8-sig", newline="") as file:
        prompts = [line["question"] for line in csv.DictReader(file)]
    with (data / "cold" / "dev.csv").open(encoding="utf-8-sig", newline="") as file:
        comments = [(line["label"], line["TEXT"]) for line in csv.DictReader(file)]
    print("\n| development set | scope | texts | refused | block or review |")
    print("|---|---|---:|---:|---:|")
    for name, texts, scope in (
        ("honest safety questions (must pass)", questions, Scope.INPUT),
        ("JADE v2 easy: risky prompts", prompts, Scope.INPUT),
        ("COLD dev: offensive", [text for label, text in comments if label == "1"], Scope.OUTPUT),
        ("COLD dev: not offensive", [text for label, text in comments if label == "0"], Scope.OUTPUT),
    ):
        refused = hit = 0
        examples: Counter[str] = Counter()
        for text in texts:
            one = Tally(report if name.startswith("honest") else None)
            one.add(moderation, text, scope)
            refused += one.refused
            hit += bool(one.block or one.review)
            examples += one.examples
        share = f"{refused} ({refused / len(texts):.1%}) | {hit} ({hit / len(texts):.1%})"
        print(f"| {name} | {scope} | {len(texts):,} | {share} |")
        if "JADE" not in name:
            for example, count in examples.most_common(show):
                print(f"  {count} {example}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, help="a folder of UTF-8 *.txt files of ordinary Chinese")
    parser.add_argument("--shared", type=Path, default=ROOT.parent / "shared", help="where the development sets are")
    parser.add_argument("--training", type=Path, default=ROOT / "training", help="the sentences we wrote")
    parser.add_argument("--report", type=Path, help="write the terms that hit honest text to this file")
    parser.add_argument("--show", type=int, default=0, help="how many hits to print under each table")
    arguments = parser.parse_args()
    started = time.perf_counter()
    moderation = Moderation(LibrarySources(builtin_folder()))
    stats = moderation.library_stats()
    print(f"library: {stats.terms:,} terms, content hash {stats.content_hash[:12]}\n")
    report = Report()
    false_hits(moderation, arguments.corpus, report, show=arguments.show)
    dictionary(moderation, arguments.show)
    for folder, needed, measured in (
        (arguments.training, "benign", written),
        (arguments.shared, "data", development),
    ):
        if (folder / needed).is_dir():
            measured(moderation, folder, report, show=arguments.show)
        else:
            print(f"\nnot measured: {folder / needed} is not here")
    if arguments.report is not None:
        report.write(arguments.report, moderation)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
