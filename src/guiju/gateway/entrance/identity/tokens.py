"""Checks a user's token: signature, issuer, audience, times. What is not exactly right is refused."""

import base64
import binascii
import hashlib
from collections.abc import Sequence
from importlib.util import find_spec

import orjson

from guiju.gateway.admission_settings import IssuerSettings
from guiju.gateway.entrance.errors import UserTokenError
from guiju.gateway.entrance.identity.key_sets import KeySetSource
from guiju.gateway.entrance.models import SignedIn
from guiju.kit.clock import Clock
from guiju.kit.errors import ConfigurationError

ALGORITHMS = ("RS256", "PS256", "ES256", "ES384", "Ed25519")
TOKEN_CHARACTERS = 8192
_SUBJECT_CHARACTERS = 255
_LEEWAY_SECONDS = 30
_KEPT_SECONDS = 30.0
_KEPT_MOST = 10_000


class TokenReader:
    """Reads tokens of the configured issuers; one that was checked is remembered for half a minute."""

    def __init__(self, issuers: Sequence[IssuerSettings], clock: Clock) -> None:
        """Trust `issuers`.

        Raises:
            ConfigurationError: there are some, and what checks signatures is not installed.
        """
        if issuers and find_spec("joserfc") is None:
            raise ConfigurationError(
                "配置了身份提供方，但没有安装核验令牌的部件；请安装 guiju[oidc]。",
                "Identity providers are configured, but what checks tokens is not installed; install guiju[oidc].",
                where="users.issuers",
            )
        self._issuers = {issuer.issuer: issuer for issuer in issuers}
        self._keys = {issuer.issuer: KeySetSource(issuer.keys, clock.monotonic) for issuer in issuers}
        self._clock = clock
        self._kept: dict[bytes, tuple[float, SignedIn]] = {}

    async def read(self, token: str) -> SignedIn:
        """Return whose token it is.

        Raises:
            UserTokenError: it is none that can be accepted.
            IdentityUnavailableError: the issuer's keys cannot be had.
        """
        if not 0 < len(token) <= TOKEN_CHARACTERS or not token.isascii():
            raise _refused()
        mark = hashlib.sha256(token.encode()).digest()
        kept = self._kept.get(mark)
        if kept is not None and kept[0] > self._clock.monotonic():
            return kept[1]
        issuer = self._issuers.get(_claimed_issuer(token))
        if issuer is None:
            raise _refused()
        signed_in, seconds = await self._checked(token, issuer)
        if len(self._kept) >= _KEPT_MOST:
            self._kept.clear()
        self._kept[mark] = (self._clock.monotonic() + min(seconds, _KEPT_SECONDS), signed_in)
        return signed_in

    async def _checked(self, token: str, issuer: IssuerSettings) -> tuple[SignedIn, float]:
        source = self._keys[issuer.issuer]
        claims = self._claims(token, await source.text(), issuer)
        if claims is None:
            claims = self._claims(token, await source.text(is_lacking=True), issuer)
        if claims is None:
            raise _refused()
        subject = claims.get(issuer.subject_claim)
        if not isinstance(subject, str) or not 0 < len(subject) <= _SUBJECT_CHARACTERS:
            raise _refused()
        real = claims.get(issuer.real_identity_claim) if issuer.real_identity_claim else None
        until = claims.get("exp")
        seconds = float(until) - self._clock.now().timestamp() if isinstance(until, (int, float)) else 0.0
        is_real = real if isinstance(real, bool) else None
        return SignedIn(issuer.issuer, subject, is_real, issuer.real_identity_method), seconds

    def _claims(self, token: str, keys: bytes, issuer: IssuerSettings) -> dict[str, object] | None:
        """Return the claims of a sound token; None where its key is not among `keys`."""
        from joserfc import jwt  # noqa: PLC0415 - an extra, of which only who configures issuers has need
        from joserfc.errors import InvalidKeyIdError, JoseError  # noqa: PLC0415
        from joserfc.jwk import KeySet  # noqa: PLC0415

        wanted = jwt.JWTClaimsRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=_LEEWAY_SECONDS,
            iss={"essential": True, "value": issuer.issuer},
            aud={"essential": True, "value": issuer.audience},
            exp={"essential": True},
        )
        try:
            decoded = jwt.decode(token, KeySet.import_key_set(orjson.loads(keys)), algorithms=list(ALGORITHMS))
            wanted.validate(decoded.claims)
        except InvalidKeyIdError:
            return None
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            # Whatever is wrong with a token or a key set: the caller learns that it is not accepted, and no more.
            raise _refused() from None
        return dict(decoded.claims)


def _claimed_issuer(token: str) -> str:
    """Return the issuer that a token names, before anything about it is believed."""
    parts = token.split(".")
    if len(parts) != 3:  # noqa: PLR2004 - header, claims, signature
        raise _refused()
    try:
        claims = orjson.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        raise _refused() from None
    return str(claims.get("iss", "")) if isinstance(claims, dict) else ""


def _refused() -> UserTokenError:
    return UserTokenError(
        "用户令牌无效、已过期，或不是由受信任的身份提供方签发；请让用户重新登录后再试。",
        "The user's token is not valid, has ended, or is not of a trusted issuer; let the user sign in again.",
        where="X-Guiju-User-Token",
    )
