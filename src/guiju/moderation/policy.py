"""The policy bundle: what is done about findings, read from YAML, checked field by field, hashed. Pure."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from guiju.kit.canonical_json import Json, canonical_bytes
from guiju.moderation.errors import PolicyError
from guiju.moderation.fields import FieldReader, child, summary
from guiju.moderation.media.settings import CHECKERS, MediaSettings, read_media
from guiju.moderation.models import LEVELS, RISK_IDS, WISHES, Action, Finding, Refusal, Scope
from guiju.moderation.yaml_document import DocumentError, Node, parse_document

MAX_POLICY_BYTES = 1_000_000
MAX_REPLY = 2000
MAX_BUDGET_MS = 600_000
DEFAULT_BUDGET_MS = 5000

KINDS = ("resident_id", "mobile", "bank_card", "email", "passport")
DETECTORS = ("keywords", "personal_information")
_ACTIONS = ("allow", "replace", "hold", "refuse")
_CHAPTERS = tuple(dict.fromkeys(risk.split("-")[0] for risk in RISK_IDS))


@dataclass(frozen=True, slots=True)
class ScopePolicy:
    """What happens to findings of one scope where no rule says otherwise."""

    fails_open: bool
    action_of_wish: Mapping[str, Action]


@dataclass(frozen=True, slots=True)
class PolicyRule:
    """An exception: fits a finding when each of its parts does; an empty part fits everything."""

    risks: tuple[str, ...]
    scopes: tuple[Scope, ...]
    levels: tuple[str, ...]
    wishes: tuple[str, ...]
    detectors: tuple[str, ...]
    action: Action


@dataclass(frozen=True, slots=True)
class DetectorPolicy:
    """How a detector is run.

    Attributes:
        enabled: whether it runs at all.
        wishes: scope → what its findings ask for; empty where the findings know themselves (keywords).
        kinds: what it looks for, of those it knows.
        budget_ms: how long one call may take before it counts as failed.
    """

    enabled: bool
    wishes: Mapping[Scope, str]
    kinds: tuple[str, ...]
    budget_ms: int


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
        scopes: per scope.
        rules: exceptions; the first that fits decides.
        detectors: per detector.
        replies: risk, chapter, `default` or `undetermined` → reply.
        media: what is done with pictures, sound and video.
        library_hash: content hash of the keyword library.
        hash: SHA-256 of the canonical JSON of all of it.
    """

    name: str
    version: str
    updated: str
    scopes: Mapping[Scope, ScopePolicy]
    rules: tuple[PolicyRule, ...]
    detectors: Mapping[str, DetectorPolicy]
    replies: Mapping[str, Reply]
    media: MediaSettings
    library_hash: str
    hash: str

    def action_for(self, finding: Finding, scope: Scope) -> Action:
        """Return what is done about one finding: the gravest over its risks."""
        return max((self._action(finding, scope, risk) for risk in finding.risks or ("",)), key=SEVERITY.__getitem__)

    def _action(self, finding: Finding, scope: Scope, risk: str) -> Action:
        for rule in self.rules:
            if (
                (not rule.risks or risk in rule.risks or risk.split("-", maxsplit=1)[0] in rule.risks)
                and (not rule.scopes or scope in rule.scopes)
                and (not rule.levels or finding.level in rule.levels)
                and (not rule.wishes or finding.wish in rule.wishes)
                and (not rule.detectors or finding.detector in rule.detectors)
            ):
                return rule.action
        # A wish that nobody defined is not known to be harmless.
        return self.scopes[scope].action_of_wish.get(finding.wish, Action.REFUSE)

    def reply_for(self, risks: tuple[str, ...], action: Action) -> Reply:
        """Return the standard reply for the first of `risks` that has one, or its chapter's, or the default."""
        if action is Action.UNDETERMINED and "undetermined" in self.replies:
            return self.replies["undetermined"]
        for risk in risks:
            for key in (risk, risk.split("-")[0]):
                if key in self.replies:
                    return self.replies[key]
        return self.replies["default"]


SEVERITY: Mapping[Action, int] = {
    Action.ALLOW: 0,
    Action.REPLACE: 1,
    Action.HOLD: 2,
    Action.UNDETERMINED: 3,
    Action.REFUSE: 4,
}
"""How grave an action is; a text gets the gravest of its findings."""


def parse_policy(content: bytes, where: str, library_hash: str) -> PolicyBundle:
    """Read a policy and bind it to the library whose hash is given.

    Raises:
        PolicyError: it cannot be used; names every line and field that is wrong.
    """
    bundle, errors = read_policy(content, where, library_hash)
    if bundle is None:
        zh, en = summary(errors)
        raise PolicyError(zh, en, where=where)
    return bundle


def read_policy(content: bytes, where: str, library_hash: str) -> tuple[PolicyBundle | None, tuple[Refusal, ...]]:
    """Read a policy; the second value is what is wrong, empty when it can be used."""
    try:
        root = parse_document(content, max_bytes=MAX_POLICY_BYTES)
    except DocumentError as error:
        return None, (Refusal(where, error.line, "", error.zh, error.en),)
    reader = FieldReader(where)
    required = ("version", "name", "updated", "scopes", "replies")
    fields = reader.mapping(root, "", (*required, "rules", "detectors", "media"), required=required)
    bundle = PolicyBundle(
        name=reader.text(fields.get("name"), "name"),
        version=reader.text(fields.get("version"), "version"),
        updated=reader.day(fields["updated"], "updated") if "updated" in fields else "",
        scopes=_scopes(reader, fields.get("scopes")),
        rules=tuple(
            _rule(reader, node, f"rules[{at}]") for at, node in enumerate(reader.items(fields.get("rules"), "rules"))
        ),
        detectors=_detectors(reader, fields.get("detectors")),
        replies=_replies(reader, fields.get("replies")),
        media=read_media(reader, fields.get("media")),
        library_hash=library_hash,
        hash=hashlib.sha256(canonical_bytes({"policy": _plain(root), "library": library_hash})).hexdigest(),
    )
    return (None if reader.errors else bundle), tuple(reader.errors)


def _plain(node: Node) -> Json:
    if isinstance(node.value, list):
        return [_plain(item) for item in node.value]
    if isinstance(node.value, dict):
        # Pairs instead of an object: keys that a stranger wrote need not be ASCII, which canonical JSON asks for.
        return [[key, _plain(item)] for key, item in sorted(node.value.items())]
    return node.value


def _scopes(reader: FieldReader, node: Node | None) -> dict[Scope, ScopePolicy]:
    scopes = reader.mapping(node, "scopes", tuple(Scope), required=tuple(Scope)) if node is not None else {}
    found: dict[Scope, ScopePolicy] = {}
    for scope in Scope:
        name = f"scopes.{scope}"
        allowed = ("on_failure", *WISHES)
        fields = reader.mapping(scopes[scope], name, allowed, required=("block", "review")) if scope in scopes else {}
        actions = {
            "block": reader.choice(fields.get("block"), f"{name}.block", ("refuse", "hold"), default="refuse"),
            "review": reader.choice(fields.get("review"), f"{name}.review", _ACTIONS, default="refuse"),
            "observe": reader.choice(fields.get("observe"), f"{name}.observe", ("allow",), default="allow"),
        }
        found[scope] = ScopePolicy(
            fails_open=reader.choice(
                fields.get("on_failure"), f"{name}.on_failure", ("closed", "open"), default="closed"
            )
            == "open",
            action_of_wish={wish: Action(action) for wish, action in actions.items()},
        )
    return found


def _rule(reader: FieldReader, node: Node, name: str) -> PolicyRule:
    allowed = ("risks", "scope", "levels", "wishes", "detectors", "action")
    fields = reader.mapping(node, name, allowed, required=("action",))
    scopes = reader.choices(fields.get("scope"), f"{name}.scope", tuple(Scope), default=())
    return PolicyRule(
        risks=reader.choices(fields.get("risks"), f"{name}.risks", (*_CHAPTERS, *RISK_IDS), default=()),
        scopes=tuple(Scope(scope) for scope in scopes),
        levels=reader.choices(fields.get("levels"), f"{name}.levels", LEVELS, default=()),
        wishes=reader.choices(fields.get("wishes"), f"{name}.wishes", WISHES, default=()),
        detectors=reader.choices(fields.get("detectors"), f"{name}.detectors", (*DETECTORS, *CHECKERS), default=()),
        action=Action(reader.choice(fields.get("action"), f"{name}.action", _ACTIONS, default="refuse")),
    )


def _detectors(reader: FieldReader, node: Node | None) -> dict[str, DetectorPolicy]:
    fields = reader.mapping(node, "detectors", DETECTORS) if node is not None else {}
    return {name: _detector(reader, fields.get(name), name) for name in DETECTORS}


def _detector(reader: FieldReader, node: Node | None, name: str) -> DetectorPolicy:
    place = f"detectors.{name}"
    is_pi = name == "personal_information"
    allowed = ("enabled", "budget_ms", *(("input", "output", "kinds") if is_pi else ()))
    fields = reader.mapping(node, place, allowed) if node is not None else {}
    defaults = {Scope.INPUT: "observe", Scope.OUTPUT: "review"}
    return DetectorPolicy(
        enabled=reader.choice(fields.get("enabled"), f"{place}.enabled", ("true", "false"), default="true") == "true",
        wishes={
            scope: reader.choice(child(fields, scope), f"{place}.{scope}", WISHES, default=default)
            for scope, default in defaults.items()
        }
        if is_pi
        else {},
        kinds=reader.choices(fields.get("kinds"), f"{place}.kinds", KINDS, default=KINDS) if is_pi else (),
        budget_ms=reader.number(
            fields.get("budget_ms"), f"{place}.budget_ms", (1, MAX_BUDGET_MS), default=DEFAULT_BUDGET_MS
        ),
    )


def _replies(reader: FieldReader, node: Node | None) -> dict[str, Reply]:
    fields = (
        reader.mapping(node, "replies", ("default", "undetermined", "risks"), required=("default",)) if node else {}
    )
    replies: dict[str, Reply] = {
        str(key): _reply(reader, fields[key], f"replies.{key}") for key in ("default", "undetermined") if key in fields
    }
    risks = fields.get("risks")
    if risks is not None:
        named = reader.mapping(risks, "replies.risks", (*_CHAPTERS, *RISK_IDS))
        replies.update((risk, _reply(reader, reply, f"replies.risks.{risk}")) for risk, reply in named.items())
    return replies


def _reply(reader: FieldReader, node: Node, name: str) -> Reply:
    fields = reader.mapping(node, name, ("zh", "en"), required=("zh", "en"))
    said = {key: reader.text(fields.get(key), f"{name}.{key}").strip() for key in ("zh", "en")}
    for key, text in said.items():
        if key in fields and not 0 < len(text) <= MAX_REPLY:
            reader.refuse(
                fields[key].line,
                f"{name}.{key}",
                (f"需要 1 到 {MAX_REPLY} 个字。", f"1 to {MAX_REPLY} characters are needed."),
            )
    return Reply(said["zh"], said["en"])
