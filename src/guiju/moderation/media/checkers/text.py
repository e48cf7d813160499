"""Text in pictures, read by RapidOCR with the PP-OCR models that its wheel carries: the extra `guiju[media]`.

A long picture (a screenshot of a chat) is read in overlapping tiles, for the reader shrinks what is larger than its
window until small letters are gone; large letters that no tile holds whole are read in the shrunk picture besides.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol, cast

import numpy as np
from rapidocr import RapidOCR

from guiju.moderation.media.interface import Picture, Pixels
from guiju.moderation.media.models import ReadText, Region, Sighting

NAME = "picture_text"
_TILE = 1536
_OVERLAP = 192
_LEAST = 8
"""A picture with a shorter side than this many pixels holds no letter that anybody could read."""
_PAD = 32
_SMALL = 320
_SURE = 0.5


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
            for line in self._read(pixels[top : top + _TILE, left : left + _TILE], top, left):
                if not any(_is_same(line, other) for other in lines):
                    lines.append(line)
        if max(height, width) > _TILE:
            step = -(-max(height, width) // _TILE)
            lines += [
                line for line in self._read(pixels, 0, 0, step=step) if not any(_says(other, line) for other in lines)
            ]
        return Sighting(texts=tuple(sorted(lines, key=_place)))

    def _read(self, pixels: Pixels, top: int, left: int, *, step: int = 1) -> Iterator[ReadText]:
        shrunk, scale = _fitting(pixels, step)
        found = self._reader(np.ascontiguousarray(shrunk[:, :, ::-1]))
        if found.boxes is None or found.txts is None or found.scores is None:
            return
        for box, text, score in zip(found.boxes, found.txts, found.scores, strict=True):
            if text.strip() and float(score) >= _SURE:
                yield ReadText("picture", text, _region((np.asarray(box) - _PAD) / scale, top, left))


def _fitting(pixels: Pixels, step: int) -> tuple[Pixels, float]:
    """Return pixels as the reader likes them, with a margin, and by what they were scaled."""
    scale = 1.0
    if step > 1:
        height, width = (side // step * step for side in pixels.shape[:2])
        fields = pixels[:height, :width].reshape(height // step, step, width // step, step, 3)
        pixels, scale = fields.mean(axis=(1, 3)).astype(np.uint8), 1 / step
    elif max(pixels.shape[:2]) < _SMALL:
        pixels, scale = np.repeat(np.repeat(pixels, 2, axis=0), 2, axis=1), 2.0
    return np.pad(pixels, ((_PAD, _PAD), (_PAD, _PAD), (0, 0)), mode="edge"), scale


def _tiles(height: int, width: int) -> Iterator[tuple[int, int]]:
    for top in _starts(height):
        for left in _starts(width):
            yield top, left


def _starts(side: int) -> range:
    return range(0, max(side - _OVERLAP, 1), _TILE - _OVERLAP)


def _region(box: "np.ndarray[tuple[int, ...], np.dtype[np.float64]]", top: int, left: int) -> Region:
    low, high = box.min(axis=0), box.max(axis=0)
    return Region(
        max(0, int(low[0])) + left, max(0, int(low[1])) + top, int(high[0]) + 1 + left, int(high[1]) + 1 + top
    )


def _is_same(one: ReadText, other: ReadText) -> bool:
    """Whether two tiles saw one line."""
    here, there = one.region, other.region
    if one.text != other.text or here is None or there is None:
        return False
    return abs(here.top - there.top) < _PAD and abs(here.left - there.left) < _PAD


def _says(one: ReadText, other: ReadText) -> bool:
    return other.text in one.text


def _place(line: ReadText) -> tuple[int, int]:
    region = line.region
    return (region.top, region.left) if region is not None else (0, 0)
