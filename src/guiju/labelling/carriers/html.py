"""HTML: `<meta name="AIGC">` in the head. The guides define no place; independent projects agree on this one."""

import html
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged, unsupported

_NAME = re.compile(rb"</?([A-Za-z][A-Za-z0-9:-]*)")
_ATTRIBUTE = re.compile(rb"([^\s\"'>/=]+)(?:\s*=\s*(?:\"([^\"]*)\"|'([^']*)'|([^\s\"'=<>`]+)))?")
_RAW = (b"script", b"style", b"title", b"textarea", b"template", b"xmp", b"noscript")
_MOST_TAGS = 1 << 20
_QUOTES = b"\"'"


@dataclass(frozen=True, slots=True)
class Tag:
    """One tag: its name in lower case with `/` before it where it ends an element, its attributes, where it stands."""

    name: bytes
    start: int
    end: int
    attributes: dict[str, str]


class Html:
    """The carrier of HTML."""

    name = "html"
    mimes = ("text/html", "application/xhtml+xml")
    suffixes = (".html", ".htm", ".xhtml")
    is_text = True
    place = '<meta name="AIGC">'

    def recognises(self, source: Source) -> bool:  # noqa: ARG002 - the interface's
        """Tell nothing by bytes: a page may begin with anything."""
        return False

    def sites(self, source: Source) -> Sequence[Site]:
        """Find the meta elements named so."""
        return [Site(self.place, tag.attributes.get("content", "")) for tag in _labels(list(_tags(_text(source))))]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label where one stands, else into the head, behind what declares the character set."""
        text = _text(source)
        tags = list(_tags(text))
        end = b" />" if any(b"xhtml" in text[tag.start : tag.end] for tag in tags if tag.name == b"html") else b">"
        new = (
            b'<meta name="AIGC" content=\''
            + html.escape(label, quote=False).replace("'", "&#39;").encode()
            + b"'"
            + end
        )
        labels = _labels(tags)
        if labels:
            edits = [Edit(tag.start, tag.end, b"") for tag in labels[1:]]
            return [*edits, Edit(labels[0].start, labels[0].end, new)]
        at = _place(text, tags)
        return [Edit(at, at, new)]


def tags_of(source: Source) -> list[Tag]:
    """Return the tags of a page, in order.

    Raises:
        DamagedFileError: it is empty, a tag does not end, or there are too many.
        UnsupportedFormatError: it is in no coding that extends ASCII.
    """
    return list(_tags(_text(source)))


def _text(source: Source) -> bytes:
    text = source.whole()
    if b"\0" in text:
        raise unsupported(
            "HTML 不是 ASCII 兼容的编码，或不是文本", "the HTML is in no coding that extends ASCII, or no text"
        )
    if not text.strip():
        raise damaged("HTML 没有内容", "the HTML is empty")
    return text


def _tags(text: bytes) -> Iterator[Tag]:
    """Walk the tags; comments, declarations and raw text are stepped over. Linear in the length of the text."""
    at, count = 0, 0
    while (at := text.find(b"<", at)) >= 0:
        if text.startswith(b"<!--", at):
            at = _behind(text, b"-->", at + 4)
            continue
        match = _NAME.match(text, at)
        if match is None:
            at += 1
            continue
        count += 1
        if count > _MOST_TAGS:
            raise damaged("HTML 标签过多", "too many tags in the HTML")
        end = _tag_end(text, match.end())
        name = (b"/" if text[at + 1 : at + 2] == b"/" else b"") + match[1].lower()
        attributes = _attributes(text[match.end() : end - 1]) if name == b"meta" else {}
        yield Tag(name, at, end, attributes)
        at = _behind_raw(text, name, end) if name in _RAW else end


def _behind(text: bytes, what: bytes, at: int) -> int:
    found = text.find(what, at)
    return len(text) if found < 0 else found + len(what)


def _behind_raw(text: bytes, name: bytes, at: int) -> int:
    match = re.compile(rb"</" + name + rb"[\s/>]", re.IGNORECASE).search(text, at)
    return match.start() if match else len(text)


def _tag_end(text: bytes, at: int) -> int:
    quote = 0
    while at < len(text):
        byte = text[at]
        if quote:
            quote = 0 if byte == quote else quote
        elif byte in _QUOTES:
            quote = byte
        elif byte == ord(">"):
            return at + 1
        at += 1
    raise damaged("HTML 标签没有结束", "a tag of the HTML does not end")


def _attributes(raw: bytes) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in _ATTRIBUTE.finditer(raw):
        value = next((one for one in match.groups()[1:] if one is not None), b"")
        found.setdefault(match[1].decode("latin-1").lower(), html.unescape(value.decode("utf-8", "replace")))
    return found


def _labels(tags: Sequence[Tag]) -> list[Tag]:
    return [tag for tag in tags if tag.name == b"meta" and tag.attributes.get("name", "").strip().upper() == "AIGC"]


def _place(text: bytes, tags: Sequence[Tag]) -> int:
    """Return where the label comes in: browsers look for the character set in the first kilobyte only."""
    for tag in tags:
        content = tag.attributes.get("content", "").lower()
        if tag.name == b"meta" and ("charset" in tag.attributes or "charset=" in content):
            return tag.end
        if tag.name in (b"/head", b"body"):
            break
    for name in (b"head", b"html"):
        found = next((tag for tag in tags if tag.name == name), None)
        if found is not None:
            return found.end
    declaration = re.match(rb"(?:\xef\xbb\xbf)?\s*<!doctype[^>]*>", text, re.IGNORECASE)
    if declaration:
        return declaration.end()
    return 3 if text.startswith(b"\xef\xbb\xbf") else 0
