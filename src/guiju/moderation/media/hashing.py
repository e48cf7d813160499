"""Perceptual hashes of 64 bits: pictures that look alike have hashes that differ in few bits. Pure.

pHash: the signs, about their median, of the 64 lowest frequencies of a discrete cosine transform (type II) of the
picture in 32 × 32 shades of grey. dHash: whether brightness grows from left to right, in 8 rows of 9. A pair of both
must be near: two different pictures rarely agree in both.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guiju.moderation.media.interface import Pixels

BITS = 64
_SIDE = 32
_LOW = 8
_ENOUGH = 384
_PLAIN = 3.0
"""Below this deviation of the shades of grey (0 to 255) a picture is too plain for its hash to mean anything."""

_Grey = NDArray[np.float64]
# Luma of ITU-R BT.601.
_LUMA = np.array((0.299, 0.587, 0.114))


@dataclass(frozen=True, slots=True)
class PictureHash:
    """Both hashes of a picture."""

    phash: int
    dhash: int

    def __str__(self) -> str:
        """Return 32 hex digits: pHash, then dHash."""
        return f"{self.phash:016x}{self.dhash:016x}"


def hash_picture(pixels: Pixels) -> PictureHash | None:
    """Return the hashes of a picture (height × width × 3); None when it is too plain to tell it from others."""
    grey = _shrunk(pixels, _SIDE, _SIDE)
    if float(grey.std()) < _PLAIN:
        return None
    low = (_COSINES @ grey @ _COSINES.T)[:_LOW, :_LOW].ravel()
    rows = _shrunk(pixels, 8, 9)
    return PictureHash(
        _packed(low > np.median(low[1:])),
        _packed((rows[:, 1:] > rows[:, :-1]).ravel()),
    )


def sampled(pixels: Pixels) -> Pixels:
    """Return every n-th pixel of a large picture: a hash looks at 32 × 32 fields, and needs no more of each."""
    step = max(1, min(pixels.shape[:2]) // _ENOUGH)
    return pixels[::step, ::step]


def hash_with_crops(pixels: Pixels) -> tuple[PictureHash, ...]:
    """Return the hash of a picture, of itself with even borders cut off, and of its middle in six steps."""
    pixels = sampled(pixels)
    height, width = pixels.shape[:2]
    found: list[PictureHash] = []
    for percent in (0, 3, 6, 9, 12, 15, 20):
        top, left = height * percent // 200, width * percent // 200
        one = hash_picture(pixels[top : height - top or None, left : width - left or None])
        if one is not None and one not in found:
            found.append(one)
    return tuple(found)


def without_border(pixels: Pixels) -> Pixels:
    """Return a picture without the border of one colour around it, if it has one."""
    corner = pixels[0, 0].astype(np.int16)
    differs = (np.abs(pixels.astype(np.int16) - corner) > 16).any(axis=2)  # noqa: PLR2004 - what JPEG does to one colour
    rows, columns = np.flatnonzero(differs.any(axis=1)), np.flatnonzero(differs.any(axis=0))
    if not rows.size or not columns.size:
        return pixels
    return pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def distances(one: int, many: NDArray[np.uint64]) -> NDArray[np.uint8]:
    """Return in how many bits `one` differs from each of `many`."""
    return np.asarray(np.bitwise_count(many ^ np.uint64(one)), dtype=np.uint8)


def _shrunk(pixels: Pixels, rows: int, columns: int) -> _Grey:
    """Return the means of rows × columns fields, in shades of grey; a smaller picture is first blown up."""
    height, width = pixels.shape[:2]
    if height < rows or width < columns:
        pixels = np.repeat(np.repeat(pixels, -(-rows // height), axis=0), -(-columns // width), axis=1)
        height, width = pixels.shape[:2]
    tops = np.arange(rows) * height // rows
    lefts = np.arange(columns) * width // columns
    sums = np.add.reduceat(np.add.reduceat(pixels, tops, axis=0, dtype=np.float64), lefts, axis=1) @ _LUMA
    counts = np.outer(np.diff(tops, append=height), np.diff(lefts, append=width))
    return np.asarray(sums / counts, dtype=np.float64)


def _packed(bits: NDArray[np.bool_]) -> int:
    return int.from_bytes(np.packbits(bits).tobytes())


def _cosines() -> _Grey:
    k, n = np.meshgrid(np.arange(_SIDE), np.arange(_SIDE), indexing="ij")
    return np.asarray(np.cos(np.pi * (2 * n + 1) * k / (2 * _SIDE)), dtype=np.float64)


_COSINES = _cosines()
