"""A server's connections: made when needed, kept a while, dropped before the server drops them."""

import asyncio
import ssl
import time
from collections import deque
from dataclasses import dataclass
from urllib.parse import urlsplit

from guiju.gateway.upstreams.http.connection import Connection, HttpResponse
from guiju.gateway.upstreams.http.errors import ConnectFailedError, DisconnectedError

# Below the five seconds after which the usual Python servers drop an idle connection, so that we drop it first.
_KEEP_ALIVE_SECONDS = 4.0


@dataclass(frozen=True, slots=True)
class _Origin:
    host: str
    port: int
    is_tls: bool


class HttpClient:
    """Speaks HTTP/1.1 to one server. Not for several threads."""

    def __init__(self, base_url: str, headers: dict[str, str], *, connect_seconds: float) -> None:
        """Send `headers` with every request to paths of `base_url` (http or https; no user, query or fragment).

        Raises:
            ValueError: it is no such address.
        """
        parts = urlsplit(base_url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise ValueError(f"not an http address: {base_url!r}")
        is_tls = parts.scheme == "https"
        self._origin = _Origin(parts.hostname, parts.port or (443 if is_tls else 80), is_tls)
        self._path = parts.path.rstrip("/")
        self._connect_seconds = connect_seconds
        given = {"Host": parts.netloc.rpartition("@")[2], **headers}
        for name, value in given.items():
            if not (f"{name}{value}").isprintable():
                raise ValueError(f"the header {name!r} has characters that cannot be sent")
        self._headers = "".join(f"{name}: {value}\r\n" for name, value in given.items()).encode("latin-1")
        self._heads: dict[str, bytes] = {}
        self._idle: deque[Connection] = deque()
        self._tls: ssl.SSLContext | None = None

    async def post(self, path: str, body: bytes, *, more: bytes = b"") -> HttpResponse:
        """Send `body`, with `more` whole header lines of ours, and return the answer once its headers are there.

        A kept connection that the server had just dropped answers nothing; then the request goes out once more on a
        new one.

        Raises:
            HttpError: there is no answer.
            OSError: the network refused.
        """
        head = self._heads.get(path)
        if head is None:
            line = f"POST {self._path}{path} HTTP/1.1\r\n".encode("ascii")
            head = self._heads[path] = line + self._headers + b"Content-Length: "
        return await self._exchange(b"%b%d\r\n%b\r\n%b" % (head, len(body), more, body))

    async def send(self, path: str, body: bytes, content_type: str, *, more: bytes = b"") -> HttpResponse:
        """Send `body` of another type than the usual one; as `post`."""
        kept = [line for line in self._headers.split(b"\r\n") if line and not line.lower().startswith(b"content-type:")]
        line = f"POST {self._path}{path} HTTP/1.1".encode("ascii")
        length = b"Content-Length: %d" % len(body)
        lines = (line, *kept, b"Content-Type: " + content_type.encode("latin-1"), length)
        return await self._exchange(b"\r\n".join(lines) + b"\r\n" + more + b"\r\n" + body)

    async def get(self, path: str) -> HttpResponse:
        """Ask for `path`; as `post`."""
        return await self._exchange(f"GET {self._path}{path} HTTP/1.1\r\n".encode("ascii") + self._headers + b"\r\n")

    def release(self, response: HttpResponse) -> None:
        """Say that an answer is no longer needed; its connection is kept when it was read to its end."""
        connection = response.close()
        if connection is not None:
            connection.idle_since = time.monotonic()
            self._idle.append(connection)

    async def close(self) -> None:
        """Close every connection that is kept."""
        while self._idle:
            self._idle.pop().close()

    async def _exchange(self, request: bytes) -> HttpResponse:
        connection = self._kept() or await self._connected()
        try:
            return await self._answered(connection, request)
        except DisconnectedError as error:
            if not error.is_unanswered:
                raise
        return await self._answered(await self._connected(), request)

    async def _answered(self, connection: Connection, request: bytes) -> HttpResponse:
        response = connection.send(request)
        try:
            await response.headed()
        except BaseException:
            connection.close()
            raise
        return response

    def _kept(self) -> Connection | None:
        idle = self._idle
        oldest = time.monotonic() - _KEEP_ALIVE_SECONDS
        while idle and (idle[0].idle_since < oldest or not idle[0].is_open):
            idle.popleft().close()
        while idle:
            connection = idle.pop()
            if connection.is_open:
                return connection
        return None

    async def _connected(self) -> Connection:
        origin = self._origin
        if origin.is_tls and self._tls is None:
            self._tls = ssl.create_default_context()
        try:
            async with asyncio.timeout(self._connect_seconds):
                _, connection = await asyncio.get_running_loop().create_connection(
                    Connection, origin.host, origin.port, ssl=self._tls
                )
        except (TimeoutError, OSError) as error:
            raise ConnectFailedError(str(error) or type(error).__name__) from error
        return connection
