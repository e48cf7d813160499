"""Builds the table of readings of `guiju.text`: how Han characters sound, without tones.

    .venv/bin/python tools/build_reading_table.py         writes src/guiju/text/data/readings.table

Needs `pypinyin` and `jieba` (the build extra), neither of which a running gateway needs for this. For each character of
the Unified Ideographs block: its most frequent toneless reading, and further readings that everyday words give it, by
the words of jieba's dictionary (MIT) read by pypinyin (MIT) and weighted with their frequency.
"""

from collections import Counter, defaultdict
from pathlib import Path

import jieba
import pypinyin
from pypinyin.constants import PINYIN_DICT
from table_files import write

HAN = range(0x4E00, 0xA000)
MIN_SHARE = 0.06
"""A further reading counts when so much of the character's use in words has it."""
MAX_READINGS = 3


def toneless(reading: str) -> str:
    """Return a reading without its tone, ü as v."""
    plain = pypinyin.contrib.tone_convert.to_normal(reading, v_to_u=False)
    return "".join(letter for letter in plain.replace("ü", "v").replace("ê", "e") if "a" <= letter <= "z")


def used_readings() -> dict[str, Counter[str]]:
    """Return for each character how often words give it which reading."""
    counts: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for line in Path(jieba.__file__).with_name("dict.txt").read_text(encoding="utf-8").splitlines():
        word, frequency, *_ = line.split(" ")
        if not all(ord(one) in HAN for one in word):
            continue
        for one, reading in zip(word, pypinyin.lazy_pinyin(word, v_to_u=False), strict=True):
            counts[one][reading.replace("ü", "v")] += int(frequency)
    return counts


def build() -> dict[str, object]:
    """Return the table."""
    used = used_readings()
    found: dict[str, list[str]] = {}
    for code in HAN:
        listed = [toneless(one) for one in PINYIN_DICT.get(code, "").split(",") if one]
        listed = [one for one in dict.fromkeys(listed) if one]
        if not listed:
            continue
        counts = used.get(chr(code), Counter())
        total = sum(counts.values())
        common = [one for one, count in counts.most_common() if count >= MIN_SHARE * total and one in listed]
        found[chr(code)] = (common or listed[:1])[:MAX_READINGS]
    syllables = sorted({one for readings in found.values() for one in readings})
    number = {one: at for at, one in enumerate(syllables)}
    return {
        "syllables": syllables,
        "characters": "".join(found),
        "first": [number[readings[0]] for readings in found.values()],
        "others": {key: [number[one] for one in readings[1:]] for key, readings in found.items() if readings[1:]},
    }


if __name__ == "__main__":
    write(
        "readings",
        build(),
        [
            {"name": "pypinyin", "version": pypinyin.__version__, "licence": "MIT",
             "address": "https://github.com/mozillazg/python-pinyin"},
            {"name": "jieba, dict.txt", "version": jieba.__version__, "licence": "MIT",
             "address": "https://github.com/fxsjy/jieba", "note": "word frequencies only"},
        ],
        made_by="tools/build_reading_table.py",
    )  # fmt: skip
