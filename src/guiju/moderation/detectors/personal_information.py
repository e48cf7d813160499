"""Personal information by its shape: resident ID number, mobile number, bank card, e-mail address, passport number.

Serves GB/T 45654 A.4-e and A.4-f. Shapes: GB 11643-1999 (resident ID: birth date and check character by ISO 7064
MOD 11-2), GB/T 2260 (its first two digits), the 11-digit mobile plan (1, then 3 to 9), ISO/IEC 7812-1 (Luhn check of
card numbers), RFC 5321 length limits of addresses.

All of it works on runs of letters, digits and their connectors in normalised text, so that ①③⑧… and full-width
digits count, and a run is judged when it ends: the same for a whole text and for any split of it.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from guiju.moderation.detectors.interface import DetectorStream, Tape
from guiju.moderation.models import Finding, Scope

RUN_LIMIT = 256
"""A longer run is judged in overlapping pieces of this length, so that a stream need not hold all of it."""

_STRIDE = 128
_CONTEXT = 16
_DIGITS = frozenset("0123456789")
_RUN_SYMBOLS = _DIGITS | frozenset("abcdefghijklmnopqrstuvwxyz@._%+-")
_CONCERNS = re.compile(r"@|(?:[0-9][ -]?){7}")
_RUNS = re.compile(r"(?:[0-9] ?|[a-z@._%+\-])+")  # the runs that _RunStream collects
_PROVINCES = re.compile("1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|81|82|91")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECK_CHARACTERS = "10x98765432"
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


@dataclass(frozen=True, slots=True)
class Shape:
    """One kind of personal information.

    Attributes:
        kind: its name in the policy.
        pattern: finds candidates; group 1 is the candidate. Looks ahead only, so that candidates may overlap.
        is_real: whether a candidate, without separators, is one.
        risks: of GB/T 45654 Appendix A.
        level: how grave.
        reason: for the reviewer.
        context: the candidate counts only when one of these stands shortly before the run; empty for no such need.
    """

    kind: str
    pattern: re.Pattern[str]
    is_real: Callable[[str], bool]
    risks: tuple[str, ...]
    level: str
    reason: str
    context: tuple[str, ...] = ()


def is_resident_id(text: str) -> bool:
    """Whether 18 characters are a resident ID number: region, birth date and check character (GB 11643-1999)."""
    if not _PROVINCES.match(text):
        return False
    try:
        date(int(text[6:10]), int(text[10:12]), int(text[12:14]))
    except ValueError:
        return False
    total = sum(int(digit) * weight for digit, weight in zip(text[:17], _WEIGHTS, strict=True))
    return _CHECK_CHARACTERS[total % 11] == text[17]


def is_bank_card(text: str) -> bool:
    """Whether digits are a card number: an issuer range in use, its length, and the Luhn check (ISO/IEC 7812-1)."""
    if not re.fullmatch(
        r"62\d{14,17}|4\d{15}|(?:5[1-5]|2[2-7])\d{14}|35\d{14}|3[47]\d{13}|9\d{15,18}|60\d{14,17}", text
    ):
        return False
    total = sum(_DOUBLED[int(digit)] if place % 2 else int(digit) for place, digit in enumerate(reversed(text)))
    return total % 10 == 0 and len(set(text)) > 2  # noqa: PLR2004 - a row of one or two digits is a placeholder


def _is_anything(text: str) -> bool:
    return bool(text)


SHAPES: tuple[Shape, ...] = (
    Shape(
        "resident_id",
        re.compile(
            r"(?<![0-9])(?=([1-9][0-9]{5}[ -]?(?:18|19|20)[0-9]{2}[01][0-9][0-3][0-9][ -]?[0-9]{3}[0-9x])(?![0-9a-z]))"
        ),
        is_resident_id,
        ("A.4-e", "A.4-f"),
        "high",
        "居民身份号码，校验码与出生日期均有效",
    ),
    Shape(
        "bank_card",
        re.compile(r"(?<![0-9])(?=((?:[0-9]{4}([ -]?)(?:[0-9]{4}\2){2,3}[0-9]{1,4}|[0-9]{15,19}))(?![0-9a-z]))"),
        is_bank_card,
        ("A.4-e", "A.4-f"),
        "high",
        "银行卡号，校验位有效",
    ),
    Shape(
        "mobile",
        re.compile(
            r"(?<![0-9])(?<![0-9][.])(?=((?:(?:\+|00)?86[ -]?)?1[3-9][0-9]([ -]?)[0-9]{4}\2[0-9]{4})(?![0-9a-z]))"
        ),
        _is_anything,
        ("A.4-f",),
        "medium",
        "手机号码",
    ),
    Shape(
        "email",
        re.compile(
            r"(?<![a-z0-9._%+-])(?=([a-z0-9_%+-][a-z0-9._%+-]{0,63}@(?:[a-z0-9][a-z0-9-]{0,30}\.){1,3}[a-z]{2,12})(?![a-z0-9@-]))"
        ),
        _is_anything,
        ("A.4-f",),
        "medium",
        "电子邮箱地址",
    ),
    Shape(
        "passport",
        re.compile(r"(?<![0-9a-z])(?=((?:[eg][0-9]{8}|e[a-z][0-9]{7}|[dspk][0-9]{7,8}))(?![0-9a-z]))"),
        _is_anything,
        ("A.4-f",),
        "medium",
        "护照号码",
        ("护照", "passport"),
    ),
)


class PersonalInformationDetector:
    """Finds personal information by its shape and its check digits."""

    name = "personal_information"

    def __init__(
        self, kinds: Sequence[str], wishes: Mapping[Scope, str], acts: Callable[[Finding, Scope], bool]
    ) -> None:
        """Look for `kinds`; `wishes` is what findings ask for, `acts` whether policy does anything about a finding."""
        self._shapes = tuple(shape for shape in SHAPES if shape.kind in kinds)
        self._wishes = wishes
        self._holds = {
            scope: any(acts(_finding(shape, wishes[scope], (0, 0)), scope) for shape in self._shapes) for scope in Scope
        }

    def find(self, tape: Tape, scope: Scope) -> Sequence[Finding]:
        """Return everything of these shapes in a whole text."""
        found: list[Finding] = []
        for run in _RUNS.finditer(tape.symbols):
            if _CONCERNS.search(run[0]):
                stream = _RunStream(self._shapes, self._wishes[scope], tape, at=run.start())
                for symbol in run[0]:
                    found.extend(stream.step(symbol))
                found.extend(stream.finish())
        return found

    def open_stream(self, tape: Tape, scope: Scope) -> DetectorStream:
        """Start on a stream."""
        return _RunStream(self._shapes, self._wishes[scope], tape, holds=self._holds[scope])


def _finding(shape: Shape, wish: str, span: tuple[int, int]) -> Finding:
    return Finding(
        "personal_information", shape.risks, shape.level, wish, *span, f"pi:{shape.kind}", reason=shape.reason
    )


class _RunStream:
    """Collects a run of letters, digits and connectors, and judges it when it ends."""

    def __init__(self, shapes: Sequence[Shape], wish: str, tape: Tape, *, at: int = 0, holds: bool = False) -> None:
        self._shapes = shapes
        self._wish = wish
        self._tape = tape
        self._holds = holds
        self._at = at
        self._run = ""
        self._run_start = 0
        self._is_cut = False
        self._seen: set[tuple[int, int]] = set()

    def step(self, symbol: str) -> Sequence[Finding]:
        at = self._at
        self._at = at + 1
        run = self._run
        if symbol in _RUN_SYMBOLS or (symbol == " " and run and run[-1] in _DIGITS):
            if not run:
                self._run_start = at
            self._run = run + symbol
            return self._cut() if len(run) >= RUN_LIMIT - 1 else ()
        return self._close() if run else ()

    def finish(self) -> Sequence[Finding]:
        return self._close()

    def held_from(self) -> int:
        return self._run_start if self._run and self._holds else self._at

    def _close(self) -> Sequence[Finding]:
        run = self._run
        found = self._judge(run, ends=True) if _CONCERNS.search(run) else ()
        self._run = ""
        self._is_cut = False
        self._seen.clear()
        return found

    def _cut(self) -> Sequence[Finding]:
        """Judge a run that is too long to hold, then go on with its second half."""
        run = self._run
        found = self._judge(run, ends=False) if _CONCERNS.search(run) else ()
        self._run = run[_STRIDE:]
        self._run_start += _STRIDE
        self._is_cut = True
        return found

    def _judge(self, run: str, *, ends: bool) -> Sequence[Finding]:
        taken: list[tuple[int, int]] = []
        found: list[Finding] = []
        for shape, start, end in self._candidates(run, ends=ends):
            if any(start < other_end and other_start < end for other_start, other_end in taken):
                continue
            taken.append((start, end))
            place = (self._run_start + start, self._run_start + end)
            if place not in self._seen:
                self._seen.add(place)
                found.append(_finding(shape, self._wish, self._tape.span(*place)))
        return found

    def _candidates(self, run: str, *, ends: bool) -> Iterator[tuple[Shape, int, int]]:
        """Yield what is real, the graver shapes first; what touches a cut is left to the piece that has all of it."""
        for shape in self._shapes:
            if shape.context and not self._has_context(shape):
                continue
            for match in shape.pattern.finditer(run):
                start, end = match.span(1)
                if (start == 0 and self._is_cut) or (end == len(run) and not ends):
                    continue
                if shape.is_real(re.sub("[ -]", "", match[1]) if shape.kind != "email" else match[1]):
                    yield shape, start, end

    def _has_context(self, shape: Shape) -> bool:
        start = self._run_start - self._tape.base
        before = self._tape.symbols[max(0, start - _CONTEXT) : start]
        return any(word in before for word in shape.context)
