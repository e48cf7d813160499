"""The watermark that needs no model: a keyed tile, repeated, as strong as the picture hides it.

Embedding adds the pattern to all colours, faint on flat surfaces and louder on texture, and keeps a distance from the
picture (PSNR). Reading needs no original: it finds size and turn of the tiles, folds the picture onto one, finds where
that begins, and decodes.
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from guiju.kit.errors import InputError
from guiju.labelling.watermarks import codes
from guiju.labelling.watermarks.folding import Lattice, details, folded, resized, smooth, texture
from guiju.labelling.watermarks.interface import Recovered
from guiju.labelling.watermarks.lattices import lattices
from guiju.labelling.watermarks.patterns import CELLS, Pattern, Plane, Spectrum

PSNR_DB = 43.0
"""How far the marked picture is from the picture at least: peak signal-to-noise ratio over all colours, in decibels."""
SMALLEST = 256
"""The least short side of a picture, in pixels."""
PERIODS = (192, 256, 384, 512, 768, 1024, 1536, 2048)
"""Sides of a tile, in pixels: the largest of which four fit the short side of the picture, or the first."""

_LOOKED_AT = 1024
"""Larger pictures are looked at with this short side: the tiles of large pictures are large."""
_LONGEST = 4096
"""Of a longer picture this part of the long side is looked at: every part carries the pattern."""
_LEAST_PERIOD = 64
_STANDS_OUT = 5.5
"""The known part must stand out so far before the code is read; by arithmetic noise does so in one look of 400."""
_FLAT, _TEXTURED, _MOST_TEXTURE = 0.8, 0.3, 24.0
"""How loud: grey levels on a flat surface, so many more for each level of texture, which counts up to the third."""
_MOST_ERROR = 255.0 / 10 ** (PSNR_DB / 20)
_MODES = frozenset(("L", "LA", "RGB", "RGBA"))


class TileWatermark:
    """Embeds and reads with one secret key."""

    def __init__(self, key: bytes) -> None:
        """Use the secret `key` of at least 16 bytes."""
        self._pattern = Pattern(key)

    def embed(self, picture: Image.Image, pointer: int) -> Image.Image:
        """Return a copy that carries the pointer; see the interface."""
        if picture.mode not in _MODES or min(picture.size) < SMALLEST:
            raise InputError(
                f"图片不能加隐形水印：需要短边至少 {SMALLEST} 像素、每通道 8 位的灰度或彩色图片。",
                f"No watermark can be put into this picture: it needs {SMALLEST} pixels on its short side and 8 bits "
                "of grey or RGB.",
            )
        light = np.asarray(picture.convert("L"), dtype=np.float32)
        height, width = light.shape
        period = _period(min(height, width))
        fine = light - smooth(light, period // 24)
        room = texture(fine, period // 32)
        room = np.minimum(room, np.float32(_MOST_TEXTURE)) * np.float32(_TEXTURED)
        room += np.float32(_FLAT)
        tile = self._pattern.tile(pointer, period)
        room *= np.tile(tile, (-(-height // period), -(-width // period)))[:height, :width]
        loudness = float(np.sqrt(np.dot(room.ravel(), room.ravel()) / room.size))
        room *= np.float32(min(1.0, _MOST_ERROR / loudness))
        return _added(picture, np.rint(room).astype(np.int16))

    def read(self, picture: Image.Image) -> Recovered | None:
        """Return the pointer that a picture carries; see the interface."""
        if min(picture.size) < _LEAST_PERIOD:
            return None
        light = np.asarray(picture.convert("L"), dtype=np.float32)
        scale = min(light.shape) / min(_LOOKED_AT, *light.shape)
        if scale > 1:
            size = (round(light.shape[1] / scale), round(light.shape[0] / scale))
            light = resized(light, size, Image.Resampling.BOX)
        light = light[:_LONGEST, :_LONGEST]
        fine = details(light, max(4, min(light.shape) // 96))
        for lattice in _likely(fine, scale, min(picture.size)):
            found = self._read_tile(folded(fine, lattice))
            if found is not None:
                return found
        return None

    def _read_tile(self, spectrum: Spectrum) -> Recovered | None:
        """Read a folded picture in each of the eight ways in which a square lies on a square."""
        tile = np.fft.irfft2(spectrum, (CELLS, CELLS))
        best = max((self._best_shift(way) for way in _ways(tile)), key=lambda one: one[0])
        strength, way, (row, column) = best
        if strength < _STANDS_OUT:
            return None
        rows, columns = np.fft.fftfreq(CELLS)[:, None], np.fft.rfftfreq(CELLS)[None, :]
        shifted = way * np.exp(2j * np.pi * (rows * row + columns * column))
        decoded = codes.decode(self._pattern.evidence(shifted))
        return None if decoded is None else Recovered(decoded[0], strength, decoded[1])

    def _best_shift(self, spectrum: Spectrum) -> tuple[float, Spectrum, tuple[float, float]]:
        likeness = self._pattern.likeness(spectrum)
        row, column = divmod(int(likeness.argmax()), CELLS)
        strength = float(likeness[row, column]) / (float(likeness.std()) or 1.0)
        place = (row + _top(likeness[:, column], row), column + _top(likeness[row], column))
        return strength, spectrum, place


def _top(line: np.ndarray[tuple[int], np.dtype[np.float64]], at: int) -> float:
    """Return where between the cells around `at` the top is, by a parabola."""
    before, here, after = float(line[at - 1]), float(line[at]), float(line[(at + 1) % len(line)])
    bend = before - 2 * here + after
    return 0.0 if bend == 0.0 else float(np.clip(0.5 * (before - after) / bend, -0.5, 0.5))


def _ways(tile: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> Iterator[Spectrum]:
    for one in (tile, tile[:, ::-1]):
        for turns in range(4):
            yield np.fft.rfft2(np.rot90(one, turns))


def _period(short: int) -> int:
    return max((period for period in PERIODS if period * 4 <= short), default=PERIODS[0])


def _likely(fine: Plane, scale: float, short: int) -> Iterator[Lattice]:
    """Yield how the tiles may lie: first as in a picture of this size, then as in cut ones, then as they seem to."""
    first = _period(short)
    for period in sorted(PERIODS, key=lambda one: (one != first, one)):
        side = period / scale
        if _LEAST_PERIOD <= side <= max(fine.shape):
            yield np.array([[side, 0.0], [0.0, side]])
    yield from lattices(fine)


def _added(picture: Image.Image, change: np.ndarray[tuple[int, int], np.dtype[np.int16]]) -> Image.Image:
    """Return a copy of a picture with the change added to every colour, and not to its transparency."""
    bands = picture.split()
    colours = len(bands) - (picture.mode in ("LA", "RGBA"))
    made = []
    for band in bands[:colours]:
        values = np.asarray(band, dtype=np.int16) + change
        made.append(Image.fromarray(np.clip(values, 0, 255, out=values).astype(np.uint8)))
    return Image.merge(picture.mode, (*made, *bands[colours:]))
