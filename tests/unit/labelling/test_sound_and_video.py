"""Sound and video: the label comes in, packets stay, and every table still points at them."""

import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.factories import media_files as made
from tests.factories.labels import BARE, CODE, OUR_ID, WRAPPED, labeller

from guiju.labelling.carriers import ogg_pages
from guiju.labelling.carriers.movie import Movie
from guiju.labelling.carriers.splicing import Source
from guiju.labelling.models import Verdict

KEYS = made.box(b"keys", struct.pack(">II", 0, 1), made.box(b"mdta", b"AIGC"))


def mdta(text: str) -> bytes:
    item = made.box(b"\0\0\0\1", made.box(b"data", struct.pack(">II", 1, 0), text.encode()))
    return made.box(
        b"meta", b"\0" * 4, made.box(b"hdlr", b"\0" * 8 + b"mdta" + b"\0" * 13), KEYS, made.box(b"ilst", item)
    )


def freeform(text: str) -> bytes:
    item = made.box(
        b"----",
        made.box(b"mean", b"\0\0\0\0com.apple.iTunes"),
        made.box(b"name", b"\0\0\0\0AIGC"),
        made.box(b"data", struct.pack(">II", 1, 0), text.encode()),
    )
    handler = made.box(b"hdlr", b"\0" * 8 + b"mdirappl" + b"\0" * 9)
    return made.box(b"udta", made.box(b"meta", b"\0" * 4, handler, made.box(b"ilst", item)))


KEPT = (b"TIT2", b"\3Kept title")
FILES: dict[str, Callable[[], bytes]] = {
    "mp4-front": made.movie,
    "mp4-tail": lambda: made.movie(first=False),
    "mp4-wide": lambda: made.movie(wide=True),
    "mp4-itunes": lambda: made.movie(made.ITUNES),
    "mp4-mdta": lambda: made.movie(made.box(b"udta", mdta(BARE))),
    "mp4-meta-in-moov": lambda: made.movie(mdta(WRAPPED)),
    "mp4-freeform": lambda: made.movie(freeform(BARE)),
    "mp4-fragmented": made.fragmented,
    "mov": lambda: made.movie(made.box(b"udta", made.box(b"\xa9nam", b"\0\4\0\0Kept") + b"\0" * 4), brand=b"qt  "),
    "wav": made.wav,
    "wav-info": lambda: made.wav((b"LIST", made.info((b"INAM", b"Kept\0"), (b"AIGC", BARE.encode())))),
    "wav-only-label-in-info": lambda: made.wav((b"LIST", made.info((b"AIGC", BARE.encode())))),
    "wav-chunk": lambda: made.wav((b"AIGC", WRAPPED.encode())),
    "wav-id3": lambda: made.wav((b"id3 ", made.id3(4, KEPT, (b"TXXX", made.txxx("AIGC", BARE))))),
    "wav-stream": made.streamed_wav,
    "wav-rf64": made.rf64,
    "mp3-bare": lambda: made.MP3_AUDIO,
    "mp3-v22": lambda: made.id3(2, (b"TT2", b"\0Kept"), (b"TXX", made.txxx("AIGC", BARE))) + made.MP3_AUDIO,
    "mp3-v23": lambda: made.id3(3, KEPT, (b"TXXX", made.txxx("AIGC", BARE, 1))) + made.MP3_AUDIO,
    "mp3-v24": lambda: made.id3(4, KEPT, (b"TXXX", made.txxx("aigc", BARE, 3))) + made.MP3_AUDIO,
    "mp3-tail-tag": lambda: made.id3(4, KEPT) + made.MP3_AUDIO + b"TAG" + b"\0" * 125,
    "flac": made.flac,
    "flac-comments": lambda: made.flac((4, made.comments("TITLE=Kept")), (1, b"\0" * 50)),
    "flac-labelled": lambda: made.flac((4, made.comments("AIGC=" + BARE, "TITLE=Kept"))),
    "flac-id3": lambda: made.id3(4, KEPT, (b"TXXX", made.txxx("AIGC", BARE))) + made.flac(),
    "opus": made.opus,
    "opus-labelled": lambda: made.opus(made.comments("TITLE=Kept", "aigc=" + WRAPPED)),
    "vorbis": lambda: made.vorbis("TITLE=Kept"),
    "ogg-chained": lambda: made.vorbis("TITLE=Kept") + made.vorbis("AIGC=" + BARE, serial=10),
    "opus-many-pages": lambda: made.opus(made.comments("C=" + "x" * 64_800), pages=5),
}


@pytest.mark.parametrize("name", FILES)
def test_one_lawful_label_and_nothing_of_the_old(name: str) -> None:
    content = FILES[name]()
    labelled = labeller().label(content, "", content_id=OUR_ID)
    reading = labeller().read(labelled)
    assert reading.verdict is Verdict.CONFORMING
    assert reading.label is not None
    assert (reading.label.content_producer, reading.label.produce_id) == (CODE, OUR_ID)
    assert b"e5118399" not in labelled
    assert labelled.count(OUR_ID.encode()) == 2
    assert labelled.count(b"Kept") == content.count(b"Kept")
    assert labeller().label(labelled, "", content_id=OUR_ID) == labelled


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith("m") and "mp3" not in name])
def test_every_chunk_of_a_movie_is_where_its_table_says(name: str) -> None:
    labelled = labeller().label(FILES[name](), "", content_id=OUR_ID)
    places = made.chunk_places(labelled)
    if name != "mp4-fragmented":
        assert tuple(labelled[at : at + 700] for at in places) == made.CHUNKS
    assert b"".join(made.CHUNKS) in labelled


def test_a_fragment_and_its_index_point_at_the_fragment() -> None:
    labelled = labeller().label(made.fragmented(), "", content_id=OUR_ID)
    at = labelled.index(b"moof") - 4
    base = labelled.index(b"tfhd") + 12
    assert struct.unpack(">Q", labelled[base : base + 8])[0] == at
    index = labelled.index(b"tfra") + 28
    assert struct.unpack(">Q", labelled[index : index + 8])[0] == at


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("wav", "flac", "mp3"))])
def test_the_sound_is_byte_for_byte_the_same(name: str) -> None:
    labelled = labeller().label(FILES[name](), "", content_id=OUR_ID)
    sounds = {"w": made.noise(4, 700), "f": b"\xff\xf8" + made.noise(6), "m": made.MP3_AUDIO}
    assert sounds[name[0]] in labelled


@pytest.mark.parametrize("name", [name for name in FILES if name.startswith(("opus", "vorbis", "ogg"))])
def test_pages_of_an_ogg_count_on_and_their_checksums_hold(name: str) -> None:
    content = FILES[name]()
    labelled = labeller().label(content, "", content_id=OUR_ID)
    next_numbers: dict[int, int] = {}
    for page in ogg_pages.pages(Source.of(labelled)):
        raw = labelled[page.at : page.end]
        assert ogg_pages.checksum(raw[:22] + b"\0" * 4 + raw[26:]) == page.checksum
        assert page.number == next_numbers.get(page.serial, 0)
        next_numbers[page.serial] = page.number + 1
    audio = [made.noise(10 + n, 300) for n in range(3)] if name.startswith("opus") else [made.noise(9, 200)]
    assert all(packet in labelled for packet in audio)


def plain_checksum(page: bytes) -> int:
    """RFC 3533, appendix A, bit by bit."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1) ^ (0x04C11DB7 if value & 0x80000000 else 0)
            value &= 0xFFFFFFFF
    return value


@given(st.binary(max_size=300))
def test_the_checksum_is_that_of_the_rfc(content: bytes) -> None:
    assert ogg_pages.checksum(content) == plain_checksum(content)


@given(st.lists(st.tuples(st.sampled_from((0, 1, 2, 4, 6)), st.integers(0, 600)), max_size=12))
def test_a_walk_to_first_pages_passes_over_the_others(shapes: list[tuple[int, int]]) -> None:
    content = b"".join(made.page([b"x" * size], 1, number, flags=flags) for number, (flags, size) in enumerate(shapes))
    walk, found = ogg_pages.Walk(Source.of(content)), []
    while (page := walk.next(first_only=True)) is not None:
        found.append(page)
    every = list(ogg_pages.pages(Source.of(content)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ogg_pages, "_BLOCK", 300)
        assert list(ogg_pages.pages(Source.of(content))) == every
    assert [page.number for page in every] == list(range(len(shapes)))
    assert found == [page for page in every if page.flags & 2]


def test_a_stream_of_sound_gets_the_lengths_that_its_writer_left_open() -> None:
    labelled = labeller().label(made.streamed_wav(), "", content_id=OUR_ID)
    assert struct.unpack("<I", labelled[4:8])[0] == len(labelled) - 8
    assert struct.unpack("<I", labelled[40:44])[0] == 700


def test_a_chunk_beyond_four_gigabytes_gets_a_table_of_64_bits(tmp_path: Path) -> None:
    """The head stands before the data, and the last chunk just below 4 GiB: with the label it passes."""
    ftyp = made.box(b"ftyp", b"isom", b"\0\0\2\0", b"isom")
    length = len(ftyp) + len(made._movie_head([0, 0]))
    last = 0xFFFFFFFF - 100
    head = ftyp + made._movie_head([length + 16, last])
    path = tmp_path / "large.mp4"
    with path.open("wb") as file:
        file.write(head + struct.pack(">I4sQ", 1, b"mdat", last + 1000 - length) + b"start")
        file.seek(last)
        file.write(b"chunk")
        file.truncate(last + 1000)
    with path.open("rb") as file:
        source = Source(file)
        edits = Movie().edits(source, BARE)
        assert len(edits) == 1
        assert b"co64" in edits[0].new
        grown = len(edits[0].new) - (edits[0].end - edits[0].start)
        assert made.chunk_places(b"\0" * 8 + edits[0].new) == [length + 16 + grown, last + grown]
