"""Encoded runs: base64, hex and escapes, percent encoding. Only runs that look the part are decoded. Strict.

A run is an unbroken row of the characters that encodings use. A long one is looked at in overlapping chunks counted
from its beginning, so that a stream need not keep more of it than a chunk.
"""

import base64
import binascii
import re
from collections.abc import Callable, Iterator
from urllib.parse import unquote_to_bytes

CHUNK = 768
STEP = 704
"""A chunk begins so far after the one before it; a multiple of 4 and of 6, so that groups are not cut."""
MIN_RUN = 12
MAX_LETTERS = 16

RUN = re.compile(r"[a-z0-9+/=_%\\&#;-]+")
ENCODED = re.compile(r"[a-z0-9+/=_%\\&#;-]{12,}")
"""A run long enough to say something."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){6,}")
_BYTES = re.compile(r"(?:\\x[0-9A-Fa-f]{2}){6,}")
_UNITS = re.compile(r"(?:(?:\\u|%u|&#x)[0-9A-Fa-f]{4};?){2,}")
_DECIMAL = re.compile(r"(?:&#[0-9]{5};){2,}")
_PERCENT = re.compile(r"(?:%[0-9A-Fa-f]{2}[A-Za-z0-9_-]*){6,}")
_LETTERS = re.compile(r"[A-Za-z0-9_-]{1,16}$")
_MARK = re.compile(r"[%\\&]")
_FOUR = re.compile("[0-9A-Fa-f]{4}")
_FIVE = re.compile("[0-9]{5}")
HEAD = 4
"""So many characters at a run's beginning decide whether it may be hex or base64."""
_MIN_HAN = 2
_HEX_HEAD = re.compile("[eE](?:[3-9].*)?", re.DOTALL)
_UTF8_LENGTHS = ((0xF0, 4), (0xE0, 3), (0xC0, 2))


def decoded(run: str, *, is_alive: bool) -> Iterator[tuple[str, str, int, int]]:
    """Yield what a run, in its original letters, may say.

    Args:
        run: the run, or a chunk of it.
        is_alive: whether the run began like one that is encoded without any mark of it, see `may_be_encoded`.

    Yields:
        The encoding's name, the text, and the first and one past the last character that say it.
    """
    if is_alive:
        for name, pattern, decode in (("hex", _HEX, bytes.fromhex), ("base64", _BASE64, _from_base64)):
            match = pattern.match(run)
            if match is not None and (text := _text(decode(match[0]))):
                yield name, text, *match.span()
    for name, pattern, read in _MARKED if first_mark(run) < len(run) else ():
        for match in pattern.finditer(run):
            if text := read(match[0]):
                # Letters before the first mark are part of what is said; they stand there plainly and are not covered.
                before = _LETTERS.search(run, max(match.start() - MAX_LETTERS, 0), match.start())
                yield name, (before[0] if before else "") + text, *match.span()


def may_be_encoded(head: str) -> bool:
    """Whether a run that begins like this may be hex or base64; `head` in its original letters, not empty.

    Base64 of Chinese in UTF-8 begins with 4 to 7, that of Latin text mostly with a capital letter; hex with e.
    """
    if _HEX_HEAD.fullmatch(head[:HEAD]):
        return True
    if head[0] in "4567":
        return len(head) < HEAD or not head[:HEAD].isdigit()
    is_word = head[1:HEAD].isalpha() and head[1:HEAD].islower()
    return head[0].isupper() and not (len(head) >= HEAD and is_word)


def first_mark(run: str) -> int:
    """Return where the first character stands that may begin an escape; the length when there is none."""
    found = _MARK.search(run)
    return found.start() if found else len(run)


def _from_base64(said: str) -> bytes:
    standard = said.replace("-", "+").replace("_", "/").rstrip("=")
    whole = len(standard) - (len(standard) % 4 == 1)
    try:
        return base64.b64decode(standard[:whole] + "=" * (-whole % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _text(content: bytes) -> str:
    """Return the bytes as text when they are UTF-8, cut off in a character or not, and Chinese; nothing otherwise."""
    for back in range(1, 4):
        lead = content[-back] if len(content) >= back else 0
        if lead >= 0xC0:  # noqa: PLR2004 - the first byte of a character of several bytes
            needed = next(length for first, length in _UTF8_LENGTHS if lead >= first)
            content = content[:-back] if needed > back else content
            break
    # A chunk may begin in a character too.
    for _ in range(3):
        if content and 0x80 <= content[0] < 0xC0:  # noqa: PLR2004 - a byte that continues a character
            content = content[1:]
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return ""
    return text if _says_something(text) else ""


def _says_something(text: str) -> bool:
    if text.isascii():  # what was encoded twice is letters when decoded once
        return len(text) >= MIN_RUN and text.isprintable()
    return sum("\u4e00" <= one <= "\u9fff" for one in text) >= _MIN_HAN


def _units(group: re.Pattern[str], base: int) -> Callable[[str], str]:
    def read(run: str) -> str:
        text = "".join(chr(int(unit, base)) for unit in group.findall(run))
        return text if _says_something(text) else ""

    return read


_MARKED: tuple[tuple[str, re.Pattern[str], Callable[[str], str]], ...] = (
    ("url", _PERCENT, lambda run: _text(unquote_to_bytes(run))),
    ("hex", _BYTES, lambda run: _text(bytes.fromhex(run.replace("\\x", "")))),
    ("hex", _UNITS, _units(_FOUR, 16)),
    ("hex", _DECIMAL, _units(_FIVE, 10)),
)
"""Encodings that show by a mark: name, what they look like, how they are read."""
