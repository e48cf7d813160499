"""What policy makes of findings. Pure: the same findings and policy give the same decision.

Serves article 14 of the Measures (stop generating, stop transmitting) and article 4 (what must not be generated).
"""

import functools
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from guiju.moderation.models import ANYONE, Action, Context, Decision, Finding, Scope
from guiju.moderation.policy import PASSING, SEVERITY, PolicyBundle

MASK = "＊"

MAX_FINDINGS = 1000
"""A decision lists so many findings; of a text with more, those that decided come first."""

STOPPING = frozenset({Action.REFUSE, Action.HOLD, Action.UNDETERMINED})
"""Actions after which nothing more of a text goes on."""

Cover = tuple[int, int, str]
"""A stretch of a text that must not be seen, and what stands in its place; "" for a mask of its length."""


@dataclass(frozen=True, slots=True)
class Failure:
    """Who has not seen a text, and what follows where that is not the scope's own fail policy.

    Attributes:
        said: name and what happened, Chinese.
        action: `undetermined`, `hold`, or `allow` where the text passes and only the record says so.
    """

    said: str
    action: Action


def decide_from(
    findings: Sequence[Finding],
    policy: PolicyBundle,
    scope: Scope,
    *,
    failures: Collection[str | Failure] = (),
    context: Context = ANYONE,
) -> Decision:
    """Decide: the gravest of what policy says to each finding and to each failed detector.

    Further findings and further failures never make the decision milder.

    Args:
        findings: what the detectors saw.
        policy: the bundle in force.
        scope: input or output.
        failures: for each detector that failed or overran, its name and what happened.
        context: for whom and from where the text is, as `policy.relevant` gave it.
    """
    if not findings and not failures:
        return _nothing_found(policy.hash, scope)
    actions = [policy.action_for(finding, scope, context) for finding in findings]
    failed = [_failure(failure, policy, policy.where(scope, context)) for failure in failures]
    action = max((*actions, *(failure.action for failure in failed)), key=SEVERITY.__getitem__, default=Action.ALLOW)
    deciding = [finding for finding, wanted in zip(findings, actions, strict=True) if wanted is action]
    risks = () if action is Action.ALLOW else tuple(sorted({risk for finding in deciding for risk in finding.risks}))
    reply = None if action in PASSING or action is Action.REPLACE else policy.reply_for(risks, action)
    said = tuple(sorted({failure.said for failure in failed}))
    return Decision(
        action=action,
        scope=scope,
        risks=risks,
        findings=tuple(sorted(_listed(findings, actions, action), key=order_of)),
        reply=reply.zh if reply else "",
        reply_en=reply.en if reply else "",
        policy_hash=policy.hash,
        reason=_reason(action, risks, (len(findings), len(deciding)), failures=said),
        failures=said,
    )


@functools.lru_cache(maxsize=64)
def _nothing_found(policy_hash: str, scope: Scope) -> Decision:
    """Decide about a text in which nobody saw anything: always the same."""
    reason = _reason(Action.ALLOW, (), (0, 0), failures=())
    return Decision(Action.ALLOW, scope, (), (), "", "", policy_hash, reason)


def _failure(failure: str | Failure, policy: PolicyBundle, where: str) -> Failure:
    if isinstance(failure, Failure):
        return failure
    return Failure(failure, Action.ALLOW if policy.scopes[where].fails_open else Action.UNDETERMINED)


def _listed(findings: Sequence[Finding], actions: Sequence[Action], action: Action) -> Sequence[Finding]:
    """Return the findings worth keeping: all, unless a hostile text made very many."""
    if len(findings) <= MAX_FINDINGS:
        return findings
    both = list(zip(findings, actions, strict=True))
    deciding = [finding for finding, wanted in both if wanted is action]
    others = [finding for finding, wanted in both if wanted is not action]
    if action is Action.REPLACE:  # what is to be masked must all be known
        return [*deciding, *others[:MAX_FINDINGS]]
    return [*deciding, *others][:MAX_FINDINGS]


def order_of(finding: Finding) -> tuple[int, int, str, str]:
    """Return the place of a finding among others: by where it stands in the text."""
    return finding.start, finding.end, finding.term_id, finding.view


def masked(
    text: str, findings: Collection[Finding], policy: PolicyBundle, *, scope: Scope, context: Context = ANYONE
) -> str:
    """Return `text` with what policy replaces masked as ＊, or with the policy's text in its place."""
    covers: list[Cover] = []
    for finding in findings:
        action, put = policy.treatment_of(finding, scope, context)
        if action is Action.REPLACE:
            covers.append((finding.start, finding.end, put))
    return covered(text, 0, covers)


def covered(text: str, offset: int, covers: Iterable[Cover]) -> str:
    """Return `text`, which stands at `offset` of the whole, without what lies under `covers`.

    What stands at a place follows from the covers over that place alone, so that a text may be cut anywhere. Where two
    with a text of their own overlap, the one that begins first speaks.
    """
    characters = list(text)
    last = offset + len(text)
    reach = 0
    for start, end, put in sorted(covers, key=lambda cover: (cover[2] != "", cover[0], -cover[1], cover[2])):
        low, high = max(start, offset) - offset, min(end, last) - offset
        if low < high:
            characters[low:high] = [""] * (high - low) if put else MASK * (high - low)
            if put and offset <= start and start >= reach:
                characters[low] = put
        if put:
            reach = max(reach, end)
    return "".join(characters)


def _reason(action: Action, risks: tuple[str, ...], counts: tuple[int, int], *, failures: Collection[str]) -> str:
    found, deciding = counts
    failed = f"检测未完成：{'；'.join(failures)}。" if failures else ""
    named = "、".join(risks)
    said = {
        Action.ALLOW: f"发现 {found} 处，均只作观察。" if found else "未发现问题。",
        Action.OBSERVE: f"{deciding} 处涉及 {named}，放行并留意。",
        Action.REPLACE: f"{deciding} 处涉及 {named}，已遮盖。",
        Action.HOLD: f"{deciding} 处涉及 {named}，留待人工复核。",
        Action.REFUSE: f"{deciding} 处涉及 {named}，予以拒绝。",
        Action.UNDETERMINED: "",
    }[action]
    if failed and action is Action.ALLOW and not found:
        return f"{failed}按策略放行。"
    if action is Action.HOLD and not deciding:
        return f"{failed}留待人工复核。"
    return failed + said
