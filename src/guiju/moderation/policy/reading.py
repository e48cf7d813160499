"""A policy bundle read from YAML, checked field by field, hashed. Pure."""

import hashlib
from collections.abc import Mapping

from guiju.kit.canonical_json import Json, canonical_bytes
from guiju.moderation.errors import PolicyError
from guiju.moderation.fields import FieldReader, child, summary
from guiju.moderation.media.settings import CHECKERS, read_media
from guiju.moderation.models import LEVELS, RISK_IDS, WISHES, Action, Audience, Refusal, Scope
from guiju.moderation.policy.bundle import (
    ANYWHERE,
    DEFAULT_KINDS,
    DETECTORS,
    KINDS,
    OFF_UNLESS_NAMED,
    DetectorPolicy,
    PersonalPolicy,
    PolicyBundle,
    PolicyRule,
    Reply,
    ScopePolicy,
    Upstream,
)
from guiju.moderation.policy.categories import load_categories
from guiju.moderation.policy.conversation import read_conversation
from guiju.moderation.policy.reading_guards import read_guards
from guiju.moderation.policy.streams import read_streams
from guiju.moderation.yaml_document import DocumentError, Node, parse_document

MAX_POLICY_BYTES = 1_000_000
MAX_REPLY = 2000
MAX_REPLACEMENT = 200
MAX_BUDGET_MS = 600_000
DEFAULT_BUDGET_MS = 5000

CHAPTERS = tuple(dict.fromkeys(risk.split("-")[0] for risk in RISK_IDS))
ACTIONS: Mapping[str, Action] = {
    "allow": Action.ALLOW,
    "observe": Action.OBSERVE,
    "mask": Action.REPLACE,
    "replace": Action.REPLACE,
    "hold": Action.HOLD,
    "refuse": Action.REFUSE,
}
_NO_BOUND = 2.0
REQUIRED = ("version", "name", "updated", "scopes", "replies")
OPTIONAL = (
    *("rules", "detectors", "guards", "media", "personal_information", "audiences", "conversation", "streams"),
    "tests",
)


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
    fields = reader.mapping(root, "", (*REQUIRED, *OPTIONAL), required=REQUIRED)
    scopes = _scopes(reader, fields.get("scopes"))
    guards = read_guards(reader, fields.get("guards"))
    detectors = _detectors(reader, fields.get("detectors"))
    names = (*DETECTORS, *CHECKERS, *(guard.name for guard in guards))
    bundle = PolicyBundle(
        name=reader.text(fields.get("name"), "name"),
        version=reader.text(fields.get("version"), "version"),
        updated=reader.day(fields["updated"], "updated") if "updated" in fields else "",
        scopes=scopes,
        rules=tuple(
            _rule(reader, node, f"rules[{at}]", scopes=scopes, detectors=names)
            for at, node in enumerate(reader.items(fields.get("rules"), "rules"))
        ),
        detectors=detectors,
        replies=_replies(reader, fields.get("replies")),
        minor_apps=_minor_apps(reader, fields.get("audiences")),
        guards=guards,
        media=read_media(reader, fields.get("media")),
        streams=read_streams(reader, fields.get("streams")),
        personal=_personal(reader, fields.get("personal_information"), detectors["personal_information"]),
        conversation=read_conversation(reader, fields.get("conversation")),
        library_hash=library_hash,
        hash=_hash_of(root, library_hash),
    )
    return (None if reader.errors else bundle), tuple(reader.errors)


def _hash_of(root: Node, library_hash: str) -> str:
    """Hash what decides: test cases stand beside a policy and are no part of it."""
    decides = root
    if isinstance(root.value, dict):
        decides = Node({key: node for key, node in root.value.items() if key != "tests"}, root.line)
    parts: dict[str, Json] = {"policy": _plain(decides), "library": library_hash}
    if isinstance(root.value, dict) and "guards" in root.value:
        parts["guards"] = load_categories()[1]
    return hashlib.sha256(canonical_bytes(parts)).hexdigest()


def _plain(node: Node) -> Json:
    if isinstance(node.value, list):
        return [_plain(item) for item in node.value]
    if isinstance(node.value, dict):
        # Pairs instead of an object: keys that a stranger wrote need not be ASCII, which canonical JSON asks for.
        return [[key, _plain(item)] for key, item in sorted(node.value.items())]
    return node.value


def _scopes(reader: FieldReader, node: Node | None) -> dict[str, ScopePolicy]:
    scopes = reader.mapping(node, "scopes", ANYWHERE, required=tuple(Scope)) if node is not None else {}
    found: dict[str, ScopePolicy] = {}
    for scope in ANYWHERE:
        if scope not in scopes and scope not in set(Scope):
            continue
        name = f"scopes.{scope}"
        allowed = ("on_failure", *WISHES)
        fields = reader.mapping(scopes[scope], name, allowed, required=("block", "review")) if scope in scopes else {}
        actions = {
            "block": reader.choice(fields.get("block"), f"{name}.block", ("refuse", "hold"), default="refuse"),
            "review": reader.choice(fields.get("review"), f"{name}.review", tuple(ACTIONS), default="refuse"),
            "observe": reader.choice(fields.get("observe"), f"{name}.observe", ("allow", "observe"), default="allow"),
        }
        failing = reader.choice(fields.get("on_failure"), f"{name}.on_failure", ("closed", "open"), default="closed")
        found[scope] = ScopePolicy(
            fails_open=failing == "open", action_of_wish={wish: ACTIONS[said] for wish, said in actions.items()}
        )
    return found


def _rule(
    reader: FieldReader, node: Node, name: str, *, scopes: Mapping[str, ScopePolicy], detectors: tuple[str, ...]
) -> PolicyRule:
    allowed = (*("risks", "scope", "levels", "wishes", "detectors", "score", "audience", "apps", "action", "with"),)
    fields = reader.mapping(node, name, allowed, required=("action",))
    told = reader.choices(fields.get("scope"), f"{name}.scope", ANYWHERE, default=())
    for scope in told:
        if scope not in scopes:
            reader.refuse(
                fields["scope"].line,
                f"{name}.scope",
                (f"scopes 里没有 {scope}；先写明 scopes.{scope}。", f"scopes.{scope} is not there; write it first."),
            )
    at_least, below = _band(reader, fields.get("score"), f"{name}.score")
    audiences = reader.choices(fields.get("audience"), f"{name}.audience", tuple(Audience), default=())
    action = reader.choice(fields.get("action"), f"{name}.action", tuple(ACTIONS), default="refuse")
    return PolicyRule(
        risks=reader.choices(fields.get("risks"), f"{name}.risks", (*CHAPTERS, *RISK_IDS), default=()),
        scopes=told,
        levels=reader.choices(fields.get("levels"), f"{name}.levels", LEVELS, default=()),
        wishes=reader.choices(fields.get("wishes"), f"{name}.wishes", WISHES, default=()),
        detectors=reader.choices(fields.get("detectors"), f"{name}.detectors", detectors, default=()),
        action=ACTIONS[action],
        at_least=at_least,
        below=below,
        audiences=tuple(Audience(audience) for audience in audiences),
        apps=reader.texts(fields.get("apps"), f"{name}.apps"),
        text=_replacement(reader, fields.get("with"), f"{name}.with", action=action),
    )


def _band(reader: FieldReader, node: Node | None, name: str) -> tuple[float, float]:
    fields = reader.mapping(node, name, ("at_least", "below")) if node is not None else {}
    at_least = reader.ratio(fields.get("at_least"), f"{name}.at_least", default=0.0)
    below = reader.ratio(fields.get("below"), f"{name}.below", default=_NO_BOUND)
    if node is not None and at_least >= below:
        reader.refuse(node.line, name, ("at_least 应小于 below。", "at_least must be less than below."))
    return at_least, below


def _replacement(reader: FieldReader, node: Node | None, name: str, *, action: str) -> str:
    text = reader.text(node, name)
    if node is None:
        return text
    if action != "replace":
        reader.refuse(node.line, name, ("只有 action: replace 才能写 with。", "only action: replace takes it."))
    if not 0 < len(text) <= MAX_REPLACEMENT:
        reader.refuse(
            node.line,
            name,
            (f"需要 1 到 {MAX_REPLACEMENT} 个字。", f"1 to {MAX_REPLACEMENT} characters are needed."),
        )
    return text


def _minor_apps(reader: FieldReader, node: Node | None) -> frozenset[str]:
    fields = reader.mapping(node, "audiences", ("minor",)) if node is not None else {}
    minor = fields.get("minor")
    named = reader.mapping(minor, "audiences.minor", ("apps",), required=("apps",)) if minor is not None else {}
    return frozenset(reader.texts(named.get("apps"), "audiences.minor.apps"))


def _detectors(reader: FieldReader, node: Node | None) -> dict[str, DetectorPolicy]:
    fields = reader.mapping(node, "detectors", tuple(DETECTORS)) if node is not None else {}
    return {name: _detector(reader, fields.get(name), name) for name in DETECTORS}


def _detector(reader: FieldReader, node: Node | None, name: str) -> DetectorPolicy:
    place = f"detectors.{name}"
    further = DETECTORS[name]
    fields = reader.mapping(node, place, ("enabled", "budget_ms", *further)) if node is not None else {}
    defaults = {Scope.INPUT: "observe", Scope.OUTPUT: "review"}
    runs = "false" if node is None and name in OFF_UNLESS_NAMED else "true"
    return DetectorPolicy(
        enabled=reader.choice(fields.get("enabled"), f"{place}.enabled", ("true", "false"), default=runs) == "true",
        wishes={
            scope: reader.choice(child(fields, scope), f"{place}.{scope}", WISHES, default=default)
            for scope, default in defaults.items()
            if scope in further
        },
        kinds=reader.choices(fields.get("kinds"), f"{place}.kinds", KINDS, default=DEFAULT_KINDS)
        if "kinds" in further
        else (),
        budgets_ms=_budgets(reader, fields.get("budget_ms"), f"{place}.budget_ms"),
        encoder=reader.choice(fields.get("encoder"), f"{place}.encoder", ("true", "false"), default="true") == "true",
        heads=reader.texts(fields.get("heads"), f"{place}.heads"),
        scopes=_some_scopes(reader, fields, f"{place}.scopes"),
        disguises=_some_scopes(reader, fields, f"{place}.disguises"),
    )


def _budgets(reader: FieldReader, node: Node | None, place: str) -> dict[Scope, int]:
    """Read one number for both ways, or one for each; the way that is not named has the usual time."""
    bounds = (1, MAX_BUDGET_MS)
    if node is None or not isinstance(node.value, dict):
        return dict.fromkeys(Scope, reader.number(node, place, bounds, default=DEFAULT_BUDGET_MS))
    fields = reader.mapping(node, place, tuple(Scope))
    return {
        scope: reader.number(fields.get(scope), f"{place}.{scope}", bounds, default=DEFAULT_BUDGET_MS)
        for scope in Scope
    }


def _some_scopes(reader: FieldReader, fields: Mapping[str, Node], place: str) -> tuple[Scope, ...]:
    """Read where something is done: both ways where nothing is said, nowhere where the list is empty."""
    node = fields.get(place.rpartition(".")[2])
    return tuple(Scope(one) for one in reader.choices(node, place, tuple(Scope), default=tuple(Scope)))


def _personal(reader: FieldReader, node: Node | None, detector: DetectorPolicy) -> PersonalPolicy:
    if node is None:
        return PersonalPolicy()
    place = "personal_information"
    fields = reader.mapping(node, place, ("upstream", "logs", "kinds"))
    upstream = Upstream(reader.choice(fields.get("upstream"), f"{place}.upstream", tuple(Upstream), default="pass"))
    if upstream is Upstream.REFUSE and not detector.enabled:
        why = ("须启用 detectors.personal_information。", "detectors.personal_information must be enabled.")
        reader.refuse(node.line, f"{place}.upstream", why)
    return PersonalPolicy(
        upstream=upstream,
        masks_logs=reader.choice(fields.get("logs"), f"{place}.logs", ("keep", "mask"), default="keep") == "mask",
        kinds=reader.choices(fields.get("kinds"), f"{place}.kinds", KINDS, default=KINDS),
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
        named = reader.mapping(risks, "replies.risks", (*CHAPTERS, *RISK_IDS))
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
