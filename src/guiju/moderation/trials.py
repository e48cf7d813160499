"""Trying a policy before it is in force: its test cases, and what it would have changed about what was said before."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import orjson

from guiju.moderation.models import ANYONE, Action, Audience, Context, Decision, Origin, Refusal, Scope
from guiju.moderation.policy import ANYWHERE
from guiju.moderation.policy.cases import PolicyCase
from guiju.moderation.rules import decide_from
from guiju.moderation.service import Moderation

MAX_LINE_BYTES = 1_000_000
MAX_EXAMPLES = 100
MAX_SKIPPED = 20
Said = tuple[str, str]


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What came of a test case; `problems` are what should have been otherwise, in Chinese and English."""

    case: PolicyCase
    decision: Decision
    problems: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Sample:
    """A text that was said, and where it is recorded."""

    text: str
    scope: Scope
    context: Context = ANYONE
    where: str = ""


@dataclass(frozen=True, slots=True)
class Change:
    """A text about which two policies disagree."""

    sample: Sample
    before: Decision
    after: Decision
    before_text: str
    after_text: str


@dataclass(slots=True)
class Comparison:
    """What would have changed.

    Attributes:
        compared: texts that both policies decided about.
        moves: (action before, action after) → texts; also where both are the same.
        reworded: texts with the same action, and another reply or mask.
        risks: (risk, action before, action after) → changed texts, by the risks that decide before or after.
        examples: some changed texts, no kind of change more than its share.
        skipped: lines that could not be read, the first of them.
        skipped_count: how many.
    """

    compared: int = 0
    moves: Counter[tuple[Action, Action]] = field(default_factory=Counter)
    reworded: int = 0
    risks: Counter[tuple[str, Action, Action]] = field(default_factory=Counter)
    examples: list[Change] = field(default_factory=list)
    skipped: list[Refusal] = field(default_factory=list)
    skipped_count: int = 0

    @property
    def changed(self) -> int:
        """Texts for which anything would have been otherwise."""
        return self.reworded + sum(count for (before, after), count in self.moves.items() if before is not after)


def run_cases(moderation: Moderation, cases: Iterable[PolicyCase]) -> Iterator[CaseResult]:
    """Decide about each test case; guards are not asked."""
    for case in cases:
        context = moderation.policy.relevant(case.context)
        if case.finding is not None:
            decision = decide_from([case.finding], moderation.policy, case.scope, context=context)
        else:
            decision = moderation.decide(case.text, case.scope, context)
        yield CaseResult(case, decision, tuple(_problems(moderation, case, decision)))


def _problems(moderation: Moderation, case: PolicyCase, decision: Decision) -> Iterator[Said]:
    if decision.action is not case.expect:
        yield (
            f"应为 {case.expect}，实为 {decision.action}：{decision.reason}",
            f"expected {case.expect}, got {decision.action}",
        )
    if missing := [risk for risk in case.risks if risk not in decision.risks]:
        got = "、".join(decision.risks) or "—"
        yield f"缺少风险 {'、'.join(missing)}，实为 {got}", f"risk {', '.join(missing)} is missing, got {got}"
    if case.reply not in decision.reply:
        yield f"答复中没有“{case.reply}”：{decision.reply}", f"the reply does not hold {case.reply!r}"
    if case.released is not None:
        released = _left(moderation, Sample(case.text, case.scope, case.context), decision)
        if released != case.released:
            yield (
                f"放出的应为“{case.released}”，实为“{released}”",
                f"expected to leave: {case.released!r}, got {released!r}",
            )


def _left(moderation: Moderation, sample: Sample, decision: Decision) -> str:
    """Return what goes on of a whole text."""
    if decision.may_pass:
        return sample.text
    return moderation.masked(sample.text, decision, sample.context) if decision.action is Action.REPLACE else ""


def read_traffic(lines: Iterable[bytes], where: str, scope: Scope) -> Iterator[Sample | Refusal | None]:
    """Read one text a line: a JSON string, or an object with text and, if need be, scope, audience and app.

    Args:
        lines: at most `MAX_LINE_BYTES` each, whatever is longer is refused.
        where: the file's name.
        scope: for lines that do not say.

    Yields:
        For each line its text, or why there is none; None for an empty line.
    """
    for number, line in enumerate(lines, 1):
        if not line.strip():
            yield None
        elif len(line) > MAX_LINE_BYTES:
            yield _refused(where, number, (f"超过 {MAX_LINE_BYTES} 字节。", f"longer than {MAX_LINE_BYTES} bytes."))
        else:
            yield _sample(line, where, number, scope=scope)


def _sample(line: bytes, where: str, number: int, *, scope: Scope) -> Sample | Refusal:
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        return _refused(where, number, ("不是 JSON。", "no JSON."))
    fields = {"text": said} if isinstance(said, str) else said
    if not isinstance(fields, dict) or not isinstance(fields.get("text"), str):
        return _refused(where, number, ("没有 text。", "there is no text."))
    place, audience, app = fields.get("scope", scope.value), fields.get("audience", "adult"), fields.get("app", "")
    if place not in ANYWHERE or audience not in set(Audience) or not isinstance(app, str):
        why = ("scope、audience 或 app 不可用。", "scope, audience or app cannot be used.")
        return _refused(where, number, why)
    origin = Origin(place) if place in set(Origin) else Origin.PERSON
    way = Scope(place) if place in set(Scope) else Scope.INPUT
    return Sample(fields["text"], way, Context(Audience(audience), (app,) if app else (), origin), f"{where}:{number}")


def _refused(where: str, line: int, why: Said) -> Refusal:
    return Refusal(where, line, "", *why)


def compare(
    samples: Iterable[Sample | Refusal | None],
    before: Moderation,
    after: Moderation,
    *,
    examples: int = 5,
    step: Callable[[], None] = lambda: None,
) -> Comparison:
    """Decide about each text by both policies; guards are not asked.

    Args:
        samples: texts, and lines that were none.
        before: with the one policy.
        after: with the other.
        examples: so many for each kind of change, `MAX_EXAMPLES` together.
        step: is called after each.
    """
    found = Comparison()
    shown: Counter[tuple[Action, Action]] = Counter()
    for sample in samples:
        if isinstance(sample, Sample):
            change = _compare(found, sample, before=before, after=after)
            move = (change.before.action, change.after.action) if change else None
            if change and move and shown[move] < examples and len(found.examples) < MAX_EXAMPLES:
                shown[move] += 1
                found.examples.append(change)
        elif sample is not None:
            found.skipped_count += 1
            found.skipped.extend([sample] if len(found.skipped) < MAX_SKIPPED else [])
        step()
    return found


def _compare(found: Comparison, sample: Sample, *, before: Moderation, after: Moderation) -> Change | None:
    old = before.decide(sample.text, sample.scope, sample.context)
    new = after.decide(sample.text, sample.scope, sample.context)
    change = Change(sample, old, new, _left(before, sample, old), _left(after, sample, new))
    found.compared += 1
    found.moves[old.action, new.action] += 1
    if old.action is not new.action:
        found.risks.update((risk, old.action, new.action) for risk in {*old.risks, *new.risks})
        return change
    if (old.reply, old.reply_en, change.before_text) == (new.reply, new.reply_en, change.after_text):
        return None
    found.reworded += 1
    return change
