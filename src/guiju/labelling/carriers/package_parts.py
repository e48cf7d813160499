"""What the parts of an Office package have in common: elements put into parts, types announced, relations added."""

from collections.abc import Sequence
from posixpath import dirname, normpath
from xml.sax.saxutils import escape, quoteattr

from guiju.labelling.carriers.splicing import Edit, spliced_bytes
from guiju.labelling.carriers.xml_places import Element, elements
from guiju.labelling.carriers.zip_parts import Archive
from guiju.labelling.errors import damaged, unsupported

TYPES, RELATIONS = "[Content_Types].xml", "_rels/.rels"
_TYPES_SPACE = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONS_SPACE = "http://schemas.openxmlformats.org/package/2006/relationships"
_EMPTY_RELATIONS = f'<?xml version="1.0" encoding="UTF-8"?>\n<Relationships xmlns="{_RELATIONS_SPACE}"/>'.encode()


def refuse_signed(archive: Archive, prefix: str) -> None:
    """Refuse a document whose signature the change would break.

    Raises:
        UnsupportedFormatError: it is signed.
    """
    if any(name.startswith(prefix) for name in archive.names):
        raise unsupported("文档已数字签名；请先加标识再签名", "the document is signed; label it before it is signed")


def part_of(archive: Archive, name: str) -> bytes:
    """Return a part that must be there.

    Raises:
        DamagedFileError: it is not.
    """
    part = archive.read(name)
    if part is None:
        raise damaged(f"缺少部件 {name}", f"the part {name} is missing")
    return part


def relations_of(name: str) -> str:
    """Return the name of the part with the relations of a part."""
    folder = dirname(name)
    return f"{folder}/_rels/{name.rpartition('/')[2]}.rels" if folder else f"_rels/{name}.rels"


def related(archive: Archive, relations: str, kind: str) -> list[tuple[str, str]]:
    """Return the relations of a kind: of each its id and the name of the part it points at."""
    part = archive.read(relations)
    if part is None:
        return []
    found = []
    base = dirname(dirname(relations))
    for one in elements(part, lambda local, _: local == "Relationship"):
        target = one.attributes.get("Target", "")
        is_inside = one.attributes.get("TargetMode", "") != "External"
        if one.attributes.get("Type", "").endswith(f"/{kind}") and is_inside:
            path = target.lstrip("/") if target.startswith("/") else normpath(f"{base}/{target}" if base else target)
            found.append((one.attributes.get("Id", ""), path))
    return found


def replaced(part: bytes, holder: Element, old: Sequence[Element], *, new: bytes) -> bytes:
    """Put `new` in the place of the first old element, else at the end of the holder; take further ones out."""
    edits = [Edit(one.start, one.end, b"") for one in old[1:]]
    if old:
        edits.append(Edit(old[0].start, old[0].end, new))
    else:
        edits.append(at_end(part, holder, new))
    return spliced_bytes(part, edits)


def at_end(part: bytes, holder: Element, new: bytes) -> Edit:
    """Plan to put `new` at the end of what an element holds, which is opened where it was written closed."""
    if holder.is_closed:
        name = part[holder.start + 1 : holder.inner - 2].split()[0]
        return Edit(holder.inner - 2, holder.inner, b">" + new + b"</" + name + b">")
    return Edit(holder.inner_end, holder.inner_end, new)


def with_type(archive: Archive, part_name: str, content_type: str) -> bytes:
    """Return the list of types with that of a part."""
    part = part_of(archive, TYPES)
    found = elements(part, lambda local, _: local == "Override")
    old = [one for one in found[1:] if one.attributes.get("PartName", "").lower() == f"/{part_name}".lower()]
    new = f'<Override xmlns="{_TYPES_SPACE}" PartName="/{escape(part_name)}" ContentType="{content_type}"/>'.encode()
    return replaced(part, found[0], old, new=_bare(new, found[0], _TYPES_SPACE))


def with_relation(archive: Archive, relations: str, kind: str, *, target: str) -> tuple[bytes, str]:
    """Return the relations with one more, and its id; `kind` is its whole type."""
    part = archive.read(relations) or _EMPTY_RELATIONS
    found = elements(part, lambda local, _: local == "Relationship")
    taken = {one.attributes.get("Id", "") for one in found[1:]}
    name = next(one for number in range(len(taken) + 2) if (one := f"rIdAigc{number}") not in taken)
    new = (f'<Relationship xmlns="{_RELATIONS_SPACE}" Id="{name}" Type="{kind}" Target={quoteattr(target)}/>').encode()
    return replaced(part, found[0], [], new=_bare(new, found[0], _RELATIONS_SPACE)), name


def _bare(new: bytes, root: Element, space: str) -> bytes:
    """Leave out the name space where the root's own default is the same."""
    return new if root.is_prefixed else new.replace(f' xmlns="{space}"'.encode(), b"", 1)
