"""Builds the character-bigram counts of `guiju.text`: does a term read better than what stands there?

    .venv/bin/python tools/build_score_table.py            writes src/guiju/text/data/bigrams.table

From jieba's dictionary (MIT: words with their frequency in its corpus) and the texts of laws in this repository (public
domain). A dictionary knows the pairs inside its words; a pair across two words is counted as if words followed each
other by chance: count(last character) x share of words that begin with the next.
Counts are kept as eighths of a doubling (log2 x 8), which is exact enough for a difference of two scores.
"""

import math
import re
from collections import Counter
from pathlib import Path

import jieba
from table_files import write

LAW = Path(__file__).resolve().parents[1] / "src" / "guiju" / "law" / "data"
HAN_RUN = re.compile("[\u4e00-\u9fff]+")
MIN_COUNT = 3
LAW_WEIGHT = 20
"""A law's pair counts so often: the dictionary's corpus has some 60 million words, the laws some 100,000."""
STEPS = 8


def counted() -> tuple[Counter[str], Counter[str], Counter[str], Counter[str]]:
    """Return counts of pairs inside words, of characters, of first and of last characters of words."""
    pairs: Counter[str] = Counter()
    single: Counter[str] = Counter()
    first: Counter[str] = Counter()
    last: Counter[str] = Counter()
    for line in Path(jieba.__file__).with_name("dict.txt").read_text(encoding="utf-8").splitlines():
        word, frequency, *_ = line.split(" ")
        if not HAN_RUN.fullmatch(word):
            continue
        count = int(frequency)
        for one in word:
            single[one] += count
        for at in range(len(word) - 1):
            pairs[word[at : at + 2]] += count
        first[word[0]] += count
        last[word[-1]] += count
    for path in sorted(LAW.rglob("*.yaml")):
        for run in HAN_RUN.findall(path.read_text(encoding="utf-8")):
            for at in range(len(run) - 1):
                pairs[run[at : at + 2]] += LAW_WEIGHT
    return pairs, single, first, last


def steps(count: int) -> int:
    """Return log2 of a count in eighths, as one byte's printable neighbour."""
    return round(math.log2(count) * STEPS)


def build() -> dict[str, object]:
    """Return the table: rows of second characters for each first one, with their counts in steps."""
    pairs, single, first, last = counted()
    characters = "".join(sorted(one for one, count in single.items() if count >= MIN_COUNT))
    known = set(characters)
    rows: dict[str, tuple[list[str], list[int]]] = {}
    for pair, count in sorted(pairs.items()):
        if count >= MIN_COUNT and pair[0] in known and pair[1] in known:
            seconds, amounts = rows.setdefault(pair[0], ([], []))
            seconds.append(pair[1])
            amounts.append(steps(count))

    def levels(counts: Counter[str]) -> str:
        return "".join(chr(48 + steps(counts[one] + 1)) for one in characters)

    return {
        "characters": characters,
        "single": levels(single),
        "first": levels(first),
        "last": levels(last),
        "rows": {
            key: ["".join(seconds), "".join(chr(48 + one) for one in amounts)]
            for key, (seconds, amounts) in rows.items()
        },
        "total": sum(single.values()),
        "words": sum(first.values()),
    }


if __name__ == "__main__":
    write(
        "bigrams",
        build(),
        [
            {"name": "jieba, dict.txt", "version": jieba.__version__, "licence": "MIT",
             "address": "https://github.com/fxsjy/jieba", "note": "words with frequencies"},
            {"name": "texts of laws, src/guiju/law/data", "version": "1", "licence": "public domain",
             "note": "Copyright Law of the PRC, article 5"},
        ],
        made_by="tools/build_score_table.py",
    )  # fmt: skip
