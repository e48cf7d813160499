"""What a verification found, in both languages, bounded; and the numbers that producers gave their entries. Pure."""

from dataclasses import dataclass, field

from guiju.ledger.models import Verdict, VerdictWord

_MOST = 50


def said(zh: str, en: str) -> str:
    """Write one finding in both languages, Chinese first."""
    return f"{zh} / {en}"


class Findings:
    """The answer to one of the three questions while it is being found."""

    def __init__(self) -> None:
        """Begin with nothing found."""
        self._broken: list[str] = []
        self._unknown: list[str] = []
        self._notes: list[str] = []
        self._left_out = 0

    def broken(self, zh: str, en: str) -> None:
        """Note something that is not as it must be."""
        self._add(self._broken, said(zh, en))

    def unknown(self, zh: str, en: str) -> None:
        """Note something that could not be told."""
        self._add(self._unknown, said(zh, en))

    def note(self, zh: str, en: str) -> None:
        """Note something that changes no verdict but must be known to read it."""
        self._add(self._notes, said(zh, en))

    def verdict(self) -> Verdict:
        """Return the answer: broken outweighs unknown, and unknown outweighs holds."""
        word = VerdictWord.HOLDS
        if self._unknown:
            word = VerdictWord.UNKNOWN
        if self._broken:
            word = VerdictWord.BROKEN
        findings = [*self._broken, *self._unknown, *self._notes]
        if self._left_out:
            findings.append(said(f"另有 {self._left_out} 项", f"and {self._left_out} more"))
        return Verdict(word, tuple(findings))

    def _add(self, where: list[str], text: str) -> None:
        if len(where) < _MOST:
            where.append(text)
        else:
            self._left_out += 1


@dataclass(slots=True)
class _Numbers:
    expected: int = 1
    ahead: dict[int, str] = field(default_factory=dict)
    repeated: int = 0


class Sources:
    """Producers that number their entries themselves, from 1 without gaps; they may arrive a little out of order."""

    def __init__(self) -> None:
        """Begin with no source."""
        self._sources: dict[str, _Numbers] = {}

    def add(self, source: str, number: int, received_at: str) -> None:
        """Take note of entry `number` of `source`."""
        known = self._sources.get(source)
        if known is None:
            known = self._sources[source] = _Numbers()
        if number == known.expected:
            known.expected += 1
            while known.ahead and known.ahead.pop(known.expected, None) is not None:
                known.expected += 1
        elif number > known.expected:
            known.ahead[number] = received_at
        else:
            known.repeated += 1

    def report(self, findings: Findings, *, settled_before: str) -> None:
        """Say which numbers are missing; a number that was overtaken only after `settled_before` may still come."""
        for source, numbers in sorted(self._sources.items()):
            if numbers.repeated:
                findings.broken(
                    f"来源 {source} 有 {numbers.repeated} 个重复的编号",
                    f"source {source} gave {numbers.repeated} numbers twice",
                )
            if not numbers.ahead:
                continue
            missing = _ranges(numbers.expected, sorted(numbers.ahead))
            zh, en = f"来源 {source} 缺少编号 {missing}", f"source {source} lacks its numbers {missing}"
            if min(numbers.ahead.values()) < settled_before:
                findings.broken(zh, en)
            else:
                findings.unknown(f"{zh}（可能仍在途中）", f"{en} (they may still be on their way)")


def _ranges(expected: int, ahead: list[int]) -> str:
    """Write the numbers missing from `expected` up to the last of `ahead`, as ranges; only the first ten."""
    parts = []
    for number in ahead:
        if number > expected:
            parts.append(str(expected) if number == expected + 1 else f"{expected}-{number - 1}")
        expected = number + 1
    return ", ".join(parts[:10]) + (f" … ({len(parts)})" if len(parts) > 10 else "")  # noqa: PLR2004 - enough to see
