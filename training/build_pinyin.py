"""Builds the classifier's table of sounds: toneless syllable, tab, the characters that are mostly read so.

    .venv/bin/python training/build_pinyin.py      writes src/guiju/moderation/classifier/data/sounds.txt

Needs `pypinyin` (MIT), which nothing needs at run time. Only the reading that pypinyin names first counts.
"""

from collections import defaultdict
from pathlib import Path

from pypinyin import Style, lazy_pinyin

TARGET = Path(__file__).resolve().parents[1] / "src/guiju/moderation/classifier/data/sounds.txt"
HAN = range(0x4E00, 0x9FA6)


def build() -> str:
    """Return the table's text."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for code in HAN:
        character = chr(code)
        (reading,) = lazy_pinyin(character, style=Style.NORMAL, v_to_u=False, errors="ignore") or ("",)
        syllable = reading.replace("ü", "v").replace("ê", "e")
        if syllable.isascii() and syllable.isalpha():
            found[syllable].append(character)
    return "".join(f"{syllable}\t{''.join(found[syllable])}\n" for syllable in sorted(found))


if __name__ == "__main__":
    TARGET.write_text(build(), encoding="utf-8")
    print(f"{TARGET.name}: {TARGET.stat().st_size:,} bytes")
