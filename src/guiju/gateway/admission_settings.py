"""What the operator's YAML says about users, prices, and where limits are counted."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from urllib.parse import urlsplit

from guiju.gateway.app_rules import IdentityMethod
from guiju.gateway.prices import Price, PriceTable
from guiju.kit.errors import ConfigurationError

SECTIONS = ("users", "prices", "counters", "sanctions")
_ISSUER_KEYS = frozenset(("issuer", "audience", "keys", "subject_claim", "real_identity_claim", "real_identity_method"))
_USERS_KEYS = frozenset(("issuers",))
_PRICES_KEYS = frozenset(("currency", "models"))
_PRICE_KEYS = frozenset(("input", "output"))
_COUNTERS_KEYS = frozenset(("redis", "redis_env"))
_SANCTIONS_KEYS = frozenset(("automatic", "suspend_hours"))
_ISSUERS_MOST = 20
_HOURS_MOST = 24 * 365
_CURRENCY_CHARACTERS = 16
_PRICE_MOST = 10**6
_LOOPBACK = frozenset(("127.0.0.1", "::1", "localhost"))


@dataclass(frozen=True, slots=True)
class IssuerSettings:
    """An identity provider whose tokens are trusted.

    Attributes:
        issuer: the `iss` of its tokens, letter for letter.
        audience: the `aud` that they must have.
        keys: its JWKS, as a file or an https address.
        subject_claim: the claim that names the user.
        real_identity_claim: a claim of true or false about the real identity; "" where it has none.
        real_identity_method: by what it verified.
    """

    issuer: str
    audience: str
    keys: str
    subject_claim: str = "sub"
    real_identity_claim: str = ""
    real_identity_method: IdentityMethod = IdentityMethod.OTHER


@dataclass(frozen=True, slots=True)
class AdmissionSettings:
    """All that the YAML says about admission.

    Attributes:
        issuers: whose tokens of users are trusted.
        prices: what tokens cost, for budgets of money.
        redis_url: where limits are counted; "" for the database. May hold a password; never logged.
        is_automatic: whether a user is suspended by rule; by the standard it should be so.
        suspend_hours: for how long.
    """

    issuers: tuple[IssuerSettings, ...] = ()
    prices: PriceTable = field(default_factory=PriceTable)
    redis_url: str = field(default="", repr=False)
    is_automatic: bool = True
    suspend_hours: float = 24.0


def read_admission(
    tree: Mapping[str, object], where: str, environment: Mapping[str, str] = MappingProxyType({})
) -> AdmissionSettings:
    """Read the sections of the operator's YAML that admission has.

    Raises:
        ConfigurationError: something in them cannot be used; the message names the place.
    """
    users = section(tree, "users", _USERS_KEYS, where=where)
    rows = users.get("issuers", [])
    if not isinstance(rows, list) or len(rows) > _ISSUERS_MOST:
        raise wrong(
            f"{where}: users.issuers", f"应为最多 {_ISSUERS_MOST} 项的列表", f"must be a list of {_ISSUERS_MOST}"
        )
    issuers = tuple(_issuer(row, f"{where}: users.issuers[{at}]") for at, row in enumerate(rows))
    if len({issuer.issuer for issuer in issuers}) != len(issuers):
        raise wrong(f"{where}: users.issuers", "有重复的 issuer", "must name each issuer once")
    is_automatic, hours = _sanctions(section(tree, "sanctions", _SANCTIONS_KEYS, where=where), f"{where}: sanctions")
    return AdmissionSettings(
        is_automatic=is_automatic,
        suspend_hours=hours,
        issuers=issuers,
        prices=_prices(section(tree, "prices", _PRICES_KEYS, where=where), f"{where}: prices"),
        redis_url=_redis(section(tree, "counters", _COUNTERS_KEYS, where=where), environment, f"{where}: counters"),
    )


def section(tree: Mapping[str, object], name: str, known: frozenset[str], *, where: str) -> Mapping[str, object]:
    """Return a section, empty where it is not there.

    Raises:
        ConfigurationError: it is no mapping, or has a key that is not known.
    """
    found = tree.get(name)
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise wrong(f"{where}: {name}", "应为键值", "must be a mapping")
    for key in found:
        if key not in known:
            raise wrong(
                f"{where}: {name}",
                f"不认识的键 {key!r}；可用的键是 {'、'.join(sorted(known))}",
                f"has an unknown key {key!r}; known are {', '.join(sorted(known))}",
            )
    return found


def wrong(where: str, zh: str, en: str) -> ConfigurationError:
    """Return the error for something that cannot be used."""
    return ConfigurationError(f"{zh}。", f"This {en}.", where=where)


def _issuer(row: object, where: str) -> IssuerSettings:
    fields = section({"row": row}, "row", _ISSUER_KEYS, where=where)
    texts = {name: fields.get(name, "") for name in _ISSUER_KEYS}
    for name, value in texts.items():
        if not isinstance(value, str):
            raise wrong(f"{where}.{name}", "应为字符串（请加引号）", "must be a string (put it in quotes)")
    for name in ("issuer", "audience", "keys"):
        if not texts[name]:
            raise wrong(f"{where}.{name}", "不能为空", "must not be empty")
    _check_keys(str(texts["keys"]), f"{where}.keys")
    method = str(texts["real_identity_method"] or IdentityMethod.OTHER.value)
    if method not in set(IdentityMethod):
        names = "、".join(IdentityMethod)
        raise wrong(
            f"{where}.real_identity_method", f"应为 {names} 之一", f"must be one of {', '.join(IdentityMethod)}"
        )
    return IssuerSettings(
        issuer=str(texts["issuer"]),
        audience=str(texts["audience"]),
        keys=str(texts["keys"]),
        subject_claim=str(texts["subject_claim"] or "sub"),
        real_identity_claim=str(texts["real_identity_claim"]),
        real_identity_method=IdentityMethod(method),
    )


def _prices(fields: Mapping[str, object], where: str) -> PriceTable:
    currency, models = fields.get("currency", "CNY"), fields.get("models", {})
    if not isinstance(currency, str) or not 0 < len(currency) <= _CURRENCY_CHARACTERS:
        raise wrong(f"{where}.currency", "应为货币名称，如 CNY", "must be the name of a currency, such as CNY")
    if not isinstance(models, dict) or not all(isinstance(name, str) for name in models):
        raise wrong(
            f"{where}.models", "应为“模型: {input: 价, output: 价}”", "must map models to {input: …, output: …}"
        )
    return PriceTable(currency, {name: _price(row, f"{where}.models.{name}") for name, row in models.items()})


def _price(row: object, where: str) -> Price:
    fields = section({"row": row}, "row", _PRICE_KEYS, where=where)
    numbers = [fields.get(name) for name in ("input", "output")]
    for number in numbers:
        if not isinstance(number, int | float) or isinstance(number, bool) or not 0 <= number < _PRICE_MOST:
            raise wrong(
                where, "应有 input 与 output 两个价格（每百万词元）", "must give input and output, of a million tokens"
            )
    return Price(float(str(numbers[0])), float(str(numbers[1])))


def _sanctions(fields: Mapping[str, object], where: str) -> tuple[bool, float]:
    is_automatic, hours = fields.get("automatic", True), fields.get("suspend_hours", 24.0)
    if not isinstance(is_automatic, bool):
        raise wrong(f"{where}.automatic", "应为 true 或 false", "must be true or false")
    if not isinstance(hours, int | float) or isinstance(hours, bool) or not 0 < hours <= _HOURS_MOST:
        raise wrong(
            f"{where}.suspend_hours", f"应为不超过 {_HOURS_MOST} 的正数", f"must be positive, {_HOURS_MOST} at most"
        )
    return is_automatic, float(hours)


def _redis(fields: Mapping[str, object], environment: Mapping[str, str], where: str) -> str:
    variable = fields.get("redis_env")
    if variable is not None:
        if not isinstance(variable, str) or not environment.get(variable):
            raise wrong(f"{where}.redis_env", f"环境变量 {variable} 没有设置", f"names {variable}, which is not set")
        return environment[variable]
    url = fields.get("redis", "")
    if not isinstance(url, str):
        raise wrong(f"{where}.redis", "应为字符串（请加引号）", "must be a string (put it in quotes)")
    return url


def _check_keys(keys: str, where: str) -> None:
    parts = urlsplit(keys)
    if parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in _LOOPBACK):
        return
    if parts.scheme == "http" or not Path(keys).is_file():
        raise wrong(
            where,
            "应为 https:// 地址（本机可用 http://），或一个现有文件的路径",
            "must be an https:// address (http:// on this machine only), or the path of a file that exists",
        )
