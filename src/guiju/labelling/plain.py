"""Plain text: it has no place for an implicit label, so it takes an explicit mark at its end, and says no more.

GB 45438-2025, 5.1: the mark may stand at the start, in the middle or at the end; the guides define no metadata for TXT.
"""

import codecs
from collections.abc import Sequence
from pathlib import Path

from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged
from guiju.labelling.models import MarkWords
from guiju.labelling.rules import explicit_text_mark, is_explicit_mark

PLACE = "显式文字标识，位于文末（无隐式标识） / explicit text mark at the end (no implicit label)"
SUFFIXES = frozenset((".txt", ".text"))
_ENDS = 4096
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))


def is_plain(path: Path) -> bool:
    """Tell by its name whether a file is plain text."""
    return path.suffix.lower() in SUFFIXES


def coding_of(source: Source) -> tuple[str, int]:
    """Tell the coding of a text, and how many bytes its mark of order takes.

    Raises:
        DamagedFileError: it is in none that we read.
    """
    head = source.head(3)
    for bom, coding in _BOMS:
        if head.startswith(bom):
            return coding, len(bom)
    content = source.whole()
    if b"\0" not in content:
        for coding in ("utf-8", "gb18030"):
            try:
                content.decode(coding)
            except UnicodeDecodeError:
                continue
            return coding, 0
    raise damaged("不是 UTF-8、UTF-16 或 GB 18030 文本", "no text in UTF-8, UTF-16 or GB 18030")


def decoded(source: Source) -> tuple[str, str, int]:
    """Return a text without its mark of order, its coding, and how many bytes that mark takes.

    Raises:
        DamagedFileError: it is in no coding that we read, or ends within a character.
    """
    coding, start = coding_of(source)
    try:
        return source.read(start, source.size - start).decode(coding), coding, start
    except UnicodeDecodeError as error:
        raise damaged("文本在字符中间结束", "the text ends within a character") from error


def explicit_mark(source: Source, words: MarkWords) -> str:
    """Return the explicit mark in the first or the last line; empty where there is none.

    Raises:
        DamagedFileError: it is no text that we can read.
    """
    coding = coding_of(source)[0]
    head = source.head(_ENDS).decode(coding, "ignore").lstrip("\ufeff").strip().splitlines()
    length = min(_ENDS, source.size - source.size % 2)
    tail = source.read(source.size - length, length).decode(coding, "ignore").strip().splitlines()
    for line in (*tail[-1:], *head[:1]):
        if is_explicit_mark(line, words):
            return line
    return ""


def mark_edits(source: Source, mark: str, words: MarkWords) -> Sequence[Edit]:
    """Plan to put `mark` on a line of its own at the end; nothing where a mark stands already.

    Raises:
        DamagedFileError: it is no text that we can read.
        LabelError: `mark` is no lawful mark.
    """
    mark = explicit_text_mark(mark, words)
    if explicit_mark(source, words):
        return []
    coding = coding_of(source)[0]
    length = min(_ENDS, source.size - source.size % 2)
    tail = source.read(source.size - length, length).decode(coding, "ignore")
    line_end = "\r\n" if "\r\n" in tail else "\n"
    before = "" if not tail or tail.endswith("\n") else line_end
    return [Edit(source.size, source.size, f"{before}{mark}{line_end}".encode(coding))]
