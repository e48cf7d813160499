"""The watermark in what leaves the house: below the mark, read back, recorded, and found again without its label."""

import io
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from tests.factories.labels import OUR_ID, labeller
from tests.factories.marks import TEXT, encoded, marks, picture, pixels

from guiju.kit.canonical_json import JsonObject
from guiju.labelling.exporting import Exporter, mark_facts
from guiju.labelling.inspecting import Inspector
from guiju.labelling.marks.models import MarkStyle, Sign
from guiju.labelling.marks.pointing import Pointing
from guiju.labelling.marks.service import Marks
from guiju.labelling.models import Labelled
from guiju.labelling.produce_ids import Pointed, Produced
from guiju.labelling.propagation import State
from guiju.labelling.watermarks.interface import Recovered, pointer_of, written
from guiju.labelling.watermarks.tiles import TileWatermark

OURS = TileWatermark(b"the key of one provider ........")
OTHERS = TileWatermark(b"the key of another provider ....")
POINTER = written(pointer_of(OUR_ID))


def watermarked(**tools: object) -> Marks:
    return marks(MarkStyle(TEXT), watermark=OURS, puts_watermark=True, **tools)


def marked(content: bytes, suffix: str, folder: Path, *, using: Marks | None = None) -> tuple[bytes, JsonObject]:
    path, target = folder / f"a{suffix}", folder / f"b{suffix}"
    path.write_bytes(content)
    done = (using or watermarked()).mark_file(path, target, content_id=OUR_ID)
    assert done.pointer in ("", POINTER)
    return target.read_bytes(), mark_facts(done)


@pytest.mark.parametrize(
    ("name", "mode", "options"),
    [
        ("PNG", "RGB", {}),
        ("PNG", "RGBA", {}),
        ("PNG", "L", {}),
        ("PNG", "P", {}),
        ("JPEG", "RGB", {"quality": 85}),
        ("JPEG", "L", {"quality": 85}),
        ("WEBP", "RGB", {"quality": 85}),
        ("WEBP", "RGBA", {"lossless": True}),
        ("TIFF", "RGB", {}),
        ("AVIF", "RGB", {"quality": 85}),
    ],
)
def test_a_still_picture_carries_it_and_says_so(
    name: str, mode: str, options: dict[str, object], tmp_path: Path
) -> None:
    before = encoded(picture(900, 800).convert(mode), name, **options)
    after, facts = marked(before, f".{name.lower()}", tmp_path)
    assert facts["watermark"] == POINTER
    assert isinstance(measured := facts["measured"], dict)
    assert float(str(measured["watermark_strength"])) >= 5.5
    found = OURS.read(Image.open(io.BytesIO(after)))
    assert found is not None
    assert written(found.pointer) == POINTER
    assert OTHERS.read(Image.open(io.BytesIO(after))) is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_however_the_camera_was_held(orientation: int, tmp_path: Path) -> None:
    image = picture(900, 800)
    exif = Image.Exif()
    exif[0x0112] = orientation
    after, facts = marked(encoded(image, "JPEG", quality=90, exif=exif), ".jpg", tmp_path)
    assert facts["watermark"] == POINTER
    (tmp_path / "b.jpg").write_bytes(after)
    assert watermarked().pointer_in(tmp_path / "b.jpg").pointer == POINTER


def test_it_lies_below_the_mark_which_is_as_without_it(tmp_path: Path) -> None:
    before = encoded(picture(900, 800), "PNG")
    plain, _ = marked(before, ".png", tmp_path, using=marks())
    both, _ = marked(before, ".png", tmp_path)
    letters = pixels(plain).min(axis=-1) == 255  # wholly covered ink: the plate is drawn over the watermark
    assert letters.sum() > 500
    assert (pixels(both)[letters] == 255).all()
    assert np.abs(pixels(both).astype(int) - pixels(plain)).max() > 0


def gif(frames: int) -> bytes:
    pictures = [picture(400, 300, seed=seed) for seed in range(frames)]
    return encoded(pictures[0], "GIF", save_all=True, append_images=pictures[1:])


def tiff_of_two() -> bytes:
    return encoded(picture(400, 300), "TIFF", save_all=True, append_images=[picture(400, 300, seed=2)])


@pytest.mark.parametrize(
    ("make", "suffix", "why"),
    [
        (lambda: gif(1), ".gif", "palettes"),
        (lambda: gif(2), ".gif", "move"),
        (tiff_of_two, ".tif", "pages"),
        (lambda: encoded(picture(300, 200), "PNG"), ".png", "256 pixels"),
        (lambda: encoded(picture(900, 800).convert("CMYK"), "JPEG"), ".jpg", "8 bits"),
    ],
)
def test_where_it_cannot_be_there_is_the_mark_alone_and_why(
    make: Callable[[], bytes], suffix: str, why: str, tmp_path: Path
) -> None:
    before = make()
    after, facts = marked(before, suffix, tmp_path)
    assert "watermark" not in facts
    assert isinstance(notes := facts["notes"], list)
    assert any(why in str(note) for note in notes)
    plain, without = marked(before, suffix, tmp_path, using=marks())
    assert after == plain
    assert facts["measured"] == without["measured"]


class Forgetful:
    """A watermark that does not hold: what it reads is another pointer, or none."""

    def __init__(self, read: int | None) -> None:
        self._read = read

    def embed(self, picture: Image.Image, pointer: int) -> Image.Image:
        del pointer
        return picture

    def read(self, picture: Image.Image) -> Recovered | None:
        del picture
        return None if self._read is None else Recovered(self._read, 9.0, 1.0)


@pytest.mark.parametrize("read", [None, 1])
def test_what_cannot_be_read_again_is_not_recorded(read: int | None, tmp_path: Path) -> None:
    using = marks(watermark=Forgetful(read), puts_watermark=True)
    path = tmp_path / "a.png"
    path.write_bytes(encoded(picture(300, 300), "PNG"))
    done = using.mark_file(path, tmp_path / "b.png", content_id=OUR_ID)
    assert done.pointer == ""
    assert any("not recorded" in note for note in done.notes)


def test_it_is_put_only_where_the_operator_wants_it_and_there_is_a_number(tmp_path: Path) -> None:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(picture(300, 300), "PNG"))
    unwanted = marks(watermark=OURS)
    assert unwanted.mark_file(path, tmp_path / "b.png", content_id=OUR_ID).pointer == ""
    assert watermarked().mark_file(path, tmp_path / "b.png").pointer == ""
    assert Pointing(OURS, 1).into("PNG", 1).read_back(Image.open(tmp_path / "b.png")).pointer == ""


@dataclass
class Book:
    """A registry in memory."""

    pointers: list[tuple[str, str]] = field(default_factory=list)

    def record(self, done: Labelled, content_id: str, explicit: JsonObject | None = None) -> None:
        raise NotImplementedError

    def find(self, content_id: str) -> list[Produced]:
        del content_id
        return []

    def find_pointer(self, pointer: str) -> list[Pointed]:
        import datetime as dt  # noqa: PLC0415 - for this alone

        at = dt.datetime(2026, 11, 27, tzinfo=dt.UTC)
        return [Pointed(number, "entry", at, ()) for one, number in self.pointers if one == pointer]

    def keep(self, pointer: str, number: str) -> None:
        self.pointers.append((pointer, number))


def test_a_picture_that_lost_its_label_is_found_again(tmp_path: Path) -> None:
    book = Book()
    exporter = Exporter(labeller(), watermarked(), record_pointer=book.keep)
    sent = exporter.label(encoded(picture(1600, 1200), "PNG"), "image/png", content_id=OUR_ID)
    assert book.pointers == [(POINTER, OUR_ID)]
    with Image.open(io.BytesIO(sent)) as image:
        shot = image.convert("RGB").resize((1136, 852)).crop((40, 60, 1136, 852))
    path = tmp_path / "screenshot.jpg"
    shot.save(path, quality=75)
    found = Inspector(labeller(), watermarked(), book).inspect(path)
    assert found.reading.label is None
    assert found.judgement.state is State.SUSPECTED
    assert [one.content_id for one in found.pointed] == [OUR_ID]
    assert any(POINTER in reason for reason in found.judgement.reasons)


def test_bytes_get_none_where_nobody_keeps_their_pointer() -> None:
    sent = Exporter(labeller(), watermarked()).label(encoded(picture(900, 800), "PNG"), "image/png", content_id=OUR_ID)
    assert OURS.read(Image.open(io.BytesIO(sent))) is None


def test_looks_that_found_none_or_could_not_be_taken_say_so(tmp_path: Path) -> None:
    using, path = watermarked(), tmp_path / "a.png"
    path.write_bytes(encoded(picture(300, 300), "PNG"))
    kinds = {trace.kind: trace.sign for trace in using.traces(path)}
    assert kinds["watermark"] is Sign.NONE
    assert "watermark" not in {trace.kind for trace in marks().traces(path)}
    path.write_bytes(path.read_bytes()[:3000])
    assert using.pointer_in(path).sign is Sign.INCONCLUSIVE
    (tmp_path / "a.txt").write_text("你好")
    assert using.pointer_in(tmp_path / "a.txt").sign is Sign.INCONCLUSIVE
    (tmp_path / "a.bin").write_bytes(b"\0\1")
    assert using.pointer_in(tmp_path / "a.bin").sign is Sign.INCONCLUSIVE
    assert not marks().can_read_watermarks
    assert marks().pointer_in(path).sign is Sign.INCONCLUSIVE
