"""DOCX, XLSX, PPTX: a custom property `AIGC` in `docProps/custom.xml` (58A). ODT, ODS, ODP: a user-defined field.

The guides do not name ODF; its own place for such properties is `meta:user-defined` in `meta.xml`.
"""

from collections.abc import Sequence
from xml.sax.saxutils import escape

from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source, spliced_bytes
from guiju.labelling.carriers.xml_places import Element, elements
from guiju.labelling.carriers.zip_parts import Archive
from guiju.labelling.errors import damaged, unsupported

_KEY = "AIGC"
_TYPES, _RELATIONS, _CUSTOM = "[Content_Types].xml", "_rels/.rels", "docProps/custom.xml"
FORMAT_ID = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"
_PROPERTIES = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
_VALUES = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
_STRICT_VALUES = "http://purl.oclc.org/ooxml/officeDocument/docPropsVTypes"
_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties"
_CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_TYPES_SPACE = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS_SPACE = "http://schemas.openxmlformats.org/package/2006/relationships"
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
        return source.head(4) == _ZIP and {_TYPES, _RELATIONS} <= set(Archive(source).names)

    def sites(self, source: Source) -> Sequence[Site]:
        """Find the custom properties named so."""
        archive = Archive(source)
        name = _custom_name(archive)
        part = archive.read(name) if name else None
        return [_property_site(one) for one in _labels(_properties(part)[1])] if part is not None else []

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the custom properties; the part is made and announced where there is none."""
        archive = Archive(source)
        _refuse_signed(archive, "_xmlsignatures/")
        name = _custom_name(archive)
        part = archive.read(name) if name else None
        if name and part is not None:
            return archive.edits({name: _with_property(part, label)})
        if _CUSTOM in archive.names:
            raise damaged(f"{_CUSTOM} 没有关系指向它", f"no relation points at {_CUSTOM}")
        new = (
            _HEAD + f'<Properties xmlns="{_PROPERTIES}">'.encode() + _property(label, 2, _PROPERTIES) + b"</Properties>"
        )
        return archive.edits({_TYPES: _with_type(archive), _RELATIONS: _with_relation(archive), _CUSTOM: new})


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
        _refuse_signed(archive, "META-INF/documentsignatures.xml")
        part = _meta(archive)
        holder, fields = _fields(part)
        new = (
            f'<meta:user-defined xmlns:meta="{_META_SPACE}" meta:name="{_KEY}" meta:value-type="string">'
            f"{escape(label)}</meta:user-defined>"
        ).encode()
        return archive.edits({"meta.xml": _replaced(part, holder, fields, new=new)})


def _refuse_signed(archive: Archive, prefix: str) -> None:
    if any(name.startswith(prefix) for name in archive.names):
        raise unsupported("文档已数字签名；请先加标识再签名", "the document is signed; label it before it is signed")


def _part(archive: Archive, name: str) -> bytes:
    part = archive.read(name)
    if part is None:
        raise damaged(f"缺少部件 {name}", f"the part {name} is missing")
    return part


def _meta(archive: Archive) -> bytes:
    if "meta.xml" not in archive.names:
        raise unsupported("ODF 没有 meta.xml", "the ODF has no meta.xml")
    return _part(archive, "meta.xml")


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
    part = _part(archive, _RELATIONS)
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
    return _replaced(part, root, labels, new=_property(label, number, root.space))


def _replaced(part: bytes, holder: Element, old: Sequence[Element], *, new: bytes) -> bytes:
    """Put `new` in the place of the first old element, else at the end of the holder; take further ones out."""
    edits = [Edit(one.start, one.end, b"") for one in old[1:]]
    if old:
        edits.append(Edit(old[0].start, old[0].end, new))
    elif holder.is_closed:
        name = part[holder.start + 1 : holder.inner - 2].split()[0]
        edits.append(Edit(holder.inner - 2, holder.inner, b">" + new + b"</" + name + b">"))
    else:
        edits.append(Edit(holder.inner_end, holder.inner_end, new))
    return spliced_bytes(part, edits)


def _property(label: str, number: int, space: str) -> bytes:
    values = _STRICT_VALUES if "purl.oclc.org" in space else _VALUES
    return (
        f'<property xmlns="{space}" fmtid="{FORMAT_ID}" pid="{number}" name="{_KEY}">'
        f'<vt:lpwstr xmlns:vt="{values}">{escape(label)}</vt:lpwstr></property>'
    ).encode()


def _with_type(archive: Archive) -> bytes:
    part = _part(archive, _TYPES)
    found = elements(part, lambda local, _: local == "Override")
    old = [one for one in found[1:] if one.attributes.get("PartName", "").lower() == f"/{_CUSTOM}".lower()]
    new = f'<Override xmlns="{_TYPES_SPACE}" PartName="/{_CUSTOM}" ContentType="{_CONTENT_TYPE}"/>'.encode()
    return _replaced(part, found[0], old, new=_bare(new, found[0], _TYPES_SPACE))


def _with_relation(archive: Archive) -> bytes:
    part = _part(archive, _RELATIONS)
    found = elements(part, lambda local, _: local == "Relationship")
    taken = {one.attributes.get("Id", "") for one in found[1:]}
    name = next(one for number in range(len(taken) + 2) if (one := f"rIdAigc{number}") not in taken)
    new = f'<Relationship xmlns="{_RELATIONS_SPACE}" Id="{name}" Type="{_RELATION}" Target="{_CUSTOM}"/>'.encode()
    return _replaced(part, found[0], [], new=_bare(new, found[0], _RELATIONS_SPACE))


def _bare(new: bytes, root: Element, space: str) -> bytes:
    """Leave out the name space where the root's own default is the same."""
    return new if root.is_prefixed else new.replace(f' xmlns="{space}"'.encode(), b"", 1)
