"""What a file is by its bytes, and where it ends: without decoding it, in time linear in its length.

The end matters: a file can be a whole picture with something else behind it that nobody looks at (a polyglot). Formats:
PNG (ISO/IEC 15948, with the animation chunks of its third edition), GIF89a, JPEG (ITU-T T.81 Annex B), WebP (RFC 9649).
"""

import re
from dataclasses import dataclass

from guiju.moderation.media.errors import CannotCheckError

_MOST_PARTS = 200_000
# A marker that ends a stretch of coded JPEG data: not a stuffed 00, not a restart, not a fill byte.
_JPEG_CODED_END = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
_JPEG_ALONE = frozenset((0x01, *range(0xD0, 0xD9)))
_MARKER, _START_OF_SCAN, _END_OF_IMAGE = 0xFF, 0xDA, 0xD9
_MPEG_SYNC = re.compile(rb"\xff[\xe2-\xe7\xf2-\xf7\xfa-\xff]")
_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Container:
    """A picture file.

    Attributes:
        mime: its type.
        format: what the decoder calls it.
        frames: how many pictures it has.
        end: one past its last byte.
    """

    mime: str
    format: str
    frames: int
    end: int


def measure(content: bytes) -> Container:
    """Say what picture `content` is and where it ends.

    Raises:
        CannotCheckError: it is none that is known (`unsupported`), is cut off (`truncated`) or broken (`malformed`).
    """
    if content.startswith(_PNG_SIGNATURE):
        return _png(content)
    if content.startswith((b"GIF87a", b"GIF89a")):
        return _gif(content)
    if content.startswith(b"\xff\xd8\xff"):
        return Container("image/jpeg", "JPEG", 1, _jpeg_end(content))
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return _webp(content)
    raise CannotCheckError(
        "unsupported",
        "不是 PNG、JPEG、GIF 或 WebP 图片；请转换后再发送。",
        "This is no PNG, JPEG, GIF or WebP picture; convert it and send it again.",
    )


def _png(content: bytes) -> Container:
    at, frames = len(_PNG_SIGNATURE), 1
    for _ in range(_MOST_PARTS):
        if at + 12 > len(content):
            raise _truncated()
        size, kind = int.from_bytes(content[at : at + 4]), content[at + 4 : at + 8]
        if kind == b"acTL" and size >= 4:  # noqa: PLR2004 - the count stands in its first four bytes
            frames = max(1, int.from_bytes(content[at + 8 : at + 12]))
        at += 12 + size
        if at > len(content):
            raise _truncated()
        if kind == b"IEND":
            return Container("image/png", "PNG", frames, at)
    raise _malformed()


def _gif(content: bytes) -> Container:
    at, frames = 13 + _colours(content, 10), 0
    for _ in range(_MOST_PARTS):
        kind = content[at : at + 1]
        if kind == b"\x3b":
            return Container("image/gif", "GIF", max(1, frames), at + 1)
        if kind == b"\x2c":
            frames += 1
            at = _gif_blocks(content, at + 11 + _colours(content, at + 9))
        elif kind == b"\x21":
            at = _gif_blocks(content, at + 2)
        else:
            raise _malformed() if kind else _truncated()
    raise _malformed()


def _colours(content: bytes, at: int) -> int:
    """Return the length of the colour table that the flags at `at` announce."""
    flags = content[at] if at < len(content) else 0
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _gif_blocks(content: bytes, at: int) -> int:
    """Skip a chain of sub-blocks; `at` is the length byte of the first."""
    for _ in range(_MOST_PARTS):
        if at >= len(content):
            raise _truncated()
        size = content[at]
        at += 1 + size
        if not size:
            return at
    raise _malformed()


def _jpeg_end(content: bytes) -> int:
    """Walk from marker to marker (T.81 B.1.1.2) to the end of the image."""
    at = 2
    for _ in range(_MOST_PARTS):
        if at + 2 > len(content):
            raise _truncated()
        if content[at] != _MARKER:
            raise _malformed()
        kind = content[at + 1]
        if kind == _END_OF_IMAGE:
            return at + 2
        at = _after_marker(content, at, kind)
    raise _malformed()


def _after_marker(content: bytes, at: int, kind: int) -> int:
    if kind == _MARKER:  # a fill byte
        return at + 1
    if kind in _JPEG_ALONE:
        return at + 2
    at += 2 + int.from_bytes(content[at + 2 : at + 4])
    if kind != _START_OF_SCAN:
        return at
    found = _JPEG_CODED_END.search(content, at)  # coded data follows, up to the next marker
    if found is None:
        raise _truncated()
    return found.start()


def _webp(content: bytes) -> Container:
    size = int.from_bytes(content[4:8], "little")
    end = 8 + size + (size & 1)
    if 8 + size > len(content):
        raise _truncated()
    at, frames = 12, 0
    for _ in range(_MOST_PARTS):
        if at + 8 > 8 + size:
            return Container("image/webp", "WEBP", max(1, frames), min(end, len(content)))
        frames += content[at : at + 4] == b"ANMF"
        length = int.from_bytes(content[at + 4 : at + 8], "little")
        at += 8 + length + (length & 1)
    raise _malformed()


def sniff_sound(content: bytes) -> str:
    """Return the type of a sound file.

    Raises:
        CannotCheckError: it is none that is known.
    """
    if content[:4] == b"RIFF" and content[8:12] == b"WAVE":
        return "audio/wav"
    if content.startswith(b"ID3") or _MPEG_SYNC.match(content):
        return "audio/mpeg"
    if content.startswith(b"fLaC"):
        return "audio/flac"
    if content.startswith(b"OggS"):
        return "audio/ogg"
    raise CannotCheckError(
        "unsupported",
        "不是 WAV、MP3、FLAC 或 Ogg 声音；请转换后再发送。",
        "This is no WAV, MP3, FLAC or Ogg sound; convert it and send it again.",
    )


def sniff_video(content: bytes) -> str:
    """Return the type of a video file.

    Raises:
        CannotCheckError: it is none that is known.
    """
    if content[4:8] == b"ftyp":
        return "video/mp4"
    if content.startswith(b"\x1a\x45\xdf\xa3"):
        return "video/webm"
    raise CannotCheckError(
        "unsupported",
        "不是 MP4、MOV、WebM 或 Matroska 视频；请转换后再发送。",
        "This is no MP4, MOV, WebM or Matroska video; convert it and send it again.",
    )


def _truncated() -> CannotCheckError:
    return CannotCheckError("truncated", "文件不完整；请重新上传。", "The file is cut off; upload it again.")


def _malformed() -> CannotCheckError:
    return CannotCheckError(
        "malformed", "文件已损坏；请重新保存后再发送。", "The file is broken; save it again and send it anew."
    )
