"""Which files can carry a manifest, and what they are called there. Pure."""

import io
from typing import BinaryIO

LARGEST = 2 << 30
"""Larger files are neither signed nor read."""
_TYPES = {
    "png": "image/png",
    "jpeg": "image/jpeg",
    "webp": "image/webp",
    "gif": "image/gif",
    "tiff": "image/tiff",
    "mp4": "video/mp4",
    "avi": "video/avi",
    "wav": "audio/wav",
    "mp3": "audio/mpeg",
    "svg": "image/svg+xml",
}
_READ_ONLY = {"flac": "audio/flac", "pdf": "application/pdf"}
_BRAND = slice(8, 12)
_PIECE, _HEAD = 1 << 20, 32
_ENDS = 16 << 20
_SUPERBOX = b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq"
"""How the description of a manifest store begins, whatever file it stands in (ISO 19566-5; C2PA 2.2, 11.1.4)."""
_ELEMENT = b"<c2pa:manifest"
"""How it begins in SVG, where it stands in Base64."""
_MARKS = (_SUPERBOX, _ELEMENT)
_OVERLAP = max(map(len, _MARKS)) - 1


def media_type_of(format_name: str, head: bytes, *, is_read: bool = False) -> str:
    """Return the media type of a file of a format of ours, as manifests name it; "" where it can carry none.

    Two are read only. In FLAC, signing puts an ID3 tag before the first byte, which RFC 9639 (chapter 8) does not have.
    PDF is written anew as a whole, which breaks the signatures of others in it and the promise that ours is appended.
    """
    if format_name == "heif":
        return "image/avif" if head[_BRAND] in (b"avif", b"avis") else "image/heic"
    if format_name == "mp4" and head[_BRAND] == b"qt  ":
        return "video/quicktime"
    return _TYPES.get(format_name, _READ_ONLY.get(format_name, "") if is_read else "")


def head_of(stream: BinaryIO) -> bytes:
    """Return the first bytes of a stream, which goes back to its beginning."""
    stream.seek(0)
    head = stream.read(_HEAD)
    stream.seek(0)
    return head


def has_manifest(stream: BinaryIO) -> bool:
    """Tell whether a manifest seems to stand in a stream, without what reads them; it goes back to its beginning.

    Formats have it behind their head or at their end: of a long file, these parts are looked at.
    """
    size = stream.seek(0, io.SEEK_END)
    starts = (0,) if size <= 2 * _ENDS else (0, size - _ENDS)
    try:
        return any(
            _stands_in(stream, start, min(size, start + (_ENDS if len(starts) > 1 else size))) for start in starts
        )
    finally:
        stream.seek(0)


def _stands_in(stream: BinaryIO, start: int, end: int) -> bool:
    stream.seek(start)
    kept = b""
    while start < end and (piece := stream.read(min(_PIECE, end - start))):
        start += len(piece)
        seen = kept + piece
        if any(mark in seen for mark in _MARKS):
            return True
        kept = seen[-_OVERLAP:]
    return False
