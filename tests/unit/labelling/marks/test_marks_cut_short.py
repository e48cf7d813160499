"""Every kind that needs no other program, cut after each hundredth of its length: marked, or words and no change."""

from pathlib import Path

import pytest
from tests.factories import document_files as made
from tests.factories.labels import OUR_ID, labeller
from tests.factories.marks import LAW, encoded, marks, picture, sound

from guiju.kit.errors import GuijuError
from guiju.labelling.exporting import Exporter
from guiju.labelling.models import Producer
from guiju.labelling.service import Labeller

SMALL = picture(72, 72)
MAIN = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument"
WORD = made.zipped(
    {
        "[Content_Types].xml": b'<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
        "_rels/.rels": (
            '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
            f'<Relationship Id="r" Type="{MAIN}" Target="word/document.xml"/></Relationships>'
        ).encode(),
        "word/document.xml": b'<w:document xmlns:w="w"><w:body><w:p/><w:sectPr/></w:body></w:document>',
    }
)
STYLE = b"urn:oasis:names:tc:opendocument:xmlns:style:1.0"
TEXT = made.odt("", **{"styles.xml": b'<s:styles xmlns:s="' + STYLE + b'"><s:master-page/></s:styles>'})
FILES = {
    "a.png": encoded(SMALL, "PNG"),
    "a.jpg": encoded(SMALL, "JPEG"),
    "a.webp": encoded(SMALL, "WEBP"),
    "a.gif": encoded(SMALL, "GIF"),
    "a.tiff": encoded(SMALL, "TIFF"),
    "a.avif": encoded(SMALL, "AVIF"),
    "a.wav": sound(0.1, rate=8000),
    "a.pdf": made.pdf(),
    "b.pdf": made.packed_pdf(),
    "a.docx": WORD,
    "a.odt": TEXT,
    "a.svg": b'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 30 20"><rect width="30" height="20"/></svg>',
    "a.html": "<!doctype html><html><head><title>题</title></head><body><p>段落</p></body></html>".encode(),
    "a.md": "---\ntitle: 题\n---\n# 标题\n\n段落\n".encode(),
    "a.txt": "第一行\n第二行\n".encode(),
}


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of broken EXIF
@pytest.mark.parametrize("name", FILES)
def test_each_length_is_exported_whole_or_left_as_it_was(name: str, tmp_path: Path) -> None:
    words = labeller()
    exporter = Exporter(Labeller(Producer(words.producer.code), words=LAW.words, text_mark=marks().style.text), marks())
    path, exported = tmp_path / name, 0
    for percent in range(101):
        content = FILES[name][: len(FILES[name]) * percent // 100]
        path.write_bytes(content)
        is_exported = exports(exporter, path)
        exported += is_exported
        assert (path.read_bytes() != content) is is_exported, percent
        if is_exported:
            assert name.endswith(".txt") or words.read(path).label is not None, percent
        assert [one.name for one in tmp_path.iterdir()] == [name], percent
    assert is_exported  # the whole file
    assert exported >= 1


def exports(exporter: Exporter, path: Path) -> bool:
    try:
        exporter.export(path, content_id=OUR_ID)
    except GuijuError as error:
        return not (error.zh and error.en)  # a refusal says why, in both languages
    return True
