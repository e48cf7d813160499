"""ID3v2 tags (2.2, 2.3, 2.4): the user text frame `AIGC`; every other frame stays as its writer wrote it."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass

from guiju.labelling.errors import damaged, unsupported

HEAD = 10
_KEY = "AIGC"
_PADDING = 64
_UNSYNCHRONISED, _EXTENDED, _FOOTER = 0x80, 0x40, 0x10
_CODINGS = {0: "latin-1", 1: "utf-16", 2: "utf-16-be", 3: "utf-8"}
_OLD, _MIDDLE, _NEW = 2, 3, 4
_LONGEST_TEXT = 1 << 20
_MOST = 0x0FFFFFFF
_PACKED = {_MIDDLE: 0xC0, _NEW: 0x0C}


@dataclass(frozen=True, slots=True)
class _Frame:
    name: bytes
    flags: int
    raw: bytes
    body: bytes


def tag_length(head: bytes) -> int:
    """Return how long the tag is that begins with `head`, footer included; 0 where there is none."""
    if len(head) < HEAD or head[:3] != b"ID3" or any(byte & 0x80 for byte in head[6:10]):
        return 0
    return HEAD + _synchsafe(head[6:10]) + (HEAD if head[3] == _NEW and head[5] & _FOOTER else 0)


def _synchsafe(four: bytes) -> int:
    return four[0] << 21 | four[1] << 14 | four[2] << 7 | four[3]


def _as_synchsafe(number: int) -> bytes:
    if number > _MOST:
        raise unsupported("ID3 标签超过 256 MiB", "the ID3 tag would pass 256 MiB")
    return bytes(number >> shift & 0x7F for shift in (21, 14, 7, 0))


def _frames_of(tag: bytes) -> tuple[int, bytes]:
    """Return the version and the frames, without extended header and, before 2.4, without unsynchronisation."""
    length = tag_length(tag[:HEAD])
    version, flags = tag[3], tag[5]
    if not length or length > len(tag) or version not in (_OLD, _MIDDLE, _NEW):
        raise damaged("ID3 标签不完整或版本不明", "its ID3 tag is cut short or of an unknown version")
    body = tag[HEAD : HEAD + _synchsafe(tag[6:10])]
    if version == _OLD and flags & _EXTENDED:
        raise unsupported("ID3v2.2 标签是压缩的", "its ID3v2.2 tag is compressed")
    if flags & _UNSYNCHRONISED and version < _NEW:
        body = body.replace(b"\xff\x00", b"\xff")
    if flags & _EXTENDED and version > _OLD:
        size = _synchsafe(body[:4]) if version == _NEW else struct.unpack(">I", body[:4].rjust(4, b"\0"))[0] + 4
        body = body[size:]
    return version, body


def _walk(version: int, body: bytes) -> Iterator[_Frame]:
    head = 6 if version == _OLD else HEAD
    at = 0
    while at + head <= len(body) and body[at]:
        name = body[at : at + (3 if version == _OLD else 4)]
        if not name.isalnum():
            raise damaged("ID3 帧名不对", "the name of an ID3 frame is wrong")
        size = _frame_size(version, body, at)
        end = at + head + size
        if end > len(body):
            raise damaged("ID3 帧在中途结束", "an ID3 frame ends in the middle")
        flags = body[at + 9] if version > _OLD else 0
        yield _Frame(name, flags, body[at:end], body[at + head : end])
        at = end


def _frame_size(version: int, body: bytes, at: int) -> int:
    if version == _OLD:
        return int.from_bytes(body[at + 3 : at + 6], "big")
    four = body[at + 4 : at + 8]
    plain = int.from_bytes(four, "big")
    if version == _MIDDLE or any(byte & 0x80 for byte in four):
        return plain
    size = _synchsafe(four)
    # Some writers of 2.4 wrote plain lengths: whichever leads to a frame or to the end is meant.
    return size if _is_boundary(body, at + HEAD + size) or not _is_boundary(body, at + HEAD + plain) else plain


def _is_boundary(body: bytes, at: int) -> bool:
    return at == len(body) or (at < len(body) and (body[at] == 0 or body[at : at + 4].isalnum()))


def _text(version: int, frame: _Frame) -> tuple[str, str]:
    """Return description and text of a user text frame; nothing of another or a packed one."""
    if frame.name not in (b"TXXX", b"TXX") or frame.flags & _PACKED.get(version, 0) or len(frame.body) > _LONGEST_TEXT:
        return "", ""
    body = frame.body
    if version == _NEW and frame.flags & 0x01:
        body = body[4:]
    if version == _NEW and frame.flags & 0x02:
        body = body.replace(b"\xff\x00", b"\xff")
    coding = _CODINGS.get(body[0]) if body else None
    if coding is None:
        return "", ""
    description, _, text = _decoded(body[1:], coding).partition("\0")
    return description, text.lstrip("\ufeff").strip("\0")


def _decoded(raw: bytes, coding: str) -> str:
    return raw.decode(coding, "replace")


def _is_label(version: int, frame: _Frame) -> bool:
    return _text(version, frame)[0].strip().upper() == _KEY


def labels(tag: bytes) -> list[str]:
    """Return the labels in a tag.

    Raises:
        DamagedFileError: it cannot be read.
        UnsupportedFormatError: it is compressed as a whole.
    """
    version, body = _frames_of(tag)
    return [_text(version, frame)[1] for frame in _walk(version, body) if _is_label(version, frame)]


def without_label(tag: bytes) -> bytes:
    """Return a tag without the label, which is about to stand somewhere else in the file."""
    return _written(tag, None)


def with_label(tag: bytes | None, label: str) -> bytes:
    """Return a tag with `label` as its only label.

    Raises:
        DamagedFileError: the tag cannot be read.
        UnsupportedFormatError: it is compressed as a whole, or would be too long.
    """
    return _written(tag or b"ID3\3\0\0\0\0\0\0", label)


def _written(tag: bytes, label: str | None) -> bytes:
    version, body = _frames_of(tag)
    kept = b"".join(frame.raw for frame in _walk(version, body) if not _is_label(version, frame))
    kept += b"" if label is None else _new_frame(version, label)
    kept += b"\0" * _PADDING
    flags = tag[5] & (_UNSYNCHRONISED if version == _NEW else 0)
    return b"ID3" + bytes((version, tag[4], flags)) + _as_synchsafe(len(kept)) + kept


def _new_frame(version: int, label: str) -> bytes:
    # ASCII where that does; else UTF-16, which every version knows.
    coding, number = ("latin-1", 0) if label.isascii() else ("utf-16", 1)
    body = bytes((number,)) + f"{_KEY}\0".encode(coding) + label.encode(coding)
    if version == _OLD:
        return b"TXX" + len(body).to_bytes(3, "big") + body
    size = _as_synchsafe(len(body)) if version == _NEW else struct.pack(">I", len(body))
    return b"TXXX" + size + b"\0\0" + body
