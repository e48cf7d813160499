"""The pattern of the watermark: a tile made of signs at secret frequencies, repeated over the picture.

A tile has `CELLS` cells a side. Of its frequencies those in a ring are used: low ones are seen, high ones do not
survive JPEG or a smaller size. A third of them, known to who has the key, says where a tile begins; the others
carry the signs of the code, each many times. Everything is derived from the key with SHAKE-256 (FIPS 202), so that no
version of any library changes it.
"""

import hashlib

import numpy as np

from guiju.labelling.watermarks import codes
from guiju.labelling.watermarks.codes import Soft

Plane = np.ndarray[tuple[int, int], np.dtype[np.float32]]
Spectrum = np.ndarray[tuple[int, int], np.dtype[np.complex128]]
Places = np.ndarray[tuple[int], np.dtype[np.intp]]

CELLS = 128
_LOWEST, _HIGHEST = 10, 46
"""The ring, in waves a tile."""
_HALF = CELLS // 2 + 1
_BANDS, _BAND_WIDTH = 6, 6
"""Rings within the ring, in each of which the same share survives."""


class Pattern:
    """What follows from a key."""

    def __init__(self, key: bytes) -> None:
        """Derive the pattern from a secret of at least 16 bytes.

        Raises:
            ValueError: it is shorter.
        """
        if len(key) < 16:  # noqa: PLR2004 - 128 bits
            raise ValueError("a watermark key has at least 16 bytes")
        self._key = key
        radius = np.hypot(np.fft.fftfreq(CELLS, 1 / CELLS)[:, None], np.arange(_HALF)[None, :])
        # The column of frequency 0 holds each of its waves twice, conjugated; it is left out.
        ring = (radius >= _LOWEST) & (radius <= _HIGHEST) & (np.arange(_HALF)[None, :] > 0)
        self.radius = radius
        self.loudness = np.where(ring, 1 / np.sqrt(np.maximum(radius, 1)), 0.0)
        places = np.flatnonzero(ring)
        order = np.argsort(np.frombuffer(self._stream(b"order", 8 * len(places)), dtype="<u8"), kind="stable")
        places = places[order]
        self.known: Places = places[: len(places) // 3]
        self.carrying: Places = places[len(places) // 3 :]
        known = self._signs(b"known", 2 * len(self.known))
        self.known_values = known[: len(self.known)] + 1j * known[len(self.known) :]
        count = 2 * len(self.carrying)
        self._chips = self._signs(b"chips", count)
        spread = np.argsort(np.frombuffer(self._stream(b"spread", 8 * count), dtype="<u8"), kind="stable")
        self._sign_of = spread % codes.LENGTH

    def tile(self, pointer: int, period: int) -> Plane:
        """Return the tile that carries a pointer, `period` pixels a side, with a mean square of 1."""
        values = codes.encode(pointer)[self._sign_of] * self._chips
        spectrum = np.zeros(CELLS * _HALF, dtype=np.complex128)
        spectrum[self.known] = self.known_values
        spectrum[self.carrying] = values[: len(self.carrying)] + 1j * values[len(self.carrying) :]
        cells = spectrum.reshape(CELLS, _HALF) * self.loudness
        wide = np.zeros((period, period // 2 + 1), dtype=np.complex128)
        wide[: _HIGHEST + 1, : _HIGHEST + 1] = cells[: _HIGHEST + 1, : _HIGHEST + 1]
        wide[-_HIGHEST:, : _HIGHEST + 1] = cells[-_HIGHEST:, : _HIGHEST + 1]
        tile = np.fft.irfft2(wide, (period, period))
        return np.asarray(tile / tile.std(), dtype=np.float32)

    def likeness(self, spectrum: Spectrum) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
        """Return how like the known part a folded picture is for each shift of it: `CELLS` × `CELLS`."""
        matched = np.zeros(CELLS * _HALF, dtype=np.complex128)
        matched[self.known] = spectrum.ravel()[self.known] * self.known_values.conj()
        return np.fft.irfft2(matched.reshape(CELLS, _HALF), (CELLS, CELLS))

    def evidence(self, spectrum: Spectrum) -> Soft:
        """Return what a folded picture, shifted to where a tile begins, says of each sign of the code.

        How much each ring of frequencies is worth is measured on the known part: a small size or JPEG takes the high
        ones away, and those then do not count.
        """
        flat = spectrum.ravel()
        agreement = (flat[self.known] * self.known_values.conj()).real
        sums = np.bincount(self._band(self.known), agreement, _BANDS)
        worth = np.maximum(sums / np.maximum(np.bincount(self._band(self.known), minlength=_BANDS), 1), 0.0)
        values = flat[self.carrying] * worth[self._band(self.carrying)]
        soft = np.concatenate([values.real, values.imag]) * self._chips
        return np.asarray(np.bincount(self._sign_of, soft, codes.LENGTH), dtype=np.float64)

    def _band(self, places: Places) -> Places:
        bands = (self.radius.ravel()[places] - _LOWEST) / _BAND_WIDTH
        chosen: Places = np.minimum(bands.astype(np.intp), _BANDS - 1)
        return chosen

    def _signs(self, use: bytes, count: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        octets = np.frombuffer(self._stream(use, -(-count // 8)), dtype=np.uint8)
        return np.unpackbits(octets)[:count].astype(np.float64) * 2 - 1

    def _stream(self, use: bytes, size: int) -> bytes:
        return hashlib.shake_256(b"guiju-watermark-1\0" + use + b"\0" + self._key).digest(size)
