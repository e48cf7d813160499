"""One bounded HTTP POST for anchors, on the standard library: it runs once a minute, and nobody waits for it."""

import http.client
from dataclasses import dataclass
from urllib.parse import urlsplit

from guiju.kit.errors import ConfigurationError
from guiju.ledger.errors import AnchorError

_MAX_ANSWER = 256 * 1024
_OK = 200


@dataclass(frozen=True, slots=True)
class Answer:
    """What the server said: status and body."""

    status: int
    body: bytes

    @property
    def is_ok(self) -> bool:
        """Whether the status is 200."""
        return self.status == _OK


class Poster:
    """Posts to one address."""

    def __init__(self, url: str, *, timeout_seconds: float) -> None:
        """Post to `url`, `http://` or `https://`.

        Raises:
            ConfigurationError: the address is of neither kind.
        """
        parts = urlsplit(url)
        try:
            port = parts.port
        except ValueError as error:
            raise _bad_url(url) from error
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise _bad_url(url)
        self._url = url
        self._connect = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port = parts.hostname, port
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._timeout = timeout_seconds

    def post(self, body: bytes, content_type: str) -> Answer:
        """Return the answer to `body`.

        Raises:
            AnchorError: nobody answered in time, or what came is no HTTP or too long.
        """
        connection = self._connect(self._host, self._port, timeout=self._timeout)
        try:
            connection.request("POST", self._path, body, {"Content-Type": content_type})
            response = connection.getresponse()
            content = response.read(_MAX_ANSWER + 1)
        except (OSError, http.client.HTTPException) as error:
            raise AnchorError(
                f"锚定服务没有应答：{error}。请检查地址和网络。",
                f"The anchor did not answer: {error}. Check its address and the network.",
                where=self._url,
            ) from error
        finally:
            connection.close()
        if len(content) > _MAX_ANSWER:
            raise AnchorError("锚定服务的应答过长。", "The anchor's answer is too long.", where=self._url)
        return Answer(response.status, content)


def _bad_url(url: str) -> ConfigurationError:
    return ConfigurationError(
        f"锚定地址 {url!r} 无效；请用 http:// 或 https:// 地址。",
        f"{url!r} is no address of an anchor; use http:// or https://.",
        where="anchors",
    )
