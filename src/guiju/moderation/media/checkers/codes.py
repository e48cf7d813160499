"""QR codes and other codes, decoded by zxing-cpp (Apache-2.0, all in its wheel): the extra `guiju[media]`."""

import ipaddress
from urllib.parse import urlsplit

import numpy as np
import zxingcpp

from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.interface import Picture
from guiju.moderation.media.models import ReadText, Region, Seen, Sighting
from guiju.moderation.media.settings import CodeSettings
from guiju.moderation.models import Finding

NAME = "picture_codes"
_MOST_CODES = 64
_MOST_TEXT = 8000
_ADDRESS = ("http", "https", "ftp", "")
_RUNS = ("javascript", "data", "vbscript", "intent", "file")


class CodeChecker:
    """Reads every code in a picture; its content is text, and an address in it is judged by where it leads."""

    name = NAME

    def __init__(self, settings: CodeSettings) -> None:
        """Judge addresses by `settings`."""
        self._settings = settings

    def look(self, picture: Picture) -> Sighting:
        """Return the contents of the codes, and a finding for each address that is not known to be fine.

        Raises:
            CannotCheckError: there are more codes than anybody could have a use for.
        """
        codes = zxingcpp.read_barcodes(
            np.ascontiguousarray(picture.pixels[:, :, ::-1]), text_mode=zxingcpp.TextMode.Plain
        )
        if len(codes) > _MOST_CODES:
            raise CannotCheckError(
                "too_many_codes",
                f"图片中有 {len(codes)} 个码，最多检查 {_MOST_CODES} 个。",
                f"There are {len(codes)} codes in the picture, at most {_MOST_CODES} are checked.",
            )
        texts = tuple(ReadText("code", code.text[:_MOST_TEXT], _region(code)) for code in codes if code.text)
        seen = [self._judged(read) for read in texts]
        return Sighting(tuple(one for one in seen if one is not None), texts)

    def _judged(self, read: ReadText) -> Seen | None:
        host, is_code = _leads_to(read.text)
        if is_code:
            return _seen(read, "review", "scheme", reason="码的内容会在扫码者的设备上执行或打开文件")
        if not host or _is_under(host, self._settings.allowed):
            return None
        if _is_under(host, self._settings.blocked):
            return _seen(read, "block", host, reason=f"码指向被屏蔽的网址 {host[:80]}")
        return _seen(read, self._settings.urls, host, reason=f"码指向外部网址 {host[:80]}")


def _leads_to(text: str) -> tuple[str, bool]:
    """Return the host that a code leads to, "" for none; and whether it would run something instead."""
    said = text.strip()
    try:
        parts = urlsplit(said)
        scheme, host = parts.scheme.lower(), (parts.hostname or "").rstrip(".")
    except ValueError:
        return "", False
    if scheme in _RUNS:
        return "", True
    if scheme in _ADDRESS and host:
        return _plain_host(host), False
    # Cameras open `www.example.cn/x` too.
    bare = said.split("/", maxsplit=1)[0].lower()
    is_bare = not scheme and "." in bare and " " not in bare and bare.isascii() and bare.startswith("www.")
    return (bare, False) if is_bare else ("", False)


def _plain_host(host: str) -> str:
    try:
        return str(ipaddress.ip_address(host))
    except ValueError:
        pass
    try:
        return host.encode("idna").decode()
    except UnicodeError:
        return host


def _is_under(host: str, hosts: tuple[str, ...]) -> bool:
    return any(host == one or host.endswith(f".{one}") for one in hosts)


def _seen(read: ReadText, wish: str, what: str, *, reason: str) -> Seen:
    finding = Finding(
        detector=NAME,
        risks=(),
        level="high" if wish == "block" else "medium" if wish == "review" else "low",
        wish=wish,
        start=0,
        end=0,
        term_id=f"{NAME}:{what[:80]}",
        view="code",
        reason=reason,
    )
    return Seen(finding, read.region)


def _region(code: zxingcpp.Barcode) -> Region:
    position = code.position
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    across, down = [corner.x for corner in corners], [corner.y for corner in corners]
    return Region(min(across), min(down), max(across) + 1, max(down) + 1)
