"""What was read in a medium goes through the text moderation; what it finds gets its place in the picture."""

import bisect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import accumulate

from guiju.moderation.media.models import MediaFinding, ReadText, Region
from guiju.moderation.models import Action, Decision, Finding

_MILDER = {"block": "review"}


def find_in_lines(
    lines: Sequence[ReadText], decide: Callable[[str], Decision], wishes: Mapping[str, str]
) -> tuple[list[MediaFinding], list[Decision]]:
    """Decide about lines that stand together; return what was found, and the decisions that could not be made.

    The lines are read as they stand, and once more without the breaks between them: a word may go over the end of a
    line. What is found only there asks for review where it would ask to be blocked, for the lines may not belong
    together. Offsets count in the lines with one break after each.
    """
    if not lines:
        return [], []
    apart = "\n".join(line.text for line in lines)
    decisions = [decide(apart)]
    found = [_placed(one, lines, apart, wishes=wishes) for one in decisions[0].findings]
    if len(lines) > 1:
        decisions.append(decide("".join(line.text for line in lines)))
        over = [_with_breaks(one, lines) for one in decisions[1].findings]
        found += [
            _placed(replace(one, wish=_MILDER.get(one.wish, one.wish)), lines, apart, wishes=wishes)
            for one in over
            if "\n" in apart[one.start : one.end]
        ]
    return found, [decision for decision in decisions if decision.action is Action.UNDETERMINED]


def _ends(lines: Sequence[ReadText], *, gap: int) -> list[int]:
    """Return one past the last offset of each line, with `gap` symbols after each."""
    return list(accumulate(len(line.text) + gap for line in lines))


def _with_breaks(finding: Finding, lines: Sequence[ReadText]) -> Finding:
    ends = _ends(lines, gap=0)
    start = finding.start + bisect.bisect_right(ends, finding.start)
    end = finding.end + bisect.bisect_right(ends, max(finding.end - 1, 0))
    return replace(finding, start=start, end=end)


def _placed(finding: Finding, lines: Sequence[ReadText], text: str, *, wishes: Mapping[str, str]) -> MediaFinding:
    ends = _ends(lines, gap=1)
    first = min(bisect.bisect_right(ends, finding.start), len(lines) - 1)
    last = min(bisect.bisect_right(ends, max(finding.end - 1, finding.start)), len(lines) - 1)
    region: Region | None = None
    for line in lines[first : last + 1]:
        if line.region is not None:
            region = line.region if region is None else region.around(line.region)
    source = lines[first].source
    told = replace(finding, wish=wishes.get(finding.wish, finding.wish), view=f"{source}/{finding.view}")
    return MediaFinding(told, region, excerpt=text[finding.start : finding.end])
