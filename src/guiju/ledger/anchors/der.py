"""As much of DER (X.690) as a time-stamp request and its answer need. Pure; no length is believed."""

from collections.abc import Iterator

from guiju.ledger.errors import NoteError

INTEGER, BOOLEAN, OCTETS, NULL, OID, SEQUENCE = 0x02, 0x01, 0x04, 0x05, 0x06, 0x30
_LONG = 0x80
_MAX_LENGTH_BYTES = 4


def encode(tag: int, *parts: bytes) -> bytes:
    """Write one value: its tag, the length of its joined parts, and the parts."""
    content = b"".join(parts)
    size = len(content)
    if size < _LONG:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, _LONG | len(length)]) + length + content


def encode_integer(value: int) -> bytes:
    """Write a non-negative INTEGER."""
    return encode(INTEGER, value.to_bytes(value.bit_length() // 8 + 1, "big"))


def encode_oid(text: str) -> bytes:
    """Write an OBJECT IDENTIFIER given in dotted decimals."""
    first, second, *rest = (int(part) for part in text.split("."))
    content = bytearray([first * 40 + second])
    for part in rest:
        groups = [part & 0x7F]
        while part := part >> 7:
            groups.append(_LONG | part & 0x7F)
        content += bytes(reversed(groups))
    return encode(OID, bytes(content))


def values(content: bytes) -> Iterator[tuple[int, bytes]]:
    """Go through the values that stand in `content`, each as its tag and its own content.

    Raises:
        NoteError: a length goes beyond the end, or is written in a way that DER does not allow.
    """
    at = 0
    while at < len(content):
        if at + 2 > len(content):
            raise _bad()
        tag, size = content[at], content[at + 1]
        at += 2
        if size >= _LONG:
            count = size & 0x7F
            if not 0 < count <= _MAX_LENGTH_BYTES or at + count > len(content):
                raise _bad()
            size = int.from_bytes(content[at : at + count], "big")
            at += count
        if at + size > len(content):
            raise _bad()
        yield tag, content[at : at + size]
        at += size


def only(content: bytes, tag: int) -> bytes:
    """Return the content of the first value, which must have `tag`.

    Raises:
        NoteError: it has another, or there is none.
    """
    for found, inner in values(content):
        if found == tag:
            return inner
        break
    raise _bad()


def _bad() -> NoteError:
    return NoteError("不是有效的 DER 编码。", "This is not valid DER.")
