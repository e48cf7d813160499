"""What policy makes of findings. Pure: the same findings and policy give the same decision.

Serves article 14 of the Measures (stop generating, stop transmitting) and article 4 (what must not be generated).
"""

from collections.abc import Collection, Sequence

from guiju.moderation.models import Action, Decision, Finding, Scope
from guiju.moderation.policy import SEVERITY, PolicyBundle

MASK = "＊"

MAX_FINDINGS = 1000
"""A decision lists so many findings; of a text with more, those that decided come first."""

STOPPING = frozenset({Action.REFUSE, Action.HOLD, Action.UNDETERMINED})
"""Actions after which nothing more of a text goes on."""


def decide_from(
    findings: Sequence[Finding], policy: PolicyBundle, scope: Scope, *, failures: Collection[str] = ()
) -> Decision:
    """Decide: the gravest of what policy says to each finding and to each failed detector.

    Further findings and further failures never make the decision milder.

    Args:
        findings: what the detectors saw.
        policy: the bundle in force.
        scope: input or output.
        failures: for each detector that failed or overran, its name and what happened.
    """
    actions = [policy.action_for(finding, scope) for finding in findings]
    action = max(actions, key=SEVERITY.__getitem__, default=Action.ALLOW)
    if failures and not policy.scopes[scope].fails_open:
        action = max(action, Action.UNDETERMINED, key=SEVERITY.__getitem__)
    deciding = [finding for finding, wanted in zip(findings, actions, strict=True) if wanted is action]
    risks = () if action is Action.ALLOW else tuple(sorted({risk for finding in deciding for risk in finding.risks}))
    is_plain = action in {Action.ALLOW, Action.REPLACE}
    reply = None if is_plain else policy.reply_for(risks, action)
    return Decision(
        action=action,
        scope=scope,
        risks=risks,
        findings=tuple(sorted(_listed(findings, actions, action), key=order_of)),
        reply=reply.zh if reply else "",
        reply_en=reply.en if reply else "",
        policy_hash=policy.hash,
        reason=_reason(action, risks, (len(findings), len(deciding)), failures=failures),
    )


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


def masked(text: str, findings: Collection[Finding], policy: PolicyBundle, *, scope: Scope) -> str:
    """Return `text` with every character of the findings that policy replaces as ＊."""
    characters = list(text)
    for finding in findings:
        if policy.action_for(finding, scope) is Action.REPLACE:
            characters[finding.start : finding.end] = MASK * (min(finding.end, len(text)) - finding.start)
    return "".join(characters)


def _reason(action: Action, risks: tuple[str, ...], counts: tuple[int, int], *, failures: Collection[str]) -> str:
    found, deciding = counts
    failed = f"检测未完成：{'；'.join(sorted(failures))}。" if failures else ""
    named = "、".join(risks)
    said = {
        Action.ALLOW: f"发现 {found} 处，均只作观察。" if found else "未发现问题。",
        Action.REPLACE: f"{deciding} 处涉及 {named}，已遮盖。",
        Action.HOLD: f"{deciding} 处涉及 {named}，留待人工复核。",
        Action.REFUSE: f"{deciding} 处涉及 {named}，予以拒绝。",
        Action.UNDETERMINED: "",
    }[action]
    if failed and action is Action.ALLOW and not found:
        return f"{failed}按策略放行。"
    return failed + said
