"""How large the tiles are in a picture, and how they lie, after it was scaled, turned or squeezed. Pure.

A picture that repeats something is like itself shifted by a side of a tile: the peaks of its autocorrelation (by FFT,
with every frequency equally loud) are a lattice.
"""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from guiju.labelling.watermarks.folding import Lattice, resized
from guiju.labelling.watermarks.patterns import Plane

Peak = tuple[float, float, float]
"""Right, down, and how far it stands out."""

_SMALLEST = 40.0
"""Shifts below are the shape of the pattern itself, and of the picture."""
_REACH = 0.75
_MOST_PEAKS, _MOST_LATTICES = 24, 12
_STANDS_OUT = 4.0
_SQUEEZED = 1.6
"""How much longer one side of a tile may be than the other."""


def lattices(fine: Plane) -> list[Lattice]:
    """Return how tiles may lie in a picture, likeliest first.

    Args:
        fine: what `details` leaves of it.
    """
    peaks = _peaks(_likeness(fine))
    candidates = sorted(_pairs(peaks), key=lambda one: -one[0])[:_MOST_LATTICES]
    return [lattice for _, lattice in candidates]


def _likeness(fine: Plane) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    height, width = fine.shape
    power = np.abs(np.fft.rfft2(fine)).astype(np.float32)
    rows, columns = power.shape
    around = resized(power, (max(1, columns // 16), max(1, rows // 16)), Image.Resampling.BOX)
    power /= resized(around, (columns, rows), Image.Resampling.BILINEAR) + np.float32(1e-6)
    power *= power
    power -= power.mean()
    return np.fft.fftshift(np.fft.irfft2(power, (height, width)))


def _peaks(likeness: np.ndarray[tuple[int, int], np.dtype[np.float64]]) -> list[Peak]:
    height, width = likeness.shape
    middle, centre = height // 2, width // 2
    reach = int(min(height, width) * _REACH)
    left = max(0, centre - reach)
    part = likeness[middle : min(height - 1, middle + reach), left : min(width - 1, centre + reach)].copy()
    down, right = np.arange(part.shape[0])[:, None], np.arange(part.shape[1])[None, :] - (centre - left)
    part[np.hypot(down, right) < _SMALLEST] = 0.0
    part[0, : centre - left] = 0.0  # the other half of the row, seen already
    part[:, 0] = 0.0
    spread = float(part.std()) or 1.0
    found = []
    for _ in range(_MOST_PEAKS):
        row, column = divmod(int(part.argmax()), part.shape[1])
        height_of_it = float(part[row, column]) / spread
        if height_of_it < _STANDS_OUT:
            break
        y, x = row + middle, column + left
        found.append(
            (
                x - centre + _between(likeness[y, x - 1 : x + 2]),
                row + _between(likeness[y - 1 : y + 2, x]),
                height_of_it,
            )
        )
        part[max(0, row - 4) : row + 5, max(0, column - 4) : column + 5] = 0.0
    return found


def _between(three: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """Return where between its neighbours the top of a peak is, by the parabola through the three: -0.5…0.5."""
    bend = float(three[0] - 2 * three[1] + three[2])
    return 0.0 if bend == 0.0 else float(np.clip(0.5 * float(three[0] - three[2]) / bend, -0.5, 0.5))


def _pairs(peaks: list[Peak]) -> Iterator[tuple[float, Lattice]]:
    """Yield two peaks at a right angle, of about one length; and each strong peak with itself, turned."""
    for x, y, height in peaks:
        for other_x, other_y, other_height in peaks:
            length, other = np.hypot(x, y), np.hypot(other_x, other_y)
            turned = (x * other_y - y * other_x) / (length * other)  # the sine of the angle between them
            if abs(turned) > 0.998 and 1 / _SQUEEZED < length / other < _SQUEEZED:  # noqa: PLR2004 - within 3.6°
                sign = 1.0 if turned > 0 else -1.0
                even = 1.0 if 0.97 < length / other < 1.03 else 0.6  # noqa: PLR2004 - seldom is a picture squeezed
                yield (height + other_height) * even, np.array([[x, sign * other_x], [y, sign * other_y]])
    for x, y, height in peaks[:6]:
        yield height / 2, np.array([[x, -y], [y, x]])
