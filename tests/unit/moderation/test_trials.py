"""Test cases of a policy, and the comparison of two policies over what was said."""

from collections.abc import Callable

import pytest

from guiju.moderation.models import Action, Audience, Origin, Refusal, Scope
from guiju.moderation.policy.cases import read_cases
from guiju.moderation.service import Moderation
from guiju.moderation.trials import MAX_LINE_BYTES, Sample, compare, read_traffic, run_cases

LIBRARY = """
version: "1"
risk: A.4-c
updated: 2026-11-23
groups:
  - {reason: 虚构, level: medium, terms: [辰宿]}
  - {reason: 虚构, level: high, terms: [玄黄]}
"""
POLICY = """
version: "1"
name: 甲
updated: 2026-11-23
scopes:
  input: {block: refuse, review: allow}
  output: {block: refuse, review: mask}
replies:
  default: {zh: 默认答复, en: default}
"""
Make = Callable[..., Moderation]


def test_each_expectation_of_a_case_is_held_against_the_decision(make_moderation: Make) -> None:
    moderation = make_moderation(LIBRARY, policy=POLICY)
    text = """
tests:
  - {text: 玄黄, expect: refuse, risks: [A.4-c], reply: 默认}
  - {text: 有辰宿, scope: output, expect: mask, released: 有＊＊}
  - {text: 玄黄, expect: allow, risks: [A.4-d], reply: 别的, released: 玄黄}
  - {finding: {detector: keywords, risks: [A.1-a], wish: block, score: 0.4}, expect: refuse}
"""
    cases, errors = read_cases(text.encode(), "t.yaml")
    assert not errors
    results = list(run_cases(moderation, cases))
    assert [len(result.problems) for result in results] == [0, 0, 4, 0]
    assert all(zh and en for zh, en in results[2].problems)
    assert [case.line for case in cases] == [3, 4, 5, 6]


@pytest.mark.parametrize(
    ("case", "field"),
    [
        ("{expect: allow}", "tests[0]"),
        ("{text: 甲, finding: {detector: x, risks: [A.1-a]}, expect: allow}", "tests[0]"),
        ("{text: 甲, expect: shrug}", "tests[0].expect"),
        ("{text: 甲, expect: allow, scope: sideways}", "tests[0].scope"),
        ("{finding: {detector: x, risks: [A.1-a], score: 2}, expect: allow}", "tests[0].finding.score"),
        ("{text: 甲, expect: allow, colour: 红}", "tests[0].colour"),
    ],
)
def test_a_case_that_cannot_be_read_is_named(case: str, field: str) -> None:
    cases, errors = read_cases(f"tests:\n  - {case}\n".encode(), "t.yaml")
    assert not cases
    assert errors[0].text == field


def test_a_policy_without_cases_has_none() -> None:
    assert read_cases(POLICY.encode(), "p.yaml") == ((), ())


def test_what_would_have_changed_is_counted_with_examples(make_moderation: Make) -> None:
    before = make_moderation(LIBRARY, policy=POLICY)
    after = make_moderation(
        LIBRARY, policy=POLICY.replace("review: allow", "review: hold").replace("默认答复", "另一答复")
    )
    steps: list[int] = []
    samples: list[Sample | Refusal | None] = [
        *(Sample(f"{number} 辰宿", Scope.INPUT, where=f"t:{number}") for number in range(7)),
        Sample("玄黄", Scope.INPUT),
        Sample("平常", Scope.INPUT),
        Sample("辰宿", Scope.OUTPUT),
        None,
        Refusal("t", 11, "", "不是 JSON。", "no JSON."),
    ]
    found = compare(samples, before, after, examples=2, step=lambda: steps.append(1))
    assert len(steps) == len(samples)
    assert (found.compared, found.changed, found.reworded, found.skipped_count) == (10, 8, 1, 1)
    assert found.moves == {
        (Action.ALLOW, Action.HOLD): 7,
        (Action.REFUSE, Action.REFUSE): 1,
        (Action.ALLOW, Action.ALLOW): 1,
        (Action.REPLACE, Action.REPLACE): 1,
    }
    assert found.risks == {("A.4-c", Action.ALLOW, Action.HOLD): 7}
    assert [change.sample.where for change in found.examples] == ["t:0", "t:1", ""]
    assert compare(samples, before, before).changed == 0


def test_traffic_is_read_line_by_line_and_what_is_none_is_said() -> None:
    lines = [
        '"一"\n'.encode(),
        '{"text": "二", "scope": "output", "audience": "minor", "app": "a"}\n'.encode(),
        '{"text": "三", "scope": "tool"}\n'.encode(),
        b"\n",
        b"nonsense\n",
        b"[1]\n",
        b'{"text": 5}\n',
        b'{"text": "x", "scope": "sideways"}\n',
        b'"' + b"x" * MAX_LINE_BYTES + b'"',
        b"\xff\n",
    ]
    found = list(read_traffic(lines, "t.jsonl", Scope.INPUT))
    samples = [one for one in found if isinstance(one, Sample)]
    assert [(one.text, one.scope, one.context.audience, one.context.origin) for one in samples] == [
        ("一", Scope.INPUT, Audience.ADULT, Origin.PERSON),
        ("二", Scope.OUTPUT, Audience.MINOR, Origin.PERSON),
        ("三", Scope.INPUT, Audience.ADULT, Origin.TOOL),
    ]
    assert [one.line for one in found if isinstance(one, Refusal)] == [5, 6, 7, 8, 9, 10]
    assert found[3] is None
