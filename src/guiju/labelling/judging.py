"""What the labels found in one file come to (GB 45438-2025, 6.1 c and Annex E). Pure."""

from collections.abc import Sequence

from guiju.labelling.carriers.interface import Site
from guiju.labelling.models import FoundLabel, LabelProblem, Reading, Verdict
from guiju.labelling.parsing import parse_label

_TWICE = LabelProblem(
    "twice", "", "同一文件有多个隐式标识（6.1 c 要求只有一个）", "several labels in one file; 6.1 c wants one"
)
_DISAGREE = LabelProblem("disagree", "", "多个标识的内容互相矛盾", "the labels contradict each other")
_SHAPES = {
    "inner": LabelProblem(
        "shape",
        "",
        "此处指南写的是不带 AIGC 外层的七个字段",
        "the guides have the seven fields here without the wrapper AIGC",
    ),
    "wrapped": LabelProblem(
        "shape", "", "此处指南写的是带 AIGC 外层的 JSON", "the guides have the fields here under the wrapper AIGC"
    ),
}
_MOST_READ = 100
# What the standard itself leaves open: only the guides, which are voluntary, say more.
_INFORMATIVE = frozenset(("unknown_field", "shape"))


def judge(format_name: str, sites: Sequence[Site]) -> Reading:
    """Say of the labels in a file whether they are one lawful label in its place."""
    found = tuple(FoundLabel(one.place, one.text, one.is_standard, parse_label(one.text)) for one in sites[:_MOST_READ])
    if not found:
        return Reading(Verdict.ABSENT, format_name)
    problems: list[LabelProblem] = []
    for one in found:
        problems += one.parsed.problems
        if not one.is_standard:
            problems.append(
                LabelProblem(
                    "place", "", f"标识不在指南规定的位置：{one.place}", f"not where the guides put it: {one.place}"
                )
            )
    for site, one in zip(sites, found, strict=False):
        if site.shape and one.parsed.label is not None and (site.shape == "wrapped") != one.parsed.is_wrapped:
            problems.append(_SHAPES[site.shape])
    if len(found) > 1:
        problems.append(_TWICE)
        if len({one.parsed.label for one in found}) > 1:
            problems.append(_DISAGREE)
    problems = list(dict.fromkeys(problems))
    is_lawful = all(problem.code in _INFORMATIVE for problem in problems)
    verdict = Verdict.CONFORMING if is_lawful else Verdict.NONCONFORMING
    return Reading(verdict, format_name, found, tuple(problems))
