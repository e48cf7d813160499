"""One connection to a server, and the answer that is being read from it."""

import asyncio
import zlib
from typing import cast

import httptools

from guiju.gateway.upstreams.http.errors import DisconnectedError, HttpError, MalformedError

_MOST_WAITING = 256 * 1024
_MOST_HEADER_BYTES = 64 * 1024
_MOST_INFLATED = 1024 * 1024
_FINAL = 200
_NO_BODY = frozenset((204, 304))
_ANY_FORMAT = 47  # zlib: gzip or zlib, told from the data itself


class Connection(asyncio.Protocol):
    """Sends one request at a time and reads its answer; httptools calls its `on_` methods while bytes come in."""

    def __init__(self) -> None:
        """Wait for the transport."""
        self.idle_since = 0.0
        self.is_open = True
        self.is_fresh = True
        self.response: HttpResponse | None = None
        self._transport: asyncio.Transport | None = None
        self._parser: httptools.HttpResponseParser | None = None
        self._header_bytes = 0

    def send(self, request: bytes) -> "HttpResponse":
        """Write a whole request and return the answer to come; the connection is taken until it is whole."""
        assert self._transport is not None  # noqa: S101 - connections are handed out connected
        response = self.response = HttpResponse(self)
        self._parser = httptools.HttpResponseParser(self)
        self._header_bytes = 0
        self._transport.write(request)
        return response

    def close(self) -> None:
        """Close at once; what was not read is lost."""
        self.is_open = False
        if self._transport is not None:
            self._transport.abort()

    def pause(self) -> None:
        """Read no more from the network for now."""
        if self._transport is not None:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Go on reading."""
        if self._transport is not None and self.is_open:
            self._transport.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take the transport; asyncio calls this."""
        self._transport = cast("asyncio.Transport", transport)  # a stream's transport, which is what was asked for

    def data_received(self, data: bytes) -> None:
        """Take bytes; asyncio calls this."""
        response, parser = self.response, self._parser
        if response is None or parser is None:
            self.close()  # nobody asked
            return
        response.has_begun = True
        if not response.is_headed:
            self._header_bytes += len(data)
        try:
            parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade) as error:
            cause = error.__context__
            self._fail(response, cause if isinstance(cause, HttpError) else MalformedError(str(error)))
            return
        if not response.is_headed and self._header_bytes > _MOST_HEADER_BYTES:
            self._fail(response, MalformedError("the headers are too large"))
            return
        response.wake()

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002 - asyncio's signature; how is no matter
        """Hear that the connection is gone; asyncio calls this."""
        self.is_open = False
        response, self.response = self.response, None
        if response is not None:
            response.lose()

    def on_message_begin(self) -> None:
        """Hear that an answer begins; one that nobody asked for ends the connection. The parser calls this."""
        if self.response is None:
            self.close()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header of the answer, or of an interim one; the parser calls this."""
        if self.response is not None:
            self.response.headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        """Take the status; the parser calls this."""
        response, parser = self.response, self._parser
        if response is None or parser is None:
            return
        status = parser.get_status_code()
        if status < _FINAL:
            response.headers.clear()  # an interim answer; the final one follows
            return
        response.start(status, keeps_alive=parser.should_keep_alive())

    def on_body(self, body: bytes) -> None:
        """Take a piece of the body; the parser calls this."""
        response = self.response
        if response is not None and response.take(body) > _MOST_WAITING:
            response.is_paused = True
            self.pause()

    def on_message_complete(self) -> None:
        """Take the end of the answer; the parser calls this."""
        response = self.response
        if response is None or not response.is_headed:
            return
        self.response = None
        self.is_fresh = False
        response.finish()

    def _fail(self, response: "HttpResponse", error: HttpError) -> None:
        self.response = None
        self.close()
        response.fail(error)


class HttpResponse:
    """An answer: its status and headers, then its body, whole or as it comes.

    Attributes:
        status: the HTTP status, once `headed` has returned.
        headers: lower-case names with their last value.
        has_begun: whether any byte of it has come.
        is_headed: whether the headers are complete.
        is_paused: whether the connection is not read because too much waits here.
        keeps_alive: whether the connection may carry another request when this answer was read to its end.
    """

    def __init__(self, connection: Connection) -> None:
        """Belong to `connection`."""
        self.status = 0
        self.headers: dict[bytes, bytes] = {}
        self.has_begun = self.is_headed = self.is_paused = self.keeps_alive = False
        self._connection = connection
        self._pieces: list[bytes] = []
        self._waiting_bytes = 0
        self._is_whole = False
        self._error: HttpError | None = None
        self._waiter: asyncio.Future[None] | None = None
        self._inflater: zlib._Decompress | None = None
        self._has_length = self._is_given_up = False

    @property
    def is_at_end(self) -> bool:
        """Whether the body is whole and all of it was read."""
        return self._is_whole and not self._pieces

    @property
    def content_type(self) -> str:
        """The media type without its parameters, in lower case."""
        return self.headers.get(b"content-type", b"").split(b";", 1)[0].strip().lower().decode("latin-1")

    async def headed(self) -> None:
        """Wait for status and headers.

        Raises:
            DisconnectedError: the server closed the connection before.
            MalformedError: it does not speak HTTP.
        """
        while not self.is_headed:
            if self._error is not None:
                raise self._error
            await self._wait()

    async def read_any(self) -> bytes:
        """Wait for the next bytes of the body and return all that have come; nothing at its end.

        Raises:
            DisconnectedError: the body ends before it is whole.
            MalformedError: it is not what its headers say.
        """
        while not self._pieces:
            if self._error is not None:
                raise self._error
            if self._is_whole:
                return b""
            await self._wait()
        pieces, self._pieces = self._pieces, []
        self._waiting_bytes = 0
        if self.is_paused:
            self.is_paused = False
            self._connection.resume()
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def close(self) -> Connection | None:
        """Give the answer up; returns the connection when it can carry another request, else closes it.

        Only the first time: by the second, the connection may be carrying somebody else's answer.
        """
        if self._is_given_up:
            return None
        self._is_given_up = True
        connection = self._connection
        if self._is_whole and self.keeps_alive and connection.is_open and connection.response is None:
            return connection
        connection.close()
        return None

    def start(self, status: int, *, keeps_alive: bool) -> None:
        """Take status and headers."""
        self.status = status
        self.keeps_alive = keeps_alive
        headers = self.headers
        chunked = b"chunked" in headers.get(b"transfer-encoding", b"").lower()
        self._has_length = chunked or b"content-length" in headers or status in _NO_BODY
        encoding = headers.get(b"content-encoding", b"").strip().lower()
        if encoding in {b"gzip", b"x-gzip", b"deflate"}:
            self._inflater = zlib.decompressobj(_ANY_FORMAT)
        elif encoding not in {b"identity", b""}:
            raise MalformedError("the answer has an encoding that nobody asked for")
        self.is_headed = True

    def take(self, body: bytes) -> int:
        """Take a piece of the body and return how many bytes wait."""
        if self._inflater is not None:
            body = self._inflated(body)
        if body:
            self._pieces.append(body)
            self._waiting_bytes += len(body)
        return self._waiting_bytes

    def finish(self) -> None:
        """Take the end."""
        if self._inflater is not None and not self._inflater.eof:
            self.fail(MalformedError("the compressed answer is cut"))
            return
        self._is_whole = True
        self.wake()

    def fail(self, error: HttpError) -> None:
        """End with an error; what was read before it can still be had."""
        self._error = self._error or error
        self.wake()

    def lose(self) -> None:
        """Hear that the connection is gone: the end of a body without a length, a cut of any other."""
        if self.is_headed and not self._has_length:
            self.keeps_alive = False
            self.finish()
        else:
            self.fail(DisconnectedError(is_unanswered=not self.has_begun and not self._connection.is_fresh))

    def wake(self) -> None:
        """Let whoever waits look again."""
        waiter = self._waiter
        if waiter is not None:
            self._waiter = None
            if not waiter.done():
                waiter.set_result(None)

    async def _wait(self) -> None:
        self._waiter = asyncio.get_running_loop().create_future()
        await self._waiter

    def _inflated(self, body: bytes) -> bytes:
        assert self._inflater is not None  # noqa: S101 - asked before
        try:
            made = self._inflater.decompress(body, _MOST_INFLATED)
        except zlib.error as error:
            raise MalformedError("the answer is not compressed as its header says") from error
        if self._inflater.unconsumed_tail:
            raise MalformedError("the answer swells too much when it is unpacked")
        return made
