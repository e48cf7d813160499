"""What a question names outright: an instrument, an article, a paragraph, an item, a day."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date

from guiju.gateway.upstreams.retrieval.vocabulary import NamedInstrument, Vocabulary

MAX_QUESTION_CHARACTERS = 600
_DIGITS = {character: value for value, character in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_NUMBER = r"(?:\d{1,3}|[零〇一二三四五六七八九十百]{1,6})"
_CHINESE = re.compile(
    rf"(?:第\s*(?P<article>{_NUMBER})\s*条|(?<![\d第])(?P<bare>\d{{1,3}})\s*条(?=$|[\s,，。?？!！的说是讲规内第]))"
    rf"(?:\s*第?\s*(?P<paragraph>{_NUMBER})\s*款)?(?:\s*第?\s*[(（]?(?P<item>{_NUMBER})[)）]?\s*项)?"
)
_ENGLISH = re.compile(
    r"\bart(?:icle|\.)?\s*(?P<article>\d{1,3})(?:\s*\(\s*(?P<paragraph>\d{1,2})\s*\))?(?:\s*\(\s*(?P<item>\d{1,2})\s*\))?",
    re.IGNORECASE,
)
_PART_ALONE = re.compile(
    rf"第\s*(?P<paragraph>{_NUMBER})\s*款(?:\s*第?\s*[(（]?(?P<item>{_NUMBER})[)）]?\s*项)?|第\s*[(（]?(?P<only>{_NUMBER})[)）]?\s*项"
)
_DAY = re.compile(r"(?P<year>20\d\d)\s*年(?:\s*(?P<month>\d{1,2})\s*月(?:\s*(?P<day>\d{1,2})\s*[日号])?)?")
_ISO_DAY = re.compile(r"\b(?P<year>20\d\d)-(?P<month>\d\d)-(?P<day>\d\d)\b")
_LAST_MONTH = 12
_LAST_SAFE_DAY = 28


@dataclass(frozen=True, slots=True)
class Reference:
    """What a question names.

    Attributes:
        instruments: the instruments named, in the order of the question.
        article: the article's number; None where none is named.
        paragraph: the paragraph's number within it.
        item: the item's number within that.
        as_of: the day the question asks about, where it names one.
        rest: the question without what was read here.
    """

    instruments: tuple[NamedInstrument, ...]
    article: int | None
    paragraph: int | None
    item: int | None
    as_of: date | None
    rest: str


def normalise(question: str) -> str:
    """Return the question with one form per character, in small letters, bounded in length."""
    text = unicodedata.normalize("NFKC", question[:MAX_QUESTION_CHARACTERS]).casefold()
    return " ".join(text.split())[:MAX_QUESTION_CHARACTERS]


def read_reference(question: str, vocabulary: Vocabulary) -> Reference:
    """Read what a normalised question names."""
    as_of, rest = _read_day(question)
    article = paragraph = item = None
    match = _CHINESE.search(rest) or _ENGLISH.search(rest)
    if match is not None:
        groups = match.groupdict()
        article = _number(groups["article"] or groups.get("bare"))
        paragraph, item = _number(groups["paragraph"]), _number(groups["item"])
        rest = rest[: match.start()] + " " + rest[match.end() :]
    else:
        match = _PART_ALONE.search(rest)
        if match is not None:
            paragraph = _number(match["paragraph"])
            item = _number(match["item"] or match["only"])
            rest = rest[: match.start()] + " " + rest[match.end() :]
    instruments, rest = _read_instruments(rest, vocabulary)
    return Reference(instruments, article, paragraph, item, as_of, rest)


def _read_instruments(text: str, vocabulary: Vocabulary) -> tuple[tuple[NamedInstrument, ...], str]:
    names = sorted(
        ((alias, instrument) for instrument in vocabulary.instruments for alias in instrument.aliases),
        key=lambda pair: -len(pair[0]),
    )
    found: list[tuple[int, NamedInstrument]] = []
    text = re.sub(r"\b(gb|gb/t)\s+(?=\d)", r"\1", text)
    for alias, instrument in names:
        pattern = rf"(?<![a-z0-9]){re.escape(alias)}(?![a-z0-9])"
        match = re.search(pattern, text)
        if match is not None:
            found.append((match.start(), instrument))
            text = re.sub(pattern, lambda hit: " " * len(hit[0]), text)
    ordered: list[NamedInstrument] = []
    for _, instrument in sorted(found, key=lambda pair: pair[0]):
        if instrument not in ordered:
            ordered.append(instrument)
    return tuple(ordered), text


def _read_day(question: str) -> tuple[date | None, str]:
    match = _ISO_DAY.search(question) or _DAY.search(question)
    if match is None:
        return None, question
    month = int(match["month"] or _LAST_MONTH)
    day = int(match["day"] or _LAST_SAFE_DAY)
    try:
        as_of = date(int(match["year"]), month, day)
    except ValueError:
        return None, question
    return as_of, question[: match.start()] + " " + question[match.end() :]


def _number(text: str | None) -> int | None:
    """Read 十四, 二十一 or 14."""
    if not text:
        return None
    if text.isdigit():
        return int(text)
    total = current = 0
    for character in text:
        if character == "十":
            total += (current or 1) * 10
            current = 0
        elif character == "百":
            total += (current or 1) * 100
            current = 0
        else:
            current = _DIGITS[character]
    return total + current


def write_number(number: int) -> str:
    """Write 14 as 十四, the way that citations do; numbers from 100 stay digits."""
    names = "零一二三四五六七八九"
    if number >= 100:  # noqa: PLR2004 - the law's articles that we hold have two digits
        return str(number)
    tens, ones = divmod(number, 10)
    head = ("" if tens == 1 else names[tens]) + "十" if tens else ""
    return head + (names[ones] if ones or not tens else "")
