"""Reads what an app declares of a user: a header of a call, or a request of its own. Nothing else is taken."""

from dataclasses import dataclass

import orjson

from guiju.gateway.app_rules import IdentityMethod
from guiju.gateway.entrance.models import RealIdentity
from guiju.gateway.errors import MalformedRequestError

HEADER = "X-Guiju-Real-Identity"
_FIELDS = frozenset(("user", "state", "method"))
_BODY_BYTES = 4096
_USER_CHARACTERS = 512


@dataclass(frozen=True, slots=True)
class Declaration:
    """What is said of one user."""

    user: str
    state: RealIdentity
    method: IdentityMethod | None


def read_header(text: str) -> tuple[RealIdentity, IdentityMethod | None]:
    """Read `verified; method=mobile_number`.

    Raises:
        MalformedRequestError: it says anything else.
    """
    state, _, rest = text.partition(";")
    name, _, method = rest.strip().partition("=")
    if rest.strip() and name.strip().lower() != "method":
        raise _wrong(HEADER)
    return _state(state.strip(), HEADER), _method(method.strip(), HEADER)


def read_declaration(body: bytes) -> Declaration:
    """Read `{"user": …, "state": …, "method": …}`.

    Raises:
        MalformedRequestError: it says anything else; a field that is not known is refused, so that no number of an
            identity document is ever taken.
    """
    try:
        fields = orjson.loads(body) if len(body) <= _BODY_BYTES else None
    except orjson.JSONDecodeError:
        fields = None
    if (
        not isinstance(fields, dict)
        or set(fields) - _FIELDS
        or not all(isinstance(one, str) for one in fields.values())
    ):
        raise MalformedRequestError(
            "只接受 user、state、method 三个字符串字段；不要发送姓名、手机号或证件号码，这里不收集它们。",
            "Only the strings user, state and method are taken; send no name, phone or identity number: none is kept.",
        )
    user = fields.get("user", "")
    if not 0 < len(user) <= _USER_CHARACTERS:
        raise _wrong("user")
    return Declaration(user, _state(fields.get("state", ""), "state"), _method(fields.get("method", ""), "method"))


def _state(text: str, where: str) -> RealIdentity:
    if text not in set(RealIdentity):
        raise _wrong(where)
    return RealIdentity(text)


def _method(text: str, where: str) -> IdentityMethod | None:
    if text and text not in set(IdentityMethod):
        raise _wrong(where)
    return IdentityMethod(text) if text else None


def _wrong(where: str) -> MalformedRequestError:
    states, methods = "、".join(RealIdentity), "、".join(IdentityMethod)
    return MalformedRequestError(
        f"{where} 无法识别：状态应为 {states} 之一，方式可不填或为 {methods} 之一，用户不超过 {_USER_CHARACTERS} 字。",
        f"{where} cannot be read: a state is one of {', '.join(RealIdentity)}, a method is left out or one of "
        f"{', '.join(IdentityMethod)}, a user has at most {_USER_CHARACTERS} characters.",
        where=where,
    )
