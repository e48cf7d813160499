"""As much of the syntax of PDF (ISO 32000-1 §7.3) as finding and keeping one dictionary needs; values stay raw."""

import re
from dataclasses import dataclass

from guiju.labelling.errors import damaged

_SPACE = b" \t\r\n\f\0"
_DELIMITERS = b"()<>[]{}/%"
_DEPTH = 64
_NUMBER = re.compile(rb"[+-]?\d{1,19}")
_ESCAPES = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}
REFERENCE = re.compile(rb"\s*(\d{1,10})\s+(\d{1,5})\s+R(?![A-Za-z0-9])")
"""A value that refers to an object: its number and generation."""
_REGULAR = re.compile(rb"[^ \t\r\n\f\0()<>\[\]{}/%]+")
_OCTAL = re.compile(rb"[0-7]{1,3}")


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A dictionary: each key with its value as it stands, and where the dictionary ends in what was read."""

    entries: tuple[tuple[bytes, bytes], ...]
    end: int

    def get(self, key: bytes) -> bytes | None:
        """Return the raw value of a key."""
        return next((value for name, value in self.entries if name == key), None)

    def written(self) -> bytes:
        """Write the entries as they stand in a dictionary."""
        return b"".join(b"/%s %s " % (name_of(key), value) for key, value in self.entries)

    def number(self, key: bytes) -> int | None:
        """Return a value that is a number; None of anything else."""
        value = self.get(key)
        return int(value) if value is not None and _NUMBER.fullmatch(value) else None

    def reference(self, key: bytes) -> tuple[int, int] | None:
        """Return a value that refers to an object; None of anything else."""
        match = REFERENCE.fullmatch(self.get(key) or b"")
        return (int(match[1]), int(match[2])) if match else None


def name_of(key: bytes) -> bytes:
    """Write a key with the escapes that a name needs."""
    return re.sub(rb"[^!-~]|[#()<>\[\]{}/%]", lambda match: b"#%02x" % match[0][0], key)


def _wrong() -> Exception:
    return damaged("PDF 对象语法不对", "the syntax of a PDF object is wrong")


def skip_space(text: bytes, at: int) -> int:
    """Return the place of what comes next, behind blanks and comments."""
    while at < len(text):
        if text[at] in _SPACE:
            at += 1
        elif text[at : at + 1] == b"%":
            ends = [place for place in (text.find(b"\n", at), text.find(b"\r", at)) if place >= 0]
            at = min(ends, default=len(text))
        else:
            break
    return at


def read_dictionary(text: bytes, at: int) -> Dictionary:
    """Read the dictionary at `at`.

    Raises:
        DamagedFileError: there is none, or it does not end.
    """
    at = skip_space(text, at)
    if text[at : at + 2] != b"<<":
        raise _wrong()
    return _dictionary(text, at + 2, 0)


def read_value(text: bytes, at: int) -> bytes:
    """Return the value at `at` as it stands.

    Raises:
        DamagedFileError: there is none, or it does not end.
    """
    at = skip_space(text, at)
    return text[at : _end_of_value(text, at, 0)]


def _dictionary(text: bytes, at: int, depth: int) -> Dictionary:
    entries: list[tuple[bytes, bytes]] = []
    while True:
        at = skip_space(text, at)
        if text[at : at + 2] == b">>":
            return Dictionary(tuple(entries), at + 2)
        if text[at : at + 1] != b"/":
            raise _wrong()
        end = _end_of_value(text, at, depth)
        key = text[at + 1 : end]
        at = skip_space(text, end)
        end = _end_of_value(text, at, depth)
        entries.append((_name(key), text[at:end]))
        at = end


def _name(raw: bytes) -> bytes:
    return re.sub(rb"#([0-9A-Fa-f]{2})", lambda match: bytes.fromhex(match[1].decode()), raw)


def _end_of_value(text: bytes, at: int, depth: int) -> int:
    """Return where the value at `at` ends."""
    if depth > _DEPTH or at >= len(text):
        raise _wrong()
    if text.startswith(b"<<", at):
        return _dictionary(text, at + 2, depth + 1).end
    first = text[at : at + 1]
    if first == b"(":
        return _end_of_string(text, at)
    if first == b"<":
        end = text.find(b">", at)
        if end < 0:
            raise _wrong()
        return end + 1
    if first == b"[":
        return _end_of_array(text, at + 1, depth)
    return _end_of_word(text, at)


def _end_of_word(text: bytes, at: int) -> int:
    if reference := REFERENCE.match(text, at):
        return reference.end()
    is_name = text[at : at + 1] == b"/"
    word = _REGULAR.match(text, at + is_name)
    if word is None and not is_name:
        raise _wrong()
    return word.end() if word else at + 1


def _end_of_array(text: bytes, at: int, depth: int) -> int:
    while True:
        at = skip_space(text, at)
        if text[at : at + 1] == b"]":
            return at + 1
        at = _end_of_value(text, at, depth + 1)


def _end_of_string(text: bytes, at: int) -> int:
    depth = 0
    while at < len(text):
        byte = text[at]
        if byte == ord("\\"):
            at += 1
        elif byte == ord("("):
            depth += 1
        elif byte == ord(")"):
            depth -= 1
            if not depth:
                return at + 1
        at += 1
    raise _wrong()


def text_of(raw: bytes) -> str:
    """Return the text of a raw string, literal or hexadecimal; empty for anything else (§7.9.2.2)."""
    if raw.startswith(b"("):
        content = _unescaped(raw[1:-1])
    elif raw.startswith(b"<") and not raw.startswith(b"<<"):
        digits = re.sub(rb"[^0-9A-Fa-f]", b"", raw)
        content = bytes.fromhex((digits + b"0" * (len(digits) & 1)).decode())
    else:
        return ""
    for mark, coding in ((b"\xfe\xff", "utf-16-be"), (b"\xff\xfe", "utf-16-le"), (b"\xef\xbb\xbf", "utf-8")):
        if content.startswith(mark):
            return content[len(mark) :].decode(coding, "replace")
    return content.decode("latin-1")


def _unescaped(raw: bytes) -> bytes:
    pieces: list[bytes] = []
    at = 0
    while at < len(raw):
        if raw[at : at + 1] != b"\\":
            end = raw.find(b"\\", at)
            end = len(raw) if end < 0 else end
            pieces.append(raw[at:end])
            at = end
            continue
        if octal := _OCTAL.match(raw, at + 1):
            pieces.append(bytes((int(octal[0], 8) & 0xFF,)))
            at = octal.end()
            continue
        escaped = raw[at + 1 : at + 2]
        line_end = 2 if raw[at + 1 : at + 3] == b"\r\n" else 1
        if escaped not in (b"\r", b"\n"):
            pieces.append(_ESCAPES.get(escaped, escaped))
        at += 1 + line_end
    return b"".join(pieces)


def literal(text: str) -> bytes:
    """Write a text as a literal string, or as a hexadecimal one of UTF-16 where it is not ASCII."""
    if not text.isascii():
        return b"<FEFF" + text.encode("utf-16-be").hex().upper().encode() + b">"
    return b"(" + re.sub(rb"([\\()])", rb"\\\1", text.encode("ascii")) + b")"
