"""Markdown: the mapping `AIGC` in YAML front matter (58A). The text itself stays as it is."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

import orjson
import yaml

from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged, unsupported

_LIMIT = 256 * 1024
_OPEN = re.compile(rb"(?:\xef\xbb\xbf)?---[ \t]*(\r?\n)")
_CLOSE = re.compile(rb"(?:---|\.\.\.)[ \t]*(?:\r?\n|\Z)")
_BLOCK = re.compile(rb"^AIGC[ \t]*:.*(?:\r?\n(?:[ \t]+.*|[ \t]*(?=\r?\n[ \t]))$)*(?:\r?\n|\Z)?", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Matter:
    """The front matter: where its lines start and end, and how its lines end; 0 and 0 where there is none."""

    start: int
    end: int
    line_end: bytes
    text: bytes


class Markdown:
    """The carrier of Markdown."""

    name = "markdown"
    mimes = ("text/markdown", "text/x-markdown")
    suffixes = (".md", ".markdown", ".mdx", ".qmd")
    is_text = True
    place = "YAML front matter AIGC"

    def recognises(self, source: Source) -> bool:  # noqa: ARG002 - the interface's
        """Tell nothing by bytes: any text is Markdown."""
        return False

    def sites(self, source: Source) -> Sequence[Site]:
        """Find the mapping in the front matter."""
        matter = _matter(source)
        return [Site(self.place, _as_json(match[0])) for match in _BLOCK.finditer(matter.text)]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label where one stands, else at the end of the front matter, made where there is none."""
        matter = _matter(source)
        lines = [b"AIGC:", *(f"  {name}: {_quoted(value)}".encode() for name, value in orjson.loads(label).items())]
        block = matter.line_end.join(lines) + matter.line_end
        if not matter.start:
            if source.head(3) == b"+++":
                raise unsupported("Markdown 用的是 TOML 前置信息", "the Markdown has TOML front matter")
            at = 3 if source.head(3) == b"\xef\xbb\xbf" else 0
            fence = b"---" + matter.line_end
            return [Edit(at, at, fence + block + fence + matter.line_end)]
        found = list(_BLOCK.finditer(matter.text))
        if not found:
            return [Edit(matter.end, matter.end, block)]
        edits = [Edit(matter.start + one.start(), matter.start + one.end(), b"") for one in found[1:]]
        return [*edits, Edit(matter.start + found[0].start(), matter.start + found[0].end(), block)]


def matter_end(source: Source) -> int:
    """Return where the text begins, behind front matter; 0 where there is none.

    Raises:
        DamagedFileError: it is no text in UTF-8.
    """
    matter = _matter(source)
    if not matter.start:
        return 0
    closing = _CLOSE.match(source.whole(), matter.end)
    return closing.end() if closing else matter.end


def _quoted(value: str) -> str:
    """Write a value as YAML in double quotes, which takes the escapes of JSON."""
    return orjson.dumps(value).decode()


def _matter(source: Source) -> _Matter:
    text = source.whole()
    if b"\0" in text:
        raise damaged("不是 UTF-8 文本", "it is no text in UTF-8")
    try:
        text.decode()
    except UnicodeDecodeError as error:
        raise damaged("不是 UTF-8 文本", "it is no text in UTF-8") from error
    line_end = b"\r\n" if b"\r\n" in text[:4096] else b"\n"
    opening = _OPEN.match(text)
    if opening is None:
        return _Matter(0, 0, line_end, b"")
    at = opening.end()
    while 0 <= at < min(len(text), _LIMIT):
        if _CLOSE.match(text, at):
            return _Matter(opening.end(), at, line_end, text[opening.end() : at])
        at = text.find(b"\n", at) + 1 or len(text)
    return _Matter(0, 0, line_end, b"")


def _as_json(block: bytes) -> str:
    """Return the mapping as JSON; what YAML cannot read, or refers to something else, as it stands."""
    text = block.decode()
    try:
        if any(isinstance(token, (yaml.AliasToken, yaml.AnchorToken)) for token in yaml.scan(text, yaml.SafeLoader)):
            return text
        value = yaml.safe_load(text)["AIGC"]
        return value if isinstance(value, str) else orjson.dumps(value, default=str).decode()
    except (yaml.YAMLError, ValueError, TypeError, KeyError, RecursionError):
        return text
