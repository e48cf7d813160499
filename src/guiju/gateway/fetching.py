"""Fetches a medium from an address that a caller named: only from hosts that the operator allows, never from inside.

A caller who may name an address could otherwise make this server ask the machines around it (SSRF). So: the host must
be on the list; every address that it has must be a public one, unless the operator said that this host is inside;
the connection goes to the address that was looked at, not to whatever the name gives a moment later; a redirect is an
error; size and time are bounded.
"""

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from guiju.gateway.errors import MediaFetchError
from guiju.moderation.media.settings import MediaSettings

_OK = 200
_CHUNK = 65_536
_PORTS = {"http": 80, "https": 443}
# Addresses that lead to an IPv4 address written inside them (RFC 6052, RFC 8215).
_TRANSLATED = tuple(ipaddress.ip_network(net) for net in ("64:ff9b::/96", "64:ff9b:1::/48"))

Address: TypeAlias = "ipaddress.IPv4Address | ipaddress.IPv6Address"
Resolving: TypeAlias = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True)
class _Target:
    scheme: str
    host: str
    port: int
    path: str
    is_internal: bool


class Fetcher:
    """Fetches over HTTP and HTTPS; blocks."""

    def __init__(self, *, resolve: Resolving | None = None, seconds: float = 10.0) -> None:
        """Give up after `seconds`; `resolve` returns the addresses of a host."""
        self._resolve = resolve or _addresses
        self._seconds = seconds

    def fetch(self, url: str, settings: MediaSettings, *, where: str) -> bytes:
        """Return what stands at `url`; `where` is its place in the request.

        Raises:
            MediaFetchError: it may not be fetched, or cannot be.
        """
        target = _target(url, settings, where)
        deadline = time.monotonic() + self._seconds
        address = self._address(target, where)
        try:
            return self._read(target, address, deadline=deadline, most=settings.bounds.bytes, where=where)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _failed(
                where, f"没有取到（{type(error).__name__}）", f"did not come ({type(error).__name__})"
            ) from error

    def _address(self, target: _Target, where: str) -> str:
        try:
            found = [ipaddress.ip_address(one.partition("%")[0]) for one in self._resolve(target.host, target.port)]
        except (OSError, ValueError) as error:
            raise _failed(where, "的主机名无法解析", "has a host that has no address") from error
        if not found:
            raise _failed(where, "的主机名无法解析", "has a host that has no address")
        if not target.is_internal and not all(is_public(one) for one in found):
            raise _failed(
                where,
                "的主机在内网；若确需如此，请运营方把它写进 media.internal_hosts",
                "has a host inside the network; if that is wanted, the operator writes it under media.internal_hosts",
            )
        return str(found[0])

    def _read(self, target: _Target, address: str, *, deadline: float, most: int, where: str) -> bytes:
        connection = _connect(target, address, self._seconds)
        # A server that sends a byte now and then would outlive every timeout of a single read.
        late = threading.Timer(max(deadline - time.monotonic(), 0.01), _cut, (connection.sock,))
        late.daemon = True
        late.start()
        try:
            headers = {"Host": _host_header(target), "Accept": "*/*", "Accept-Encoding": "identity"}
            connection.request("GET", target.path, headers=headers)
            response = connection.getresponse()
            if response.status != _OK:
                told = "改为跳转，而跳转不予跟随" if 300 <= response.status < 400 else "没有给出内容"  # noqa: PLR2004 - redirects
                said = "redirects, which is not followed" if 300 <= response.status < 400 else "gave nothing"  # noqa: PLR2004 - redirects
                raise _failed(where, f"返回 {response.status}，{told}", f"answered {response.status} and {said}")
            if response.headers.get("Content-Encoding", "identity").lower() != "identity":
                raise _failed(where, "返回了压缩内容", "answered compressed")
            return _bounded(response, deadline, most, where=where)
        finally:
            late.cancel()
            connection.close()


def is_public(address: Address) -> bool:
    """Whether an address is one of the public network, also where an IPv4 address is written inside an IPv6 one."""
    if isinstance(address, ipaddress.IPv6Address):
        inside = address.ipv4_mapped or address.sixtofour or (address.teredo[1] if address.teredo else None)
        if inside is not None:
            return is_public(inside)
        if any(address in net for net in _TRANSLATED):
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
    return address.is_global and not address.is_multicast


def _target(url: str, settings: MediaSettings, where: str) -> _Target:
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise _failed(where, "不是地址", "is no address") from error
    scheme = parts.scheme.lower()
    if scheme not in _PORTS or not host or "@" in parts.netloc:
        raise _failed(where, "不是 http:// 或 https:// 地址", "is no http:// or https:// address")
    port = port or _PORTS[scheme]
    names = {f"{host}:{port}"} | ({host} if port == _PORTS[scheme] else set())
    if not names & {*settings.hosts, *settings.internal_hosts}:
        raise _failed(
            where,
            f"的主机 {host[:80]} 不在允许之列；请改用 data: 地址，或请运营方把它写进策略的 media.hosts",
            f"has the host {host[:80]}, which is not allowed; send it as a data: URL, or ask the operator to write it "
            "under media.hosts in the policy",
        )
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return _Target(scheme, host, port, path, bool(names & set(settings.internal_hosts)))


def _host_header(target: _Target) -> str:
    host = f"[{target.host}]" if ":" in target.host else target.host
    return host if target.port == _PORTS[target.scheme] else f"{host}:{target.port}"


def _connect(target: _Target, address: str, seconds: float) -> http.client.HTTPConnection:
    """Return a connection to `address` that believes it speaks to the host."""
    connection = http.client.HTTPConnection(target.host, target.port, timeout=seconds)
    line = socket.create_connection((address, target.port), timeout=seconds)
    if target.scheme == "https":
        try:
            line = ssl.create_default_context().wrap_socket(line, server_hostname=target.host)
        except BaseException:
            line.close()
            raise
    connection.sock = line
    return connection


def _cut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


def _bounded(response: http.client.HTTPResponse, deadline: float, most: int, *, where: str) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := response.read1(_CHUNK):
        parts.append(part)
        size += len(part)
        if size > most:
            raise _failed(where, f"超过 {most} 字节", f"is longer than {most} bytes")
    if time.monotonic() > deadline:
        raise _failed(where, "太慢", "is too slow")
    if response.length:
        raise _failed(where, "没有传完", "ended early")
    return b"".join(parts)


def _addresses(host: str, port: int) -> Sequence[str]:
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def _failed(where: str, zh: str, en: str) -> MediaFetchError:
    return MediaFetchError(f"{where} 的地址{zh.removeprefix('的')}。", f"The address in {where} {en}.", where=where)
