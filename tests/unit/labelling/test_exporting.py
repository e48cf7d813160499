"""What leaves the house carries its mark and its label, both read back and recorded, or it stays as it was."""

import hashlib
import io
from pathlib import Path

import pytest
from PIL import Image
from tests.factories.labels import CODE, OTHER, OUR_ID, labeller
from tests.factories.marks import TEXT, encoded, marks, picture, sound

from guiju.kit.errors import GuijuError, InputError, StorageError
from guiju.labelling.errors import ForeignLabelError
from guiju.labelling.exporting import Exporter
from guiju.labelling.models import ForeignLabel, Label, Labelled, Producer
from guiju.labelling.rules import first_label


@pytest.fixture
def exporter() -> Exporter:
    return Exporter(labeller(), marks())


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_a_picture_leaves_with_both_and_both_are_recorded(exporter: Exporter, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(picture(), "PNG"))
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    told: list[tuple[Labelled, dict[str, object]]] = []
    done = exporter.export(path, content_id=OUR_ID, record=lambda done, mark: told.append((done, dict(mark))))
    assert done.labelled.sha256_before == before
    assert done.labelled.sha256_after == hashlib.sha256(path.read_bytes()).hexdigest()
    assert done.labelled.name == "a.png"
    assert labeller().read(path).label == first_label(Producer(CODE), OUR_ID)
    assert told[0][0] == done.labelled
    assert told[0][1]["text"] == TEXT
    assert list(files(tmp_path)) == ["a.png"]


def test_a_record_that_cannot_be_kept_leaves_the_file_as_it_was(exporter: Exporter, tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(sound(0.5))
    before = files(tmp_path)

    def refuse(*_: object) -> None:
        raise StorageError("账本写不了", "the ledger cannot keep it")

    with pytest.raises(StorageError):
        exporter.export(path, content_id=OUR_ID, record=refuse)
    assert files(tmp_path) == before


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\n", b"RIFF\0\0\0\0WAVE", b"%PDF-1.7\n"])
def test_what_cannot_be_marked_stays_as_it_was_and_its_name_is_told(
    exporter: Exporter, tmp_path: Path, content: bytes
) -> None:
    path = tmp_path / "a.bin"
    path.write_bytes(content)
    with pytest.raises(GuijuError) as caught:
        exporter.export(path, content_id=OUR_ID)
    assert str(path) in str(caught.value)
    assert files(tmp_path) == {"a.bin": content}


def test_the_label_of_another_producer_is_seen_before_the_mark_is_drawn(exporter: Exporter, tmp_path: Path) -> None:
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded(picture(), "JPEG"))
    other = Label("1", OTHER, "theirs", "", OTHER, "theirs")
    labeller().write_label(path, other)
    before = files(tmp_path)
    with pytest.raises(ForeignLabelError):
        exporter.export(path, content_id=OUR_ID)
    assert files(tmp_path) == before
    exporter.export(path, content_id=OUR_ID, foreign=ForeignLabel.PROPAGATE)
    found = labeller().read(path).label
    assert found is not None
    assert (found.content_producer, found.produce_id, found.content_propagator) == (OTHER, "theirs", CODE)


def test_bytes_from_a_model_get_both(exporter: Exporter) -> None:
    made = exporter.label(encoded(picture(), "WEBP"), "image/webp", content_id=OUR_ID)
    found = labeller().read(made).label
    assert found is not None
    assert found.produce_id == OUR_ID
    with Image.open(io.BytesIO(made)) as image:
        assert image.size == (640, 480)
    assert exporter.can_label("image/webp")
    assert not exporter.can_label("application/octet-stream")
    with pytest.raises(InputError):
        exporter.label(b"no picture", "image/webp", content_id=OUR_ID)


def test_a_copy_is_made_where_it_is_wanted_and_the_file_stays(exporter: Exporter, tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(picture(), "PNG"))
    before = path.read_bytes()
    exporter.export(path, content_id=OUR_ID, target=tmp_path / "out" / "b.png")
    assert path.read_bytes() == before
    assert labeller().read(tmp_path / "out" / "b.png").label is not None
