"""Manifests: signed last, over the label; read; signed anew by who spreads; broken ones told."""

import difflib
import hashlib
import io
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

import pytest
from tests.factories import media_files as made
from tests.factories.certificates import SIGNER, Chain, make_chain
from tests.factories.labels import CODE, OUR_ID, labeller
from tests.factories.marks import encoded, marks, picture, pixels
from tests.unit.labelling.test_documents import FILES as DOCUMENTS

from guiju.labelling.errors import SealError
from guiju.labelling.exporting import Exporter
from guiju.labelling.inspecting import Inspector
from guiju.labelling.models import ForeignLabel, Producer, Verdict
from guiju.labelling.produce_ids import seal_facts
from guiju.labelling.propagation import State, label_of, manifest_traces
from guiju.labelling.provenance.interface import (
    ProvenanceReading,
    ProvenanceState,
    SealOutcome,
    SealWish,
)
from guiju.labelling.provenance.media_types import has_manifest, media_type_of
from guiju.labelling.provenance.signing_keys import read_signing_keys
from guiju.labelling.sealing import Sealing, read_provenance
from guiju.labelling.service import Labeller

c2pa = pytest.importorskip("c2pa", reason="c2pa-python is not installed")

from guiju.labelling.provenance.manifests import Manifests  # noqa: E402 - stands on it

OTHER_SERVICE = "001191110102MACQD9K64010000"
BY_MODEL = ("trainedAlgorithmicMedia",)
MAKE: dict[str, Callable[[], bytes]] = {
    "a.png": lambda: encoded(picture(), "PNG"),
    "a.jpg": lambda: encoded(picture(), "JPEG"),
    "a.webp": lambda: encoded(picture(), "WEBP"),
    "a.gif": lambda: encoded(picture(), "GIF"),
    "a.tif": lambda: encoded(picture(), "TIFF"),
    "a.avif": lambda: encoded(picture(), "AVIF"),
    "a.mp4": made.movie,
    "a.mov": lambda: made.movie(brand=b"qt  "),
    "a.m4a": lambda: made.movie(brand=b"M4A "),
    "a.avi": made.avi,
    "a.mp3": lambda: made.id3(3, (b"TIT2", b"\0Kept")) + made.MP3_AUDIO,
    "a.wav": made.wav,
    "a.svg": lambda: b'<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><rect width="5" height="5"/></svg>',
}


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    return make_chain(tmp_path_factory.mktemp("chain"))


@pytest.fixture(scope="module")
def manifests(chain: Chain) -> Manifests:
    keys = read_signing_keys(chain.certificates, chain.key, now=datetime.now(UTC))
    return Manifests(keys, trusted=chain.root.read_bytes())


def sealing(manifests: Manifests, *, code: str = CODE, is_required: bool = False) -> Labeller:
    return Labeller(Producer(code), sealing=Sealing(manifests, is_required=is_required))


def provenance(manifests: Manifests, path: Path) -> ProvenanceReading:
    return read_provenance(manifests, path, labeller().read(path).format)


@pytest.mark.parametrize("name", MAKE)
def test_the_label_is_written_first_and_both_hold(name: str, manifests: Manifests, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(MAKE[name]())
    done = sealing(manifests).label_file(path, content_id=OUR_ID)
    assert done.sealed is not None
    assert (done.sealed.outcome, done.sealed.has_parent) == (SealOutcome.SEALED, False)
    assert done.sealed.certificate == manifests.certificate
    assert done.sha256_after == hashlib.sha256(path.read_bytes()).hexdigest()
    assert done.size_after == path.stat().st_size
    reading = labeller().read(path)
    assert (reading.verdict, len(reading.found), reading.label) == (Verdict.CONFORMING, 1, done.label)
    found = provenance(manifests, path)
    assert (found.state, found.signer, found.source_types) == (ProvenanceState.TRUSTED, SIGNER, BY_MODEL)
    assert (found.generator, found.parents, found.failures) == ("Guiju", 0, ())
    assert has_manifest(io.BytesIO(path.read_bytes()))
    assert not has_manifest(io.BytesIO(MAKE[name]()))
    assert [one.name for one in tmp_path.iterdir()] == [name]


@pytest.mark.parametrize("name", [name for name in MAKE if name[2:] in ("png", "jpg", "webp", "gif", "tif", "avif")])
def test_no_pixel_changes(name: str, manifests: Manifests, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(MAKE[name]())
    sealing(manifests).label_file(path, content_id=OUR_ID)
    assert (pixels(path.read_bytes()) == pixels(MAKE[name]())).all()


@pytest.mark.parametrize("name", ["a.svg", "a.wav", "a.mp4"])
def test_nothing_is_taken_out(name: str, manifests: Manifests) -> None:
    labelled = labeller().label(MAKE[name](), "", content_id=OUR_ID)
    sealed = sealing(manifests).label(MAKE[name](), "", content_id=OUR_ID)
    changed = 0
    for way, begin, end, *_ in difflib.SequenceMatcher(None, labelled, sealed, autojunk=False).get_opcodes():
        if way not in {"insert", "equal"}:
            changed += end - begin
    assert changed <= {"a.svg": 0, "a.wav": 4, "a.mp4": 8}[name]  # lengths and places that move along


@pytest.mark.parametrize("name", ["a.png", "a.mp4"])
def test_bytes_are_sealed_as_files_are(name: str, manifests: Manifests, tmp_path: Path) -> None:
    mime = media_type_of(labeller().read(MAKE[name](), mime="").format, b"")
    path = tmp_path / name
    path.write_bytes(sealing(manifests).label(MAKE[name](), mime, content_id=OUR_ID))
    assert provenance(manifests, path).state is ProvenanceState.TRUSTED
    assert labeller().read(path).verdict is Verdict.CONFORMING


def test_who_spreads_it_signs_anew_with_the_file_inside(manifests: Manifests, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(MAKE["a.png"]())
    sealing(manifests).label_file(path, content_id=OUR_ID)
    spreader = sealing(manifests, code=OTHER_SERVICE)
    done = spreader.label_file(path, content_id="p-1", foreign=ForeignLabel.PROPAGATE)
    assert done.sealed is not None
    assert done.sealed.has_parent
    found = provenance(manifests, path)
    assert (found.state, found.parents) == (ProvenanceState.TRUSTED, 1)
    assert found.source_types == BY_MODEL  # its own manifest says nothing of a model; that of the parent does
    label = labeller().read(path).label
    assert label is not None
    assert (label.content_producer, label.content_propagator, label.propagate_id) == (CODE, OTHER_SERVICE, "p-1")


def test_what_others_made_is_never_called_ours(manifests: Manifests, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(MAKE["a.jpg"]())
    labeller().label_file(path, content_id=OUR_ID)
    done = sealing(manifests, code=OTHER_SERVICE).label_file(path, content_id="p", foreign=ForeignLabel.PROPAGATE)
    assert done.sealed is not None
    assert done.sealed.has_parent  # the file as it came, though it had no manifest
    assert provenance(manifests, path).source_types == ()


def test_a_manifest_of_others_that_breaks_is_told(manifests: Manifests, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(MAKE["a.png"]())
    sealing(manifests).label_file(path, content_id=OUR_ID)
    done = labeller().label_file(path, content_id="again", foreign=ForeignLabel.REPLACE)
    assert done.sealed is not None
    assert done.sealed.outcome is SealOutcome.BROKEN
    facts = seal_facts(done.sealed)
    assert facts is not None
    assert facts["outcome"] == "broken"
    found = provenance(manifests, path)
    assert (found.state, found.failures) == (ProvenanceState.INVALID, ("assertion.dataHash.mismatch",))
    path.write_bytes(MAKE["a.png"]())
    assert labeller().label_file(path, content_id=OUR_ID).sealed is None


@pytest.mark.parametrize("name", MAKE)
def test_a_manifest_of_others_stays_where_it_is(name: str, manifests: Manifests, tmp_path: Path) -> None:
    path, target = tmp_path / name, io.BytesIO()
    media_type = media_type_of(labeller().read(MAKE[name]()).format, MAKE[name]()[:32])
    manifests.seal(io.BytesIO(MAKE[name]()), target, SealWish(media_type, "x", is_created=True))
    path.write_bytes(target.getvalue())
    done = labeller().label_file(path, content_id=OUR_ID)
    assert done.sealed is not None
    assert done.sealed.outcome is SealOutcome.BROKEN
    assert labeller().read(path).verdict is Verdict.CONFORMING
    found = provenance(manifests, path)
    assert (found.state, found.signer, found.source_types) == (ProvenanceState.INVALID, SIGNER, BY_MODEL)
    assert any("mismatch" in one.lower() for one in found.failures)


def test_the_mark_is_drawn_before_and_the_original_stands_inside(manifests: Manifests, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(MAKE["a.png"]())
    sealing(manifests).label_file(path, content_id="upstream's")
    done = Exporter(sealing(manifests), marks()).export(path, content_id=OUR_ID, foreign=ForeignLabel.REPLACE)
    assert done.labelled.sealed is not None
    assert done.labelled.sealed.has_parent
    found = provenance(manifests, path)
    assert (found.state, found.parents) == (ProvenanceState.TRUSTED, 1)
    sent = Exporter(sealing(manifests), marks()).label(MAKE["a.png"](), "image/png", content_id=OUR_ID)
    path.write_bytes(sent)
    assert provenance(manifests, path).parents == 0


def test_of_bytes_the_log_tells_what_is_lost(manifests: Manifests, caplog: pytest.LogCaptureFixture) -> None:
    signed = sealing(manifests).label(MAKE["a.png"](), "image/png", content_id=OUR_ID)
    labeller().label(MAKE["a.png"](), "image/png", content_id=OUR_ID)
    assert not caplog.records
    labeller().label(signed, "image/png", content_id="n-2")
    Labeller(Producer(CODE), sealing=Sealing(Broken("refuses"))).label(MAKE["a.png"](), "image/png", content_id="n-3")
    told = [(vars(one)["content"], vars(one)["outcome"]) for one in caplog.records]
    assert told == [("n-2", "broken"), ("n-3", "failed")]
    assert "revoked" in vars(caplog.records[1])["reason"]


@pytest.mark.parametrize(
    ("name", "content"), [("a.flac", made.flac), ("a.ogg", made.vorbis), ("a.flv", made.flv), ("a.mkv", made.matroska)]
)
def test_formats_without_manifests_are_labelled_and_it_is_said(
    name: str, content: Callable[[], bytes], manifests: Manifests, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.write_bytes(content())
    done = sealing(manifests, is_required=True).label_file(path, content_id=OUR_ID)
    assert done.sealed is not None
    assert done.sealed.outcome is SealOutcome.UNSUPPORTED
    assert labeller().read(path).verdict is Verdict.CONFORMING
    plain = labeller().label(content(), "", content_id=OUR_ID)
    assert sealing(manifests).label(content(), "", content_id=OUR_ID) == plain


class Broken(Manifests):
    """A signer whose manifests come out in one bad way."""

    def __init__(self, way: str) -> None:
        super().__init__()
        self._way = way

    def seal(self, source: BinaryIO, target: BinaryIO, wish: SealWish) -> None:
        del wish
        if self._way == "refuses":
            raise SealError("证书被吊销", "the certificate is revoked")
        content = source.read()
        target.write(content.replace(b"AIGC", b"AIGX") if self._way == "loses the label" else content)

    def read(self, stream: BinaryIO, media_type: str) -> ProvenanceReading:
        del stream, media_type
        if self._way == "does not verify":
            return ProvenanceReading(ProvenanceState.INVALID, failures=("claimSignature.mismatch",))
        return ProvenanceReading(ProvenanceState.VALID)


@pytest.mark.parametrize(
    ("way", "why"),
    [("refuses", "revoked"), ("does not verify", "claimSignature.mismatch"), ("loses the label", "could not be read")],
)
def test_what_cannot_be_signed_is_told_or_not_handed_on(way: str, why: str, tmp_path: Path) -> None:
    path, before = tmp_path / "a.png", MAKE["a.png"]()
    path.write_bytes(before)
    wanting = Labeller(Producer(CODE), sealing=Sealing(Broken(way), is_required=True))
    with pytest.raises(SealError, match=why):
        wanting.label_file(path, content_id=OUR_ID)
    with pytest.raises(SealError, match=why):
        wanting.label(before, "image/png", content_id=OUR_ID)
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == ["a.png"]
    done = Labeller(Producer(CODE), sealing=Sealing(Broken(way))).label_file(path, content_id=OUR_ID)
    assert done.sealed is not None
    assert done.sealed.outcome is SealOutcome.FAILED
    assert why in done.sealed.detail
    assert path.read_bytes() == labeller().label(before, "image/png", content_id=OUR_ID)
    assert done.sha256_after == hashlib.sha256(path.read_bytes()).hexdigest()


def test_an_unknown_signer_is_valid_and_not_trusted(manifests: Manifests, tmp_path: Path) -> None:
    stranger = make_chain(tmp_path / "stranger", edwards=True)
    keys = read_signing_keys(stranger.certificates, stranger.key, now=datetime.now(UTC))
    path = tmp_path / "a.jpg"
    path.write_bytes(MAKE["a.jpg"]())
    sealing(Manifests(keys)).label_file(path, content_id=OUR_ID)
    assert provenance(Manifests(), path).state is ProvenanceState.VALID
    found = provenance(manifests, path)
    assert found.state is not ProvenanceState.TRUSTED
    assert "signingCredential.untrusted" in found.failures


def test_what_a_manifest_says_counts_when_the_label_is_gone(manifests: Manifests, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    source, target = io.BytesIO(MAKE["a.png"]()), io.BytesIO()
    manifests.seal(source, target, SealWish("image/png", "x", is_created=True))
    path.write_bytes(target.getvalue())
    found = Inspector(labeller(), marks(read_text=lambda _: ()), None, manifests=manifests).inspect(path)
    assert found.reading.label is None
    assert found.judgement.state is State.SUSPECTED
    assert found.provenance.state is ProvenanceState.TRUSTED
    label = label_of(found.judgement, found.reading, Producer(OTHER_SERVICE), propagate_id="p")
    assert label is not None
    assert label.label == "3"
    blind = Inspector(labeller(), marks(read_text=lambda _: ()), None).inspect(path)
    assert blind.provenance.state is ProvenanceState.NOT_LOOKED
    assert blind.judgement.state is State.INCONCLUSIVE  # one seems to be there, and nobody could read it
    path.write_bytes(MAKE["a.png"]())
    assert Inspector(labeller(), marks(read_text=lambda _: ()), None).inspect(path).judgement.state is State.NONE


def test_traces_come_from_what_is_named_alone() -> None:
    state = ProvenanceState.TRUSTED
    assert manifest_traces(ProvenanceReading(state, source_types=("digitalCapture",))) == ()
    assert manifest_traces(ProvenanceReading(ProvenanceState.ABSENT)) == ()
    assert manifest_traces(ProvenanceReading(ProvenanceState.INVALID, source_types=BY_MODEL))[0].sign.value == "found"
    assert manifest_traces(ProvenanceReading(ProvenanceState.UNREADABLE, detail="x"))[0].sign.value == "inconclusive"


def mutated(content: bytes, seed: int) -> Iterator[bytes]:
    chance = random.Random(seed)
    for _ in range(60):
        changed = bytearray(content)
        for _ in range(chance.choice((1, 3, 10))):
            at = chance.randrange(len(changed))
            way = chance.random()
            if way < 0.6:
                changed[at] = chance.randrange(256)
            elif way < 0.8:
                changed[at : at + 4] = b"\xff\xff\xff\xff"
            else:
                del changed[at : at + chance.randrange(100)]
        yield bytes(changed)
    for tenth in range(10):
        yield content[: len(content) * tenth // 10]


@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.mp4", "a.svg"])
def test_hostile_files_are_read_or_told(name: str, manifests: Manifests, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(MAKE[name]())
    sealing(manifests).label_file(path, content_id=OUR_ID)
    whole, media_type = path.read_bytes(), media_type_of(labeller().read(path).format, path.read_bytes()[:32])
    states = {manifests.read(io.BytesIO(one), media_type).state for one in mutated(whole, 5)}
    assert ProvenanceState.INVALID in states or ProvenanceState.UNREADABLE in states
    path.write_bytes(whole[: len(whole) // 2])
    read_provenance(manifests, path, "png")
    read_provenance(None, path, "")


@pytest.mark.skipif(shutil.which("exiftool") is None, reason="exiftool is not installed")
@pytest.mark.parametrize("name", ["a.png", "a.jpg", "a.webp", "a.mp4"])
def test_exiftool_reads_both(name: str, manifests: Manifests, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(MAKE[name]())
    sealing(manifests).label_file(path, content_id=OUR_ID)
    shown = subprocess.run(
        ["exiftool", "-a", "-G1", str(path)], capture_output=True, text=True, check=True, timeout=60
    ).stdout
    assert OUR_ID in shown
    assert name in ("a.webp", "a.mp4") or "c2pa" in shown  # of these two, version 12.57 does not read manifests


def test_a_manifest_is_seen_across_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    from guiju.labelling.provenance import media_types  # noqa: PLC0415 - for this alone

    mark = b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq"
    for size in (1, 7, 64):
        monkeypatch.setattr(media_types, "_PIECE", size)
        for one in (mark, b"<c2pa:manifest"):
            assert has_manifest(io.BytesIO(b"x" * 50 + one + b"y" * 50))
            assert not has_manifest(io.BytesIO(b"x" * 50 + one[:-1] + b"y" * 50))
    monkeypatch.setattr(media_types, "_ENDS", 100)
    for before, after, is_seen in ((50, 900, True), (900, 50, True), (400, 500, False)):
        assert has_manifest(io.BytesIO(b"x" * before + mark + b"y" * after)) is is_seen


def test_larger_than_we_take_is_not_signed(
    manifests: Manifests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("guiju.labelling.sealing.LARGEST", 100)
    path = tmp_path / "a.png"
    path.write_bytes(MAKE["a.png"]())
    with pytest.raises(SealError, match="required"):
        sealing(manifests, is_required=True).label_file(path, content_id=OUR_ID)
    done = sealing(manifests).label_file(path, content_id=OUR_ID)
    assert done.sealed is not None
    assert done.sealed.outcome is SealOutcome.UNSUPPORTED
    assert read_provenance(manifests, path, "png").state is ProvenanceState.ABSENT


def test_documents_say_what_becomes_of_them(manifests: Manifests, tmp_path: Path) -> None:
    for name, make in DOCUMENTS.items():
        path = tmp_path / name
        path.write_bytes(make())
        done = sealing(manifests).label_file(path, content_id=OUR_ID, foreign=ForeignLabel.REPLACE)
        assert done.label is None or done.sealed is not None, name
        assert name.endswith((".flv", ".mkv", ".html", ".md", ".docx", ".odt", ".txt", ".pdf")) == (
            done.sealed is not None and done.sealed.outcome is SealOutcome.UNSUPPORTED
        )
