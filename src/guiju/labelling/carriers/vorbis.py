"""Vorbis comments, as FLAC, Ogg Vorbis and Opus have them: the comment `AIGC` (510A, annexes C and D)."""

import struct
from dataclasses import dataclass

from guiju.labelling.errors import damaged

_KEY = b"AIGC="
_MOST_COMMENTS = 1 << 16


@dataclass(frozen=True, slots=True)
class Comments:
    """A comment header: who wrote it, the comments as they stand, and what follows them."""

    vendor: bytes
    comments: tuple[bytes, ...]
    rest: bytes

    def labels(self) -> list[str]:
        """Return the labels among the comments."""
        return [one[len(_KEY) :].decode("utf-8", "replace") for one in self.comments if _is_label(one)]

    def with_label(self, label: str | None) -> bytes:
        """Write the header with `label` as its only label, or without any."""
        kept = [one for one in self.comments if not _is_label(one)]
        if label is not None:
            kept.append(_KEY + label.encode())
        pieces = [_sized(self.vendor), struct.pack("<I", len(kept)), *(_sized(one) for one in kept), self.rest]
        return b"".join(pieces)


def _is_label(comment: bytes) -> bool:
    return comment[: len(_KEY)].upper() == _KEY


def _sized(text: bytes) -> bytes:
    return struct.pack("<I", len(text)) + text


def read_comments(body: bytes) -> Comments:
    """Read a comment header.

    Raises:
        DamagedFileError: it contradicts its lengths.
    """
    vendor, at = _take(body, 0)
    if at + 4 > len(body):
        raise damaged("Vorbis 注释在中途结束", "its Vorbis comments end in the middle")
    count = struct.unpack_from("<I", body, at)[0]
    if count > _MOST_COMMENTS:
        raise damaged("Vorbis 注释过多", "too many Vorbis comments")
    at += 4
    found: list[bytes] = []
    for _ in range(count):
        comment, at = _take(body, at)
        found.append(comment)
    return Comments(vendor, tuple(found), body[at:])


def new_comments(label: str) -> bytes:
    """Write a header that holds the label alone."""
    return Comments(b"guiju", (), b"").with_label(label)


def _take(body: bytes, at: int) -> tuple[bytes, int]:
    if at + 4 > len(body):
        raise damaged("Vorbis 注释在中途结束", "its Vorbis comments end in the middle")
    length = struct.unpack_from("<I", body, at)[0]
    end = at + 4 + length
    if end > len(body):
        raise damaged("Vorbis 注释在中途结束", "its Vorbis comments end in the middle")
    return body[at + 4 : end], end
