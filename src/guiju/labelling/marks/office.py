"""Office documents: the mark stands in the page headers; on slides, which have none that show, in a corner of each.

DOCX and ODT show it on every page; XLSX and ODS where a sheet is printed or seen as pages. Other parts stay.
"""

from collections.abc import Callable, Mapping, Sequence
from xml.sax.saxutils import escape

from guiju.labelling.carriers.package_parts import (
    RELATIONS,
    TYPES,
    at_end,
    part_of,
    refuse_signed,
    related,
    relations_of,
    with_relation,
    with_type,
)
from guiju.labelling.carriers.splicing import Edit, Source, spliced_bytes
from guiju.labelling.carriers.xml_places import Element, elements
from guiju.labelling.carriers.zip_parts import Archive
from guiju.labelling.errors import damaged, unsupported

_STRICT = "purl.oclc.org"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_STRICT_OFFICE = "http://purl.oclc.org/ooxml/officeDocument/relationships"
_DRAWING = "http://schemas.openxmlformats.org/drawingml/2006/main"
_STRICT_DRAWING = "http://purl.oclc.org/ooxml/drawingml/main"
_HEADER_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.header+xml"
_TEXT = "urn:oasis:names:tc:opendocument:xmlns:text:1.0"
_STYLE = "urn:oasis:names:tc:opendocument:xmlns:style:1.0"
_DRAW = "urn:oasis:names:tc:opendocument:xmlns:drawing:1.0"
_SVG = "urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0"
_BEHIND_HEADER = frozenset(
    (
        "rowBreaks", "colBreaks", "customProperties", "cellWatches", "ignoredErrors", "smartTags", "drawing",
        "legacyDrawing", "legacyDrawingHF", "drawingHF", "picture", "oleObjects", "controls", "webPublishItems",
        "tableParts", "extLst",
    )
)  # fmt: skip
_SLIDE_SIZE = (12192000, 6858000)
_LETTER_EMU = 177800  # 14 points
_MOST_PARTS = 5000
Parts = Mapping[str, bytes]


def mark_edits(source: Source, text: str) -> Sequence[Edit]:
    """Plan to put the mark into the headers of an Office or OpenDocument file, or onto its slides.

    Raises:
        DamagedFileError: it cannot be read as what it says it is.
        UnsupportedFormatError: it is signed, encrypted or of another kind.
    """
    archive = Archive(source)
    for prefix in ("_xmlsignatures/", "META-INF/documentsignatures.xml"):
        refuse_signed(archive, prefix)
    changed = _changes(archive)(archive, text)
    different = {name: part for name, part in changed.items() if archive.read(name) != part}
    return archive.edits(different) if different else []


def marked_places(source: Source, text: str) -> tuple[int, int]:
    """Return how many of the parts that show a mark do show it, and how many there are.

    Raises:
        DamagedFileError: the file cannot be read as what it says it is.
        UnsupportedFormatError: it is of another kind.
    """
    archive = Archive(source)
    shown = [archive.read(name) or b"" for name in _changes(archive)(archive, text) if name not in _SILENT]
    return sum(escape(text).encode() in part for part in shown), len(shown)


_SILENT = frozenset((TYPES, "word/document.xml", "word/_rels/document.xml.rels"))


def _changes(archive: Archive) -> Callable[[Archive, str], Parts]:
    if TYPES not in archive.names:
        kind = (archive.read("mimetype") or b"").decode("ascii", "replace")
        if kind.startswith("application/vnd.oasis.opendocument.presentation"):
            return _slides_of_odf
        if kind.startswith("application/vnd.oasis.opendocument."):
            return _pages_of_odf
        raise unsupported("不是 Office 或 OpenDocument 文档", "no Office document and no OpenDocument")
    main = related(archive, RELATIONS, "officeDocument")
    kinds = {"word": _word, "xl": _sheets, "ppt": _slides}
    found = kinds.get(main[0][1].partition("/")[0]) if main else None
    if found is None:
        raise unsupported("不是 DOCX、XLSX 或 PPTX", "no DOCX, XLSX or PPTX")
    return found


def _word(archive: Archive, text: str) -> Parts:
    main = related(archive, RELATIONS, "officeDocument")[0][1]
    part = part_of(archive, main)
    wanted = {"body", "sectPr", "headerReference", "titlePg", "sectPrChange"}
    root, *found = elements(part, lambda local, _: local in wanted)
    old = [one for one in found if one.local == "sectPrChange"]
    found = [one for one in found if not any(change.start < one.start < change.end for change in old)]
    sections = [one for one in found if one.local == "sectPr"]
    body = next((one for one in found if one.local == "body"), None)
    if body is None:
        raise damaged("DOCX 没有正文", "a DOCX without its body")
    relations = relations_of(main)
    headers = dict(related(archive, relations, "header"))
    used = {
        headers[name]
        for one in found
        if one.local == "headerReference" and (name := one.attributes.get("id")) in headers
    }
    changed = {name: _with_paragraph(part_of(archive, name), text) for name in sorted(used)}
    missing = _missing_kinds(archive, main, sections, found=found)
    if not missing:
        return changed
    office = _STRICT_OFFICE if _STRICT in root.space else _OFFICE
    folder = main.rpartition("/")[0]
    name = f"{folder}/headerAigc.xml"
    changed[relations], number = with_relation(archive, relations, f"{office}/header", target="headerAigc.xml")
    changed[TYPES] = with_type(archive, name, _HEADER_TYPE)
    new = "".join(
        f'<w:headerReference xmlns:w="{root.space}" xmlns:r="{office}" w:type="{kind}" r:id="{number}"/>'
        for kind in missing
    ).encode()
    changed[main] = _with_references(part, root, body, sections=sections, new=new)
    empty = f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<w:hdr xmlns:w="{root.space}"></w:hdr>'
    changed[name] = _with_paragraph(empty.encode(), text)
    return changed


def _missing_kinds(archive: Archive, main: str, sections: Sequence[Element], *, found: Sequence[Element]) -> list[str]:
    """Return the kinds of header that pages of the first section use and nobody wrote; later sections inherit them."""
    first = sections[0] if sections else None
    inside = [one for one in found if first is not None and first.start < one.start < first.end]
    kinds = ["default"]
    if any(one.local == "titlePg" and one.attributes.get("val", "1") not in ("0", "false", "off") for one in found):
        kinds.append("first")
    settings = [name for _, name in related(archive, relations_of(main), "settings")]
    part = archive.read(settings[0]) if settings else None
    if part is not None and len(elements(part, lambda local, _: local == "evenAndOddHeaders")) > 1:
        kinds.append("even")
    there = {one.attributes.get("type", "default") for one in inside if one.local == "headerReference"}
    return [kind for kind in kinds if kind not in there]


def _with_references(part: bytes, root: Element, body: Element, *, sections: Sequence[Element], new: bytes) -> bytes:
    if not sections:
        section = f'<w:sectPr xmlns:w="{root.space}">'.encode() + new + b"</w:sectPr>"
        return spliced_bytes(part, [at_end(part, body, section)])
    first = sections[0]
    if first.is_closed:
        return spliced_bytes(part, [at_end(part, first, new)])
    return spliced_bytes(part, [Edit(first.inner, first.inner, new)])


def _with_paragraph(part: bytes, text: str) -> bytes:
    if escape(text).encode() in part:
        return part
    root = elements(part, lambda _local, _attributes: False)[0]
    new = (
        f'<w:p xmlns:w="{root.space}"><w:pPr><w:jc w:val="right"/></w:pPr><w:r><w:rPr><w:b/></w:rPr>'
        f"<w:t>{escape(text)}</w:t></w:r></w:p>"
    ).encode()
    return spliced_bytes(part, [at_end(part, root, new)])


def _sheets(archive: Archive, text: str) -> Parts:
    main = related(archive, RELATIONS, "officeDocument")[0][1]
    names = [name for _, name in related(archive, relations_of(main), "worksheet")]
    return {name: _with_sheet_header(part_of(archive, name), text) for name in _bounded(names)}


def _with_sheet_header(part: bytes, text: str) -> bytes:
    mark = escape(text.replace("&", "&&"))
    wanted = {"headerFooter", "oddHeader", "evenHeader", "firstHeader", "customSheetViews", *_BEHIND_HEADER}
    root, *found = elements(part, lambda local, _: local in wanted)
    views = [one for one in found if one.local == "customSheetViews"]
    found = [one for one in found if not any(view.start < one.start < view.end for view in views)]
    holder = next((one for one in found if one.local == "headerFooter"), None)
    prefix = "" if not root.is_prefixed else part[root.start + 1 :].split(b":")[0].decode("utf-8", "replace") + ":"
    header = f"<{prefix}oddHeader>&amp;R{mark}</{prefix}oddHeader>"
    if holder is None:
        new = f"<{prefix}headerFooter>{header}</{prefix}headerFooter>".encode()
        behind = next((one for one in found if one.local in _BEHIND_HEADER), None)
        return spliced_bytes(part, [Edit(behind.start, behind.start, new) if behind else at_end(part, root, new)])
    headers = [one for one in found if one.local.endswith("Header") and not one.is_closed]
    if mark.encode() in part[holder.start : holder.end]:
        return part
    edits = [Edit(one.inner_end, one.inner_end, f"&amp;R{mark}".encode()) for one in headers]
    if not any(one.local == "oddHeader" for one in headers):
        edits.append(
            at_end(part, holder, header.encode())
            if holder.is_closed
            else Edit(holder.inner, holder.inner, header.encode())
        )
    return spliced_bytes(part, edits)


def _slides(archive: Archive, text: str) -> Parts:
    main = related(archive, RELATIONS, "officeDocument")[0][1]
    sizes = [one for one in elements(part_of(archive, main), lambda local, _: local == "sldSz") if one.local == "sldSz"]
    size = _SLIDE_SIZE
    if sizes and all(sizes[0].attributes.get(name, "").isdecimal() for name in ("cx", "cy")):
        size = int(sizes[0].attributes["cx"]), int(sizes[0].attributes["cy"])
    names = [name for _, name in related(archive, relations_of(main), "slide")]
    return {name: _with_box(part_of(archive, name), text, size) for name in _bounded(names)}


def _with_box(part: bytes, text: str, size: tuple[int, int]) -> bytes:
    if escape(text).encode() in part:
        return part
    root, *found = elements(part, lambda local, _: local in {"spTree", "cNvPr"})
    tree = next((one for one in found if one.local == "spTree"), None)
    if tree is None:
        raise damaged("幻灯片没有内容", "a slide without its tree")
    ids = [int(raw) for one in found if (raw := one.attributes.get("id", "")).isdecimal()]
    drawing = _STRICT_DRAWING if _STRICT in root.space else _DRAWING
    width, height = _LETTER_EMU * (len(text) + 2), _LETTER_EMU * 2
    left, top = max(0, size[0] - width - _LETTER_EMU // 2), max(0, size[1] - height - _LETTER_EMU // 2)
    new = (
        f'<p:sp xmlns:p="{root.space}" xmlns:a="{drawing}"><p:nvSpPr><p:cNvPr id="{max([1, *ids]) + 1}" name="AIGC"/>'
        f'<p:cNvSpPr txBox="1"/><p:nvPr/></p:nvSpPr><p:spPr><a:xfrm><a:off x="{left}" y="{top}"/>'
        f'<a:ext cx="{width}" cy="{height}"/></a:xfrm><a:prstGeom prst="rect"><a:avLst/></a:prstGeom>'
        '<a:solidFill><a:srgbClr val="000000"><a:alpha val="65000"/></a:srgbClr></a:solidFill></p:spPr>'
        '<p:txBody><a:bodyPr wrap="none" anchor="ctr"/><a:lstStyle/><a:p><a:pPr algn="ctr"/><a:r>'
        f'<a:rPr lang="zh-CN" sz="1400"><a:solidFill><a:srgbClr val="FFFFFF"/></a:solidFill></a:rPr>'
        f"<a:t>{escape(text)}</a:t></a:r></a:p></p:txBody></p:sp>"
    ).encode()
    lists = [one for one in elements(part, lambda local, _: local == "extLst") if one.local == "extLst"]
    last = next((one for one in lists if one.end == tree.inner_end), None)
    return spliced_bytes(part, [Edit(last.start, last.start, new) if last else at_end(part, tree, new)])


def _pages_of_odf(archive: Archive, text: str) -> Parts:
    part = part_of(archive, "styles.xml")
    root, *found = elements(part, lambda local, _: local in {"master-page", "header", "header-left", "header-first"})
    del root
    pages = [one for one in found if one.local == "master-page"]
    if not pages:
        raise unsupported("文档没有页面样式", "the document has no page style")
    paragraph = f'<text:p xmlns:text="{_TEXT}">{escape(text)}</text:p>'.encode()
    edits = []
    for page in pages:
        headers = [one for one in found if one.local != "master-page" and page.start < one.start < page.end]
        if headers:
            edits += [
                at_end(part, one, paragraph)
                for one in headers
                if escape(text).encode() not in part[one.start : one.end]
            ]
            continue
        new = f'<style:header xmlns:style="{_STYLE}">'.encode() + paragraph + b"</style:header>"
        edits.append(at_end(part, page, new) if page.is_closed else Edit(page.inner, page.inner, new))
    return {"styles.xml": spliced_bytes(part, edits)}


def _slides_of_odf(archive: Archive, text: str) -> Parts:
    part = part_of(archive, "content.xml")
    pages = [one for one in elements(part, lambda local, _: local == "page") if one.local == "page"]
    width = f"{0.5 * (len(text) + 2):.1f}cm"
    new = (
        f'<draw:frame xmlns:draw="{_DRAW}" xmlns:svg="{_SVG}" draw:name="AIGC" svg:width="{width}" svg:height="1cm" '
        f'svg:x="0.5cm" svg:y="0.5cm"><draw:text-box><text:p xmlns:text="{_TEXT}">{escape(text)}</text:p>'
        "</draw:text-box></draw:frame>"
    ).encode()
    edits = [
        at_end(part, one, new) if one.is_closed else Edit(one.inner, one.inner, new)
        for one in pages
        if escape(text).encode() not in part[one.start : one.end]
    ]
    return {"content.xml": spliced_bytes(part, edits)}


def _bounded(names: Sequence[str]) -> Sequence[str]:
    if len(names) > _MOST_PARTS:
        raise damaged("部件过多", "too many parts")
    return names
