"""What the carriers do is what the law's data says: names, places, shapes, characters."""

import re
from datetime import date

import pytest
from tests.factories.labels import CODE, OUR_ID, labeller
from tests.unit.labelling.test_matrix import FRESH

from guiju.labelling.carriers import office, xmp
from guiju.labelling.carriers.registry import CARRIERS
from guiju.labelling.codes import ServiceKind, parse_provider_code
from guiju.labelling.parsing import FIELDS, KEY
from guiju.labelling.rules import STATES, is_label_text
from guiju.labelling.security.data import signed_text
from guiju.law.service import load_law

LAW = load_law()
DAY = date(2026, 11, 26)


def value(name: str) -> object:
    return LAW.parameter(name, DAY).value


def values(name: str) -> tuple[str, ...]:
    found = value(name)
    assert isinstance(found, tuple)
    return found


def test_the_label_is_the_one_of_annex_e() -> None:
    assert value("gb-45438/implicit/metadata-key") == KEY
    assert values("gb-45438/implicit/fields") == FIELDS
    assert values("gb-45438/implicit/label-values") == STATES
    assert value("gb-45438/implicit/charset-size") == sum(is_label_text(chr(code)) for code in range(256))


def test_the_provider_code_is_the_one_of_the_guide() -> None:
    assert value("tc260-pg-20252a/length") == len(CODE)
    assert re.fullmatch(str(value("tc260-pg-20252a/pattern")), CODE)
    code = parse_provider_code(CODE)
    assert value("tc260-pg-20252a/credit-code/length") == len(code.credit_code)
    assert value("tc260-pg-20252a/model-code/length") == len(code.model)
    assert value("tc260-pg-20252a/service-type/generation") == ServiceKind.GENERATION
    assert value("tc260-pg-20252a/service-type/propagation") == ServiceKind.PROPAGATION


@pytest.mark.parametrize(
    ("parameter", "carrier", "words"),
    [
        ("tc260-pg-20257a/mp4/carrier", "mp4", "moov.udta.meta keys ilst AIGC"),
        ("tc260-pg-20257a/flv/carrier", "flv", "onMetaData AIGC"),
        ("tc260-pg-20257a/mkv/carrier", "matroska", "Segment.Tags.Tag.SimpleTag AIGC"),
        ("tc260-pg-20257a/avi/carrier", "avi", "LIST/INFO AIGC"),
        ("tc260-pg-20258a/ooxml/carrier", "ooxml", "docProps/custom.xml AIGC"),
        ("tc260-pg-20258a/pdf/carrier", "pdf", "Info /AIGC"),
        ("tc260-pg-20258a/markdown/carrier", "markdown", "YAML front matter AIGC"),
        ("tc260-pg-20258a/other/carrier", "svg", "XMP"),
        ("tc260-pg-20259a/jpeg/carrier", "jpeg", "APP1 XMP"),
        ("tc260-pg-20259a/png/carrier", "png", "iTXt XML:com.adobe.xmp"),
        ("tc260-pg-20259a/tiff/carrier", "tiff", "IFD0 tag 700"),
        ("tc260-pg-20259a/gif/carrier", "gif", "Application Extension XMP DataXMP"),
        ("tc260-pg-20259a/webp/carrier", "webp", "XMP"),
        ("tc260-pg-202510a/wav/carrier", "wav", "RIFF AIGC"),
        ("tc260-pg-202510a/mp3/carrier", "mp3", "ID3v2 TXXX AIGC"),
        ("tc260-pg-202510a/vorbis/carrier", "ogg", "Vorbis comment AIGC"),
    ],
)
def test_each_carrier_writes_where_the_guide_says(parameter: str, carrier: str, words: str) -> None:
    place = next(one.place for one in CARRIERS if one.name == carrier)
    for word in words.split():
        assert word.strip("'") in str(value(parameter)).replace("(", " ").replace("'", "")
        assert word in place.replace("'", "")


def test_xmp_is_in_the_name_space_of_the_guide() -> None:
    assert value("tc260-pg-20259a/xmp/namespace") == xmp.NAMESPACE
    packet = xmp.new_packet("{}").decode()
    assert f'xmlns:{value("tc260-pg-20259a/xmp/prefix")}="{xmp.NAMESPACE}"' in packet
    assert f"<{value('tc260-pg-20259a/xmp/property')}>" in packet


def test_office_properties_have_the_format_of_the_guide() -> None:
    assert value("tc260-pg-20258a/ooxml/fmtid") == office.FORMAT_ID


@pytest.mark.parametrize("name", FRESH)
def test_what_we_write_has_nothing_that_we_would_report(name: str) -> None:
    mime = next(one.mimes[0] for one in CARRIERS if name[1:] in one.suffixes)
    reading = labeller().read(labeller().label(FRESH[name](), mime, content_id=OUR_ID), mime=mime)
    assert reading.problems == ()
    assert len(reading.found) == value("gb-45438/implicit/labels-per-file")


def test_what_is_signed_is_what_the_guide_names() -> None:
    reading = labeller().read(labeller().label(FRESH["a.wav"](), "audio/wav", content_id=OUR_ID))
    assert reading.label is not None
    names = re.findall(r'"(\w+)":"', signed_text(reading.label).decode())
    assert tuple(names) == values("tc260-pg-202511a/reserved-code/signed-text")
