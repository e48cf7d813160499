"""The public keys of an issuer, from a file or an address, kept for a while and never for too long."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

from guiju.gateway.entrance.errors import IdentityUnavailableError
from guiju.gateway.upstreams.http.client import HttpClient
from guiju.gateway.upstreams.http.errors import HttpError

MOST_BYTES = 262_144
_FRESH_SECONDS = 600.0
_AGAIN_SECONDS = 30.0
_STALE_SECONDS = 3600.0
_FETCH_SECONDS = 5.0
_OK = 200


class KeySetSource:
    """Gives the JWKS text of one issuer.

    It is asked for anew every ten minutes, and, when a token names a key that is not in it, at most every thirty
    seconds. While the issuer does not answer, the last text serves for an hour more; then no token is accepted.
    """

    def __init__(self, place: str, monotonic: Callable[[], float]) -> None:
        """Read `place`: a file, or an https address (http on this machine only)."""
        self._place = place
        self._monotonic = monotonic
        self._text = b""
        self._read_at = float("-inf")
        self._tried_at = float("-inf")
        self._lock = asyncio.Lock()

    async def text(self, *, is_lacking: bool = False) -> bytes:
        """Return the key set; `is_lacking` says that what was given last does not have a wanted key.

        Raises:
            IdentityUnavailableError: there is none, or none that is new enough.
        """
        age = self._monotonic() - self._read_at
        if age > _FRESH_SECONDS or is_lacking:
            async with self._lock:
                await self._refresh()
        if self._monotonic() - self._read_at > _FRESH_SECONDS + _STALE_SECONDS:
            raise IdentityUnavailableError(
                "目前无法取得身份提供方的公钥，因此不能核验用户令牌；请稍后重试。",
                "The keys of the identity provider cannot be had now, so no token can be checked; try again later.",
            )
        return self._text

    async def _refresh(self) -> None:
        now = self._monotonic()
        if now - self._tried_at < _AGAIN_SECONDS:
            return
        self._tried_at = now
        try:
            text = await (self._fetch() if is_address(self._place) else asyncio.to_thread(self._read))
        except (OSError, HttpError, TimeoutError, ValueError):
            return  # the last one serves on, for as long as it may
        self._text, self._read_at = text, now

    def _read(self) -> bytes:
        with Path(self._place).open("rb") as file:
            return _bounded(file.read(MOST_BYTES + 1))

    async def _fetch(self) -> bytes:
        parts = urlsplit(self._place)
        client = HttpClient(f"{parts.scheme}://{parts.netloc}", {"Accept": "application/json"}, connect_seconds=2.0)
        try:
            async with asyncio.timeout(_FETCH_SECONDS):
                response = await client.get(f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}")
                if response.status != _OK:  # a redirect too: keys come from where the operator said
                    raise ValueError(f"HTTP {response.status}")
                text = b""
                while part := await response.read_any():
                    text = _bounded(text + part)
                return text
        finally:
            await client.close()


def is_address(place: str) -> bool:
    """Tell whether keys are fetched from there, and not read from a file."""
    return place.startswith(("https://", "http://"))


def _bounded(text: bytes) -> bytes:
    if len(text) > MOST_BYTES:
        raise ValueError("too large")
    return text
