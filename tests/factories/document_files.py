"""Small documents and texts, as the formats are laid down."""

import io
import struct
import zipfile
import zlib

from PIL import Image
from tests.factories.pictures import scene

_WORD = "application/vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
CUSTOM = (
    f'<Properties xmlns="{_OFFICE}/custom-properties" xmlns:vt="{_OFFICE}/docPropsVTypes">'
    '<property fmtid="{D5CDD505-2E9C-101B-9397-08002B2CF9AE}" pid="2" name="Other"><vt:lpwstr>Kept</vt:lpwstr>'
    "</property>"
    "%s</Properties>"
)


def custom_property(text: str, pid: int = 3) -> str:
    quoted = text.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<property fmtid="{{D5CDD505-2E9C-101B-9397-08002B2CF9AE}}" pid="{pid}" name="AIGC">'
        f"<vt:lpwstr>{quoted}</vt:lpwstr></property>"
    )


def zipped(parts: dict[str, bytes], *, stored: tuple[str, ...] = ()) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in parts.items():
            entry = zipfile.ZipInfo(name, (2026, 1, 2, 3, 4, 6))
            archive.writestr(entry, content, zipfile.ZIP_STORED if name in stored else zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def docx(custom: str | None = None, **more: bytes) -> bytes:
    relation = (
        f'<Relationship Id="rId9" Type="{_OFFICE}/relationships/custom-properties" Target="docProps/custom.xml"/>'
    )
    override = '<Override PartName="/docProps/custom.xml" ContentType="application/x"/>'
    parts = {
        "[Content_Types].xml": (
            f'<?xml version="1.0"?><Types xmlns="{_PACKAGE}/content-types"><Override PartName="/word/document.xml" '
            f'ContentType="{_WORD}"/>{override if custom is not None else ""}</Types>'
        ).encode(),
        "_rels/.rels": (
            f'<?xml version="1.0"?><Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="rId1" '
            f'Type="{_OFFICE}/relationships/officeDocument" Target="word/document.xml"/>'
            f"{relation if custom is not None else ''}</Relationships>"
        ).encode(),
        "word/document.xml": "<w>你好，文档</w>".encode() * 20,
    }
    if custom is not None:
        parts["docProps/custom.xml"] = (CUSTOM % custom).encode()
    return zipped(parts | {name.replace("__", "/"): content for name, content in more.items()})


def odt(fields: str = "", /, **more: bytes) -> bytes:
    meta = (
        '<?xml version="1.0"?><office:document-meta xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:meta="urn:oasis:names:tc:opendocument:xmlns:meta:1.0"><office:meta><meta:generator>Kept</meta:generator>'
        f"{fields}</office:meta></office:document-meta>"
    )
    parts = {
        "mimetype": b"application/vnd.oasis.opendocument.text",
        "content.xml": b"<c>text</c>" * 30,
        "meta.xml": meta.encode(),
        "META-INF/manifest.xml": b"<m/>",
    }
    return zipped(parts | {name.replace("__", "/"): content for name, content in more.items()}, stored=("mimetype",))


def pdf(info: bytes | None = b"/Title (Kept \\(x\\))", *, catalog: bytes = b"", more: tuple[bytes, ...] = ()) -> bytes:
    """Make a PDF of one empty page with a cross-reference table."""
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R " + catalog + b">>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] >>",
        *((b"<< " + info + b" >>",) if info is not None else ()),
        *more,
    ]
    content, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(content))
        content += b"%d 0 obj\n" % number + body + b"\nendobj\n"
    table = b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    table += b"".join(b"%010d 00000 n \n" % place for place in places)
    trailer = b"/Size %d /Root 1 0 R" % (len(objects) + 1) + (b" /Info 4 0 R" if info is not None else b"")
    return content + table + b"trailer\n<< %s >>\nstartxref\n%d\n%%%%EOF\n" % (trailer, len(content))


def packed_pdf(info: bytes = b"/Title (Kept)") -> bytes:
    """Make a PDF whose Info dictionary stands in an object stream, found by a cross-reference stream."""
    inner = b"<< /Type /Catalog /Pages 2 0 R >>", b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", b"<< " + info + b" >>"
    places, at = [], 0
    for number, body in zip((1, 2, 4), inner, strict=True):
        places.append(b"%d %d" % (number, at))
        at += len(body) + 1
    index = b" ".join(places) + b" "
    stream = zlib.compress(index + b" ".join(inner))
    content = b"%PDF-1.7\n"
    page_at = len(content)
    content += b"3 0 obj\n<< /Type /Page /Parent 2 0 R /MediaBox [0 0 420 595] >>\nendobj\n"
    holder_at = len(content)
    head = b"/Type /ObjStm /N 3 /First %d /Length %d /Filter /FlateDecode" % (len(index), len(stream))
    content += b"5 0 obj\n<< " + head + b" >>\nstream\n" + stream + b"\nendstream\nendobj\n"
    start = len(content)
    entries = [(0, 0, 255), (2, 5, 0), (2, 5, 1), (1, page_at, 0), (2, 5, 2), (1, holder_at, 0), (1, start, 0)]
    rows = [struct.pack(">BHB", *entry) for entry in entries]
    above, predicted = bytes(4), b""
    for row in rows:
        predicted += b"\2" + bytes((one - up) & 255 for one, up in zip(row, above, strict=True))
        above = row
    table = zlib.compress(predicted)
    head = b"/Type /XRef /Size 7 /W [1 2 1] /Root 1 0 R /Info 4 0 R /Filter /FlateDecode /Length %d " % len(table)
    head += b"/DecodeParms << /Predictor 12 /Columns 4 >>"
    content += b"6 0 obj\n<< " + head + b" >>\nstream\n" + table + b"\nendstream\nendobj\n"
    return content + b"startxref\n%d\n%%%%EOF\n" % start


def tiff(image: Image.Image | None = None, **options: object) -> bytes:
    buffer = io.BytesIO()
    (image or scene(7)).save(buffer, "TIFF", **options)
    return buffer.getvalue()


SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><!-- Kept --><rect width="3" height="3"/></svg>'
HTML = "<!DOCTYPE html><html><head><meta charset=utf-8><title>Kept</title></head><body>你好</body></html>".encode()
MARKDOWN = "---\ntitle: Kept\ntags: [a, b]\n---\n\n# 你好\n".encode()
