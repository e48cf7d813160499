"""A policy that can be used, and what it says about one finding. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from guiju.moderation.media.settings import MediaSettings
from guiju.moderation.models import ANYONE, Action, Audience, Context, Finding, Origin, Scope
from guiju.moderation.policy.conversation import ConversationPolicy
from guiju.moderation.policy.guards import GuardPolicy
from guiju.moderation.policy.streams import AtStop, StreamPolicy

ANYWHERE = ("input", "output", "retrieved", "tool", "system")
"""What policy tells apart: both scopes, and of what comes in, what a search, a tool or the app itself brought."""

DEFAULT_KINDS = ("resident_id", "mobile", "bank_card", "email", "passport")
KINDS = (
    *DEFAULT_KINDS,
    *("landline", "vehicle_plate", "credit_code", "travel_permit", "ip_address", "wechat", "qq"),
)
"""The kinds of personal information; the first five are looked for where a policy does not say."""

DETECTORS: Mapping[str, tuple[str, ...]] = {
    "keywords": ("disguises",),
    "personal_information": ("input", "output", "kinds"),
    "classifier": ("encoder", "heads", "scopes"),
}
"""The detectors that can be configured → the fields that each has besides `enabled` and `budget_ms`.

A new detector is entered here and in `service.BUILDERS`.
"""

OFF_UNLESS_NAMED = frozenset({"classifier"})
"""Detectors that do not run where a policy does not name them: they take memory, and policies are older than they."""

PASSING = frozenset({Action.ALLOW, Action.OBSERVE})
"""Actions after which a text goes on as it is."""

SEVERITY: Mapping[Action, int] = {
    Action.ALLOW: 0,
    Action.OBSERVE: 1,
    Action.REPLACE: 2,
    Action.HOLD: 3,
    Action.UNDETERMINED: 4,
    Action.REFUSE: 5,
}
"""How grave an action is; a text gets the gravest of its findings."""


@dataclass(frozen=True, slots=True)
class ScopePolicy:
    """What happens to findings of one scope where no rule says otherwise."""

    fails_open: bool
    action_of_wish: Mapping[str, Action]


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """An exception: fits a finding when each of its parts does; an empty part fits everything.

    Attributes:
        scopes: of `ANYWHERE`.
        at_least: the lowest score that it fits.
        below: the score from which on it fits no more; 2 for none.
        audiences: for whom.
        apps: ids or names of apps.
        action: what is done.
        text: with `replace`, what stands in the finding's place; empty for a mask of its length.
    """

    risks: tuple[str, ...]
    scopes: tuple[str, ...]
    levels: tuple[str, ...]
    wishes: tuple[str, ...]
    detectors: tuple[str, ...]
    action: Action
    at_least: float = 0.0
    below: float = 2.0
    audiences: tuple[Audience, ...] = ()
    apps: tuple[str, ...] = ()
    text: str = ""

    def fits(self, finding: Finding, risk: str, where: str) -> bool:
        """Tell whether the rule is about such a finding, whoever it is for."""
        return (
            (not self.risks or risk in self.risks or risk.split("-", maxsplit=1)[0] in self.risks)
            and (not self.scopes or where in self.scopes)
            and (not self.levels or finding.level in self.levels)
            and (not self.wishes or finding.wish in self.wishes)
            and (not self.detectors or finding.detector in self.detectors)
            and self.at_least <= finding.score < self.below
        )

    def is_for(self, context: Context) -> bool:
        """Tell whether the rule is for whom the text is."""
        return (not self.audiences or context.audience in self.audiences) and (
            not self.apps or any(app in self.apps for app in context.app)
        )

    @property
    def is_for_all(self) -> bool:
        """Whether it makes no difference for whom the text is."""
        return not self.audiences and not self.apps


@dataclass(frozen=True, slots=True)
class DetectorPolicy:
    """How a detector is run.

    Attributes:
        enabled: whether it runs at all.
        wishes: scope → what its findings ask for; empty where the findings know themselves (keywords).
        kinds: what it looks for, of those it knows.
        budgets_ms: scope → how long one call may take before it counts as failed.
        encoder: whether the classifier may ask the sentence encoder: it finds more, and takes 60 MB.
        heads: files of an operator's own classes, made by `guiju moderation adapt`.
        scopes: where it looks at all.
        disguises: where the keyword library is also looked for in disguise (by sound, shape, parts …).
    """

    enabled: bool
    wishes: Mapping[Scope, str]
    kinds: tuple[str, ...]
    budgets_ms: Mapping[Scope, int]
    encoder: bool = True
    heads: tuple[str, ...] = ()
    scopes: tuple[Scope, ...] = tuple(Scope)
    disguises: tuple[Scope, ...] = tuple(Scope)


class Upstream(StrEnum):
    """What the model server gets of the personal information that a user writes."""

    PASS = "pass"  # noqa: S105 - it lets pass
    RESTORE = "restore"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class PersonalPolicy:
    """What becomes of personal information in a conversation, besides what findings come to.

    Attributes:
        upstream: `pass` sends it as it is; `restore` sends placeholders, and puts back in the answer what stands behind
            them; `refuse` refuses the input.
        masks_logs: whether the evidence gets placeholders.
        kinds: what counts.
    """

    upstream: Upstream = Upstream.PASS
    masks_logs: bool = False
    kinds: tuple[str, ...] = KINDS

    @property
    def needs_vault(self) -> bool:
        """Whether anything is put away."""
        return self.upstream is Upstream.RESTORE or self.masks_logs


@dataclass(frozen=True, slots=True)
class Reply:
    """A standard reply (代答) in both languages."""

    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class PolicyBundle:
    """A policy that can be used, with the library it is used with.

    Attributes:
        name: the operator's name for it.
        version: the operator's version.
        updated: ISO date.
        scopes: input and output, and where policy tells them apart, retrieved, tool and system.
        rules: exceptions; the first that fits decides.
        detectors: per detector.
        replies: risk, chapter, `default` or `undetermined` → reply.
        minor_apps: ids or names of apps whose users are minors, whatever a call says.
        guards: the guard models that are asked after the detectors.
        media: what is done with pictures, sound and video.
        personal: what becomes of personal information.
        streams: how answers are streamed.
        conversation: how much of a conversation is read as one text.
        library_hash: content hash of the keyword library.
        hash: SHA-256 of the canonical JSON of all of it.
    """

    name: str
    version: str
    updated: str
    scopes: Mapping[str, ScopePolicy]
    rules: tuple[PolicyRule, ...]
    detectors: Mapping[str, DetectorPolicy]
    replies: Mapping[str, Reply]
    library_hash: str
    hash: str
    minor_apps: frozenset[str] = frozenset()
    guards: tuple[GuardPolicy, ...] = ()
    media: MediaSettings = field(default_factory=MediaSettings)
    personal: PersonalPolicy = field(default_factory=PersonalPolicy)
    streams: StreamPolicy = field(default_factory=StreamPolicy)
    conversation: ConversationPolicy = field(default_factory=ConversationPolicy)
    tells_audiences: bool = field(init=False, default=False)
    tells_apps: bool = field(init=False, default=False)
    tells_origins: bool = field(init=False, default=False)

    def __post_init__(self) -> None:
        """Note what the rules tell apart, so that what they do not need not be told."""
        object.__setattr__(self, "tells_audiences", any(rule.audiences for rule in self.rules))
        object.__setattr__(self, "tells_apps", any(rule.apps for rule in self.rules))
        object.__setattr__(self, "tells_origins", any(origin in self.scopes for origin in Origin))

    @property
    def retracts(self) -> bool:
        """Whether a client is told to take back what had left when an answer is stopped."""
        return self.streams.at_stop is AtStop.RETRACT

    def budget_ms(self, detector: str, scope: Scope) -> int:
        """Return how long a detector may take on one text; one that policy does not name, no longer than the others."""
        named = self.detectors.get(detector)
        return named.budgets_ms[scope] if named is not None else self.strictest_budget_ms(scope)

    def strictest_budget_ms(self, scope: Scope) -> int:
        """The shortest of the detectors' budgets, which all of them together have for a piece of a stream."""
        return min((settings.budgets_ms[scope] for settings in self.detectors.values()), default=0)

    @property
    def tells_contexts(self) -> bool:
        """Whether anything depends on whom and where a text is for."""
        return self.tells_audiences or self.tells_apps or self.tells_origins

    def relevant(self, context: Context) -> Context:
        """Return of `context` what makes a difference; `ANYONE` itself where nothing does."""
        if context is ANYONE or not self.tells_contexts:
            return ANYONE
        is_minor = self.tells_audiences and (
            context.audience is Audience.MINOR or any(app in self.minor_apps for app in context.app)
        )
        is_apart = self.tells_origins and context.origin in self.scopes
        if not (is_minor or is_apart or self.tells_apps):
            return ANYONE
        return Context(
            Audience.MINOR if is_minor else Audience.ADULT,
            context.app if self.tells_apps else (),
            context.origin if is_apart else Origin.PERSON,
        )

    def where(self, scope: Scope, context: Context = ANYONE) -> str:
        """Return which of `ANYWHERE` a text is, as far as policy tells them apart."""
        if scope is Scope.INPUT and context.origin is not Origin.PERSON and context.origin in self.scopes:
            return context.origin
        return scope

    def action_for(self, finding: Finding, scope: Scope, context: Context = ANYONE) -> Action:
        """Return what is done about one finding: the gravest over its risks; `context` comes from `relevant`."""
        return self.treatment_of(finding, scope, context)[0]

    def treatment_of(self, finding: Finding, scope: Scope, context: Context = ANYONE) -> tuple[Action, str]:
        """Return what is done about one finding, and with `replace`, what stands in its place ("" for a mask)."""
        where = self.where(scope, context)
        found = [self._treatment(finding, risk, where, context=context) for risk in finding.risks or ("",)]
        return max(found, key=lambda treatment: SEVERITY[treatment[0]])

    def may_act(self, finding: Finding, scope: Scope, context: Context | None = None) -> bool:
        """Tell whether such a finding stops or changes a text, however sure its detector is.

        A detector that holds text back on a stream holds it for every such finding. Without a `context` (which comes
        from `relevant`), whoever the text is for.
        """
        return any(self._may_act(finding, risk, scope, context=context) for risk in finding.risks or ("",))

    def _refuses(self, finding: Finding, where: str) -> bool:
        """Tell whether policy refuses what holds such personal information, whatever the rules say."""
        return (
            self.personal.upstream is Upstream.REFUSE
            and where != "output"
            and finding.detector == "personal_information"
            and finding.term_id.removeprefix("pi:") in self.personal.kinds
        )

    def _may_act(self, finding: Finding, risk: str, scope: Scope, *, context: Context | None) -> bool:
        if self._refuses(finding, scope):
            return True
        for rule in self.rules:
            if not rule.fits(replace(finding, score=rule.at_least), risk, scope):
                continue
            if context is not None and not (rule.is_for_all or rule.is_for(context)):
                continue
            if rule.action not in PASSING:
                return True
            if (rule.is_for_all or context is not None) and rule.at_least == 0.0 and rule.below > 1.0:
                return False
        return self.scopes[scope].action_of_wish.get(finding.wish, Action.REFUSE) not in PASSING

    def _treatment(self, finding: Finding, risk: str, where: str, *, context: Context) -> tuple[Action, str]:
        if self._refuses(finding, where):
            return Action.REFUSE, ""
        for rule in self.rules:
            if rule.fits(finding, risk, where) and (rule.is_for_all or rule.is_for(context)):
                return rule.action, rule.text
        # A wish that nobody defined is not known to be harmless.
        return self.scopes[where].action_of_wish.get(finding.wish, Action.REFUSE), ""

    def reply_for(self, risks: tuple[str, ...], action: Action) -> Reply:
        """Return the standard reply for the first of `risks` that has one, or its chapter's, or the default."""
        if action is Action.UNDETERMINED and "undetermined" in self.replies:
            return self.replies["undetermined"]
        for risk in risks:
            for key in (risk, risk.split("-")[0]):
                if key in self.replies:
                    return self.replies[key]
        return self.replies["default"]
