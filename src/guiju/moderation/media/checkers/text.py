"""Text in pictures, read by RapidOCR with the PP-OCR models that its wheel carries: the extra `guiju[media]`.

A picture is read in overlapping strips. The reader looks for text relative to the whole of what it is shown: a short
line alone on a large empty page it does not see at all, and what is larger than its window it shrinks until small
letters are gone (both measured in bench/moderation). Letters too large for a strip are read in the whole picture,
shrunk, besides.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, cast

import numpy as np
from rapidocr import RapidOCR

from guiju.moderation.media.interface import Picture, Pixels
from guiju.moderation.media.models import ReadText, Region, Sighting

NAME = "picture_text"
_WIDE, _HIGH = 1280, 320
_OVER_WIDE, _OVER_HIGH = 256, 64
_LEAST = 8
"""A picture with a shorter side than this many pixels holds no letter that anybody could read."""
_PAD = 32
_EDGE = 3
_SURE = 0.5
_SHADES = 6
"""A strip whose shades of every colour lie this close together (of 256) has nothing written on it."""


class _Read(Protocol):
    """What the reader returns: a box of four corners, the text and the score of each line; None where there is none."""

    boxes: "np.ndarray[tuple[int, ...], np.dtype[np.float32]] | None"
    txts: Sequence[str] | None
    scores: Sequence[float] | None


class TextChecker:
    """Reads what is written in a picture, upright or turned."""

    name = NAME

    def __init__(self, threads: int = 1) -> None:
        """Load the models, which takes about 150 MB; each look uses `threads` cores."""
        options = {
            "Global.log_level": "critical",
            "EngineConfig.onnxruntime.intra_op_num_threads": threads,
            "EngineConfig.onnxruntime.inter_op_num_threads": 1,
            "Det.limit_type": "max",
            "Det.limit_side_len": _WIDE + 2 * _PAD,
        }
        self._reader = cast("Callable[[Pixels], _Read]", RapidOCR(params=options))

    def look(self, picture: Picture) -> Sighting:
        """Return the lines that are written in the picture, from top to bottom."""
        pixels = picture.pixels
        height, width = pixels.shape[:2]
        if min(height, width) < _LEAST:
            return Sighting()
        lines: list[ReadText] = []
        for top, left in _tiles(height, width):
            for line in self._read(pixels[top : top + _HIGH, left : left + _WIDE], top, left):
                if not _is_cut(line, top, height) and not any(_is_same(line, other) for other in lines):
                    lines.append(line)
        if height > _HIGH or width > _WIDE:
            step = -(-max(height, width) // _WIDE)
            whole = self._read(pixels, 0, 0, step=step)
            lines += [line for line in whole if not any(line.text in other.text for other in lines)]
        return Sighting(texts=tuple(_in_reading_order(lines)))

    def _read(self, pixels: Pixels, top: int, left: int, *, step: int = 1) -> Iterator[ReadText]:
        if np.ptp(pixels, axis=(0, 1)).max() < _SHADES:
            return
        shrunk = _shrunk(pixels, step)
        found = self._reader(np.ascontiguousarray(shrunk[:, :, ::-1]))
        if found.boxes is None or found.txts is None or found.scores is None:
            return
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            if text.strip() and float(score) >= _SURE:
                yield ReadText("picture", text, _region((np.asarray(box) - _PAD) * step, top, left))


def _shrunk(pixels: Pixels, step: int) -> Pixels:
    """Return pixels with each field of step × step as one, and with a margin, for letters at the edge are missed."""
    if step > 1:
        height, width = (side // step * step for side in pixels.shape[:2])
        fields = pixels[:height, :width].reshape(height // step, step, width // step, step, 3)
        pixels = fields.mean(axis=(1, 3)).astype(np.uint8)
    return np.pad(pixels, ((_PAD, _PAD), (_PAD, _PAD), (0, 0)), mode="edge")


def _tiles(height: int, width: int) -> Iterator[tuple[int, int]]:
    for top in range(0, max(height - _OVER_HIGH, 1), _HIGH - _OVER_HIGH):
        for left in range(0, max(width - _OVER_WIDE, 1), _WIDE - _OVER_WIDE):
            yield top, left


def _region(box: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", top: int, left: int) -> Region:
    low, high = box.min(axis=0), box.max(axis=0)
    return Region(
        max(0, int(low[0])) + left, max(0, int(low[1])) + top, int(high[0]) + 1 + left, int(high[1]) + 1 + top
    )


def _is_cut(line: ReadText, top: int, height: int) -> bool:
    """Whether a line lies on the upper or lower edge of its strip; the next strip, which overlaps, holds it whole."""
    region = line.region
    if region is None:
        return False
    is_low = top + _HIGH < height and region.bottom >= top + _HIGH - _EDGE
    return is_low or (top > 0 and region.top <= top + _EDGE)


def _is_same(one: ReadText, other: ReadText) -> bool:
    """Whether two tiles saw one line."""
    here, there = one.region, other.region
    if one.text != other.text or here is None or there is None:
        return False
    return abs(here.top - there.top) < _PAD and abs(here.left - there.left) < _PAD


def _in_reading_order(lines: list[ReadText]) -> Iterator[ReadText]:
    """Yield lines row by row from the top, each row from the left: two stand in one row when half of each is level."""
    rows: list[list[tuple[Region, ReadText]]] = []
    placed = [(line.region, line) for line in lines if line.region is not None]
    for region, line in sorted(placed, key=lambda pair: pair[0].top):
        first = rows[-1][0][0] if rows else None
        if first is not None and region.top < (first.top + first.bottom) / 2 and region.bottom > first.top:
            rows[-1].append((region, line))
        else:
            rows.append([(region, line)])
    for row in rows:
        yield from (line for _, line in sorted(row, key=lambda pair: pair[0].left))
