"""The rhythm 短长 短短 (GB 45438-2025, 5.3 b) as tones, and the look for it in sound.

Timing follows Morse (ITU-R M.1677-1): a long tone is three short ones, the gap within a letter one, between letters
three.
"""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from guiju.labelling.marks.models import Sign, Trace

UNIT_SECONDS = 0.12
PITCH = 1000.0
LEVEL = 0.5
_FADE_SECONDS = 0.006
_LONG, _LETTER_GAP = 3, 3
_REST_SECONDS = 0.3
_STEP_SECONDS = 0.01
_SHORTEST_UNIT, _LONGEST_UNIT = 0.05, 0.3
_TOLERANCE = 0.25
_PURE = 0.6
"""The share of a step's power that a tone holds; speech and music spread theirs."""

_SLACK = 1.0
"""Steps that a tone's edge may lie off, since it falls within a step."""
_LEAST_GAP, _MOST_GAP, _MOST_LETTER_GAP = 0.6, 1.5, 4.5
"""Gaps in units; between letters some producers key one unit, some three."""
_REST_UNITS = 1.5
_BANDS = 100
"""Bands of 50 Hz that are listened to: up to 5 kHz, where cues are."""
_LONGEST_STEPS = 600
_DROP = 20.0
"""How much weaker its pitch is in a gap than in a tone: 13 dB. A tone that goes on below other sound never is."""

Samples = NDArray[np.float32]


def rhythm(pattern: str, rate: int) -> Samples:
    """Return the rhythm as one channel of samples in -1…1, with a rest before and after.

    Args:
        pattern: 短 and 长, and a blank between two letters.
        rate: samples a second.
    """
    rest = np.zeros(round(_REST_SECONDS * rate), np.float32)
    pieces = [rest]
    for letter in pattern.split():
        if len(pieces) > 1:
            pieces.append(_silence(_LETTER_GAP - 1, rate))
        for one in letter:
            pieces += [_tone(_LONG if one == "长" else 1, rate), _silence(1, rate)]
    return np.concatenate([*pieces, rest])


def _silence(units: int, rate: int) -> Samples:
    return np.zeros(round(units * UNIT_SECONDS * rate), np.float32)


def _tone(units: int, rate: int) -> Samples:
    count = round(units * UNIT_SECONDS * rate)
    wave = LEVEL * np.sin(2 * np.pi * PITCH * np.arange(count) / rate)
    fade = min(round(_FADE_SECONDS * rate), count // 2)
    ramp = np.minimum(1, np.minimum(np.arange(count), np.arange(count)[::-1]) / max(1, fade))
    return np.asarray(wave * ramp, np.float32)


def find_rhythm(samples: Samples, rate: int, pattern: str) -> Trace:
    """Look for the rhythm anywhere in one channel of sound, at any pitch and at any speed that people key.

    Args:
        samples: -1…1.
        rate: samples a second.
        pattern: as for `rhythm`.
    """
    power, ruling = _spectrum(samples, rate)
    wanted = [(mark, index) for index, letter in enumerate(pattern.split()) for mark in letter]
    marks = [mark for mark, _ in wanted]
    for pitch in np.unique(ruling[ruling >= 0]):
        for tones in _runs(power, ruling, int(pitch), marks=marks):
            if _is_rhythm(tones, wanted):
                at = tones[0][0] * _STEP_SECONDS
                return Trace("rhythm", Sign.FOUND, f"{at:.1f} 秒处有节奏“{pattern}” / the rhythm is at {at:.1f} s")
    return Trace("rhythm", Sign.NONE, f"没有听到节奏“{pattern}” / the rhythm is not in it")


def _spectrum(samples: Samples, rate: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Return the power of each step of 10 ms by frequency, and the band that rules the step, -1 for none."""
    step = round(_STEP_SECONDS * rate)
    count = len(samples) // step - 1
    powers, ruling = [np.zeros((0, step + 1), np.float32)], [np.zeros(0, np.int64)]
    window = np.hanning(2 * step).astype(np.float32)
    for start in range(0, max(0, count), 4096):
        rows = np.arange(start, min(start + 4096, count))[:, None] * step + np.arange(2 * step)
        power = (np.abs(np.fft.rfft(samples[rows] * window, axis=1)) ** 2).astype(np.float32)[:, : _BANDS + 2]
        total = power.sum(axis=1) + 1e-9
        peak = power.argmax(axis=1)
        columns = np.clip(peak[:, None] + np.arange(-2, 3), 0, power.shape[1] - 1)
        held = np.take_along_axis(power, columns, axis=1).sum(axis=1)
        is_tone = (held > _PURE * total) & (total > 1e-3 * window.sum()) & (peak > 1)
        powers.append(power)
        ruling.append(np.where(is_tone, peak, -1))
    width = min(one.shape[1] for one in powers)
    return np.concatenate([one[:, :width] for one in powers]), np.concatenate(ruling)


def _runs(
    power: NDArray[np.float32], ruling: NDArray[np.int64], pitch: int, *, marks: list[str]
) -> Iterator[list[tuple[int, int]]]:
    """Give each row of as many tones of one pitch as there are marks, where between and around them it falls silent."""
    count, units = len(marks), sum(_LONG if mark == "长" else 1 for mark in marks)
    is_tone = np.abs(ruling - pitch) <= 1
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_tone.view(np.int8), [0]])))
    tones = [(int(start), int(end)) for start, end in zip(edges[::2], edges[1::2], strict=True)]
    level = power[:, max(0, pitch - 1) : pitch + 2].sum(axis=1)
    for first in range(len(tones) - count + 1):
        found = tones[first : first + count]
        if found[-1][1] - found[0][0] > _LONGEST_STEPS:
            continue
        loud = min(float(np.median(level[start:end])) for start, end in found)
        unit = sum(end - start for start, end in found) / units
        before, after = tones[first - 1 : first] if first else [], tones[first + count : first + count + 1]
        rest = _REST_UNITS * unit - _SLACK
        if any(found[0][0] - end < rest for _, end in before) or any(start - found[-1][1] < rest for start, _ in after):
            continue
        silences = [level[before[1] : after[0]] for before, after in pairwise(found)]
        if all(float(one.min()) * _DROP < loud for one in silences):
            yield found


def _is_rhythm(tones: list[tuple[int, int]], wanted: list[tuple[str, int]]) -> bool:
    lengths = np.array([end - start for start, end in tones], float)
    units = np.array([_LONG if mark == "长" else 1 for mark, _ in wanted], float)
    unit = lengths.sum() / units.sum()
    if not _SHORTEST_UNIT <= unit * _STEP_SECONDS <= _LONGEST_UNIT:
        return False
    if (np.abs(lengths - units * unit) > _TOLERANCE * unit + _SLACK).any():
        return False
    gaps = [after[0] - before[1] for before, after in pairwise(tones)]
    for gap, (before, after) in zip(gaps, pairwise(wanted), strict=True):
        most = _MOST_LETTER_GAP if before[1] != after[1] else _MOST_GAP
        if not _LEAST_GAP * unit - _SLACK <= gap <= most * unit + _SLACK:
            return False
    return True
