"""A caller who names an address cannot make the gateway ask the machines around it."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway.errors import MediaFetchError
from guiju.gateway.fetching import Fetcher, is_public
from guiju.moderation.media.settings import MediaBounds, MediaSettings

BODY = b"\x89PNG picture"


class Served:
    """What the server behind the address was asked."""

    port = 0
    paths: list[str]
    hosts: list[str]


class Quiet(ThreadingHTTPServer):
    """A server to which a client that leaves is no news."""

    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        del request, client_address


@pytest.fixture
def server() -> Iterator[Served]:
    served = Served()
    served.paths, served.hosts = [], []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.paths.append(self.path)
            served.hosts.append(self.headers["Host"])
            _behave(self, self.path.strip("/"), served.port)

        def log_message(self, *_: object) -> None:
            pass

    http = Quiet(("127.0.0.1", 0), Handler)
    served.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, daemon=True)
    thread.start()
    yield served
    http.shutdown()
    http.server_close()
    thread.join()


def _behave(handler: BaseHTTPRequestHandler, kind: str, port: int) -> None:
    if kind == "trickle":
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-A: ")
        for _ in range(20):
            handler.wfile.write(b"a")
            time.sleep(0.2)
        return
    handler.send_response({"missing": 404, "redirect": 302}.get(kind, 200))
    headers = {
        "redirect": ("Location", f"http://127.0.0.1:{port}/inside"),
        "packed": ("Content-Encoding", "gzip"),
        "short": ("Content-Length", "1000"),
    }
    if kind in headers:
        handler.send_header(*headers[kind])
    handler.end_headers()
    handler.wfile.write(BODY)
    for _ in range({"endless": 400, "slow": 8}.get(kind, 0)):
        handler.wfile.write(b"x" * 1000)
        time.sleep(0.2 if kind == "slow" else 0)


def inside(port: int, **more: object) -> MediaSettings:
    return MediaSettings(internal_hosts=(f"pictures.inside:{port}",), bounds=MediaBounds(bytes=100_000), **more)  # type: ignore[arg-type]


def fetch(url: str, settings: MediaSettings, *addresses: str, seconds: float = 5.0) -> bytes:
    fetcher = Fetcher(resolve=lambda _host, _port: addresses or ("127.0.0.1",), seconds=seconds)
    return fetcher.fetch(url, settings, where="messages[0].content[0].image_url")


def test_a_picture_is_fetched_from_a_host_that_the_operator_allows(server: Served) -> None:
    url = f"http://pictures.inside:{server.port}/a.png?size=2"
    assert fetch(url, inside(server.port)) == BODY
    assert server.paths == ["/a.png?size=2"]
    assert server.hosts == [f"pictures.inside:{server.port}"]


@pytest.mark.parametrize(
    "url",
    [
        "http://other.inside:{port}/",
        "http://pictures.inside/",
        "http://127.0.0.1:{port}/",
        "http://pictures.inside.attacker.example:{port}/",
        "http://pictures.inside:{port}@127.0.0.1:{port}/",
        "http://user@pictures.inside:{port}/",
        "ftp://pictures.inside:{port}/",
        "file:///etc/passwd",
        "http://[::1]:{port}/",
        "http://[::1/",
        "http://pictures.inside:99999/",
        "http:///x",
    ],
)
def test_any_other_address_is_refused_before_anything_is_asked(server: Served, url: str) -> None:
    with pytest.raises(MediaFetchError):
        fetch(url.format(port=server.port), inside(server.port))
    assert server.paths == []


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.8.9.10",
        "0.0.0.0",  # noqa: S104 - an address that must not be asked
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1",
        "fc00::1",
        "ff02::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::7f00:1",
    ],
)
def test_a_host_with_an_address_inside_is_refused_even_among_public_ones(server: Served, address: str) -> None:
    assert not is_public(ip_address(address))
    settings = MediaSettings(hosts=(f"pictures.example.cn:{server.port}",))
    for addresses in ((address,), ("8.8.8.8", address), (address, "8.8.8.8")):
        with pytest.raises(MediaFetchError) as caught:
            fetch(f"http://pictures.example.cn:{server.port}/", settings, *addresses)
        assert "internal_hosts" in caught.value.en
    assert server.paths == []


@pytest.mark.parametrize("address", ["8.8.8.8", "223.5.5.5", "2400:3200::1", "64:ff9b::808:808"])
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("redirect", "redirects"),
        ("missing", "404"),
        ("packed", "compressed"),
        ("endless", "longer than"),
        ("slow", "too slow"),
        ("trickle", "too slow"),
        ("short", "ended early"),
    ],
)
def test_an_answer_that_is_no_picture_is_a_clear_error(server: Served, path: str, said: str) -> None:
    began = time.monotonic()
    with pytest.raises(MediaFetchError) as caught:
        fetch(f"http://pictures.inside:{server.port}/{path}", inside(server.port), seconds=0.5)
    assert said in caught.value.en
    assert time.monotonic() - began < 2
    assert "inside" not in server.paths
    assert len(server.paths) == 1


def test_a_server_that_is_not_there_is_a_clear_error() -> None:
    with pytest.raises(MediaFetchError):
        fetch("http://pictures.inside:9/", inside(9))


@given(st.text(max_size=60))
def test_whatever_is_called_an_address_is_fetched_or_a_media_error(text: str) -> None:
    for url in (text, f"http://{text}", f"https://pictures.inside{text}"):
        with pytest.raises(MediaFetchError):
            fetch(url, MediaSettings())
