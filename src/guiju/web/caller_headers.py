"""What of a call's headers is read, in one go: who calls, for whom, what the body is, which trace it is part of."""

from collections.abc import Iterable

IDENTITY_ENDPOINT = "guiju/users/identity"
IDENTITY_PATH = f"/v1/{IDENTITY_ENDPOINT}"

AUTHORIZATION, API_KEY = b"authorization", b"x-api-key"
CONTENT_TYPE, CONTENT_ENCODING = b"content-type", b"content-encoding"
AUDIENCE, USER_TOKEN, REAL_IDENTITY = b"x-guiju-audience", b"x-guiju-user-token", b"x-guiju-real-identity"
TRACEPARENT, TRACESTATE = b"traceparent", b"tracestate"
USER = b"x-guiju-user"

_READ = frozenset(
    (
        AUTHORIZATION,
        API_KEY,
        CONTENT_TYPE,
        CONTENT_ENCODING,
        AUDIENCE,
        USER_TOKEN,
        REAL_IDENTITY,
        TRACEPARENT,
        TRACESTATE,
        USER,
    )
)
_KEYS = frozenset((AUTHORIZATION, API_KEY))
_JOINED = frozenset((USER_TOKEN, REAL_IDENTITY, USER))
_AMBIGUOUS = b"ambiguous"

Known = dict[bytes, bytes]


def known_headers(headers: Iterable[tuple[bytes, bytes]]) -> Known:
    """Return the headers that anybody here reads, by their lower-case names.

    A key that is there twice is none: a proxy before us may have read the other one. What is said twice of a user is
    read as both, which is neither: whoever stands between could have meant either.
    """
    found: Known = {}
    for name, value in headers:
        if name not in _READ:
            continue
        if name in found and name in _KEYS:
            found[name] = _AMBIGUOUS
        elif name in found and name in _JOINED:
            found[name] = found[name] + b"," + value
        else:
            found[name] = value
    return found


def authorization_of(found: Known, *, takes_api_key: bool) -> str:
    """Return who calls; Anthropic's clients say that in a header of their own."""
    given = found.get(AUTHORIZATION, b"")
    if takes_api_key and not given and (key := found.get(API_KEY)) is not None:
        given = key if key == _AMBIGUOUS else b"Bearer " + key
    return given.decode("latin-1")


def user_headers(found: Known) -> tuple[str, str]:
    """Return the user's token and what is declared of the real identity; "" for what is not there."""
    token, identity = found.get(USER_TOKEN), found.get(REAL_IDENTITY, b"")
    if token is None:
        return "", identity.decode("latin-1")
    tokens = b",".join(one.removeprefix(b"Bearer ").strip() for one in token.split(b","))
    return tokens.decode("latin-1"), identity.decode("latin-1")
