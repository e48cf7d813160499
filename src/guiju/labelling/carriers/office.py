"""DOCX, XLSX, PPTX: a custom property `AIGC` in `docProps/custom.xml` (58A). ODT, ODS, ODP: a user-defined field.

The guides do not name ODF; its own place for such properties is `meta:user-defined` in `meta.xml`.
"""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.package_parts import (
    RELATIONS,
    TYPES,
    part_of,
    refuse_signed,
    replaced,
    with_relation,
    with_type,
)
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.carriers.xml_places import Element, elements
from guiju.labelling.carriers.zip_parts import Archive
from guiju.labelling.errors import damaged, unsupported

_KEY = "AIGC"
_CUSTOM = "docProps/custom.xml"
FORMAT_ID = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
_PROPERTIES = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
_VALUES = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
_STRICT_VALUES = "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties"
_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_META_SPACE = "urn:oasis:names:tc:opendocument:xmlns:meta:1.0"
_HEAD = b'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_OOXML = "application/vnd.openxmlformats-officedocument."
_ZIP = b"PK\3\4"


class OpenXml:
    """The carrier of DOCX, XLSX and PPTX, their templates and macro variants."""

    name = "ooxml"
    mimes = (
        _OOXML + "wordprocessingml.document",
        _OOXML + "spreadsheetml.sheet",
        _OOXML + "presentationml.presentation",
        _OOXML + "wordprocessingml.template",
        _OOXML + "spreadsheetml.template",
        _OOXML + "presentationml.template",
        _OOXML + "presentationml.slideshow",
    )
    suffixes = (".docx", ".xlsx", ".pptx", ".dotx", ".xltx", ".potx", ".ppsx", ".docm", ".xlsm", ".pptm")
    is_text = False
    place = "docProps/custom.xml AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell an Office document by the parts that every one has."""
        return source.head(4) == _ZIP and {TYPES, RELATIONS} <= set(Archive(source).names)

    def sites(self, source: Source) -> Sequence[Site]:
        """Find the custom properties named so."""
        archive = Archive(source)
        name = _custom_name(archive)
        part = archive.read(name) if name else None
        return [_property_site(one) for one in _labels(_properties(part)[1])] if part is not None else []

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the custom properties; the part is made and announced where there is none."""
        archive = Archive(source)
        refuse_signed(archive, "_xmlsignatures/")
        name = _custom_name(archive)
        part = archive.read(name) if name else None
        if name and part is not None:
            return archive.edits({name: _with_property(part, label)})
        if _CUSTOM in archive.names:
            raise damaged(f"{_CUSTOM} 没有关系指向它", f"no relation points at {_CUSTOM}")
        new = (
            _HEAD + f'<Properties xmlns="{_PROPERTIES}">'.encode() + _property(label, 2, _PROPERTIES) + b"</Properties>"
        )
        return archive.edits(
            {
                TYPES: with_type(archive, _CUSTOM, _CONTENT_TYPE),
                RELATIONS: with_relation(archive, RELATIONS, _RELATION, target=_CUSTOM)[0],
                _CUSTOM: new,
            }
        )


class OpenDocument:
    """The carrier of ODT, ODS and ODP."""

    name = "odf"
    mimes = tuple(f"application/vnd.oasis.opendocument.{kind}" for kind in ("text", "spreadsheet", "presentation"))
    suffixes = (".odt", ".ods", ".odp")
    is_text = False
    place = "meta.xml meta:user-defined AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell an OpenDocument by its first part, which stands unpacked."""
        head = source.head(100)
        return head[:4] == _ZIP and head[30:38] == b"mimetype" and b"application/vnd.oasis.opendocument." in head

    def sites(self, source: Source) -> Sequence[Site]:
        """Find the user-defined fields named so."""
        return [Site(self.place, one.text) for one in _fields(_meta(Archive(source)))[1]]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the document's own description."""
        archive = Archive(source)
        refuse_signed(archive, "META-INF/documentsignatures.xml")
        part = _meta(archive)
        holder, fields = _fields(part)
        new = (
            f'<meta:user-defined xmlns:meta="{_META_SPACE}" meta:name="{_KEY}" meta:value-type="string">'
            f"{escape(label)}</meta:user-defined>"
        ).encode()
        return archive.edits({"meta.xml": replaced(part, holder, fields, new=new)})


def _meta(archive: Archive) -> bytes:
    if "meta.xml" not in archive.names:
        raise unsupported("ODF 没有 meta.xml", "the ODF has no meta.xml")
    return part_of(archive, "meta.xml")


def _fields(part: bytes) -> tuple[Element, list[Element]]:
    """Return the element that holds the description, and the labels in it."""

    def wanted(local: str, attributes: dict[str, str]) -> bool:
        return local == "meta" or (local == "user-defined" and attributes.get("name") == _KEY)

    found = elements(part, wanted)
    holder = next((one for one in found if one.local == "meta"), None)
    if holder is None:
        raise damaged("meta.xml 没有 office:meta", "a meta.xml without office:meta")
    return holder, [one for one in found if one.local == "user-defined"]


def _custom_name(archive: Archive) -> str | None:
    """Return the name of the part with the custom properties, as the relations tell it."""
    part = part_of(archive, RELATIONS)
    for one in elements(part, lambda local, _: local == "Relationship"):
        kind = one.attributes.get("Type", "")
        if kind.endswith(("/custom-properties", "/customProperties")):
            return one.attributes.get("Target", "").lstrip("/")
    return None


def _properties(part: bytes) -> tuple[Element, list[Element]]:
    found = elements(part, lambda local, _: local == "property")
    return found[0], found[1:]


def _property_site(one: Element) -> Site:
    return Site(f"{_CUSTOM} {one.attributes.get('name', '')}", one.text.strip())


def _labels(found: Sequence[Element]) -> list[Element]:
    return [one for one in found if one.attributes.get("name") == _KEY]


def _with_property(part: bytes, label: str) -> bytes:
    root, found = _properties(part)
    ids = [int(pid) for one in found if (pid := one.attributes.get("pid", "")).isascii() and pid.isdigit()]
    labels = _labels(found)
    pid = labels[0].attributes.get("pid", "") if labels else str(max([1, *ids]) + 1)
    number = int(pid) if pid.isascii() and pid.isdigit() else max([1, *ids]) + 1
    return replaced(part, root, labels, new=_property(label, number, root.space))


def _property(label: str, number: int, space: str) -> bytes:
    values = _STRICT_VALUES if "purl.oclc.org" in space else _VALUES
    return (
        f'<property xmlns="{space}" fmtid="{FORMAT_ID}" pid="{number}" name="{_KEY}">'
        f'<vt:lpwstr xmlns:vt="{values}">{escape(label)}</vt:lpwstr></property>'
    ).encode()
