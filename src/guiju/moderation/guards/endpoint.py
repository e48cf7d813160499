"""Asking over HTTP: one pool of connections for all guards, every answer bounded in time and size."""

import asyncio
from collections.abc import Mapping

import aiohttp
import orjson

from guiju.moderation.guards.interface import GuardError

MOST_BYTES = 1_000_000
_CONNECT_SECONDS = 2.0
_KEEP_ALIVE_SECONDS = 4.0
_OK = 200


class Transport:
    """Posts JSON. Made anywhere, used in one event loop at a time; close it with `aclose`."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def post(self, url: str, headers: Mapping[str, str], body: Mapping[str, object], *, seconds: float) -> bytes:
        """Return the body of the answer.

        Raises:
            GuardError: there is none in time, or it is not a success, or it is too large.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._post(url, headers, orjson.dumps(body))
        except TimeoutError:
            raise GuardError(f"{seconds * 1000:.0f} 毫秒内没有回答") from None
        except (aiohttp.ClientError, OSError) as error:
            raise GuardError(f"连接失败（{type(error).__name__}）") from None

    async def _post(self, url: str, headers: Mapping[str, str], data: bytes) -> bytes:
        try:
            return await self._read(url, headers, data)
        except aiohttp.ServerDisconnectedError:
            # A kept connection that the server had just dropped: nothing was answered, so once more on a new one.
            return await self._read(url, headers, data)

    async def _read(self, url: str, headers: Mapping[str, str], data: bytes) -> bytes:
        async with self._client().post(url, data=data, headers=headers, allow_redirects=False) as response:
            if response.status != _OK:
                raise GuardError(f"HTTP {response.status}")
            parts: list[bytes] = []
            size = 0
            while part := await response.content.readany():
                size += len(part)
                if size > MOST_BYTES:
                    raise GuardError(f"回答超过 {MOST_BYTES} 字节")
                parts.append(part)
            return b"".join(parts)

    def _client(self) -> aiohttp.ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS),
                headers={"Content-Type": "application/json", "Accept-Encoding": "identity"},
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session

    async def aclose(self) -> None:
        """Give back every connection."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()
