"""The client for model servers against a server of ours that sends exactly the bytes a test wants, cut as it wants."""

import asyncio
import gzip
import itertools
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
import uvloop
from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway.upstreams.http.client import HttpClient
from guiju.gateway.upstreams.http.connection import Connection, HttpResponse
from guiju.gateway.upstreams.http.errors import ConnectFailedError, DisconnectedError, HttpError, MalformedError

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
OK = b"HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: 2\r\n\r\nok"
CHUNKED = (
    b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: Text/Event-Stream\r\nTransfer-Encoding: chunked\r\n"
    b"\r\n5\r\nhello\r\n3;x=y\r\n, w\r\n4\r\norld\r\n0\r\nTrailer: x\r\n\r\n"
)


@asynccontextmanager
async def server(serve: Serve) -> AsyncIterator[HttpClient]:
    """Run a server that answers every connection with `serve`, and give a client of it."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await serve(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            return
        finally:
            writer.close()

    listening = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    client = HttpClient(f"http://127.0.0.1:{port}/v1", {"X-Ours": "1"}, connect_seconds=5)
    try:
        yield client
    finally:
        await client.close()
        listening.close()


async def request_of(reader: asyncio.StreamReader) -> tuple[bytes, bytes]:
    head = await reader.readuntil(b"\r\n\r\n")
    length = next((int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"Content-Length:")), 0)
    return head, await reader.readexactly(length)


def sending(answer: bytes, *, pieces: int = 1, stays: bool = False) -> Serve:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await request_of(reader)
            size = max(1, len(answer) // pieces)
            for at in range(0, len(answer), size):
                writer.write(answer[at : at + size])
                await writer.drain()
                await asyncio.sleep(0)
            if not stays:
                return

    return serve


async def body_of(response: HttpResponse) -> bytes:
    parts = []
    while part := await response.read_any():
        parts.append(part)
    return b"".join(parts)


class _Pipe(asyncio.Transport):
    """A transport that goes nowhere, for feeding a connection by hand."""

    def __init__(self) -> None:
        super().__init__()
        self.is_aborted = False

    def write(self, data: bytes | bytearray | memoryview) -> None:
        """Take it."""

    def abort(self) -> None:
        self.is_aborted = True

    def pause_reading(self) -> None:
        """Nothing is read anyway."""

    def resume_reading(self) -> None:
        """Nothing is read anyway."""


def fed(*pieces: bytes, ends: bool = False) -> tuple[HttpResponse, _Pipe]:
    """Return the answer a connection makes of bytes cut as given."""
    connection, pipe = Connection(), _Pipe()
    connection.connection_made(pipe)
    response = connection.send(b"GET / HTTP/1.1\r\n\r\n")
    for piece in pieces:
        connection.data_received(piece)
    if ends:
        connection.connection_lost(None)
    return response, pipe


async def test_a_request_goes_out_as_it_was_given_and_the_connection_is_kept() -> None:
    seen: list[tuple[bytes, bytes]] = []
    connections = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal connections
        connections += 1
        while True:
            seen.append(await request_of(reader))
            writer.write(OK)

    async with server(serve) as client:
        for body in (b'{"a":1}', "规矩".encode()):
            response = await client.post("/chat/completions", body)
            assert (response.status, response.content_type) == (200, "application/json")
            assert await body_of(response) == b"ok"
            assert response.is_at_end
            client.release(response)
        response = await client.get("/models")
        assert await body_of(response) == b"ok"
        client.release(response)
    assert connections == 1
    assert [body for _, body in seen] == [b'{"a":1}', "规矩".encode(), b""]
    assert seen[0][0].startswith(b"POST /v1/chat/completions HTTP/1.1\r\nHost: 127.0.0.1:")
    assert b"\r\nX-Ours: 1\r\n" in seen[0][0]
    assert seen[2][0].startswith(b"GET /v1/models HTTP/1.1\r\n")


@given(st.lists(st.integers(0, len(CHUNKED)), max_size=40))
def test_however_the_network_cuts_an_answer_it_reads_the_same(cuts: list[int]) -> None:
    edges = [0, *sorted(cuts), len(CHUNKED)]
    response, _ = fed(*(CHUNKED[low:high] for low, high in itertools.pairwise(edges) if low < high))
    assert (response.status, response.content_type, response.keeps_alive) == (200, "text/event-stream", True)
    assert asyncio.run(body_of(response)) == b"hello, world"


@given(junk=st.binary(max_size=400), ends=st.booleans())
def test_no_bytes_make_anything_but_an_answer_or_an_error(*, junk: bytes, ends: bool) -> None:
    for prefix in (b"", b"HTTP/1.1 200 OK\r\n", CHUNKED[:120], OK[:-2]):
        response, _ = fed(prefix, junk, ends=ends)
        if response.is_headed and (response.is_at_end or ends):
            try:
                asyncio.run(body_of(response))
            except HttpError:
                continue


def test_it_speaks_on_the_event_loop_that_serves() -> None:
    async def ask() -> bytes:
        async with server(sending(CHUNKED, pieces=7, stays=True)) as client:
            for _ in range(3):
                response = await client.post("/x", b"")
                body = await body_of(response)
                client.release(response)
        return body

    assert uvloop.run(ask()) == b"hello, world"


async def test_an_answer_that_is_given_up_twice_gives_its_connection_back_once() -> None:
    """Else two requests would go out on one connection, and one caller could get the other's answer."""
    async with server(sending(OK, stays=True)) as client:
        first = await client.post("/x", b"1")
        assert await body_of(first) == b"ok"
        client.release(first)
        client.release(first)
        second = await client.post("/x", b"2")
        third = await client.post("/x", b"3")
        assert second._connection is first._connection
        assert third._connection is not first._connection
        client.release(first)  # nor does it disturb who has the connection now
        assert await body_of(second) == b"ok"
        client.release(second)
        client.release(third)


async def test_a_kept_connection_that_was_dropped_is_replaced_and_the_call_sent_once_more() -> None:
    calls = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        await request_of(reader)
        calls += 1
        writer.write(OK)
        await writer.drain()
        await request_of(reader)  # the second call on this connection is read and never answered

    async with server(serve) as client:
        first = await client.post("/x", b"1")
        await body_of(first)
        client.release(first)
        second = await client.post("/x", b"2")
        assert await body_of(second) == b"ok"
    assert calls == 2


async def test_a_new_connection_that_answers_nothing_is_not_tried_twice() -> None:
    calls = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal calls
        calls += 1
        await request_of(reader)
        writer.close()

    async with server(serve) as client:
        with pytest.raises(DisconnectedError):
            await client.post("/x", b"1")
    assert calls == 1


async def test_a_body_that_ends_before_its_length_is_an_error_not_an_answer() -> None:
    async with server(sending(OK[:-1])) as client:
        response = await client.post("/x", b"")
        with pytest.raises(DisconnectedError):
            await body_of(response)


async def test_a_body_without_a_length_ends_with_its_connection_which_is_not_kept() -> None:
    async with server(sending(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it", pieces=4)) as client:
        response = await client.post("/x", b"")
        assert await body_of(response) == b"all of it"
        assert response.close() is None


async def test_bytes_that_nobody_asked_for_end_a_kept_connection() -> None:
    async with server(sending(OK + OK, stays=True)) as client:
        for _ in range(2):
            response = await client.post("/x", b"")
            assert await body_of(response) == b"ok"
            assert response.close() is None


@pytest.mark.parametrize(
    "answer",
    [
        b"SSH-2.0-OpenSSH_9.2\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\nok",
        b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000,
        b"HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: br\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_what_is_not_http_as_we_take_it_is_refused(answer: bytes) -> None:
    async with server(sending(answer)) as client:
        with pytest.raises((MalformedError, DisconnectedError)):
            await client.post("/x", b"")


@pytest.mark.parametrize("pack", [gzip.compress, zlib.compress])
async def test_an_answer_that_is_compressed_although_nobody_asked_is_unpacked(pack: Callable[[bytes], bytes]) -> None:
    packed = pack(b'{"ok": true}' * 100)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: %b\r\nContent-Length: %d\r\n\r\n"
    name = b"gzip" if pack is gzip.compress else b"deflate"
    async with server(sending(head % (name, len(packed)) + packed, pieces=9)) as client:
        assert await body_of(await client.post("/x", b"")) == b'{"ok": true}' * 100


async def test_an_answer_that_swells_without_end_is_refused() -> None:
    packed = gzip.compress(b"\0" * 50_000_000)
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n" % len(packed)
    async with server(sending(head + packed)) as client:
        with pytest.raises(MalformedError):
            await body_of(await client.post("/x", b""))


async def test_a_server_that_sends_faster_than_we_read_is_slowed_not_hoarded() -> None:
    big = 64 * 1024 * 1024
    sent = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await request_of(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % big)
        while sent < big:
            writer.write(b"x" * 65536)
            await writer.drain()
            sent += 65536

    async with server(serve) as client:
        response = await client.post("/x", b"")
        await asyncio.sleep(0.3)
        assert sent < big // 2
        assert len(await body_of(response)) == big


async def test_a_port_where_nobody_listens_is_said_to_be_that() -> None:
    async with server(sending(OK)) as client:
        pass
    with pytest.raises(ConnectFailedError):
        await client.post("/x", b"")


@pytest.mark.parametrize("address", ["ftp://x/v1", "http://", "http:///v1", "http://x:99999/v1"])
def test_an_address_that_cannot_be_spoken_to_is_refused_at_once(address: str) -> None:
    with pytest.raises(ValueError, match=r"address|[Pp]ort"):
        HttpClient(address, {}, connect_seconds=1)


def test_a_header_that_would_begin_another_line_is_refused() -> None:
    with pytest.raises(ValueError, match="Authorization"):
        HttpClient("http://x/v1", {"Authorization": "Bearer x\r\nX-Evil: 1"}, connect_seconds=1)
