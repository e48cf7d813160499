"""Test cases that stand beside a policy: what a text, or a finding, must come to. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass

from guiju.moderation.fields import FieldReader
from guiju.moderation.models import (
    LEVELS,
    RISK_IDS,
    WISHES,
    Action,
    Audience,
    Context,
    Finding,
    Origin,
    Refusal,
    Scope,
)
from guiju.moderation.policy.bundle import ANYWHERE
from guiju.moderation.policy.reading import MAX_POLICY_BYTES
from guiju.moderation.yaml_document import DocumentError, Node, parse_document

MAX_CASES = 10_000
_EXPECTED: Mapping[str, Action] = {
    **{action.value: action for action in Action},
    "mask": Action.REPLACE,
}
_FIELDS = ("name", "text", "finding", "scope", "audience", "app", "expect", "risks", "reply", "released")


@dataclass(frozen=True, slots=True)
class PolicyCase:
    """What must come of a text or of a finding.

    Attributes:
        name: what it is about; the text where it has none.
        text: what is decided about; empty where a finding is given.
        finding: what a detector is taken to have said: so that a band of scores can be tried.
        scope: which way the text goes.
        context: for whom, where from.
        expect: the action.
        risks: which must be among the risks that decide.
        reply: what must stand in the Chinese reply; empty for anything.
        released: the text as it must leave; None for anything.
        where: file.
        line: where it stands in the file.
    """

    name: str
    text: str
    finding: Finding | None
    scope: Scope
    context: Context
    expect: Action
    risks: tuple[str, ...]
    reply: str
    released: str | None
    where: str
    line: int


def read_cases(content: bytes, where: str) -> tuple[tuple[PolicyCase, ...], tuple[Refusal, ...]]:
    """Read the `tests` of a policy, or of a file that holds nothing else; the second value is what is wrong."""
    try:
        root = parse_document(content, max_bytes=MAX_POLICY_BYTES)
    except DocumentError as error:
        return (), (Refusal(where, error.line, "", error.zh, error.en),)
    reader = FieldReader(where)
    fields = root.value if isinstance(root.value, dict) else {}
    nodes = reader.items(fields.get("tests"), "tests")
    if len(nodes) > MAX_CASES:
        reader.refuse(nodes[MAX_CASES].line, "tests", (f"最多 {MAX_CASES} 条。", f"there may be {MAX_CASES} at most."))
        nodes = nodes[:MAX_CASES]
    cases = tuple(_case(reader, node, f"tests[{at}]") for at, node in enumerate(nodes))
    return ((), tuple(reader.errors)) if reader.errors else (cases, ())


def _case(reader: FieldReader, node: Node, name: str) -> PolicyCase:
    fields = reader.mapping(node, name, _FIELDS, required=("expect",))
    if ("text" in fields) == ("finding" in fields):
        reader.refuse(
            node.line,
            name,
            ("text 与 finding 必须且只能写一个。", "exactly one of text and finding is needed."),
        )
    where = reader.choice(fields.get("scope"), f"{name}.scope", ANYWHERE, default="input")
    audience = reader.choice(fields.get("audience"), f"{name}.audience", tuple(Audience), default="adult")
    app = reader.text(fields.get("app"), f"{name}.app")
    text = reader.text(fields.get("text"), f"{name}.text")
    finding = fields.get("finding")
    released = fields.get("released")
    return PolicyCase(
        name=reader.text(fields.get("name"), f"{name}.name", text[:40]),
        text=text,
        finding=_finding(reader, finding, f"{name}.finding") if finding is not None else None,
        scope=Scope(where) if where in set(Scope) else Scope.INPUT,
        context=Context(
            Audience(audience), (app,) if app else (), Origin(where) if where in set(Origin) else Origin.PERSON
        ),
        expect=_EXPECTED[reader.choice(fields.get("expect"), f"{name}.expect", tuple(_EXPECTED), default="allow")],
        risks=reader.choices(fields.get("risks"), f"{name}.risks", RISK_IDS, default=()),
        reply=reader.text(fields.get("reply"), f"{name}.reply"),
        released=reader.text(released, f"{name}.released") if released is not None else None,
        where=reader.where,
        line=node.line,
    )


def _finding(reader: FieldReader, node: Node, name: str) -> Finding:
    allowed = ("detector", "risks", "level", "wish", "score")
    fields = reader.mapping(node, name, allowed, required=("detector", "risks"))
    return Finding(
        detector=reader.text(fields.get("detector"), f"{name}.detector"),
        risks=reader.choices(fields.get("risks"), f"{name}.risks", RISK_IDS, default=()),
        level=reader.choice(fields.get("level"), f"{name}.level", LEVELS, default="medium"),
        wish=reader.choice(fields.get("wish"), f"{name}.wish", WISHES, default="review"),
        start=0,
        end=0,
        term_id="test",
        score=reader.ratio(fields.get("score"), f"{name}.score", default=1.0),
    )
