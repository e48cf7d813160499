"""Carries moderation's calls to guard models: our own client, every answer bounded in time and size."""

import asyncio

from guiju.gateway.upstreams.http.client import HttpClient
from guiju.gateway.upstreams.http.errors import HttpError
from guiju.moderation.guards.interface import Address, GuardError

MOST_BYTES = 1_000_000
_CONNECT_SECONDS = 2.0
_MOST_CLIENTS = 64
_OK = 200


class GuardTransport:
    """One pool of connections for each address."""

    def __init__(self) -> None:
        """Connect to nothing yet."""
        self._clients: dict[Address, HttpClient] = {}

    async def post(self, address: Address, path: str, body: bytes, *, seconds: float) -> bytes:
        """Return the body of a successful answer; see the interface."""
        try:
            async with asyncio.timeout(seconds):
                return await self._post(self._client(address), path, body)
        except TimeoutError:
            raise GuardError(f"{seconds * 1000:.0f} 毫秒内没有回答") from None
        except (HttpError, OSError) as error:
            raise GuardError(f"连接失败（{type(error).__name__}）") from None
        except ValueError as error:
            raise GuardError("地址或密钥不可用") from error

    async def aclose(self) -> None:
        """Give back every connection."""
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.close()

    async def _post(self, client: HttpClient, path: str, body: bytes) -> bytes:
        response = await client.post(path, body)
        try:
            if response.status != _OK:
                raise GuardError(f"HTTP {response.status}")
            parts: list[bytes] = []
            size = 0
            while part := await response.read_any():
                size += len(part)
                if size > MOST_BYTES:
                    raise GuardError(f"回答超过 {MOST_BYTES} 字节")
                parts.append(part)
            return b"".join(parts)
        finally:
            client.release(response)

    def _client(self, address: Address) -> HttpClient:
        client = self._clients.get(address)
        if client is None:
            if len(self._clients) >= _MOST_CLIENTS:  # policies that were reloaded with ever new addresses
                self._clients.pop(next(iter(self._clients)))
            headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", **dict(address.headers)}
            client = self._clients[address] = HttpClient(address.base, headers, connect_seconds=_CONNECT_SECONDS)
        return client
