"""Marks that are drawn: measured in the pixels of what was written, on every background and in every format."""

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageChops, ImageOps, PngImagePlugin
from tests.factories.marks import FONT, LAW, PEN, TEXT, Pixels, encoded, picture, pixels

from guiju.kit.errors import ConfigurationError, InputError
from guiju.labelling.errors import DamagedFileError, LabelNotHeldError, UnsupportedFormatError
from guiju.labelling.marks import encoding, pictures
from guiju.labelling.marks.fonts import Font
from guiju.labelling.marks.models import MarkStyle, Position
from guiju.labelling.marks.pictures import mark_picture
from guiju.labelling.marks.plates import Pen, contrast, drawn, luminance

BACKGROUNDS = {
    "white": Image.new("RGB", (400, 300), "white"),
    "black": Image.new("RGB", (400, 300), "black"),
    "grey": Image.new("RGB", (400, 300), (128, 128, 128)),
    "letters' own white over the plate's own dark": Image.fromarray(
        np.where(np.indices((300, 400)).sum(0)[..., None] % 2, 255, 60).astype(np.uint8).repeat(3, -1)
    ),
    "noise": Image.fromarray(np.random.default_rng(3).integers(0, 256, (300, 400, 3), dtype=np.uint8)),
}


def mark(content: bytes, position: Position = Position.BOTTOM_RIGHT, text: str = TEXT) -> pictures.MarkedPicture:
    return mark_picture(content, MarkStyle(text, position), pen=PEN)


def ink_height(found: Pixels, box: tuple[int, int, int, int]) -> int:
    """Measure the written letters: rows of the plate in which something is as bright as ink."""
    left, top, right, bottom = box
    part = luminance(found[top:bottom, left:right])
    return int((part.max(axis=1) > 0.6).sum())


@pytest.mark.parametrize("name", BACKGROUNDS)
def test_the_letters_stand_out_and_are_tall_enough_on_every_background(name: str) -> None:
    made = mark(encoded(BACKGROUNDS[name], "PNG"))
    plate = drawn(TEXT, (400, 300), Position.BOTTOM_RIGHT, pen=PEN)
    found = pixels(made.content)
    left, top, right, bottom = plate.box
    light = luminance(found[top:bottom, left:right])
    assert contrast(light[plate.letters > 250].mean(), np.percentile(light[plate.letters == 0], 95)) >= 4.5
    assert ink_height(found, plate.box) >= LAW.picture_ratio * 300
    assert made.marked.facts["ink_ratio"] >= LAW.picture_ratio


def test_every_word_that_the_standard_asks_for_is_tall_enough_by_its_own_ink() -> None:
    for text in ("AI合成", "人工智能生成", "内容由AI生成", "AI生成"):
        plate = drawn(text, (1000, 800), Position.TOP, pen=PEN)
        for one in "AI合成人工智能生":
            if one in text:
                alone = drawn(one, (1000, 800), Position.TOP, pen=Pen(FONT, LAW, plate.ink / 800 - 1e-9))
                assert alone.ink >= plate.ink
        assert plate.ink >= 40


@pytest.mark.parametrize("position", list(Position))
def test_the_mark_stands_where_it_is_wanted_and_nothing_else_changes(position: Position) -> None:
    before = picture()
    after = Image.open(io.BytesIO(mark(encoded(before, "PNG"), position).content))
    changed = ImageChops.difference(before, after.convert("RGB")).getbbox()
    assert changed is not None
    left, top, right, bottom = changed
    middle = ((left + right) / 2 / 640, (top + bottom) / 2 / 480)
    wanted = {"left": middle[0] < 0.5, "right": middle[0] > 0.5, "top": middle[1] < 0.2, "bottom": middle[1] > 0.8}
    assert all(holds for word, holds in wanted.items() if word in position.value)
    assert min(left, top, 640 - right, 480 - bottom) <= 12  # an edge or a corner (5.2)


FORMATS: dict[str, tuple[str, dict[str, object]]] = {
    "PNG": ("PNG", {}),
    "JPEG": ("JPEG", {"quality": 70}),
    "progressive JPEG": ("JPEG", {"quality": 85, "progressive": True}),
    "WebP": ("WEBP", {"quality": 80}),
    "WebP without loss": ("WEBP", {"lossless": True}),
    "GIF": ("GIF", {}),
    "TIFF": ("TIFF", {"compression": "tiff_lzw"}),
    "AVIF": ("AVIF", {}),
}


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_written_as_it_was_and_shows_the_mark(name: str) -> None:
    kind, options = FORMATS[name]
    before = encoded(picture(320, 240), kind, **options)
    made = mark(before)
    with Image.open(io.BytesIO(made.content)) as after, Image.open(io.BytesIO(before)) as old:
        assert (after.format, after.size) == (old.format, old.size)
        assert after.info.get("compression") == old.info.get("compression")
        if kind == "JPEG":
            assert after.quantization == old.quantization  # type: ignore[attr-defined]
            assert after.info.get("progressive") == old.info.get("progressive")
    assert made.marked.facts["contrast"] >= 4.5
    if name in ("PNG", "WebP without loss", "TIFF"):
        assert np.array_equal(pixels(made.content)[:150], pixels(before)[:150])


@pytest.mark.parametrize("mode", ["L", "LA", "P", "1", "CMYK", "RGBA", "I;16"])
def test_each_kind_of_pixels_is_marked_or_refused_with_its_reason(mode: str) -> None:
    image = picture(320, 240).convert("I").convert("I;16") if mode == "I;16" else picture(320, 240).convert(mode)
    content = encoded(image, "TIFF" if mode == "CMYK" else "PNG")
    if mode == "I;16":
        with pytest.raises(UnsupportedFormatError, match="8 位"):
            mark(content)
    else:
        assert mark(content).marked.facts["contrast"] >= 4.5


def test_sixteen_bits_a_channel_are_reduced_and_that_is_told() -> None:
    rows = b"".join(b"\0" + bytes(200 * 6) for _ in range(150))

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = struct.pack(">IIBBBBB", 200, 150, 16, 2, 0, 0, 0)
    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    assert any("16 位" in note for note in mark(content).marked.notes)


def test_a_clear_picture_gets_a_plate_that_shows_on_any_page() -> None:
    made = mark(encoded(Image.new("RGBA", (300, 300), (0, 0, 0, 0)), "PNG"))
    with Image.open(io.BytesIO(made.content)) as after:
        assert after.mode == "RGBA"
        assert after.getpixel((5, 5)) == (0, 0, 0, 0)
    assert made.marked.facts["contrast"] >= 4.5  # measured over white and over black


@pytest.mark.parametrize("turn", range(1, 9))
def test_the_mark_is_upright_as_people_see_the_picture_whatever_the_camera_wrote(turn: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = turn
    made = mark(encoded(picture(400, 300), "JPEG", exif=exif, quality=95), Position.TOP_LEFT)
    with Image.open(io.BytesIO(made.content)) as after:
        assert after.getexif().get(0x0112) == turn
        seen = ImageOps.exif_transpose(after).convert("RGB")
    plate = drawn(TEXT, seen.size, Position.TOP_LEFT, pen=PEN)
    light = luminance(np.asarray(seen.crop(plate.box)))
    letters = light[plate.letters > 250].mean()
    assert letters > 0.7
    assert letters > 4 * light[plate.letters == 0].mean()


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_every_frame_of_an_animation_is_marked_and_keeps_its_time(kind: str) -> None:
    frames = [picture(240, 180, seed=seed).rotate(20 * seed) for seed in range(4)]
    if kind == "GIF":
        frames = [frame.quantize(64) for frame in frames]
    times = [50, 60, 70, 80]
    content = encoded(frames[0], kind, save_all=True, append_images=frames[1:], duration=times, loop=3)
    made = mark(content)
    plate = drawn(TEXT, (240, 180), Position.BOTTOM_RIGHT, pen=PEN)
    with Image.open(io.BytesIO(made.content)) as after:
        assert after.n_frames == 4  # type: ignore[attr-defined]
        assert after.info["loop"] == 3
        for number in range(4):
            after.seek(number)
            after.load()
            assert after.info["duration"] == times[number]
            light = luminance(np.asarray(after.convert("RGB").crop(plate.box)))
            assert light[plate.letters > 250].mean() > 0.7


def test_profile_exif_texts_and_resolution_are_carried_over() -> None:
    exif = Image.Exif()
    exif[0x010E] = "Kept"
    profile = b"\0" * 36 + b"acsp" + b"\0" * 88
    content = encoded(picture(), "JPEG", exif=exif, icc_profile=profile, dpi=(300, 300), xmp=b"<x:xmpmeta/>")
    with Image.open(io.BytesIO(mark(content).content)) as after:
        assert after.getexif()[0x010E] == "Kept"
        assert after.info["icc_profile"] == profile
        assert after.info["dpi"] == (300, 300)
        assert after.info["xmp"] == b"<x:xmpmeta/>"


def test_what_a_png_says_of_its_colours_stays() -> None:
    info = PngImagePlugin.PngInfo()
    info.add(b"gAMA", struct.pack(">I", 45455))
    info.add(b"cHRM", struct.pack(">8I", 31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000))
    with Image.open(io.BytesIO(mark(encoded(picture(200, 150), "PNG", pnginfo=info)).content)) as after:
        after.load()
        assert after.info["gamma"] == pytest.approx(0.45455)
        assert after.info["chromaticity"][0] == pytest.approx(0.3127)


def test_letters_that_are_half_hidden_do_not_hold_though_their_average_does(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = encoding.encoded

    def damaged(original: Image.Image, frames: list[Image.Image], content: bytes) -> bytes:
        plate = drawn(TEXT, (400, 300), Position.BOTTOM_RIGHT, pen=PEN)
        left, top, right, bottom = plate.box
        half = (top + bottom) // 2
        frames[0].paste((40, 40, 40), (left, half, right, bottom))
        return whole(original, frames, content)

    monkeypatch.setattr(encoding, "encoded", damaged)
    with pytest.raises(LabelNotHeldError):
        mark(encoded(Image.new("RGB", (400, 300), (40, 40, 40)), "PNG"))


def test_a_picture_too_small_for_a_legible_mark_is_refused() -> None:
    with pytest.raises(InputError, match="太小"):
        mark(encoded(Image.new("RGB", (24, 24)), "PNG"))


def test_text_is_wrapped_where_the_picture_is_narrow() -> None:
    plate = drawn("本内容由人工智能生成合成请注意甄别", (300, 900), Position.BOTTOM, pen=PEN)
    assert len(plate.lines) >= 2
    assert "".join(plate.lines) == "本内容由人工智能生成合成请注意甄别"
    assert plate.letters.shape[1] <= 300


def test_a_mark_that_does_not_hold_in_what_was_written_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    before = encoded(Image.new("RGB", (300, 200), "white"), "PNG")
    monkeypatch.setattr(encoding, "encoded", lambda *_: before)
    with pytest.raises(LabelNotHeldError):
        mark(before)


def test_a_bomb_is_refused_before_it_is_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pictures, "MOST_PIXELS", 10_000)
    with pytest.raises(DamagedFileError, match="像素过多"):
        mark(encoded(picture(), "PNG"))


@pytest.mark.filterwarnings("ignore::UserWarning")  # Pillow's, of broken EXIF
@given(st.binary(max_size=400), st.sampled_from(sorted(FORMATS)), st.integers(0, 99))
@settings(max_examples=60, deadline=None)
def test_what_is_no_picture_or_broken_is_an_error_of_ours(junk: bytes, name: str, percent: int) -> None:
    kind, options = FORMATS[name]
    whole = encoded(picture(64, 64), kind, **options)
    cut = len(whole) * percent // 100
    for content in (junk, whole[:cut], whole[:cut] + junk + whole[cut + len(junk) :]):
        try:
            mark(content)
        except (InputError, LabelNotHeldError):
            continue


def test_a_font_that_is_missing_says_how_to_get_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="npm run build"):
        Font(tmp_path / "none")
    with pytest.raises(ConfigurationError, match="没有字符"):
        FONT.face("\U000e0000", 20)


def pages(*sizes: tuple[int, int]) -> bytes:
    made = [picture(*size, seed=seed) for seed, size in enumerate(sizes)]
    return encoded(made[0], "TIFF", save_all=True, append_images=made[1:], compression="tiff_lzw")


def test_each_page_of_a_tiff_gets_a_mark_of_its_own_size() -> None:
    sizes = [(640, 480), (300, 700), (640, 480), (1200, 900)]
    done = mark(pages(*sizes))
    assert done.marked.facts["frames"] == len(sizes)
    assert done.marked.facts["ink_ratio"] >= LAW.picture_ratio
    assert done.marked.facts["contrast"] >= 4.5
    before, after = Image.open(io.BytesIO(pages(*sizes))), Image.open(io.BytesIO(done.content))
    for number, size in enumerate(sizes):
        before.seek(number)
        after.seek(number)
        assert after.size == size
        changed = ImageChops.difference(before.convert("RGB"), after.convert("RGB")).getbbox()
        assert changed is not None
        assert changed[2] - changed[0] < size[0]
        assert changed[3] - changed[1] < size[1] // 2
        assert changed[3] - changed[1] > min(size) * LAW.picture_ratio
        assert (size[0] - changed[2], size[1] - changed[3]) < (size[0] // 4, size[1] // 4)  # its own corner


def test_a_page_too_small_or_too_large_behind_the_first_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError):
        mark(pages((640, 480), (20, 20)))
    monkeypatch.setattr(pictures, "MOST_AT_ONCE", 640 * 480)
    with pytest.raises(DamagedFileError, match="too many pixels"):
        mark(pages((640, 480), (700, 500)))
    monkeypatch.undo()
    monkeypatch.setattr(pictures, "MOST_PIXELS", 700_000)
    with pytest.raises(DamagedFileError, match="too many pixels"):
        mark(pages((400, 300), (640, 480), (640, 480)))
