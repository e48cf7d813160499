"""The operator's YAML: which model servers there are, which models they serve, how large and how slow a call may be."""

import os
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from guiju.gateway.admission_settings import SECTIONS as ADMISSION_SECTIONS
from guiju.gateway.admission_settings import AdmissionSettings, read_admission
from guiju.gateway.endpoints import ENDPOINTS
from guiju.gateway.models import BreakerSettings, Limits, Patience
from guiju.kit.errors import ConfigurationError

KINDS = ("openai", "gguf", "echo", "law-assistant")
EVERY_MODEL = "*"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_TOP = frozenset(
    (
        "upstreams",
        "limits",
        "patience",
        "provider_code",
        "health_seconds",
        "breaker",
        "pass_through",
        "labels",  # read by who draws the marks
        *ADMISSION_SECTIONS,
    )
)
_PASSED = re.compile(r"/v1(?:/[A-Za-z0-9][A-Za-z0-9._-]*)+")
_SIZE_MOST = 8 * 1024 * 1024  # of a body or an answer: both must fit into one entry of the ledger
WEIGHT_MOST = 1000
_ROW = frozenset(("name", "kind", "base_url", "api_key", "api_key_env", "models", "path", "weight", "patience"))


@dataclass(frozen=True, slots=True)
class UpstreamSettings:
    """One model server as the operator describes it.

    Attributes:
        name: unique; metric label and part of the evidence.
        kind: one of `KINDS`.
        base_url: of an `openai` server, with or without `/v1`.
        api_key: what it wants as bearer; never logged.
        models: public name → its own name; None for every model that it has.
        path: of a `gguf` model's file.
        weight: its share of the calls among those that have one; 0 for a reserve.
        patience: of an `openai` server, where it differs from the others'.
    """

    name: str
    kind: str
    base_url: str = ""
    api_key: str = field(default="", repr=False)
    models: tuple[tuple[str, str], ...] | None = None
    path: str = ""
    weight: int = 0
    patience: Patience | None = None


@dataclass(frozen=True, slots=True)
class GatewaySettings:
    """All that the YAML says; the order of `upstreams` is the order in which those without a weight are tried."""

    upstreams: tuple[UpstreamSettings, ...]
    limits: Limits = field(default_factory=Limits)
    patience: Patience = field(default_factory=Patience)
    provider_code: str = "guiju"
    health_seconds: float = 15.0
    breaker: BreakerSettings = field(default_factory=BreakerSettings)
    pass_through: tuple[str, ...] = ()
    admission: AdmissionSettings = field(default_factory=AdmissionSettings)


BUILT_IN = GatewaySettings(
    upstreams=(
        UpstreamSettings("law-assistant", "law-assistant", models=(("law-assistant", "law-assistant"),)),
        UpstreamSettings("echo", "echo", models=(("echo", "echo"),)),
    )
)


def load_configuration(path: Path, environment: Mapping[str, str] | None = None) -> GatewaySettings:
    """Read the YAML at `path`; where there is no file, the two built-in models are served.

    Raises:
        ConfigurationError: the file cannot be read or says something that cannot be used; the message names the place.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return BUILT_IN
    except (OSError, UnicodeDecodeError) as error:
        raise _wrong(str(path), f"无法读取：{error}", f"cannot be read: {error}") from error
    try:
        tree = yaml.safe_load(text)
    except yaml.YAMLError as error:
        raise _wrong(str(path), f"不是有效的 YAML：{error}", f"is not valid YAML: {error}") from error
    return read_configuration(tree, os.environ if environment is None else environment, str(path))


def read_configuration(tree: object, environment: Mapping[str, str], where: str) -> GatewaySettings:
    """Read what YAML gave.

    Raises:
        ConfigurationError: it says something that cannot be used.
    """
    if tree is None:
        return BUILT_IN
    if not isinstance(tree, dict):
        raise _wrong(where, "顶层应为键值", "must be a mapping at its top")
    _known(tree, _TOP, where)
    patience = Patience(**_numbers(tree.get("patience"), Patience, f"{where}: patience"))
    rows = tree.get("upstreams")
    if rows is None:
        upstreams = BUILT_IN.upstreams
    elif isinstance(rows, list) and rows:
        upstreams = tuple(
            _with_shares(_upstream(row, environment, place), row, patience, where=place)
            for place, row in ((f"{where}: upstreams[{at}]", row) for at, row in enumerate(rows))
        )
    else:
        raise _wrong(f"{where}: upstreams", "应为非空列表", "must be a list with at least one entry")
    names = [upstream.name for upstream in upstreams]
    if len(set(names)) != len(names):
        raise _wrong(f"{where}: upstreams", "有重名的模型服务", "two entries have the same name")
    code = tree.get("provider_code", "guiju")
    if not isinstance(code, str):
        raise _wrong(f"{where}: provider_code", "应为字符串（请加引号）", "must be a string (put it in quotes)")
    return GatewaySettings(
        upstreams=upstreams,
        limits=Limits(**_numbers(tree.get("limits"), Limits, f"{where}: limits")),  # type: ignore[arg-type]
        patience=patience,
        provider_code=code,
        health_seconds=_number(tree.get("health_seconds", 15.0), float, f"{where}: health_seconds"),
        breaker=BreakerSettings(**_numbers(tree.get("breaker"), BreakerSettings, f"{where}: breaker")),  # type: ignore[arg-type]
        pass_through=_passed(tree.get("pass_through"), f"{where}: pass_through"),
        admission=read_admission(tree, where, environment),
    )


def _passed(value: object, where: str) -> tuple[str, ...]:
    """Read which endpoints are served though nobody here knows them; none, unless they are named one by one."""
    if value is None:
        return ()
    if not isinstance(value, list) or not all(isinstance(path, str) and _PASSED.fullmatch(path) for path in value):
        raise _wrong(where, "应为 /v1/ 开头的路径列表", "must be a list of paths that begin with /v1/")
    if known := sorted({*value} & {*ENDPOINTS, "/v1/models"}):
        raise _wrong(where, f"已有端点 {known[0]}，无需放行", f"names {known[0]}, which is served already")
    return tuple(value)


def _upstream(row: object, environment: Mapping[str, str], where: str) -> UpstreamSettings:
    if not isinstance(row, dict):
        raise _wrong(where, "应为键值", "must be a mapping")
    _known(row, _ROW, where)
    name, kind = row.get("name"), row.get("kind", "openai")
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise _wrong(f"{where}.name", "应为字母、数字、点、横线组成的名称", "must be letters, digits, dots and dashes")
    if kind not in KINDS:
        raise _wrong(f"{where}.kind", f"应为 {'、'.join(KINDS)} 之一", f"must be one of {', '.join(KINDS)}")
    if kind == "gguf":
        return UpstreamSettings(
            name, kind, models=_models(row.get("models", {name: name}), where), path=_path(row.get("path"), where)
        )
    if kind != "openai":
        return UpstreamSettings(name, kind, models=_models(row.get("models", {kind: kind}), where))
    url = row.get("base_url")
    if not isinstance(url, str) or not _is_address(url):
        raise _wrong(f"{where}.base_url", "应为 http:// 或 https:// 地址", "must be an http:// or https:// address")
    return UpstreamSettings(
        name, kind, url, _api_key(row, environment, where), _models(row.get("models", EVERY_MODEL), where)
    )


def _with_shares(
    upstream: UpstreamSettings, row: dict[str, object], patience: Patience, *, where: str
) -> UpstreamSettings:
    """Add what any kind of upstream may say: its weight, and its own patience on top of everybody's."""
    weight = row.get("weight", 0)
    if isinstance(weight, bool) or not isinstance(weight, int) or not 0 <= weight <= WEIGHT_MOST:
        raise _wrong(
            f"{where}.weight", f"应为 0 到 {WEIGHT_MOST} 的整数", f"must be a whole number from 0 to {WEIGHT_MOST}"
        )
    own = _numbers(row.get("patience"), Patience, f"{where}.patience")
    if own and upstream.kind != "openai":
        raise _wrong(f"{where}.patience", "只有 openai 类型可以设置", "is for servers of the kind openai only")
    if "tries" in own:
        raise _wrong(f"{where}.patience.tries", "只能在顶层设置", "belongs to the top, for it is about all servers")
    return replace(upstream, weight=weight, patience=Patience(**{**asdict(patience), **own}) if own else None)


def _path(value: object, where: str) -> str:
    if not isinstance(value, str) or not Path(value).is_file():
        raise _wrong(f"{where}.path", "应为一个现有 GGUF 模型文件的路径", "must be the path of a GGUF file that exists")
    return value


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        is_whole = bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is none, brackets that do not close
        return False
    is_bare = parts.username is None and not parts.query and not parts.fragment
    is_plain = url.isascii() and url.isprintable() and " " not in url
    return is_whole and is_bare and is_plain and parts.scheme in {"http", "https"}


def _api_key(row: dict[str, object], environment: Mapping[str, str], where: str) -> str:
    variable, literal = row.get("api_key_env"), row.get("api_key", "")
    key = _given_key(variable, literal, environment, where=where)
    if not (key.isascii() and key.isprintable()):
        raise _wrong(
            f"{where}.api_key", "含有不能放进请求头的字符", "must be printable ASCII, which is what a header can carry"
        )
    return key


def _given_key(variable: object, literal: object, environment: Mapping[str, str], *, where: str) -> str:
    if variable is None:
        if not isinstance(literal, str):
            raise _wrong(f"{where}.api_key", "应为字符串（请加引号）", "must be a string (put it in quotes)")
        return literal
    if not isinstance(variable, str) or not environment.get(variable):
        raise _wrong(
            f"{where}.api_key_env",
            f"环境变量 {variable} 没有设置；请先设置它再启动",
            f"the environment variable {variable} is not set; set it and start again",
        )
    return environment[variable]


def _models(value: object, where: str) -> tuple[tuple[str, str], ...] | None:
    if value == EVERY_MODEL:
        return None
    if isinstance(value, list):
        value = {name: name for name in value if isinstance(name, str)} if value else None
    if isinstance(value, dict) and value and all(isinstance(text, str) for pair in value.items() for text in pair):
        return tuple(value.items())
    raise _wrong(
        f"{where}.models",
        '应为 "*"、名称列表，或“对外名称: 上游名称”的键值',
        'must be "*", a list of names, or a mapping of public name to upstream name',
    )


def _numbers(value: object, shape: type[Limits | Patience | BreakerSettings], where: str) -> dict[str, float]:
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise _wrong(where, "应为键值", "must be a mapping")
    kinds = {item.name: item.type for item in fields(shape)}
    _known(value, frozenset(kinds), where)
    numbers = {key: _number(number, kinds[key], f"{where}.{key}") for key, number in value.items()}
    for key in ("body_bytes", "answer_bytes"):
        if numbers.get(key, 0) > _SIZE_MOST:
            raise _wrong(f"{where}.{key}", f"最多为 {_SIZE_MOST}", f"must be at most {_SIZE_MOST}")
    return numbers


def _number(value: object, kind: object, where: str) -> float:
    allowed: tuple[type, ...] = (int,) if kind is int else (int, float)
    if isinstance(value, bool) or not isinstance(value, allowed) or not 0 < value < 2**40:  # type: ignore[operator]
        raise _wrong(where, "应为正数", "must be a positive number")
    return value  # type: ignore[return-value]


def _known(row: dict[str, object], known: frozenset[str], where: str) -> None:
    for key in row:
        if key not in known:
            raise _wrong(
                where,
                f"不认识的键 {key!r}；可用的键是 {'、'.join(sorted(known))}",
                f"has an unknown key {key!r}; known are {', '.join(sorted(known))}",
            )


def _wrong(where: str, zh: str, en: str) -> ConfigurationError:
    return ConfigurationError(f"{zh}。", f"This {en}.", where=where)
