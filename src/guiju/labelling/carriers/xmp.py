"""The label as a property of an XMP packet (ISO 16684-1), in the name space of TC260: found, put in, and replaced.

The packet is edited as text at the places where the parser saw the property, so that everything else in it stays as its
writer wrote it. Document type declarations are refused: nothing is ever expanded.
"""

import re
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, spliced_bytes
from guiju.labelling.errors import damaged, unsupported

NAMESPACE = "http://www.tc260.org.cn/ns/AIGC/1.0/"
PACKET_LIMIT = 16 << 20
_RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_KEY = "AIGC"
_DEPTH = 200
_ATTRIBUTE = re.compile(rb"\s+([^\s=/>]+)\s*=\s*(\"[^\"]*\"|'[^']*')")
_PADDING = b" \t\r\n\0"


@dataclass
class _Found:
    start: int
    end: int
    text: str
    is_attribute: bool
    is_standard: bool
    inner: tuple[int, int] | None = None


@dataclass
class _Scan:
    """One pass over a packet: where the property stands, and where one could be put."""

    packet: bytes
    found: list[_Found] = field(default_factory=list)
    rdf_end: int = -1
    rdf_is_empty: bool = False
    rdf_prefix: str = "rdf"
    _depth: int = 0
    _open: _Found | None = None
    _open_depth: int = 0
    _text: list[str] = field(default_factory=list)

    def run(self) -> "_Scan":
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.namespace_prefixes = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._characters
        parser.StartDoctypeDeclHandler = _refuse_doctype
        self._parser = parser
        try:
            parser.Parse(self.packet, True)  # noqa: FBT003 - expat's own signature
        except expat.ExpatError as error:
            raise damaged(f"XMP 不是合法的 XML：{error}", f"its XMP is no well-formed XML: {error}") from error
        except (UnicodeDecodeError, LookupError) as error:
            raise damaged("XMP 的编码无法读取", "the encoding of its XMP cannot be read") from error
        return self

    def _tag_end(self, start: int) -> int:
        """Return the place behind the `>` of the tag at `start`, quotes respected."""
        at, quote = start, 0
        while at < len(self.packet):
            byte = self.packet[at]
            if quote:
                quote = 0 if byte == quote else quote
            elif byte in b"\"'":
                quote = byte
            elif byte == ord(">"):
                return at + 1
            at += 1
        raise damaged("XMP 的标记没有结束", "a tag of its XMP does not end")

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEPTH:
            raise damaged("XMP 嵌套过深", "its XMP is nested too deeply")
        start = self._parser.CurrentByteIndex
        space, local, prefix = _parts(name)
        if (space, local) == (_RDF, "RDF"):
            self.rdf_prefix = prefix
            end = self._tag_end(start)
            self.rdf_is_empty = self.packet[end - 2 : end] == b"/>"
            self.rdf_end = end - 2
        if local == _KEY and self._open is None:
            end = self._tag_end(start)
            self._open = _Found(start, end, "", is_attribute=False, is_standard=space == NAMESPACE, inner=(end, end))
            self._open_depth = self._depth
            self._text = []
        if any(_parts(key)[1] == _KEY for key in attributes):
            self._attributes(start, attributes)

    def _attributes(self, start: int, attributes: dict[str, str]) -> None:
        tag = self.packet[start : self._tag_end(start)]
        for key, value in attributes.items():
            space, local, prefix = _parts(key)
            raw = (f"{prefix}:{local}" if prefix else local).encode()
            if local == _KEY:
                for match in _ATTRIBUTE.finditer(tag):
                    if match[1] == raw:
                        place = (start + match.start(), start + match.end())
                        self.found.append(_Found(*place, value, is_attribute=True, is_standard=space == NAMESPACE))

    def _end(self, name: str) -> None:
        at = self._parser.CurrentByteIndex
        if _parts(name)[:2] == (_RDF, "RDF") and not self.rdf_is_empty:
            self.rdf_end = at
        if self._open is not None and self._depth == self._open_depth:
            found, self._open = self._open, None
            found.text = "".join(self._text)
            if self.packet[found.end - 2 : found.end] == b"/>":
                found.inner = None
            else:
                found.inner = (found.end, at)
                found.end = self._tag_end(at)
            self.found.append(found)
        self._depth -= 1

    def _characters(self, text: str) -> None:
        if self._open is not None:
            self._text.append(text)


def _refuse_doctype(*declaration: object) -> None:
    """Refuse declarations of its own; one that only names a type is harmless, since nothing is fetched."""
    if declaration[3]:
        raise damaged("XML 自带文档类型声明", "the XML brings declarations of its own")


def _parts(name: str) -> tuple[str, str, str]:
    """Split what the parser gives: name space, local name, prefix."""
    parts = name.split(" ")
    if len(parts) == 1:
        return "", parts[0].rpartition(":")[2], parts[0].rpartition(":")[0]
    return parts[0], parts[1], parts[2] if len(parts) > 2 else ""  # noqa: PLR2004 - three parts where there is a prefix


def _scan(packet: bytes) -> _Scan:
    if len(packet) > PACKET_LIMIT:
        raise damaged("XMP 过大", "its XMP is too long")
    core = packet.strip(_PADDING)
    if b"\0" in core or core.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise unsupported("XMP 不是 UTF-8 编码", "its XMP is not in UTF-8")
    lead = len(packet) - len(packet.lstrip(_PADDING))
    scan = _Scan(core).run()
    for found in scan.found:
        found.start, found.end = found.start + lead, found.end + lead
        found.inner = None if found.inner is None else (found.inner[0] + lead, found.inner[1] + lead)
    scan.rdf_end += lead if scan.rdf_end >= 0 else 0
    return scan


def packet_sites(packet: bytes, place: str) -> list[Site]:
    """Find the labels in an XMP packet; `place` says where the packet stands.

    Raises:
        DamagedFileError: the packet is no well-formed XML.
        UnsupportedFormatError: it is not in UTF-8.
    """
    if _KEY.encode() not in packet and b"\0A" not in packet:
        return []
    return [
        Site(f"{place} {'@' if found.is_attribute else ''}TC260:AIGC", found.text, found.is_standard, "inner")
        for found in _scan(packet).found
    ]


def property_xml(label: str, rdf: str = "rdf") -> bytes:
    """Write the description that holds the label alone."""
    return (
        f'<{rdf}:Description {rdf}:about="" xmlns:TC260="{NAMESPACE}">'
        f"<TC260:AIGC>{escape(label)}</TC260:AIGC></{rdf}:Description>"
    ).encode()


def new_packet(label: str) -> bytes:
    """Write a packet that holds the label alone."""
    return (
        b'<?xpacket begin="\xef\xbb\xbf" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="' + _RDF.encode() + b'">'
        b"" + property_xml(label) + b"</rdf:RDF></x:xmpmeta>"
        b'<?xpacket end="w"?>'
    )


def with_label(packet: bytes | None, label: str) -> bytes:
    """Return the packet with `label` as its only label, and everything else in it as it was.

    Raises:
        DamagedFileError: the packet is no well-formed XMP.
        UnsupportedFormatError: it is not in UTF-8.
    """
    if packet is None or not packet.strip(_PADDING):
        return new_packet(label)
    scan = _scan(packet)
    kept = next((found for found in scan.found if found.inner and found.is_standard), None)
    edits = [Edit(found.start, found.end, b"") for found in scan.found if found is not kept]
    if kept is not None and kept.inner is not None:
        edits.append(Edit(*kept.inner, escape(label).encode()))
    else:
        edits.append(_insertion(scan, label))
    return spliced_bytes(packet, edits)


def without_label(packet: bytes) -> bytes:
    """Return the packet without the label, which is about to stand somewhere else in the file."""
    return spliced_bytes(packet, [Edit(found.start, found.end, b"") for found in _scan(packet).found])


def _insertion(scan: _Scan, label: str) -> Edit:
    if scan.rdf_end < 0:
        raise damaged("XMP 没有 rdf:RDF", "its XMP has no rdf:RDF")
    new = property_xml(label, scan.rdf_prefix or "rdf")
    if not scan.rdf_prefix:
        new = new.replace(b"<rdf:Description", b'<rdf:Description xmlns:rdf="' + _RDF.encode() + b'"', 1)
    if not scan.rdf_is_empty:
        return Edit(scan.rdf_end, scan.rdf_end, new)
    prefix = f"{scan.rdf_prefix}:" if scan.rdf_prefix else ""
    return Edit(scan.rdf_end, scan.rdf_end + 2, b">" + new + f"</{prefix}RDF>".encode())


def fitted(packet: bytes, length: int) -> bytes | None:
    """Return the packet with its padding changed so that it has `length` bytes; None where it cannot have."""
    missing = length - len(packet)
    end = packet.rfind(b"<?xpacket end")
    if end < 0:
        return packet if not missing else None
    if missing >= 0:
        return packet[:end] + b" " * missing + packet[end:]
    body = packet[:end].rstrip(_PADDING)
    shrunk = body + b" " * (length - len(body) - (len(packet) - end)) + packet[end:]
    return shrunk if len(shrunk) == length else None
