"""Badges: a word, a colour and a shape for every outcome, decision and verdict; never colour alone (design §4)."""

from markupsafe import Markup

from guiju.kit.i18n import Translator
from guiju.law.models import OUTCOME_ZH, Fact, FactValue, Outcome
from guiju.ledger.models import VerdictWord
from guiju.moderation.models import Action
from guiju.web.views.exchanges import EXCHANGE_OUTCOMES

# Lines on a 16 × 16 grid, one for each outcome.
_SHAPES = {
    Outcome.MET: "M3 8.5l3.2 3.2L13 5",
    Outcome.PARTIAL: "M8 2.5a5.5 5.5 0 1 0 0 11zM8 2.5a5.5 5.5 0 0 1 0 11",
    Outcome.NOT_MET: "M4 4l8 8M12 4l-8 8",
    Outcome.NOT_APPLICABLE: "M3.5 8h9",
    Outcome.INSUFFICIENT: "M8 2.8L14 13H2z",
    Outcome.NEEDS_REVIEW: "M8 2l6 6-6 6-6-6z",
    Outcome.STALE: "M8 2.5a5.5 5.5 0 1 0 .01 0M8 5v3.2l2.2 1.6",
    Outcome.NOT_RUN: "M8 3.5a4.5 4.5 0 1 0 .01 0",
}
ACTION_TITLES = {
    Action.ALLOW: ("放行", Outcome.MET),
    Action.OBSERVE: ("放行并留意", Outcome.MET),
    Action.REPLACE: ("替换", Outcome.PARTIAL),
    Action.REFUSE: ("拒绝", Outcome.NOT_MET),
    Action.HOLD: ("留待人工", Outcome.NEEDS_REVIEW),
    Action.UNDETERMINED: ("未能判定", Outcome.INSUFFICIENT),
}
VERDICT_TITLES = {
    VerdictWord.HOLDS: ("成立", Outcome.MET),
    VerdictWord.BROKEN: ("不成立", Outcome.NOT_MET),
    VerdictWord.UNKNOWN: ("无法确定", Outcome.NOT_RUN),
}

CIRCUIT_TITLES = {
    "closed": ("接通", Outcome.MET),
    "open": ("断开", Outcome.NOT_MET),
    "half_open": ("试探", Outcome.PARTIAL),
}


class Badges:
    """Makes badges in one language; templates call its methods."""

    def __init__(self, translate: Translator) -> None:
        """Speak through `translate`."""
        self._translate = translate

    def outcome(self, outcome: Outcome | None) -> Markup:
        """Return the badge of an obligation's or article's outcome; None for an article that only informs."""
        if outcome is None:
            return Markup('<span class="badge badge-info">{}</span>').format(self._translate("告知性条款"))
        return self._badge(OUTCOME_ZH[outcome], outcome)

    def exchange(self, outcome: str) -> Markup:
        """Return the badge of an exchange's outcome."""
        title, tone = EXCHANGE_OUTCOMES.get(outcome, (outcome, "not_run"))
        return self._badge(title, Outcome(tone))

    def action(self, action: Action) -> Markup:
        """Return the badge of a decision."""
        return self._badge(*ACTION_TITLES[action])

    def outcome_of_action(self, action: str) -> Markup:
        """Return the badge of a decision as a record has it; a word that is none of ours is shown as it is."""
        return self.action(Action(action)) if action in set(Action) else Markup("<code>{}</code>").format(action)

    def verdict(self, word: VerdictWord) -> Markup:
        """Return the badge of a verdict on the ledger."""
        return self._badge(*VERDICT_TITLES[word])

    def named(self, title: str, tone: str) -> Markup:
        """Return a badge of a title in the tone of an outcome, as a page's own table has them."""
        return self._badge(title, Outcome(tone))

    def upstream(self, is_healthy: bool) -> Markup:  # noqa: FBT001 - called from templates with the state's own field
        """Return the badge of an upstream."""
        return self._badge("正常", Outcome.MET) if is_healthy else self._badge("故障", Outcome.NOT_MET)

    def circuit(self, state: str) -> Markup:
        """Return the badge of the way to an upstream."""
        return self._badge(*CIRCUIT_TITLES[state])

    def enough(self, is_enough: bool) -> Markup:  # noqa: FBT001 - called from templates with the row's own field
        """Return the badge of a count against a minimum."""
        return self._badge("已达到", Outcome.MET) if is_enough else self._badge("未达到", Outcome.PARTIAL)

    def fact(self, fact: Fact, value: FactValue) -> str:
        """Return a declared fact in words."""
        if isinstance(value, bool):
            return self._translate("是" if value else "否")
        names = dict(zip(fact.choices, fact.choices_zh, strict=False)) if self._translate.language == "zh" else {}
        if isinstance(value, tuple):
            return "、".join(names.get(item, item) for item in value)
        return names.get(str(value), str(value))

    def _badge(self, title: str, tone: Outcome) -> Markup:
        shape = Markup('<svg viewBox="0 0 16 16" aria-hidden="true"><path d="{}"/></svg>').format(_SHAPES[tone])
        return Markup('<span class="badge badge-{}">{}{}</span>').format(tone.value, shape, self._translate(title))
