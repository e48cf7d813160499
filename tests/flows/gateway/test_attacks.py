"""What an attacker sends to the gateway's socket, and what comes of it: rows of docs/how-to/threat-model.md."""

import asyncio
import gzip
import json
import socket
import sys
import threading
import tracemalloc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import FrameType

import orjson
import pytest
from tests.flows.gateway.house import House, MediaRoom, house_in
from tests.flows.gateway.test_media import Scripted

from guiju.gateway.models import ChatCall
from guiju.gateway.stages.authenticate import Callers, hash_key
from guiju.kit.clock import SystemClock
from guiju.moderation.media.blocklist import BlockList
from guiju.moderation.media.build import Tools, build_tools
from guiju.moderation.media.settings import MediaSettings

SMUGGLED = b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nX-Smuggled: 1\r\nContent-Length: 0\r\n\r\n"
# What our client sends to a model server; nothing that a caller sends may join it.
OURS = {"host", "content-type", "accept-encoding", "user-agent", "content-length", "authorization"}


async def speak(house: House, raw: bytes) -> bytes:
    """Send bytes and return all that comes until the server closes, or keeps silent."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(house.url.rsplit(":", 1)[1]))
    got = b""
    try:
        writer.write(raw)
        await writer.drain()
        while part := await asyncio.wait_for(reader.read(65536), 0.7):
            got += part
    except (TimeoutError, ConnectionError):
        pass
    writer.close()
    return got


def request(house: House, body: bytes, *lines: bytes) -> bytes:
    head = [b"POST /v1/chat/completions HTTP/1.1", b"Host: x", f"Authorization: Bearer {house.key}".encode(), *lines]
    return b"\r\n".join(head) + b"\r\n\r\n" + body


@pytest.mark.parametrize(
    "name", ["length and chunks", "two lengths", "a signed length", "odd chunks", "folded", "bare newline", "space"]
)
async def test_a_second_request_cannot_be_hidden_in_the_first(house: House, name: str) -> None:
    body = orjson.dumps(house.request())
    length = f"Content-Length: {len(body)}".encode()
    lines = {
        "length and chunks": (length, b"Transfer-Encoding: chunked"),
        "two lengths": (length, f"Content-Length: {len(body) + len(SMUGGLED)}".encode()),
        "a signed length": (f"Content-Length: +{len(body)}".encode(),),
        "odd chunks": (b"Transfer-Encoding: xchunked",),
        "folded": (length, b"X-A: b", b" Transfer-Encoding: chunked"),
        "bare newline": (length + b"\nTransfer-Encoding: chunked",),
        "space": (length, b"Transfer-Encoding : chunked"),
    }[name]
    got = await speak(house, request(house, body, *lines) + SMUGGLED)
    answers = got.count(b"HTTP/1.1 ")
    # Either the first request is refused and the connection with it, or it is taken by its length, and what stands
    # behind that length is a request of its own, without a key: never part of the first, never unseen.
    assert answers <= 2
    assert len(house.upstream.seen) <= 1
    if answers == 2:
        assert b"401" in got.split(b"HTTP/1.1 ")[2][:4]
        assert house.upstream.seen[0].body["messages"] == house.request()["messages"]
    assert (await house.post(house.request()))[0] == 200


async def test_a_request_that_two_servers_could_read_in_two_ways_is_refused(house: House) -> None:
    body = orjson.dumps(house.request())
    length = f"Content-Length: {len(body)}".encode()
    for lines in ((length, b"Content-Length: 5"), (length, b"Transfer-Encoding: chunked"), (length + b"\x00",)):
        got = await speak(house, request(house, body, *lines))
        assert not got.startswith(b"HTTP/1.1 200")
    assert house.upstream.seen == []


async def test_two_keys_in_one_request_are_none(house: House) -> None:
    body = orjson.dumps(house.request())
    length = f"Content-Length: {len(body)}".encode()
    for other in (b"Bearer gj-other", f"Bearer {house.key}".encode()):
        got = await speak(house, request(house, body, length, b"Authorization: " + other))
        assert got.startswith(b"HTTP/1.1 401")


async def test_nothing_of_a_callers_headers_reaches_the_model_server(house: House) -> None:
    hostile = {
        "Cookie": "a=b",
        "X-Forwarded-For": "1.2.3.4",
        "X-Api-Key": "x",
        "Forwarded": "for=1",
        "X-Evil": "1",
        "Connection": "X-Evil",
        "Expect": "",
        "Host": "other.example",
        "Referer": "https://x/?q=13800138000",
    }
    assert (await house.post(house.request(), **hostile))[0] == 200
    seen = house.upstream.seen[-1].headers
    assert set(seen) <= OURS
    assert seen["host"] == house.upstream.url.removeprefix("http://")
    assert house.key not in str(seen)


async def test_a_packed_bomb_is_refused_unopened(house: House) -> None:
    bomb = gzip.compress(b'{"model": "m", "messages": "' + b"x" * 80_000_000 + b'"}')
    assert len(bomb) < 100_000
    tracemalloc.start()
    status, _, raw = await house.post(bomb, **{"Content-Encoding": "gzip", "Content-Type": "application/json"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (status, orjson.loads(raw)["error"]["code"]) == (415, "unsupported_encoding")
    assert peak < 8_000_000
    for encoding in ("br", "zstd", "gzip, gzip", "deflate"):
        assert (await house.post(bomb, **{"Content-Encoding": encoding}))[0] == 415


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"messages": [{"role": "user", "content": "x"}] * 3000}, 400),
        ({"messages": [{"role": "user", "content": "x" * 210_000}]}, 413),
        ({"tools": [{"a": [[[[["x"]]]]]}] * 20_000}, 413),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}] * 5000}]}, 200),
        ({"n": 10**30}, 400),
        ({"max_tokens": 10**400}, 400),
        ({"logit_bias": {str(i): 1 for i in range(10_000)}}, 200),
    ],
)
async def test_a_prompt_as_large_as_it_may_be_is_bounded_and_others_go_on(
    house: House, fields: dict[str, object], status: int
) -> None:
    got, _, _ = await house.post(json.dumps({**house.request(), **fields}).encode())
    assert got == status
    assert (await house.post(house.request()))[0] == 200


@contextmanager
def counted_calls() -> Iterator[list[str]]:
    calls: list[str] = []

    def note(frame: FrameType, event: str, _argument: object) -> None:
        if event in {"call", "c_call"}:
            calls.append(frame.f_code.co_name)

    sys.setprofile(note)
    try:
        yield calls
    finally:
        sys.setprofile(None)


async def test_a_key_that_is_nearly_right_takes_the_same_way_as_one_that_is_all_wrong(house: House) -> None:
    looked_up: list[str] = []

    def look_up(digest: str) -> None:
        looked_up.append(digest)

    nearly = house.key[:-1] + ("a" if house.key[-1] != "a" else "b")
    wrong = "gj-" + "z" * (len(house.key) - 3)
    steps = []
    for key in (nearly, wrong, nearly[::-1]):
        callers = Callers(look_up, str, SystemClock())
        with counted_calls() as calls, pytest.raises(Exception, match="API"):
            await callers.app(ChatCall(b"", f"Bearer {key}"))
        steps.append([name for name in calls if name in {"app", "hash_key", "partition", "strip", "_keep"}])
    assert steps[0] == steps[1] == steps[2]
    # Only the SHA-256 is compared: how many characters were right cannot be read from how long that took.
    assert looked_up == [hash_key(key) for key in (nearly, wrong, nearly[::-1])]
    answers = {(await house.post(house.request(), Authorization=f"Bearer {key}"))[2] for key in (nearly, wrong)}
    assert len(answers) == 1


def tools(settings: MediaSettings, blocked: BlockList, environment: Mapping[str, str]) -> Tools:
    return Tools(settings, blocked, (Scripted(),), build_tools(settings, blocked, environment).transcriber)


@contextmanager
def canary() -> Iterator[tuple[int, list[bytes]]]:
    """Listen as a machine inside the network would, and keep what anybody says to it."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.05)
        is_over = threading.Event()

        def listen() -> None:
            while not is_over.is_set():
                try:
                    line, _ = listener.accept()
                except TimeoutError:
                    continue
                heard.append(b"connected")
                line.close()

        thread = threading.Thread(target=listen, daemon=True)
        thread.start()
        yield listener.getsockname()[1], heard
        is_over.set()
        thread.join()


async def test_a_picture_address_never_makes_us_ask_a_machine_inside(tmp_path: Path, sqlite_url: str) -> None:
    with canary() as (port, heard):
        # The operator allowed these hosts, and never said that they are inside: that alone must not open them.
        hosts = f'pictures.example, localhost, "localhost:{port}", "127.0.0.1:{port}", "[::1]:{port}"'
        section = f'\nmedia:\n  enabled: "true"\n  hosts: [{hosts}]\n'
        async with house_in(tmp_path, sqlite_url, media=MediaRoom(section, tools)) as house:
            await _ask_for_pictures(house, port)
            assert heard == []
            assert house.upstream.seen == []


async def _ask_for_pictures(house: House, port: int) -> None:
    for address in (
        *(f"http://{host}:{port}/" for host in ("127.0.0.1", "localhost", "[::1]", "0.0.0.0", "2130706433")),  # noqa: S104
        *(f"http://{host}:{port}/" for host in ("0x7f.1", "127.1", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]")),
        *(f"http://pictures.example@127.0.0.1:{port}/", f"http://127.0.0.1:{port}#pictures.example"),
        *(f"HTTP://LOCALHOST.:{port}/", f"http:127.0.0.1:{port}", f"//127.0.0.1:{port}/", "http://localhost/"),
        *("file:///etc/passwd", "gopher://127.0.0.1:1/", "ftp://localhost/x", "http://169.254.169.254/latest"),
        *("http://pictures.example\r\nHost: x/", "http://pictures.example/\x00", "jar:http://localhost!/"),
    ):
        part = {"type": "image_url", "image_url": {"url": address}}
        message = {"role": "user", "content": [{"type": "text", "text": "看图"}, part]}
        status, _, raw = await house.post({"model": "m", "messages": [message]})
        assert status == 400, (address, raw)
        assert orjson.loads(raw)["error"]["code"] in {"media_fetch_failed", "malformed_request"}
