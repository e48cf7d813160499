"""Every format against everything that can be wrong with a file: labelled without loss, or a clear error."""

import hashlib
import tracemalloc
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import pytest
from tests.factories import document_files as docs
from tests.factories import media_files as made
from tests.factories.labels import BARE, CODE, OUR_ID, labeller
from tests.factories.pictures import animated, encoded, scene

from guiju.kit.errors import GuijuError, InputError
from guiju.labelling.carriers.registry import CARRIERS, carrier_for
from guiju.labelling.carriers.splicing import Source, spliced_bytes
from guiju.labelling.errors import ForeignLabelError, LabelNotHeldError
from guiju.labelling.models import ForeignLabel, Label, Verdict
from guiju.labelling.rules import label_json

SMALL = scene(1).resize((24, 16))
FRESH: dict[str, Callable[[], bytes]] = {
    "a.png": lambda: encoded(SMALL),
    "a.jpg": lambda: encoded(SMALL, "JPEG"),
    "a.webp": lambda: encoded(SMALL, "WEBP"),
    "a.gif": lambda: animated([SMALL, scene(2).resize((24, 16))]),
    "a.tif": lambda: docs.tiff(SMALL),
    "a.avif": lambda: encoded(SMALL, "AVIF"),
    "a.mp4": made.movie,
    "b.mp4": made.fragmented,
    "a.mov": lambda: made.movie(brand=b"qt  ", first=False),
    "a.mkv": made.matroska,
    "a.flv": made.flv,
    "a.avi": made.avi,
    "a.wav": made.wav,
    "b.wav": made.rf64,
    "a.mp3": lambda: made.id3(3, (b"TIT2", b"\0Kept")) + made.MP3_AUDIO,
    "a.flac": lambda: made.flac((4, made.comments("TITLE=Kept"))),
    "a.opus": made.opus,
    "a.ogg": lambda: made.vorbis("TITLE=Kept"),
    "a.pdf": docs.pdf,
    "b.pdf": docs.packed_pdf,
    "a.docx": docs.docx,
    "a.odt": docs.odt,
    "a.svg": lambda: docs.SVG,
    "a.html": lambda: docs.HTML,
    "a.md": lambda: docs.MARKDOWN,
}
TEXTS = (".html", ".md")


def test_every_carrier_is_in_the_matrix() -> None:
    found = {carrier_for(Source.of(make()), name=name).name for name, make in FRESH.items()}
    assert found == {carrier.name for carrier in CARRIERS}


def labelled(content: bytes, name: str) -> bytes:
    """Label as the library does for bytes, told the format by the name only."""
    source = Source.of(content)
    mime = carrier_for(source, name=name).mimes[0]
    return labeller().label(content, mime, content_id=OUR_ID)


@pytest.mark.parametrize("name", FRESH)
def test_cut_at_every_hundredth_it_is_labelled_whole_or_refused(name: str) -> None:
    """What is cut short is either refused, or its every byte is kept and one label is read back."""
    content = FRESH[name]()
    taken = 0
    for hundredth in range(100):
        cut = content[: len(content) * hundredth // 100]
        with suppress(InputError):
            new = labelled(cut, name)
            taken += 1
            assert new.count(OUR_ID.encode()) >= 2
            assert len(new) > len(cut)
    # Sound that is cut between two frames, a movie between two boxes and a text anywhere are whole files.
    if not name.endswith((*TEXTS, "b.mp4", ".jpg", ".mp3", ".flac", ".ogg", ".opus", ".flv")):
        assert taken == 0


@pytest.mark.parametrize("name", FRESH)
def test_an_empty_file_is_refused(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.touch()
    with pytest.raises(InputError):
        labeller().label_file(path, content_id=OUR_ID)
    assert path.read_bytes() == b""
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", FRESH)
def test_a_wrong_name_does_not_mislead(name: str, tmp_path: Path) -> None:
    """The bytes decide; a name decides only among texts, and then nothing of the text is lost."""
    for suffix in (".jpg", ".mp4", ".docx", ".txt"):
        path = tmp_path / f"wrong{suffix}"
        content = FRESH[name]()
        path.write_bytes(content)
        try:
            done = labeller().label_file(path, content_id=OUR_ID)
        except InputError:
            assert path.read_bytes() == content
            assert name.endswith(TEXTS)
        else:
            assert done.format == carrier_for(Source.of(content), name=name).name


@pytest.mark.parametrize("name", FRESH)
def test_two_gigabytes_of_nothing_behind_a_file_cost_no_memory(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    content = FRESH[name]()
    with path.open("wb") as file:
        file.write(content)
        file.truncate(2 << 30)
    with path.open("rb") as file:
        tracemalloc.start()
        try:
            source = Source(file)
            carrier = carrier_for(source, name=name)
            edits = carrier.edits(source, '{"Label":"1"}')
            assert sum(len(edit.new) for edit in edits) < 1 << 20
        except InputError:
            pass
        finally:
            peak = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
    assert peak < 64 << 20
    assert path.stat().st_size == 2 << 30


@pytest.mark.parametrize("name", FRESH)
def test_what_was_changed_is_what_the_plan_says(name: str) -> None:
    """Between the edits, old and new bytes are the same, in the same order."""
    content = FRESH[name]()
    source = Source.of(content)
    carrier = carrier_for(source, name=name)
    edits = sorted(carrier.edits(source, '{"Label":"1"}'), key=lambda edit: (edit.start, edit.end))
    new = spliced_bytes(content, edits)
    old_at = new_at = 0
    for edit in edits:
        length = edit.start - old_at
        assert new[new_at : new_at + length] == content[old_at : edit.start]
        old_at, new_at = edit.end, new_at + length + len(edit.new)
    assert new[new_at:] == content[old_at:]


@pytest.mark.parametrize("name", FRESH)
def test_a_propagator_keeps_what_the_producer_wrote_whatever_it_holds(name: str, tmp_path: Path) -> None:
    """Quotes, angle brackets and Chinese in another producer's fields, which Annex E does not have, come through."""
    theirs = Label("2", "某公司 <&>", "任务/“1”(2)", '{"a":"b\\"}', "某公司", "7")
    path = tmp_path / name
    source = Source.of(FRESH[name]())
    path.write_bytes(spliced_bytes(FRESH[name](), carrier_for(source, name=name).edits(source, label_json(theirs))))
    assert labeller().read(path).label == theirs
    labeller().label_file(path, content_id=OUR_ID, foreign=ForeignLabel.PROPAGATE)
    reading = labeller().read(path)
    assert len(reading.found) == 1
    expected = replace(theirs, content_propagator=CODE, propagate_id=OUR_ID, reserved_code_2="")
    assert reading.label == expected
    with pytest.raises(ForeignLabelError):
        labeller().label_file(path, content_id=OUR_ID)


def test_labels_that_nobody_can_read_or_that_contradict_each_other_are_not_propagated(tmp_path: Path) -> None:
    unread, apart = tmp_path / "a.wav", tmp_path / "b.wav"
    unread.write_bytes(made.wav((b"AIGC", b"eyJMYWJlbCI6IjEifQ==")))
    apart.write_bytes(made.wav((b"AIGC", BARE.encode()), (b"LIST", made.info((b"AIGC", BARE[:-2].encode() + b'9"}')))))
    for path in (unread, apart):
        for choice in (ForeignLabel.PROPAGATE, ForeignLabel.REFUSE):
            with pytest.raises(ForeignLabelError):
                labeller().label_file(path, content_id=OUR_ID, foreign=choice)
        labeller().label_file(path, content_id=OUR_ID, foreign=ForeignLabel.REPLACE)
        assert labeller().read(path).verdict is Verdict.CONFORMING


def test_a_file_stays_as_it_was_when_the_evidence_cannot_be_kept(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(FRESH["a.png"]())
    before = path.read_bytes()

    def fails(_done: object) -> None:
        raise GuijuError("账本不可写", "the ledger cannot be written")

    with pytest.raises(GuijuError):
        labeller().label_file(path, content_id=OUR_ID, record=fails)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["a.png"]


def test_a_carrier_that_did_not_hold_is_an_error_and_the_file_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Break a carrier on purpose: what it writes is not read back, so nothing may be handed on."""
    path = tmp_path / "a.mp3"
    path.write_bytes(FRESH["a.mp3"]())
    before = path.read_bytes()
    monkeypatch.setattr("guiju.labelling.carriers.id3.with_label", lambda tag, _label: tag)
    with pytest.raises(LabelNotHeldError):
        labeller().label_file(path, content_id=OUR_ID)
    with pytest.raises(LabelNotHeldError):
        labeller().label(before, "audio/mpeg", content_id=OUR_ID)
    assert path.read_bytes() == before


def test_a_labelled_file_keeps_its_mode_and_its_hashes_are_told(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(FRESH["a.wav"]())
    path.chmod(0o640)
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    done = labeller().label_file(path, content_id=OUR_ID)
    assert (done.sha256_before, done.sha256_after) == (before, hashlib.sha256(path.read_bytes()).hexdigest())
    assert (done.size_before, done.size_after) == (len(FRESH["a.wav"]()), path.stat().st_size)
    assert path.stat().st_mode & 0o777 == 0o640


def test_formats_without_a_carrier_say_so() -> None:
    for content, mime in ((b"\0\1\2\3" * 100, "application/octet-stream"), (b"{}", "application/json")):
        assert not labeller().can_label(mime)
        with pytest.raises(InputError) as caught:
            labeller().label(content, mime, content_id=OUR_ID)
        assert caught.value.code == "label_format_unsupported"
    assert labeller().can_label("image/png; charset=binary")
    assert labeller().read(b"\0\1", mime="x/y").verdict is Verdict.INCONCLUSIVE
    assert labeller().producer.code == CODE
