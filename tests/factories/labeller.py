"""A labeller of the tests' own for PNG and WAV: it writes the label where a reader of these formats finds it."""

import json
import struct
import zlib

from guiju.kit.errors import InputError

_PNG = b"\x89PNG\r\n\x1a\n"
_KEYWORD = b"AIGC"


class TestLabeller:
    """Labels PNG by a tEXt chunk behind the header, WAV by a chunk at the end."""

    __test__ = False

    def __init__(self) -> None:
        self.labelled: list[str] = []

    def can_label(self, mime: str) -> bool:
        return mime in {"image/png", "audio/wav"}

    def label(self, content: bytes, mime: str, *, content_id: str) -> bytes:
        label = json.dumps({"Label": "1", "ProduceID": content_id}).encode()
        self.labelled.append(content_id)
        if mime == "image/png" and content.startswith(_PNG):
            chunk = b"tEXt" + _KEYWORD + b"\0" + label
            return (
                content[:33]
                + struct.pack(">I", len(chunk) - 4)
                + chunk
                + struct.pack(">I", zlib.crc32(chunk))
                + content[33:]
            )
        if mime == "audio/wav" and content.startswith(b"RIFF"):
            label += b" " * (len(label) % 2)
            return content + _KEYWORD + struct.pack("<I", len(label)) + label
        raise InputError("不是所说的格式。", "It is not what it is said to be.")


def label_of(content: bytes) -> dict[str, str]:
    """Return the label that stands in a PNG or WAV; raises where there is none."""
    if content.startswith(_PNG):
        at = 8
        while at < len(content):
            (length,) = struct.unpack(">I", content[at : at + 4])
            kind, data = content[at + 4 : at + 8], content[at + 8 : at + 8 + length]
            if kind == b"tEXt" and data.startswith(_KEYWORD + b"\0"):
                return dict(json.loads(data[5:]))
            at += 12 + length
        raise AssertionError("no label")
    at = content.index(_KEYWORD)
    (length,) = struct.unpack("<I", content[at + 4 : at + 8])
    return dict(json.loads(content[at + 8 : at + 8 + length]))
