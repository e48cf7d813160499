"""Documents and texts: the label comes in, every other part stays, signatures are not broken unseen."""

import io
import re
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image
from tests.factories import document_files as docs
from tests.factories import media_files as made
from tests.factories.labels import BARE, CODE, OUR_ID, WRAPPED, labeller
from tests.factories.pictures import scene
from tests.unit.labelling.test_pictures import ELEMENT, PACKET, exif

from guiju.labelling.carriers import xmp
from guiju.labelling.errors import DamagedFileError, UnsupportedFormatError
from guiju.labelling.models import ForeignLabel, MarkWords, Producer, Verdict
from guiju.labelling.service import Labeller

FIELD = '<meta:user-defined meta:name="AIGC">' + BARE.replace("&", "&amp;") + "</meta:user-defined>"
META = "<meta name='aigc' content='" + BARE + "'>"
YAML = "AIGC:\n  Label: '1'\n  ContentProducer: x\n  ProduceID: u:1/task:e5118399\n"
Builder = Callable[[], bytes]
FILES: dict[str, Builder] = {
    "a.pdf": docs.pdf,
    "no-info.pdf": lambda: docs.pdf(None),
    "labelled.pdf": lambda: docs.pdf(b"/Title (Kept) /AIGC (%s)" % BARE.encode()),
    "hex.pdf": lambda: docs.pdf(b"/AIGC <%s> /Title (Kept)" % (b"feff" + BARE.encode("utf-16-be").hex().encode())),
    "packed.pdf": docs.packed_pdf,
    "packed-labelled.pdf": lambda: docs.packed_pdf(b"/AIGC (%s) /Title (Kept)" % WRAPPED.encode()),
    "xmp.pdf": lambda: docs.pdf(
        catalog=b"/Metadata 5 0 R",
        more=(
            b"<< /Type /Metadata /Length %d >>\nstream\n" % len(PACKET % ELEMENT) + PACKET % ELEMENT + b"\nendstream",
        ),
    ),
    "a.docx": docs.docx,
    "custom.docx": lambda: docs.docx(""),
    "labelled.docx": lambda: docs.docx(docs.custom_property(BARE)),
    "twice.docx": lambda: docs.docx(docs.custom_property(BARE) + docs.custom_property(WRAPPED, 4)),
    "a.odt": docs.odt,
    "labelled.odt": lambda: docs.odt(FIELD),
    "a.tif": docs.tiff,
    "big.tif": lambda: docs.tiff(big_tiff=True),
    "pages.tif": lambda: docs.tiff(save_all=True, append_images=[scene(8)]),
    "xmp.tif": lambda: docs.tiff(tiffinfo={700: PACKET % b""}),
    "labelled.tif": lambda: docs.tiff(tiffinfo={700: PACKET % ELEMENT}),
    "comment.tif": lambda: docs.tiff(description=WRAPPED),
    "a.avi": made.avi,
    "no-room.avi": lambda: made.avi(room=0),
    "labelled.avi": lambda: made.avi((b"AIGC", BARE.encode() + b"\0")),
    "more-forms.avi": lambda: made.avi(more=True),
    "a.flv": made.flv,
    "bare.flv": lambda: made.flv(head=False),
    "labelled.flv": lambda: made.flv((b"AIGC", b"\2" + made.amf_string(BARE.encode()))),
    "a.mkv": made.matroska,
    "sums.mkv": lambda: made.matroska(made.simple_tag(b"AIGC", BARE.encode()), summed=True),
    "no-room.mkv": lambda: made.matroska(room=0),
    "labelled.mkv": lambda: made.matroska(made.simple_tag(b"AIGC", BARE.encode())),
    "a.svg": lambda: docs.SVG,
    "doctype.svg": lambda: b'<?xml version="1.0"?><!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "x.dtd">' + docs.SVG,
    "labelled.svg": lambda: docs.SVG.replace(b"<rect", b"<metadata>" + rdf(ELEMENT) + b"</metadata><rect"),
    "a.html": lambda: docs.HTML,
    "labelled.html": lambda: docs.HTML.replace(b"<title>", META.encode() + b"<title>"),
    "bare.html": lambda: b"Kept",
    "a.md": lambda: docs.MARKDOWN,
    "labelled.md": lambda: docs.MARKDOWN.replace(b"tags:", YAML.encode() + b"tags:"),
    "flow.md": lambda: docs.MARKDOWN.replace(b"tags:", b"AIGC: {Label: '1', ProduceID: e5118399}\ntags:"),
    "bare.md": lambda: b"# Kept\r\n",
}


def rdf(inner: bytes) -> bytes:
    return b'<rdf:RDF xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#">' + inner + b"</rdf:RDF>"


def labelled_file(tmp_path: Path, name: str, content: bytes) -> bytes:
    path = tmp_path / name
    path.write_bytes(content)
    labeller().label_file(path, content_id=OUR_ID, foreign=ForeignLabel.REPLACE)
    return path.read_bytes()


@pytest.mark.parametrize("name", FILES)
def test_one_lawful_label_and_nothing_else_lost(tmp_path: Path, name: str) -> None:
    content = FILES[name]()
    new = labelled_file(tmp_path, name, content)
    reading = labeller().read(tmp_path / name)
    assert (reading.verdict, reading.problems) == (Verdict.CONFORMING, ())
    assert reading.label is not None
    assert (reading.label.content_producer, reading.label.produce_id) == (CODE, OUR_ID)
    assert labelled_file(tmp_path, name, new) == new
    if not name.endswith((".docx", ".odt", ".pdf")):
        assert new.count(b"Kept") == content.count(b"Kept")
        assert b"e5118399" not in new


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith((".docx", ".odt"))])
def test_every_other_part_of_a_document_keeps_its_bytes(tmp_path: Path, name: str) -> None:
    content = FILES[name]()
    old, new = (zipfile.ZipFile(io.BytesIO(one)) for one in (content, labelled_file(tmp_path, name, content)))
    assert new.testzip() is None
    changed = {one for one in old.namelist() if old.read(one) != new.read(one)}
    assert changed <= {"[Content_Types].xml", "_rels/.rels", "docProps/custom.xml", "meta.xml"}
    assert new.namelist()[: len(old.namelist())] == old.namelist()
    assert new.infolist()[0].header_offset == 0
    for one in set(old.namelist()) - changed:
        before, after = old.getinfo(one), new.getinfo(one)
        assert (before.CRC, before.compress_size, before.date_time) == (after.CRC, after.compress_size, after.date_time)


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".pdf")])
def test_the_old_bytes_of_a_pdf_stay_as_its_beginning(tmp_path: Path, name: str) -> None:
    content = FILES[name]()
    new = labelled_file(tmp_path, name, content)
    assert new.startswith(content)
    assert new.count(OUR_ID.encode()) == 2
    if b"Title" in content:
        assert b"Kept" in new[len(content) :]


@pytest.mark.parametrize("name", [name for name in FILES if name.endswith(".tif")])
def test_pixels_of_every_page_of_a_tiff_stay(tmp_path: Path, name: str) -> None:
    content = FILES[name]()
    new = labelled_file(tmp_path, name, content)
    before, after = Image.open(io.BytesIO(content)), Image.open(io.BytesIO(new))
    for page in range(getattr(before, "n_frames", 1)):
        before.seek(page)
        after.seek(page)
        assert before.tobytes() == after.tobytes()


@pytest.mark.parametrize("name", ["a.avi", "labelled.avi", "more-forms.avi"])
def test_an_avi_with_room_keeps_every_place(tmp_path: Path, name: str) -> None:
    content = FILES[name]()
    new = labelled_file(tmp_path, name, content)
    assert len(new) == len(content)
    assert new.index(b"movi") == content.index(b"movi")
    assert new[content.index(b"movi") :] == content[content.index(b"movi") :]


def test_an_avi_of_several_forms_without_room_is_refused() -> None:
    with pytest.raises(UnsupportedFormatError):
        labeller().label(made.avi(room=0, more=True), "", content_id=OUR_ID)


def test_an_flv_says_where_its_picture_is_now() -> None:
    content = made.flv()
    new = labeller().label(content, "", content_id=OUR_ID)
    grown = len(new) - len(content)
    old_place = re.search(rb"filepositions\x0a\x00\x00\x00\x01\x00(.{8})", content, re.DOTALL)
    place = re.search(rb"filepositions\x0a\x00\x00\x00\x01\x00(.{8})", new, re.DOTALL)
    assert old_place is not None
    assert place is not None
    at = int(struct.unpack(">d", place[1])[0])
    assert at == struct.unpack(">d", old_place[1])[0] + grown
    assert new[at] == 9


def test_what_is_signed_or_encrypted_is_refused() -> None:
    for content in (
        docs.docx(_xmlsignatures__sig1=b"<x/>"),
        docs.odt("", **{"META-INF__documentsignatures.xml": b"<x/>"}),
        docs.pdf().replace(b"/Root 1 0 R", b"/Root 1 0 R /Encrypt 1 0 R"),
    ):
        with pytest.raises(UnsupportedFormatError):
            labeller().label(content, "", content_id=OUR_ID)


def test_a_part_that_unpacks_to_too_much_is_refused_before_it_does() -> None:
    bomb = docs.docx(" " * (17 << 20))
    assert len(bomb) < 100_000
    with pytest.raises(DamagedFileError):
        labeller().label(bomb, "", content_id=OUR_ID)


def test_html_in_comments_and_raw_text_is_no_label() -> None:
    page = docs.HTML.replace(b"<title>", b"<!-- " + META.encode() + b" --><title>" + META.encode())
    assert labeller().read(page, mime="text/html").verdict is Verdict.ABSENT


def test_markdown_that_refers_is_read_as_it_stands() -> None:
    text = b"---\nAIGC: &a [*a, *a]\n---\n"
    reading = labeller().read(text, mime="text/markdown")
    assert [one.code for one in reading.problems] == ["not_json"]


@pytest.mark.parametrize("coding", ["utf-8", "utf-8-sig", "utf-16", "gb18030"])
def test_plain_text_is_marked_in_its_own_coding(tmp_path: Path, coding: str) -> None:
    marker = Labeller(Producer(CODE), words=MarkWords(("AI", "人工智能"), ("生成",)), text_mark="本内容由人工智能生成")
    path = tmp_path / "a.txt"
    path.write_bytes("你好，世界\r\n第二行".encode(coding))
    assert marker.read(path).verdict is Verdict.ABSENT
    done = marker.label_file(path, content_id=OUR_ID)
    assert done.label is None
    assert path.read_bytes().decode(coding) == "你好，世界\r\n第二行\r\n本内容由人工智能生成\r\n"
    assert marker.read(path).explicit_mark == "本内容由人工智能生成"
    before = path.read_bytes()
    marker.label_file(path, content_id=OUR_ID)
    assert path.read_bytes() == before
    with pytest.raises(UnsupportedFormatError):
        labeller().label_file(path, content_id=OUR_ID)


def test_a_packet_of_its_own_is_what_the_guides_show() -> None:
    assert b'xmlns:TC260="http://www.tc260.org.cn/ns/AIGC/1.0/"' in xmp.new_packet(BARE)


def test_exif_of_a_tiff_is_read() -> None:
    assert labeller().read(exif(WRAPPED)[6:]).found[0].place == "EXIF UserComment"
