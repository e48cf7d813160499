"""Marks in documents and texts: every page, slide or sheet shows them, and nothing else changes."""

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories import document_files as made
from tests.factories.marks import PEN, TEXT, marks

from guiju.kit.errors import InputError
from guiju.labelling.carriers.pdf import Pdf
from guiju.labelling.carriers.splicing import Source, spliced_bytes
from guiju.labelling.errors import UnsupportedFormatError
from guiju.labelling.marks import office, pdf, texts
from guiju.labelling.marks.models import MarkStyle, Moment, Position, Sign

WORD = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"


def office_marked(content: bytes) -> bytes:
    return spliced_bytes(content, office.mark_edits(Source.of(content), TEXT))


def parts_of(content: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        assert archive.testzip() is None
        return {name: archive.read(name) for name in archive.namelist()}


def package(main: str, parts: dict[str, str]) -> bytes:
    relations = (
        '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
        f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="{main}"/></Relationships>'
    )
    types = '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>'
    whole = {"[Content_Types].xml": types, "_rels/.rels": relations, **parts}
    return made.zipped({name: text.encode() for name, text in whole.items()})


def related(*rows: tuple[str, str, str]) -> str:
    inside = "".join(f'<Relationship Id="{i}" Type="{OFFICE}/{kind}" Target="{target}"/>' for i, kind, target in rows)
    return (
        f'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{inside}</Relationships>'
    )


def word(body: str, *rows: tuple[str, str, str], **parts: str) -> bytes:
    document = f'<w:document xmlns:w="{WORD}" xmlns:r="{OFFICE}"><w:body>{body}</w:body></w:document>'
    named = {f"word/{name}.xml": text for name, text in parts.items()}
    return package(
        "word/document.xml",
        {"word/document.xml": document, "word/_rels/document.xml.rels": related(*rows), **named},
    )


def test_a_document_without_a_header_gets_one_with_the_mark() -> None:
    before = word("<w:p/><w:sectPr><w:pgSz/></w:sectPr>")
    after = parts_of(office_marked(before))
    assert TEXT.encode() in after["word/headerAigc.xml"]
    assert b"<w:headerReference xmlns:w=" in after["word/document.xml"]
    assert b"headerAigc.xml" in after["word/_rels/document.xml.rels"]
    assert b"/word/headerAigc.xml" in after["[Content_Types].xml"]


def test_first_and_even_pages_get_the_mark_where_they_have_headers_of_their_own() -> None:
    settings_part = f'<w:settings xmlns:w="{WORD}"><w:evenAndOddHeaders/></w:settings>'
    before = word(
        "<w:p/><w:sectPr><w:titlePg/></w:sectPr>", ("rId9", "settings", "settings.xml"), settings=settings_part
    )
    document = parts_of(office_marked(before))["word/document.xml"]
    assert [kind in document for kind in (b'w:type="default"', b'w:type="first"', b'w:type="even"')] == [True] * 3


def test_headers_that_are_there_keep_what_they_say_and_show_the_mark_too() -> None:
    header = f'<w:hdr xmlns:w="{WORD}"><w:p><w:r><w:t>季度报告</w:t></w:r></w:p></w:hdr>'
    reference = '<w:headerReference w:type="default" r:id="rId7"/>'
    later = '<w:headerReference w:type="default" r:id="rId8"/>'
    before = word(
        f"<w:p><w:pPr><w:sectPr>{reference}</w:sectPr></w:pPr></w:p><w:p/><w:sectPr>{later}</w:sectPr>",
        ("rId7", "header", "header1.xml"),
        ("rId8", "header", "header2.xml"),
        header1=header,
        header2=header,
    )
    after = parts_of(office_marked(before))
    old = parts_of(before)
    for name in ("word/header1.xml", "word/header2.xml"):
        assert "季度报告".encode() in after[name]
        assert TEXT.encode() in after[name]
    assert {name for name in old if old[name] != after[name]} == {"word/header1.xml", "word/header2.xml"}
    assert office_marked(office_marked(before)) == office_marked(before)


def test_sheets_get_the_mark_into_their_header_before_what_must_follow_it() -> None:
    sheet = '<worksheet xmlns="x"><sheetData/><pageSetup/>{}<drawing/></worksheet>'
    headers = {
        "sheet1": "",
        "sheet2": "<headerFooter><oddHeader>&amp;L甲</oddHeader></headerFooter>",
        "sheet3": "<headerFooter/>",
        "sheet4": "<headerFooter><oddFooter>页</oddFooter></headerFooter>",
    }
    rows = [(f"rId{n}", "worksheet", f"worksheets/{name}.xml") for n, name in enumerate(headers)]
    parts = {f"xl/worksheets/{name}.xml": sheet.format(text) for name, text in headers.items()}
    before = package(
        "xl/workbook.xml", {"xl/workbook.xml": "<w/>", "xl/_rels/workbook.xml.rels": related(*rows), **parts}
    )
    after = parts_of(office_marked(before))
    for name in headers:
        text = after[f"xl/worksheets/{name}.xml"].decode()
        assert f"&amp;R{TEXT}" in text
        assert text.count("<headerFooter") == 1
        assert text.index("headerFooter") < text.index("<drawing")
    assert "&amp;L甲" in after["xl/worksheets/sheet2.xml"].decode()
    assert after["xl/worksheets/sheet4.xml"].decode().index("oddHeader") < after[
        "xl/worksheets/sheet4.xml"
    ].decode().index("oddFooter")
    assert office.marked_places(Source.of(office_marked(before)), TEXT) == (4, 4)


def test_every_slide_gets_the_mark_in_its_corner_with_a_number_of_its_own() -> None:
    tree = '<p:spTree><p:nvGrpSpPr><p:cNvPr id="{}" name=""/></p:nvGrpSpPr></p:spTree>'
    slide = f'<p:sld xmlns:p="p"><p:cSld>{tree}</p:cSld></p:sld>'
    rows = [(f"rId{n}", "slide", f"slides/slide{n}.xml") for n in (1, 2)]
    parts = {f"ppt/slides/slide{n}.xml": slide.format(n * 10) for n in (1, 2)}
    main = {"ppt/presentation.xml": '<p:presentation xmlns:p="p"><p:sldSz cx="1000000" cy="500000"/></p:presentation>'}
    before = package("ppt/presentation.xml", {**main, "ppt/_rels/presentation.xml.rels": related(*rows), **parts})
    after = parts_of(office_marked(before))
    for number in (1, 2):
        assert f'id="{number * 10 + 1}" name="AIGC"'.encode() in after[f"ppt/slides/slide{number}.xml"]
        assert TEXT.encode() in after[f"ppt/slides/slide{number}.xml"]


def test_signed_documents_are_refused() -> None:
    with pytest.raises(UnsupportedFormatError, match="签名"):
        office_marked(made.docx(None, **{"_xmlsignatures/origin.sigs": b""}))


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
@pytest.mark.parametrize("kind", ["docx", "xlsx", "odt"])
def test_libreoffice_shows_the_mark_on_every_page(kind: str, tmp_path: Path) -> None:
    home = f"-env:UserInstallation=file://{tmp_path}/home"
    source = tmp_path / ("t.csv" if kind == "xlsx" else "t.txt")
    source.write_text("1,2\n" * 100 if kind == "xlsx" else "一段文字。\n" * 120, "utf-8")

    def convert(path: Path, target: str) -> Path:
        command = ["soffice", home, "--headless", "--convert-to", target, "--outdir", str(tmp_path), str(path)]
        subprocess.run(command, capture_output=True, timeout=100, check=True)
        return path.with_suffix(f".{target}")

    marked = tmp_path / f"marked.{kind}"
    marks().mark_file(convert(source, kind), marked)
    text = subprocess.run(["pdftotext", str(convert(marked, "pdf")), "-"], capture_output=True, text=True, check=True)
    pages = text.stdout.rstrip("\f").split("\f")
    assert len(pages) >= 2
    assert all(TEXT in page.replace(" ", "") for page in pages)


@pytest.mark.parametrize("position", list(Position))
@pytest.mark.parametrize("content", [made.pdf(), made.packed_pdf()], ids=["table", "stream"])
def test_a_pdf_is_stamped_on_every_page_and_what_was_there_stays_in_front(content: bytes, position: Position) -> None:
    pen = pdf.page_pen(PEN)
    count = pdf.stamped_pages(Source.of(content))
    assert count[0] == 0
    assert count[1] >= 1
    after = spliced_bytes(content, pdf.mark_edits(Source.of(content), TEXT, position, pen=pen))
    assert after.startswith(content)
    assert pdf.stamped_pages(Source.of(after)) == (count[1], count[1])
    assert pdf.mark_edits(Source.of(after), TEXT, position, pen=pen) == []
    labelled = spliced_bytes(after, Pdf().edits(Source.of(after), '{"Label":"1"}'))
    assert len(Pdf().sites(Source.of(labelled))) == 1
    assert pdf.stamped_pages(Source.of(labelled)) == (count[1], count[1])


TEXTS = st.text(alphabet=st.sampled_from("天地玄黄 ab\n\r-#*"), max_size=200)


@given(TEXTS, st.sampled_from(list(Moment)), st.sampled_from(["utf-8", "gb18030", "utf-16"]))
@settings(max_examples=150, deadline=None)
def test_a_text_keeps_every_character_and_gets_one_line(text: str, moment: Moment, coding: str) -> None:
    coding = "utf-8" if text.isascii() and coding == "gb18030" else coding  # nobody can tell them apart
    content = text.encode(coding)
    after = spliced_bytes(content, texts.plain_edits(Source.of(content), TEXT, moment))
    written = after.decode(coding)
    assert texts.has_line(written, TEXT)
    assert written.replace(TEXT, "").replace("\n", "").replace("\r", "") == text.replace("\n", "").replace("\r", "")
    assert spliced_bytes(after, texts.plain_edits(Source.of(after), TEXT, moment)) == after
    lines = [line for line in written.split("\n") if line.strip()]
    place = next(at for at, line in enumerate(lines) if TEXT in line)
    if moment is Moment.START:
        assert place == 0
    elif moment is Moment.END:
        assert place == len(lines) - 1


def test_markdown_is_marked_behind_its_front_matter() -> None:
    content = "---\ntitle: x\n---\n# 标题\n".encode()
    after = spliced_bytes(content, texts.plain_edits(Source.of(content), TEXT, Moment.START, is_markdown=True))
    assert after.decode() == f"---\ntitle: x\n---\n**{TEXT}**\n\n# 标题\n"


@pytest.mark.parametrize("moment", list(Moment))
def test_a_page_shows_the_mark_in_its_body_and_scripts_are_no_place(moment: Moment) -> None:
    page = (
        "<!doctype html><html><head><title>t</title><script>var a = '<body>';</script></head>"
        "<body class=x><p>一</p><p>二</p><p>三</p></body></html>"
    )
    after = spliced_bytes(page.encode(), texts.page_edits(Source.of(page.encode()), TEXT, moment)).decode()
    at = after.index("aigc-mark")
    assert after.index("<body class=x>") < at < after.index("</body>")
    wanted = {Moment.START: (0, 3), Moment.MIDDLE: (1, 2), Moment.END: (3, 0)}[moment]
    assert (after[:at].count("<p>"), after[at:].count("<p>")) == wanted


def test_a_drawing_shows_the_mark_in_its_own_units_and_one_without_size_is_refused() -> None:
    def marked(attributes: str) -> str:
        content = f'<svg xmlns="http://www.w3.org/2000/svg" {attributes}><rect/></svg>'.encode()
        return spliced_bytes(content, texts.drawing_edits(Source.of(content), TEXT, Position.TOP, pen=PEN)).decode()

    assert 'viewBox="0 0 3 2"><rect/><g' in marked('viewBox="0 0 3 2"')
    assert "aigc-mark" in marked('width="300px" height="200"')
    for attributes in ("", 'viewBox="0 0 0 5"', 'width="50%" height="50%"', 'viewBox="0 0 1 5000"'):
        with pytest.raises(InputError, match="尺寸"):
            marked(attributes)


def test_marks_of_others_are_found_in_documents_and_texts_and_articles_about_the_subject_are_none(
    tmp_path: Path,
) -> None:
    found = {
        "a.txt": "本回答由人工智能生成\n正文",
        "b.md": "> AI 生成\n",
        "c.html": "<p>正文</p><footer><b>由 AI 合成</b></footer>",
    }
    none = {"a.txt": "人工智能的发展史。" * 20 + "生成", "b.md": "会议纪要\n", "c.html": "<p>天气</p>"}
    for texts_of, sign in ((found, Sign.FOUND), (none, Sign.NONE)):
        for name, text in texts_of.items():
            path = tmp_path / name
            path.write_text(text, "utf-8")
            assert [one.sign for one in marks().traces(path)] == [sign], name


@given(st.binary(max_size=300), st.integers(0, 100), st.sampled_from(["docx", "odt", "pdf", "svg", "html"]))
@settings(max_examples=120, deadline=None)
def test_broken_documents_are_errors_of_ours(junk: bytes, percent: int, kind: str) -> None:
    whole = {
        "docx": made.docx(),
        "odt": made.odt(),
        "pdf": made.pdf(),
        "svg": b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 10 10"><g/></svg>',
        "html": b"<html><body><p>x</p></body></html>",
    }[kind]
    cut = len(whole) * percent // 100
    for content in (junk, whole[:cut], whole[:cut] + junk + whole[cut:]):
        source = Source.of(content)
        try:
            if kind in ("docx", "odt"):
                office.mark_edits(source, TEXT)
            elif kind == "pdf":
                pdf.mark_edits(source, TEXT, Position.TOP, pen=pdf.page_pen(PEN))
            elif kind == "svg":
                texts.drawing_edits(source, TEXT, Position.TOP, pen=PEN)
            else:
                texts.page_edits(source, TEXT, Moment.END)
        except InputError:
            continue


def test_the_style_of_the_operator_must_be_a_lawful_mark() -> None:
    with pytest.raises(Exception, match="缺少要素"):
        marks(MarkStyle("本内容仅供参考"))
