"""What an app and its keys may do: scopes, whom it may serve, how much of it. Plain nouns, and how they are kept."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import datetime
from enum import StrEnum

from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import InputError

CHAT = "chat/completions"
MODELS = "models"
_NAME = re.compile(r"[a-z0-9][a-z0-9_/-]{0,63}")
_MODEL_CHARACTERS = 200
_NAMES_MOST = 50
_NUMBER_MOST = 10**15


@dataclass(frozen=True, slots=True)
class KeyScope:
    """What a key opens; an empty tuple opens everything of its kind.

    Attributes:
        endpoints: as in the path after `/v1/`, such as `chat/completions`.
        models: public names.
    """

    endpoints: tuple[str, ...] = ()
    models: tuple[str, ...] = ()

    def opens_endpoint(self, name: str) -> bool:
        """Tell whether an endpoint may be called; every key may ask which models there are."""
        return not self.endpoints or name in self.endpoints or name == MODELS

    def opens_model(self, name: str) -> bool:
        """Tell whether a model may be asked for."""
        return not self.models or name in self.models


EVERYTHING = KeyScope()


@dataclass(frozen=True, slots=True)
class KeyInForce:
    """The key a call came with: which, what it opens, until when (None for no end)."""

    id: str
    scope: KeyScope = EVERYTHING
    expires_at: datetime | None = None


class IdentityMethod(StrEnum):
    """By what a real identity was verified, by whoever declares it. No number, no name: those stay where they are."""

    MOBILE_NUMBER = "mobile_number"
    IDENTITY_DOCUMENT = "identity_document"
    ORGANISATION_CODE = "organisation_code"
    PUBLIC_IDENTITY_SERVICE = "public_identity_service"
    OTHER = "other"


class ServedUsers(StrEnum):
    """Whom an app may serve: anybody · users that it names · users with a token of a configured issuer."""

    ANYBODY = "anybody"
    NAMED = "named"
    SIGNED_IN = "signed_in"


@dataclass(frozen=True, slots=True)
class LimitRules:
    """How much may be used; None for no limit.

    A minute is a bucket that fills steadily; days and months are those of the calendar in Beijing.

    Attributes:
        requests_per_minute: calls, and as many at once after a pause.
        requests_per_day: calls in a day.
        tokens_per_minute: tokens of questions and answers.
        tokens_per_day: in a day.
        concurrent: exchanges that are open at the same time.
        budget_tokens: tokens in a month.
        budget_money: in a month, in millionths of the unit that the price table counts in.
    """

    requests_per_minute: int | None = None
    requests_per_day: int | None = None
    tokens_per_minute: int | None = None
    tokens_per_day: int | None = None
    concurrent: int | None = None
    budget_tokens: int | None = None
    budget_money: int | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is limited."""
        return self is NO_LIMITS or all(getattr(self, name) is None for name in LIMIT_NAMES)


LIMIT_NAMES = tuple(item.name for item in fields(LimitRules))
NO_LIMITS = LimitRules()


@dataclass(frozen=True, slots=True)
class AppRules:
    """The rules of an app.

    Attributes:
        serves: whom it may serve.
        must_be_real: whether a user's real identity must have been declared.
        may_declare: whether the app may declare that of its users.
        app: limits of the whole app.
        user: limits of each of its users.
    """

    serves: ServedUsers = ServedUsers.ANYBODY
    must_be_real: bool = False
    may_declare: bool = False
    app: LimitRules = field(default=NO_LIMITS)
    user: LimitRules = field(default=NO_LIMITS)


NO_RULES = AppRules()


def is_endpoint(name: str) -> bool:
    """Tell whether a name may be an endpoint's."""
    return _NAME.fullmatch(name) is not None


def rules_facts(rules: AppRules) -> JsonObject:
    """Write rules as they are kept and recorded."""
    return {
        "serves": rules.serves.value,
        "must_be_real": rules.must_be_real,
        "may_declare": rules.may_declare,
        "app": {name: value for name, value in asdict(rules.app).items() if value is not None},
        "user": {name: value for name, value in asdict(rules.user).items() if value is not None},
    }


def read_rules(facts: Mapping[str, object]) -> AppRules:
    """Read what `rules_facts` wrote, or somebody by hand.

    Raises:
        InputError: a name is unknown or a value cannot be used; it names the place.
    """
    unknown = set(facts) - {item.name for item in fields(AppRules)}
    if unknown:
        raise _wrong(min(unknown), "没有这项规则", "is no rule")
    try:
        serves = ServedUsers(str(facts.get("serves", ServedUsers.ANYBODY.value)))
    except ValueError:
        raise _wrong("serves", "应为 anybody、named 或 signed_in", "must be anybody, named or signed_in") from None
    return AppRules(
        serves=serves,
        must_be_real=_switch(facts, "must_be_real"),
        may_declare=_switch(facts, "may_declare"),
        app=_limits(facts.get("app", {}), "app"),
        user=_limits(facts.get("user", {}), "user"),
    )


def read_scope(endpoints: tuple[str, ...], models: tuple[str, ...]) -> KeyScope:
    """Check what a key is to open.

    Raises:
        InputError: a name cannot be one, or there are too many.
    """
    if any(not _NAME.fullmatch(name) for name in endpoints) or len(endpoints) > _NAMES_MOST:
        raise _wrong(
            "endpoints",
            f"应为 /v1/ 之后的路径，如 {CHAT}，最多 {_NAMES_MOST} 个",
            f"must be paths after /v1/, such as {CHAT}, {_NAMES_MOST} at most",
        )
    is_sound = all(0 < len(name) <= _MODEL_CHARACTERS and name.isprintable() for name in models)
    if not is_sound or len(models) > _NAMES_MOST:
        raise _wrong(
            "models", f"应为模型名称，最多 {_NAMES_MOST} 个", f"must be names of models, {_NAMES_MOST} at most"
        )
    return KeyScope(tuple(dict.fromkeys(endpoints)), tuple(dict.fromkeys(models)))


def _switch(facts: Mapping[str, object], name: str) -> bool:
    value = facts.get(name, False)
    if not isinstance(value, bool):
        raise _wrong(name, "应为 true 或 false", "must be true or false")
    return value


def _limits(facts: object, where: str) -> LimitRules:
    if not isinstance(facts, Mapping):
        raise _wrong(where, "应为键值", "must be a mapping")
    for name, value in facts.items():
        if name not in LIMIT_NAMES:
            raise _wrong(f"{where}.{name}", "没有这项限额", "is no limit")
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= _NUMBER_MOST:
            raise _wrong(f"{where}.{name}", "应为不小于零的整数", "must be a whole number, zero or more")
    return LimitRules(**{str(name): value for name, value in facts.items()}) if facts else NO_LIMITS


def _wrong(where: str, zh: str, en: str) -> InputError:
    return InputError(f"{where} {zh}。", f"{where} {en}.", where=where)
