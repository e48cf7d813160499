"""The watermark: unseen, read again after what happens to pictures, and read in nothing else."""

import hashlib
import io
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from guiju.kit.errors import InputError
from guiju.labelling.watermarks import codes, tiles
from guiju.labelling.watermarks.codes import decode, encode
from guiju.labelling.watermarks.folding import details, folded
from guiju.labelling.watermarks.interface import pointer_of, written
from guiju.labelling.watermarks.patterns import Pattern, Plane
from guiju.labelling.watermarks.tiles import PSNR_DB, SMALLEST, TileWatermark

KEY = b"k" * 16
POINTER = 0x0123_4567_89AB_CDEF
GOLDEN = "9609c8fdc686caf8d943ee3548ecaab1452acc00417304c4f7820bbe199546dc"


def scene(width: int, height: int, seed: int = 1) -> Image.Image:
    """Return a picture with smooth and rough parts, edges, and colour."""
    random = np.random.default_rng(seed)
    picture = Image.new("RGB", (width, height))
    for size, weight in ((6, 1.0), (40, 0.3), (width // 3, 0.12)):
        noise = Image.fromarray(random.integers(0, 256, (size, size, 3), dtype=np.uint8))
        picture = Image.blend(picture, noise.resize((width, height), Image.Resampling.BICUBIC), weight)
    pen = ImageDraw.Draw(picture)
    for _ in range(12):
        x, y, side = (int(one) for one in random.integers(0, width, 3))
        pen.ellipse((x, y % height, x + side // 4, y % height + side // 5), tuple(random.integers(0, 256, 3).tolist()))
    return picture


@pytest.fixture(scope="module")
def watermark() -> TileWatermark:
    return TileWatermark(KEY)


@pytest.fixture(scope="module")
def marked(watermark: TileWatermark) -> Image.Image:
    return watermark.embed(scene(1000, 800), POINTER)


def packed(picture: Image.Image, kind: str, quality: int) -> Image.Image:
    target = io.BytesIO()
    picture.save(target, kind, quality=quality)
    return Image.open(io.BytesIO(target.getvalue())).convert("RGB")


def scaled(picture: Image.Image, across: float, down: float) -> Image.Image:
    return picture.resize((int(picture.width * across), int(picture.height * down)), Image.Resampling.BICUBIC)


def covered(picture: Image.Image) -> Image.Image:
    copy = picture.copy()
    copy.paste((0, 0, 0), (0, copy.height * 9 // 10, copy.width, copy.height))
    return copy


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "as it is": lambda one: one,
    "JPEG 50": lambda one: packed(one, "JPEG", 50),
    "JPEG 30": lambda one: packed(one, "JPEG", 30),
    "WebP 75": lambda one: packed(one, "WEBP", 75),
    "half the size": lambda one: scaled(one, 0.5, 0.5),
    "half the size and back": lambda one: scaled(scaled(one, 0.5, 0.5), 2, 2),
    "a quarter of it": lambda one: one.crop((211, 137, 711, 537)),
    "brighter": lambda one: one.point([min(255, value * 11 // 10) for value in range(256)] * 3),
    "a bar over it": covered,
    "a screenshot": lambda one: packed(scaled(one, 0.71, 0.71), "JPEG", 75),
    "turned by 2 degrees": lambda one: one.rotate(2, Image.Resampling.BICUBIC),
    "turned by 90 degrees": lambda one: one.transpose(Image.Transpose.ROTATE_90),
    "mirrored": lambda one: one.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "squeezed": lambda one: scaled(one, 0.9, 0.8),
    "grey": lambda one: one.convert("L"),
}


@pytest.mark.parametrize("change", CHANGES)
def test_the_pointer_is_read_after(change: str, watermark: TileWatermark, marked: Image.Image) -> None:
    found = watermark.read(CHANGES[change](marked))
    assert found is not None
    assert found.pointer == POINTER
    assert found.strength > 5.5
    assert 0.5 < found.agreement <= 1.0


def test_it_is_as_far_from_the_picture_as_it_says(marked: Image.Image) -> None:
    before = np.asarray(scene(1000, 800), dtype=np.float64)
    error = np.mean((np.asarray(marked, dtype=np.float64) - before) ** 2)
    assert 10 * np.log10(255**2 / error) > PSNR_DB - 0.2  # rounding to whole levels adds a little


def test_a_picture_that_is_rough_everywhere_keeps_the_distance(watermark: TileWatermark) -> None:
    noise = np.random.default_rng(6).integers(60, 200, (400, 400), dtype=np.uint8)
    change = np.asarray(watermark.embed(Image.fromarray(noise), POINTER), dtype=np.float64) - noise
    assert abs(10 * np.log10(255**2 / np.mean(change**2)) - PSNR_DB) < 0.3


def test_flat_surfaces_change_by_less_than_rough_ones(watermark: TileWatermark) -> None:
    rough = np.random.default_rng(5).integers(60, 200, (600, 600), dtype=np.uint8)
    rough[:, :300] = 128
    change = np.asarray(watermark.embed(Image.fromarray(rough), POINTER), dtype=np.int16) - rough
    assert 0 < change[:, 20:260].std() < 1.0
    assert change[:, 340:].std() > 2.0


def test_an_edge_between_flat_surfaces_is_not_rough(watermark: TileWatermark) -> None:
    halves = np.zeros((600, 600), dtype=np.uint8)
    halves[:, :300], halves[:, 300:] = 60, 190
    change = np.asarray(watermark.embed(Image.fromarray(halves), POINTER), dtype=np.int16) - halves
    assert change[:, 280:320].std() < 1.4


def test_of_a_very_long_picture_a_part_is_looked_at(watermark: TileWatermark, monkeypatch: pytest.MonkeyPatch) -> None:
    shapes = []

    def seen(light: Plane, step: int) -> Plane:
        shapes.append(light.shape)
        return details(light, step)

    monkeypatch.setattr(tiles, "details", seen)
    found = watermark.read(watermark.embed(scene(300, 6000), POINTER))
    assert found is not None
    assert found.pointer == POINTER
    assert shapes == [(4096, 300)]


def test_a_code_is_not_even_decoded_where_nothing_stands_out(
    watermark: TileWatermark, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(codes, "decode", lambda _: (0, 1.0))
    assert [watermark.read(scene(400, 400, seed)) for seed in range(5)] == [None] * 5


def test_every_ring_of_a_folded_picture_is_equally_loud() -> None:
    fine = details(np.asarray(scene(500, 400).convert("L"), dtype=np.float32), 4)
    for lattice in (np.diag([192.0, 192.0]), np.array([[180.0, -20.0], [20.0, 180.0]])):
        spectrum = folded(fine, lattice)
        ring = np.hypot(np.fft.fftfreq(128, 1 / 128)[:, None], np.arange(65)[None, :]).astype(int)
        power = np.bincount(ring.ravel(), (np.abs(spectrum) ** 2).ravel()) / np.bincount(ring.ravel())
        assert np.abs(power[1:60] - 1).max() < 0.01


def test_folding_adds_up_what_repeats_however_it_lies() -> None:
    pattern = Pattern(KEY)
    wall = np.tile(pattern.tile(POINTER, 256), (4, 3))[:1000, :700]
    for lattice in (np.diag([256.0, 256.0]), np.array([[256.0, -1e-6], [1e-6, 256.0]])):
        likeness = pattern.likeness(folded(wall, lattice))
        assert set(divmod(int(likeness.argmax()), 128)) <= {127, 0, 1}
        assert likeness.max() / likeness.std() > 30


def test_frequencies_that_did_not_survive_count_for_nothing() -> None:
    pattern, random = Pattern(KEY), np.random.default_rng(9)
    flat = np.zeros(128 * 65, dtype=np.complex128)
    flat[pattern.known] = pattern.known_values
    values = encode(POINTER)[pattern._sign_of] * pattern._chips
    flat[pattern.carrying] = values[: len(pattern.carrying)] + 1j * values[len(pattern.carrying) :]
    lost = pattern.radius.ravel() >= 22
    flat[lost] = 2 * (random.normal(size=lost.sum()) + 1j * random.normal(size=lost.sum()))
    found = decode(pattern.evidence(flat.reshape(128, 65)))
    assert found is not None
    assert found[0] == POINTER


@given(st.floats(-0.45, 0.45))
def test_the_top_between_three_cells_is_found(at: float) -> None:
    line = 10 - (np.arange(-3.0, 4.0) - at) ** 2
    assert abs(tiles._top(line, 3) - at) < 1e-6


def test_a_picture_full_of_stripes_is_read_too(watermark: TileWatermark) -> None:
    stripes = 40 * np.sign(np.sin(np.arange(900) * 2 * np.pi / 37))[None, :, None]
    picture = np.clip(np.asarray(scene(900, 700), dtype=np.float64) + stripes, 0, 255).astype(np.uint8)
    found = watermark.read(scaled(watermark.embed(Image.fromarray(picture), POINTER), 0.71, 0.71))
    assert found is not None
    assert found.pointer == POINTER


@pytest.mark.parametrize("mode", ["L", "LA", "RGBA"])
def test_grey_and_transparent_pictures_carry_it_and_keep_their_transparency(
    watermark: TileWatermark, mode: str
) -> None:
    picture = scene(600, 500).convert(mode)
    if mode != "L":
        picture.putalpha(Image.linear_gradient("L").resize(picture.size))
    made = watermark.embed(picture, POINTER)
    assert (made.mode, made.size) == (mode, picture.size)
    found = watermark.read(made)
    assert found is not None
    assert found.pointer == POINTER
    if mode != "L":
        assert made.getchannel("A").tobytes() == picture.getchannel("A").tobytes()


@given(st.integers(0, 2**64 - 1), st.integers(0, 9))
@settings(max_examples=12, deadline=None)
def test_any_pointer_comes_back(pointer: int, seed: int) -> None:
    watermark = TileWatermark(KEY)
    found = watermark.read(watermark.embed(scene(512, 512, seed), pointer))
    assert found is not None
    assert found.pointer == pointer


def test_nothing_is_read_in_pictures_without_it_nor_with_another_key(marked: Image.Image) -> None:
    watermark, other = TileWatermark(KEY), TileWatermark(b"another key, longer")
    assert other.read(marked) is None
    for seed in range(20):
        assert watermark.read(scene(400 + seed, 380, seed)) is None


@pytest.mark.parametrize("size", [(SMALLEST - 1, 1000), (1000, SMALLEST - 1)])
def test_a_picture_too_small_is_refused(watermark: TileWatermark, size: tuple[int, int]) -> None:
    with pytest.raises(InputError) as caught:
        watermark.embed(Image.new("RGB", size), POINTER)
    assert str(SMALLEST) in caught.value.zh


@pytest.mark.parametrize("mode", ["P", "1", "CMYK", "I", "F"])
def test_other_modes_are_refused(watermark: TileWatermark, mode: str) -> None:
    with pytest.raises(InputError):
        watermark.embed(Image.new(mode, (600, 600)), POINTER)


@pytest.mark.parametrize("size", [(1, 1), (63, 4000), (64, 64), (64, 5000), (3000, 70)])
@pytest.mark.parametrize("colour", ["black", "white", "noise"])
def test_odd_pictures_are_read_as_none(watermark: TileWatermark, size: tuple[int, int], colour: str) -> None:
    if colour == "noise":
        picture = Image.fromarray(np.random.default_rng(3).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))
    else:
        picture = Image.new("RGB", size, colour)
    assert watermark.read(picture) is None


def test_flat_pictures_carry_it(watermark: TileWatermark) -> None:
    for shade in ("white", "black", "#777777"):
        found = watermark.read(watermark.embed(Image.new("RGB", (768, 768), shade), POINTER))
        assert found is not None
        assert found.pointer == POINTER


def test_the_pattern_of_a_key_never_changes() -> None:
    pattern = Pattern(KEY)
    parts = (
        pattern.known.astype("<i8"),
        pattern.carrying.astype("<i8"),
        pattern.known_values.real.astype("<i1"),
        pattern._chips.astype("<i1"),
        pattern._sign_of.astype("<i8"),
    )
    assert hashlib.sha256(b"".join(part.tobytes() for part in parts)).hexdigest() == GOLDEN
    assert abs(float(np.mean(pattern.tile(POINTER, 256) ** 2)) - 1) < 1e-3


def test_a_short_key_is_refused() -> None:
    with pytest.raises(ValueError, match="16"):
        Pattern(b"short")


def test_pointers_of_numbers() -> None:
    assert pointer_of("a") != pointer_of("b")
    assert 0 <= pointer_of("x" * 1000) < 2**64
    assert written(1) == "0000000000000001"
