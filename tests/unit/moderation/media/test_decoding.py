"""Picture files become pixels within bounds, in every way that a model server may read them."""

import io
import struct
import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from tests.factories.pictures import animated, encoded, scene

from guiju.moderation.media.decoding import PictureFile
from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.interface import Picture
from guiju.moderation.media.settings import MediaBounds

BOUNDS = MediaBounds()
REASONS = {None, "truncated", "malformed", "unsupported", "too_large", "animated"}


def pictures(content: bytes, bounds: MediaBounds = BOUNDS) -> list[Picture]:
    return list(PictureFile(content, bounds).pictures())


def why(content: bytes, bounds: MediaBounds = BOUNDS) -> str:
    with pytest.raises(CannotCheckError) as caught:
        pictures(content, bounds)
    assert caught.value.zh
    assert caught.value.en.isascii() or "×" in caught.value.en
    return caught.value.why


def looked_at(content: bytes) -> str | None:
    """Look at all pictures of a file; return why that ends early, None when it does not."""
    try:
        for one in pictures(content):
            assert one.pixels.dtype == np.uint8
            assert one.pixels.shape[0] * one.pixels.shape[1] <= BOUNDS.pixels
            assert one.pixels.shape[2] == 3
    except CannotCheckError as error:
        return error.why
    return None


def png(width: int, height: int, data: bytes, *, depth: int = 8, colour: int = 2) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_plain_picture_is_one_picture(kind: str) -> None:
    found = pictures(encoded(scene(3), kind))
    assert [(one.frame, one.variant, one.pixels.shape) for one in found] == [(0, "upright", (300, 400, 3))]


@pytest.mark.parametrize("mode", ["1", "L", "P", "CMYK", "RGB", "LA", "RGBA", "I;16"])
def test_every_mode_becomes_eight_bits_of_rgb(mode: str) -> None:
    image = scene(4).convert("L").convert("I;16") if mode == "I;16" else scene(4).convert(mode)
    for one in pictures(
        encoded(image, "TIFF" if mode == "CMYK" else "PNG") if mode != "CMYK" else encoded(image, "JPEG")
    ):
        assert one.pixels.dtype == np.uint8
        assert one.pixels.shape == (300, 400, 3)


def test_what_is_written_in_transparent_ink_is_seen_on_black_on_white_and_without_transparency() -> None:
    image = Image.new("RGBA", (60, 40), (255, 255, 255, 0))
    image.paste((255, 255, 255, 255), (10, 10, 30, 30))
    found = {one.variant: one.pixels for one in pictures(encoded(image))}
    assert found["on_black"][20, 20].tolist() == [255, 255, 255]
    assert found["on_black"][5, 5].tolist() == [0, 0, 0]
    hidden = Image.new("RGBA", (60, 40), (0, 0, 0, 0))
    hidden.paste((255, 0, 0, 0), (10, 10, 30, 30))
    found = {one.variant: one.pixels for one in pictures(encoded(hidden))}
    assert found["upright"][20, 20].tolist() == [255, 0, 0]
    assert set(found) == {"upright", "on_white", "on_black"}


def test_sixteen_bits_of_grey_are_seen_scaled_and_cut_off() -> None:
    values = np.full((40, 60), 40_000, dtype=np.uint16)
    values[10:30, 10:30] = 60_000
    found = {one.variant: one.pixels for one in pictures(encoded(Image.fromarray(values)))}
    assert found["upright"].min() == 255
    assert found["scaled"][5, 5, 0] == 40_000 >> 8
    assert found["scaled"][20, 20, 0] == 60_000 >> 8


@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_rotation_gives_the_upright_picture_and_the_one_that_is_stored(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = encoded(scene(5), "JPEG", exif=exif)
    found = pictures(content)
    assert [one.variant for one in found] == (["upright"] if orientation == 1 else ["upright", "as_stored"])
    lies = orientation >= 5
    assert found[0].pixels.shape[:2] == ((400, 300) if lies else (300, 400))
    assert PictureFile(content, BOUNDS).shape.width == (300 if lies else 400)


def test_every_frame_of_an_animation_is_looked_at() -> None:
    for kind in ("GIF", "WEBP", "PNG"):
        found = pictures(animated([scene(1), scene(2), scene(3)], kind))
        assert [one.frame for one in found] == [0, 1, 2]
        assert not np.array_equal(found[0].pixels, found[2].pixels)


def test_an_animation_of_more_frames_than_are_looked_at_is_unchecked() -> None:
    assert why(animated([scene(at) for at in range(5)]), MediaBounds(frames=4)) == "animated"


@pytest.mark.parametrize(
    ("width", "height"), [(60_000, 60_000), (1, 30_000), (30_000, 1), (9_000, 9_000), (2**31 - 1, 2**31 - 1)]
)
def test_a_decompression_bomb_is_refused_by_its_header(width: int, height: int) -> None:
    assert why(png(width, height, b"\0" * 1000)) in {"too_large", "malformed"}


def test_a_bomb_within_the_bounds_of_its_header_gives_no_more_pixels_than_it_says() -> None:
    content = png(10, 10, b"\0" * 200_000_000)
    assert len(content) < 300_000
    for one in pictures(content):
        assert one.pixels.shape == (10, 10, 3)


def test_a_text_chunk_that_unfolds_to_a_gigabyte_is_refused() -> None:
    bomb = zlib.compress(b"\0" * 100_000_000)
    body = b"Comment\0\0" + bomb
    chunk = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    plain = encoded(scene(1))
    assert looked_at(plain[:33] + chunk + plain[33:]) in {None, "malformed"}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_a_picture_cut_at_every_percent_is_unchecked(kind: str) -> None:
    content = encoded(scene(6), kind)
    for percent in range(100):
        assert why(content[: len(content) * percent // 100]) in {"truncated", "malformed", "unsupported"}


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF"])
def test_the_end_of_a_cut_picture_can_be_forged_and_it_is_decoded_or_refused(kind: str) -> None:
    content = encoded(scene(6), kind)
    tail = {"PNG": content[-12:], "JPEG": b"\xff\xd9", "GIF": b"\0\x3b", "WEBP": b""}[kind]
    for percent in range(0, 100, 3):
        part = content[: len(content) * percent // 100] + tail
        if kind == "WEBP":
            part = part[:4] + max(0, len(part) - 8).to_bytes(4, "little") + part[8:]
        assert looked_at(part) in REASONS


SAMPLES = [
    *(encoded(scene(7), kind) for kind in ("PNG", "JPEG", "WEBP", "GIF")),
    *(animated([scene(1, (40, 30)), scene(2, (40, 30))], kind) for kind in ("GIF", "WEBP", "PNG")),
]


@given(
    st.integers(0, len(SAMPLES) - 1), st.lists(st.tuples(st.integers(0), st.integers(0, 255)), min_size=1, max_size=12)
)
@settings(deadline=None, max_examples=250)
def test_a_file_with_changed_bytes_is_decoded_or_refused_and_nothing_else(
    at: int, changes: list[tuple[int, int]]
) -> None:
    content = bytearray(SAMPLES[at])
    for place, value in changes:
        content[place % len(content)] = value
    assert looked_at(bytes(content)) in REASONS


def test_bytes_behind_the_picture_are_counted_and_never_given_to_the_decoder() -> None:
    content = encoded(scene(1)) + b"PK\x03\x04" + b"x" * 96
    assert PictureFile(content, BOUNDS).shape.trailing_bytes == 100


@pytest.mark.parametrize("kind", ["BMP", "TIFF", "PPM", "ICO", "TGA"])
def test_a_format_that_model_servers_do_not_take_is_unsupported(kind: str) -> None:
    buffer = io.BytesIO()
    scene(1, (64, 64)).save(buffer, kind)
    assert why(buffer.getvalue()) == "unsupported"
