"""A picture folded onto one tile: what repeats in every tile adds up, what the picture shows does not. Pure."""

import numpy as np
from PIL import Image

from guiju.labelling.watermarks.patterns import CELLS, Plane, Spectrum

Lattice = np.ndarray[tuple[int, int], np.dtype[np.float64]]
"""2 × 2: its columns are the two sides of a tile, in pixels."""

_FAINTEST = 1.5
"""Added to the local contrast, in grey levels: a flat surface is not blown up into noise."""


def resized(plane: Plane, size: tuple[int, int], how: Image.Resampling) -> Plane:
    """Return a plane in another size: width and height."""
    return np.asarray(Image.fromarray(plane).resize(size, how), dtype=np.float32)


def smooth(plane: Plane, step: int) -> Plane:
    """Return a plane without what is smaller than `step` pixels."""
    height, width = plane.shape
    return resized(_shrunk(plane, step), (width, height), Image.Resampling.BILINEAR)


def texture(fine: Plane, step: int) -> Plane:
    """Return how rough a picture is around each pixel, in grey levels; an edge between flat surfaces is not rough.

    Args:
        fine: what is small in it.
        step: how far "around" reaches, in pixels.
    """
    height, width = fine.shape
    rough = np.pad(_shrunk(np.abs(fine), step), 1, mode="edge")
    around = np.lib.stride_tricks.sliding_window_view(rough, (3, 3)).min(axis=(2, 3))
    return resized(np.ascontiguousarray(around), (width, height), Image.Resampling.BILINEAR)


def _shrunk(plane: Plane, step: int) -> Plane:
    height, width = plane.shape
    return resized(plane, (max(2, width // step), max(2, height // step)), Image.Resampling.BOX)


def details(light: Plane, step: int) -> Plane:
    """Return what is smaller than `step` pixels, everywhere equally strong: edges drown no pattern."""
    fine = light - smooth(light, step)
    return fine / (smooth(np.abs(fine), step) + np.float32(_FAINTEST))


def folded(fine: Plane, lattice: Lattice) -> Spectrum:
    """Return the whitened spectrum of a plane folded onto one tile of `CELLS` cells a side.

    Args:
        fine: what `details` leaves of a picture.
        lattice: the sides of a tile.
    """
    inverse = np.linalg.inv(lattice) * CELLS
    height, width = fine.shape
    across, down = np.arange(width), np.arange(height)
    if abs(lattice[0, 1]) < 1e-9 and abs(lattice[1, 0]) < 1e-9:  # noqa: PLR2004 - upright, the usual case
        sums, counts = _folded_upright(
            fine, (across * inverse[0, 0]).astype(np.int64), (down * inverse[1, 1]).astype(np.int64)
        )
    else:
        column = np.floor((across * inverse[0, 0])[None, :] + (down * inverse[0, 1])[:, None]).astype(np.int32)
        row = np.floor((across * inverse[1, 0])[None, :] + (down * inverse[1, 1])[:, None]).astype(np.int32)
        cells = ((row & CELLS - 1) * CELLS + (column & CELLS - 1)).ravel()
        sums = np.asarray(np.bincount(cells, fine.ravel(), CELLS**2), dtype=np.float64).reshape(CELLS, CELLS)
        counts = np.asarray(np.bincount(cells, minlength=CELLS**2), dtype=np.float64).reshape(CELLS, CELLS)
    return _whitened(np.fft.rfft2(sums / np.sqrt(np.maximum(counts, 1))))


def _folded_upright(
    fine: Plane, columns: np.ndarray[tuple[int], np.dtype[np.int64]], rows: np.ndarray[tuple[int], np.dtype[np.int64]]
) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.float64]], np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
    """Fold along both axes one after the other, each as a sum of runs."""
    by_row = _summed(fine, rows)
    sums = _summed(np.ascontiguousarray(by_row.T), columns).T
    counts = np.outer(np.bincount(rows & CELLS - 1, minlength=CELLS), np.bincount(columns & CELLS - 1, minlength=CELLS))
    return sums.astype(np.float64), counts.astype(np.float64)


def _summed(plane: Plane, cells: np.ndarray[tuple[int], np.dtype[np.int64]]) -> Plane:
    """Return the sums of the rows that fall into each cell; `cells` rises."""
    starts = np.flatnonzero(np.diff(cells, prepend=cells[0] - 1))
    runs = np.add.reduceat(plane, starts, axis=0)
    found = cells[starts]
    sums = np.zeros((CELLS, plane.shape[1]), dtype=np.float32)
    for first in range(0, int(found[-1]) + 1, CELLS):  # one pass for each tile: within it no cell comes twice
        low, high = np.searchsorted(found, (first, first + CELLS))
        sums[found[low:high] - first] += runs[low:high]
    return sums


def _rings() -> np.ndarray[tuple[int, int], np.dtype[np.intp]]:
    radius = np.hypot(np.fft.fftfreq(CELLS, 1 / CELLS)[:, None], np.arange(CELLS // 2 + 1)[None, :])
    rings: np.ndarray[tuple[int, int], np.dtype[np.intp]] = np.minimum(radius.astype(np.intp), CELLS // 2)
    return rings


_RING = _rings()
_IN_RING = np.bincount(_RING.ravel())


def _whitened(spectrum: Spectrum) -> Spectrum:
    power = np.bincount(_RING.ravel(), (np.abs(spectrum) ** 2).ravel()) / _IN_RING
    return spectrum / np.sqrt(power + 1e-12)[_RING]
