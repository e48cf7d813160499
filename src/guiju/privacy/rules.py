r"""Which characters of a text are personal information: pure, linear in the length of the text.

Boundaries are ASCII look-arounds: a Han character is a word character, so that `\b` does not see a number beside it.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate

from guiju.privacy.folding import DIGITS, INVISIBLE, SEPARATORS, fold
from guiju.privacy.models import Confidence, Finding
from guiju.text.personal import has_credit_head, is_bank_card, is_credit_code, is_resident_id

# Possessive: a run of invisible characters is read once, however the digits go on.
_GAP = f"[{INVISIBLE}]*+(?:[{SEPARATORS}][{INVISIBLE}]*+)?+"
_GATE = re.compile(f"[@＠]|[{DIGITS}](?:{_GAP}[{DIGITS}]){{5}}")
_RUN = re.compile(f"[{DIGITS}{SEPARATORS}{INVISIBLE}a-zA-Zａ-ｚＡ-Ｚ@＠_＿%％+＋]{{6,}}")
_SEPARATOR = re.compile("[ .-]")
# No start within digits that are parted one by one: told by the pattern, since a call for each such digit is dear.
_START = "(?<![0-9])(?<![0-9][ .-](?=[0-9][ .-]))"
_LEAST_GROUP = 3
_CARD_WORDS = re.compile("卡|银行|账号|账户|帐号|card")
_CODE_WORDS = re.compile("代码|税号|信用码|uscc|code")
_LABELS = re.compile(r"(?:^|[^a-z])(?:id|no|tel|phone|mobile|mob|card|sfz|code|uscc|num|number)$")
_GLUED = re.compile(r"[a-z_]$")
_INSIDE_NUMBER = re.compile(r"[0-9][.-]$")
_LOOK_BACK = 16


@dataclass(frozen=True, slots=True)
class _Shape:
    kind: str
    pattern: re.Pattern[str]
    is_real: Callable[[str], bool]
    confidence: Confidence


def _is_anything(value: str) -> bool:
    return bool(value)


def _is_credit_code(value: str) -> bool:
    return has_credit_head(value) and is_credit_code(value)


def _is_email(value: str) -> bool:
    return ".." not in value and not value.startswith(".")


_SHAPES = (
    _Shape(
        "resident_id",
        re.compile(
            _START
            + r"(?=([1-9](?:[ .-]?[0-9]){5}[ .-]?(?:1[ .-]?[89]|2[ .-]?0)(?:[ .-]?[0-9]){9}[ .-]?[0-9x])(?![0-9a-z]))"
        ),
        is_resident_id,
        "certain",
    ),
    _Shape(
        "credit_code",
        re.compile(
            r"(?<![0-9a-z])(?=([1-9a-y](?:[ .-]?[0-9a-y])(?:[ .-]?[0-9]){6}(?:[ .-]?[0-9a-y]){10})(?![0-9a-z]))"
        ),
        _is_credit_code,
        "certain",
    ),
    *(
        _Shape(
            "bank_card",
            re.compile(_START + rf"(?=([2-69](?:[ .-]?[0-9]){{{length - 1}}})(?![0-9a-z])(?![.-][0-9]))"),
            is_bank_card,
            "certain",
        )
        for length in (19, 18, 17, 16, 15)
    ),
    _Shape(
        "mobile",
        re.compile(_START + r"(?=((?:(?:\+|00)?86[ -]?)?1[ .-]?[3-9](?:[ .-]?[0-9]){9})(?![0-9a-z])(?![.-][0-9]))"),
        _is_anything,
        "likely",
    ),
    _Shape(
        "landline",
        re.compile(
            r"(?<![0-9])(?=((?:(?:\+|00)86[ -]?)?0(?:10|2[0-9]|[3-9][0-9]{2})[ -][2-8][0-9]{6,7})"
            r"(?![0-9a-z])(?![.-][0-9]))"
        ),
        _is_anything,
        "likely",
    ),
    _Shape(
        "email",
        re.compile(
            r"(?<![a-z0-9._%+-])(?=([a-z0-9_%+-][a-z0-9._%+-]{0,63}@(?:[a-z0-9][a-z0-9-]{0,62}\.){1,4}[a-z]{2,24})(?![a-z0-9@-]))"
        ),
        _is_email,
        "certain",
    ),
)
_COUNTRY = re.compile(r"^(?:\+|00)?86[ -]?(?=[01])")


def _is_grouped(candidate: str) -> bool:
    """Whether its separators are of one kind, and part it as people do: one by one, or in groups of three or more."""
    used = set(_SEPARATOR.findall(candidate))
    if not used:
        return True
    groups = _SEPARATOR.split(candidate)
    if len(used) > 1:
        return False
    return all(len(group) == 1 for group in groups) or all(len(group) >= _LEAST_GROUP for group in groups[:-1])


def _is_part_of_more(folded: str, start: int, end: int) -> bool:
    """Whether digits parted one by one go on before or after."""
    before, after = folded[max(0, start - 2) : start], folded[end : end + 2]
    return bool(re.fullmatch("[0-9][ .-]", before) or re.fullmatch("[ .-][0-9]", after))


def _stands_alone(shape: _Shape, folded: str, start: int) -> bool:
    """Whether what stands before does not make it a piece of a product code, a hash or a longer number."""
    before = folded[max(0, start - _LOOK_BACK) : start]
    if shape.kind != "resident_id" and _INSIDE_NUMBER.search(before):
        return False
    if shape.kind in {"mobile", "landline"} and re.search("[a-z0-9]-$", before):
        return False
    return not _GLUED.search(before) or bool(_LABELS.search(before))


def _confidence(shape: _Shape, folded: str, start: int, *, value: str) -> Confidence:
    """Say how sure a candidate is.

    One order number in ten passes the Luhn check: a card is certain only where a word says that it is one. So it is
    with a credit code of digits alone, of which one in 31 passes.
    """
    words = {"bank_card": _CARD_WORDS, "credit_code": _CODE_WORDS}.get(shape.kind)
    if words is None or (shape.kind == "credit_code" and not value.isdigit()):
        return shape.confidence
    return shape.confidence if words.search(folded, max(0, start - _LOOK_BACK), start) else "likely"


def _value(shape: _Shape, folded: str, start: int, *, found: str) -> str:
    """The value of a candidate as it is compared; empty when it is not one."""
    if shape.kind == "email":
        return found
    is_phone = shape.kind in {"mobile", "landline"}
    bare = _COUNTRY.sub("", found) if is_phone else found
    if not bare[1].isalnum() and _is_part_of_more(folded, start, start + len(found)):
        return ""
    if shape.kind != "landline" and not _is_grouped(bare):
        return ""
    return _SEPARATOR.sub("", bare) if _stands_alone(shape, folded, start) else ""


def _candidates(folded: str) -> Iterator[tuple[_Shape, int, int, str]]:
    for shape in _SHAPES:
        for match in shape.pattern.finditer(folded):
            value = _value(shape, folded, match.start(1), found=match[1])
            if value and shape.is_real(value):
                yield shape, *match.span(1), value


def may_hold(text: str) -> bool:
    """Whether a text can hold any kind at all; False is certain, True is not."""
    return _GATE.search(text) is not None


def find(text: str) -> tuple[Finding, ...]:
    """Return what is found, in order, without overlaps.

    Of two that overlap the surer one stays, then the one with the stronger check.

    What can be part of a number or an address stands in runs; only a run that may hold one is read, with what stands
    shortly before it.
    """
    if not may_hold(text):
        return ()
    found: list[Finding] = []
    for run in _RUN.finditer(text):
        if _GATE.search(text, run.start(), run.end()):
            begin = max(0, run.start() - _LOOK_BACK)
            found += _in_run(text[begin : run.end()], begin, run.start() - begin)
    return tuple(found)


def _in_run(window: str, begin: int, first: int) -> list[Finding]:
    """Return what stands in a run: `window` is it and what stands before, at `begin` of the text, itself at `first`."""
    folded, places = fold(window)
    taken = bytearray(len(folded))
    found: list[Finding] = []
    rated = [
        (_confidence(shape, folded, start, value=value), shape, (start, end), value)
        for shape, start, end, value in _candidates(folded)
    ]
    rated.sort(key=lambda one: one[0] != "certain")  # stable: of those as sure the shapes stay in their order
    for confidence, shape, (start, end), value in rated:
        at, last = (start, end - 1) if places is None else (places[start], places[end - 1])
        if at < first or 1 in taken[start:end]:
            continue
        taken[start:end] = b"\1" * (end - start)
        found.append(Finding(shape.kind, begin + at, begin + last + 1, value, confidence))
    return sorted(found, key=lambda finding: finding.start)


def find_in_batch(texts: Sequence[str]) -> tuple[tuple[Finding, ...], ...]:
    """Return the findings of each text, in order; one scan of all of them says which need not be looked at."""
    joined = "\n".join(texts)
    starts = list(accumulate((len(text) + 1 for text in texts), initial=0))
    found: list[tuple[Finding, ...]] = [()] * len(texts)
    place = 0
    while match := _GATE.search(joined, place):
        number = bisect_right(starts, match.start()) - 1
        found[number] = find(texts[number])
        place = starts[number + 1]
    return tuple(found)
