"""Documents with planted truth: sentences of Debian's Chinese documentation, recombined, with what must be found in it.

The sentences come from `manpages-zh`, `debian-reference-zh-cn`, `debian-faq-zh-cn`, `developers-reference` and
`maint-guide-zh-cn`, read where they are installed and copied nowhere; a seed makes the same documents anew.
"""

import gzip
import html
import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

FOLDERS = (Path("/usr/share/man/zh_CN"), Path("/usr/share/debian-reference"), Path("/usr/share/doc"))
_HAN = re.compile("[\u4e00-\u9fff]")
_MARKUP = re.compile(r"\\f.|\\&|\\-|\\\(..|^[.'].*$|<[^<>]*>", re.MULTILINE)
_NUMBERS = re.compile(r"@|(?:[0-9][ .-]?){6}")
_ENDS = re.compile(r"(?<=[。！？；])")
_SHORTEST, _LONGEST = 12, 200
_CREDIT = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_PROVINCES = ("110105", "310104", "440106", "320102", "510107", "430104", "610113", "220102", "650102", "460105")


@dataclass(frozen=True)
class Planted:
    """One number that stands in a text, as it was planted."""

    kind: str
    written: str
    start: int


@dataclass(frozen=True)
class Sample:
    """One document, and what was planted in it."""

    text: str
    planted: Planted | None


def sentences() -> list[str]:
    """Return the Chinese sentences that are installed, each once, in a fixed order."""
    found: dict[str, None] = {}
    for folder in FOLDERS:
        for path in sorted(folder.rglob("*")):
            if path.suffix in (".gz", ".html", ".txt") and "zh" in path.as_posix().lower() and path.is_file():
                found.update(dict.fromkeys(_sentences_of(path)))
    return list(found)


def _sentences_of(path: Path) -> Iterator[str]:
    """Give the sentences of a file; those with numbers or addresses of people who wrote them are left out."""
    raw = path.read_bytes()
    try:
        text = (gzip.decompress(raw) if path.suffix == ".gz" else raw).decode()
    except (OSError, UnicodeDecodeError, EOFError):
        return
    plain = html.unescape(_MARKUP.sub("", text)).replace("\n", "")
    for part in _ENDS.split(plain):
        one = " ".join(part.split())
        is_long = _SHORTEST <= len(one) <= _LONGEST
        if is_long and len(_HAN.findall(one)) * 2 > len(one) and not _NUMBERS.search(one):
            yield one


def resident_id(chance: random.Random) -> str:
    """Return 18 characters with a right check character."""
    day = f"{chance.randint(1940, 2015)}{chance.randint(1, 12):02}{chance.randint(1, 28):02}"
    stem = f"{chance.choice(_PROVINCES)}{day}{chance.randint(0, 999):03}"
    return stem + "10X98765432"[sum(int(one) * weight for one, weight in zip(stem, _WEIGHTS, strict=True)) % 11]


def bank_card(chance: random.Random) -> str:
    """Return 16 or 19 digits with a right Luhn digit."""
    stem = chance.choice(("622202", "621700", "622848", "436742", "625965"))
    stem += "".join(chance.choices("0123456789", k=chance.choice((9, 12))))
    total = sum(sum(divmod(int(one) * (2 - place % 2), 10)) for place, one in enumerate(reversed(stem)))
    return stem + str(-total % 10)


def credit_code(chance: random.Random) -> str:
    """Return 18 symbols with a right check symbol."""
    while True:
        stem = chance.choice(("91", "92", "12", "51", "52")) + chance.choice(_PROVINCES)
        stem += "".join(chance.choices(_CREDIT, k=9))
        total = sum(_CREDIT.index(one) * pow(3, place, 31) for place, one in enumerate(stem))
        if sum(one.isdigit() for one in stem) >= len(stem) // 2:
            return stem + _CREDIT[(31 - total % 31) % 31]


KINDS: dict[str, tuple[str, Callable[[random.Random], str]]] = {
    "resident_id": ("身份证号", resident_id),
    "bank_card": ("银行卡号", bank_card),
    "credit_code": ("统一社会信用代码", credit_code),
    "mobile": ("手机", lambda chance: f"1{chance.choice('3456789')}{chance.randint(0, 10**9 - 1):09}"),
    "email": ("邮箱", lambda chance: f"user{chance.randint(1, 9999)}@mail{chance.randint(1, 99)}.example.cn"),
}
WIDTHS: dict[str, Callable[[str], str]] = {
    "half": str,
    "full": lambda text: "".join(chr(ord(one) + 0xFEE0) if "!" <= one <= "~" else one for one in text),
    "circled": lambda text: "".join("⓪①②③④⑤⑥⑦⑧⑨"[int(one)] if one.isdigit() else one for one in text),
}
SPACINGS: dict[str, Callable[[str], str]] = {
    "together": str,
    "spaces in fours": lambda text: " ".join(text[at : at + 4] for at in range(0, len(text), 4)),
    "hyphens in fours": lambda text: "-".join(text[at : at + 4] for at in range(0, len(text), 4)),
    "a space each": " ".join,
    "zero width": "\u200b".join,
}


def look_alike(chance: random.Random) -> str:
    """Return something that looks like a number of a person and is none."""
    digits = "".join(chance.choices("0123456789", k=24))
    hexes = "".join(chance.choices("0123456789abcdef", k=40))
    wrong = resident_id(chance)
    wrong = wrong[:-1] + chance.choice([one for one in "0123456789X" if one != wrong[-1]])
    return chance.choice(
        (
            f"订单号 {digits[:18]}",
            f"时间戳 {chance.randint(10**12, 2 * 10**12)}",
            f"校验和 {hexes}",
            f"版本 {chance.randint(1, 9)}.{chance.randint(0, 99)}.{chance.randint(0, 9999)}.{digits[:6]}",
            f"圆周率约为 3.{digits[:15]}",
            f"序列号 SN-{digits[:11]}",
            f"2026-11-27 {digits[:2]}:{digits[2:4]}:{digits[4:6]}.{digits[6:9]}",
            f"尺寸 {digits[:4]}x{digits[4:8]}，编号 {wrong}",
            f"地址 0x{hexes[:16]}",
            f"UUID {hexes[:8]}-{hexes[8:12]}-{hexes[12:16]}-{hexes[16:20]}-{hexes[20:32]}",
        )
    )


def documents(count: int, *, seed: int = 1, characters: int = 400) -> Iterator[Sample]:
    """Give documents: of each four, one with something planted, one with a look-alike, two as they are.

    Args:
        count: how many.
        seed: the same documents again.
        characters: of each, about.
    """
    chance, pool = random.Random(seed), sentences()
    kinds = list(KINDS)
    for number in range(count):
        parts: list[str] = []
        while sum(map(len, parts)) < characters:
            parts.append(chance.choice(pool))
        at = chance.randrange(len(parts))
        if number % 4 == 0:
            kind = kinds[number // 4 % len(kinds)]
            word, make = KINDS[kind]
            plain = make(chance)
            widths, spacings = list(WIDTHS.values()), list(SPACINGS.values())
            if kind == "email":
                written = plain
            else:
                written = spacings[number // 20 % len(spacings)](widths[number // 100 % len(widths)](plain))
            before = "".join(parts[:at]) + word + chance.choice(("：", "是", " ", ""))
            yield Sample(f"{before}{written}。{''.join(parts[at:])}", Planted(kind, written, len(before)))
        elif number % 4 == 1:
            yield Sample(f"{''.join(parts[:at])}{look_alike(chance)}。{''.join(parts[at:])}", None)
        else:
            yield Sample("".join(parts), None)
