"""Hostile bytes: readers and planners never crash, hang or expand; they find, or say what is wrong."""

import json
import struct
import tracemalloc
import zlib
from contextlib import suppress
from functools import cache

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.factories import document_files as docs
from tests.factories import media_files as made
from tests.factories.labels import BARE, OUR_ID, labeller
from tests.unit.labelling.test_matrix import FRESH

from guiju.kit.errors import InputError
from guiju.labelling.carriers.interface import Carrier
from guiju.labelling.carriers.registry import CARRIERS, carrier_for
from guiju.labelling.carriers.splicing import Source, spliced_bytes
from guiju.labelling.models import Label, Verdict
from guiju.labelling.parsing import parse_label

LABEL = '{"Label":"1","ContentProducer":"p","ProduceID":"i"}'
WHOLE = dict(Label("1", "p", "i").fields())
SAMPLES = {name: make() for name, make in FRESH.items()}
QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def use(carrier: Carrier, content: bytes) -> None:
    """Read and plan; whatever is planned must be a plan, and what it leads to must be readable or refused."""
    source = Source.of(content)
    with suppress(InputError):
        carrier.sites(source)
    with suppress(InputError):
        new = spliced_bytes(content, carrier.edits(source, LABEL))
        with suppress(InputError):
            carrier.sites(Source.of(new))


@pytest.mark.parametrize("name", SAMPLES)
@QUICK
@given(data=st.data())
def test_a_file_with_changed_bytes(name: str, data: st.DataObject) -> None:
    """Change a few bytes anywhere: lengths, counts, kinds and offsets become lies."""
    content = bytearray(SAMPLES[name])
    carrier = carrier_for(Source.of(SAMPLES[name]), name=name)
    limit = min(len(content), 600) if data.draw(st.booleans()) else len(content)
    for place in data.draw(st.lists(st.integers(0, limit - 1), min_size=1, max_size=6)):
        content[place] = data.draw(st.sampled_from((0, 1, 2, 8, 0x7F, 0x80, 0xFE, 0xFF)) | st.integers(0, 255))
    use(carrier, bytes(content))


@pytest.mark.parametrize("name", SAMPLES)
@QUICK
@given(data=st.data())
def test_a_file_cut_and_joined_wrongly(name: str, data: st.DataObject) -> None:
    content = SAMPLES[name]
    start = data.draw(st.integers(0, len(content)))
    end = data.draw(st.integers(0, len(content)))
    junk = data.draw(st.binary(max_size=40))
    use(carrier_for(Source.of(content), name=name), content[:start] + junk + content[end:])


@pytest.mark.parametrize("carrier", CARRIERS, ids=lambda carrier: str(carrier.name))
@QUICK
@given(content=st.binary(max_size=400))
def test_any_bytes_at_all(carrier: Carrier, content: bytes) -> None:
    use(carrier, content)
    with suppress(InputError):
        carrier.recognises(Source.of(content))


@given(st.text(max_size=400) | st.from_regex(r'\{"(Label|AIGC)":.{0,60}\}'))
def test_any_text_as_a_label(text: str) -> None:
    parsed = parse_label(text)
    assert parsed.label is not None or parsed.problems


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"AIGC":' * 50_000, "9" * 5000, '{"Label":' + "1" * 5000 + "}", "\ud800"]
)
def test_labels_that_would_break_a_reader(text: str) -> None:
    assert parse_label(text).problems


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        (BARE, {"missing"}),
        ('{"AIGC": ' + BARE + "}", {"missing"}),
        ('{"AIGC": "{\\"Label\\":\\"1\\"}"}', {"missing"}),
        (
            json.dumps(WHOLE | {"Label": 1, "ContentProducer": "a b", "ProduceID": ""}),
            {"not_a_string", "characters", "empty"},
        ),
        (
            json.dumps(WHOLE | {"Label": "7", "ContentProducer": "公司", "More": "x"}),
            {"value", "characters", "unknown_field"},
        ),
        ('{"AIGC": 7}', {"not_an_object"}),
        ('{"a": 1}', {"no_fields"}),
        ("7", {"not_an_object"}),
        ("<xml/>", {"not_json"}),
    ],
)
def test_what_is_wrong_with_a_label_is_named(text: str, codes: set[str]) -> None:
    assert {problem.code for problem in parse_label(text).problems} == codes


def test_a_page_of_open_tags_is_read_in_one_pass() -> None:
    for piece in (b"<!--", b"<script", b"<meta a=", b"<a ", b"<title>", b"</"):
        reading = labeller().read(piece * 60_000, mime="text/html")
        assert reading.verdict in (Verdict.ABSENT, Verdict.INCONCLUSIVE)


def test_front_matter_without_an_end_is_read_in_one_pass() -> None:
    for piece in (b"AIGC:\n", b"AIGC: [\n", b" \n", b"- a\n"):
        reading = labeller().read(b"---\n" + piece * 30_000, mime="text/markdown")
        assert reading.verdict in (Verdict.ABSENT, Verdict.NONCONFORMING)


@cache
def bombs() -> dict[str, tuple[bytes, str]]:
    """Small files that ask for much: to unpack, to count, to walk again and again."""
    packed = zlib.compress(b"\0" * (12 << 20))
    texts = b"".join(chunk(b"zTXt", b"AIGC\0\0" + packed) for _ in range(40))
    png = SAMPLES["a.png"].replace(b"\0\0\0\0IEND", texts + b"\0\0\0\0IEND")
    labels = made.simple_tag(b"AIGC", b"{}") * 5000
    entry = struct.pack("<HHII", 273, 4, 1 << 20, 8)
    directories = b"II*\0" + struct.pack("<I", 8) + struct.pack("<H", 4000) + entry * 4000 + struct.pack("<I", 10)
    nested = "<property name='x'>" * 900 + "&amp;" * 400_000 + "</property>" * 900
    chain = b"%PDF-1.7\n" + b"xref\n" + b"0 0\n" * 80_000 + b"trailer\n<< /Size 1 /Root 1 0 R >>\nstartxref\n9\n%%EOF\n"
    return {
        "texts that unpack to 480 MB": (png, "image/png"),
        "five thousand labels": (made.matroska(labels), "video/x-matroska"),
        "directories in each other": (directories + b"\0" * 100, "image/tiff"),
        "text in nine hundred elements": (docs.docx(nested), ""),
        "eighty thousand runs": (chain, "application/pdf"),
        "sixty thousand comments": (made.flac((4, made.comments(*["AIGC={}"] * 60_000))), "audio/flac"),
    }


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


@pytest.mark.parametrize("name", bombs())
def test_what_asks_for_much_is_bounded(name: str) -> None:
    content, mime = bombs()[name]
    tracemalloc.start()
    try:
        with suppress(InputError):
            labeller().label(content, mime, content_id=OUR_ID)
        assert tracemalloc.get_traced_memory()[1] < 160 << 20
    finally:
        tracemalloc.stop()
