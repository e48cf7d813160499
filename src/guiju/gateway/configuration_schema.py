"""The JSON Schema of the operator's YAML, made from what the reader knows, for editors to complete and check it."""

from dataclasses import fields
from typing import TypeAlias

from guiju.gateway.app_rules import IdentityMethod
from guiju.gateway.configuration import KINDS, WEIGHT_MOST
from guiju.gateway.models import BreakerSettings, Limits, Patience
from guiju.labelling.configuration import label_schema

_Numbers: TypeAlias = type[Limits] | type[Patience] | type[BreakerSettings]


def configuration_schema() -> dict[str, object]:
    """Return the schema (draft 2020-12) of `guiju.yaml`."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "规矩的网关配置 / Guiju's gateway",
        "type": "object",
        "additionalProperties": False,
        "properties": {
            "provider_code": _text("服务提供者编码 / the provider's code, which the AI label names"),
            "health_seconds": _positive("多久检查一次模型服务 / how often upstreams are asked how they do", "number"),
            "limits": _numbers(Limits),
            "patience": _numbers(Patience),
            "breaker": _numbers(BreakerSettings),
            "pass_through": {
                "type": "array",
                "items": {"type": "string", "pattern": "^/v1(/[A-Za-z0-9][A-Za-z0-9._-]*)+$"},
                "description": "照样转交的其他端点 / further endpoints that are passed on",
            },
            "labels": label_schema(),
            "upstreams": {"type": "array", "minItems": 1, "items": _upstream()},
            "users": _mapping(issuers={"type": "array", "items": _issuer()}),
            "prices": _mapping(
                currency=_text("货币 / the currency, CNY unless something else is said"),
                models={"type": "object", "additionalProperties": _price()},
            ),
            "counters": _mapping(
                redis=_text("在哪里计数；不写则在数据库 / where limits are counted; in the database without it"),
                redis_env=_text("存放该地址的环境变量 / the variable that holds that address"),
            ),
            "sanctions": _mapping(
                automatic={"type": "boolean", "default": True},
                suspend_hours=_positive("自动暂停多久 / how long the rule suspends a user", "number"),
            ),
        },
    }


def _issuer() -> dict[str, object]:
    texts = {
        "issuer": _text("令牌的 iss / the iss of its tokens, letter for letter"),
        "audience": _text("令牌的 aud / the aud that they must have"),
        "keys": _text("JWKS：文件或 https 地址 / a file or an https address"),
        "subject_claim": _text("指明使用者的字段 / the claim that names the user"),
        "real_identity_claim": _text("说明真实身份是否核验的字段 / a claim of true or false about the real identity"),
    }
    method: dict[str, object] = {"enum": [method.value for method in IdentityMethod]}
    return {**_mapping(**texts, real_identity_method=method), "required": ["issuer", "audience", "keys"]}


def _price() -> dict[str, object]:
    each = {"type": "number", "minimum": 0, "description": "每百万词元 / of a million tokens"}
    return {**_mapping(input=each, output=each), "required": ["input", "output"]}


def _mapping(**properties: dict[str, object]) -> dict[str, object]:
    return {"type": "object", "additionalProperties": False, "properties": properties}


def _upstream() -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "required": ["name"],
        "properties": {
            "name": {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"},
            "kind": {"enum": list(KINDS), "default": "openai"},
            "base_url": {"type": "string", "pattern": "^https?://"},
            "api_key": _text("密钥；建议改用 api_key_env / better in api_key_env"),
            "api_key_env": _text("存放密钥的环境变量 / the variable that holds the key"),
            "path": _text("GGUF 文件 / a GGUF file"),
            "weight": {
                "type": "integer",
                "minimum": 0,
                "maximum": WEIGHT_MOST,
                "default": 0,
                "description": "按权重分担；0 为备用 / its share; 0 for a reserve",
            },
            "patience": _numbers(Patience, without="tries"),
            "models": {
                "oneOf": [
                    {"const": "*"},
                    {"type": "array", "minItems": 1, "items": {"type": "string"}},
                    {"type": "object", "minProperties": 1, "additionalProperties": {"type": "string"}},
                ]
            },
        },
    }


def _numbers(shape: _Numbers, *, without: str = "") -> dict[str, object]:
    return {
        "type": "object",
        "additionalProperties": False,
        "properties": {
            item.name: {
                "type": "integer" if item.type is int else "number",
                "exclusiveMinimum": 0,
                "default": item.default,
            }
            for item in fields(shape)
            if item.name != without
        },
    }


def _text(description: str) -> dict[str, object]:
    return {"type": "string", "description": description}


def _positive(description: str, kind: str) -> dict[str, object]:
    return {"type": kind, "exclusiveMinimum": 0, "description": description}
