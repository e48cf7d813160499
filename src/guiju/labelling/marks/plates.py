"""The mark as a plate: white letters on a dark ground that is legible on every background, sized by its ink.

The ground hides enough of what is below for a contrast of 4.5 : 1 on white, its worst case (WCAG 2.2, 1.4.3), and of
more on everything else. The height is that of the lowest of the characters that the standard asks for: whether it means
em, capital or ink is not settled, and ink is the strictest reading.
"""

import io
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from guiju.kit.errors import InputError
from guiju.labelling.marks.fonts import Font
from guiju.labelling.marks.models import MarkLaw, Position

CONTRAST = 4.5
GROUND = 166
"""How much of the ground is black, of 255: on white it leaves a luminance of 0.11, a contrast of 6.5 : 1."""
LEAST_INK = 9
"""Pixels below which a Chinese character is not legible, whatever the share of the picture."""
_TRIAL = 200
_MOST_LINES = 4
_FREE = 0.94


@dataclass(frozen=True, slots=True)
class Pen:
    """What a mark is drawn with.

    Attributes:
        font: its letters.
        law: which words must be tall enough.
        ratio: least height of those words' ink, as a share of the shortest side.
    """

    font: Font
    law: MarkLaw
    ratio: float


@dataclass(frozen=True, slots=True)
class Plate:
    """A mark drawn for pictures of one size.

    Attributes:
        letters: (height, width), 0…255: where the letters cover.
        left: where the plate's left edge stands on the picture, in pixels.
        top: where its upper edge stands.
        ink: height of the lowest required character, in pixels.
        lines: the lines of text.
    """

    letters: NDArray[np.uint8]
    left: int
    top: int
    ink: int
    lines: tuple[str, ...]

    @property
    def box(self) -> tuple[int, int, int, int]:
        """Return left, upper, right and lower edge on the picture."""
        height, width = self.letters.shape
        return self.left, self.top, self.left + width, self.top + height


def drawn(text: str, size: tuple[int, int], position: Position, *, pen: Pen) -> Plate:
    """Draw a mark for a picture.

    Args:
        text: the mark.
        size: width and height of the picture, in pixels.
        position: where on it.
        pen: what it is drawn with, and how tall.

    Raises:
        InputError: the picture is too small for a legible mark.
    """
    width, height = size
    wanted = max(LEAST_INK, math.ceil(min(size) * pen.ratio))
    font, law = pen.font, pen.law
    em = _em_for(text, wanted, font, law=law)
    lines = _wrapped(text, em, font, width=int(width * _FREE) - _padding(em) * 2)
    letters = _letters(lines, em, font) if lines else None
    if letters is None or letters.shape[0] > height or letters.shape[1] > width:
        raise InputError(
            f"图片太小（{width}×{height}），放不下可辨认的标识“{text}”。请缩短标识文字，或在图片旁显示标识。",
            f"The picture ({width}×{height}) is too small for the legible mark {text!r}. Shorten the text, or show the "
            "mark beside the picture.",
        )
    left, top = _placed(position, size, (letters.shape[1], letters.shape[0]))
    return Plate(letters, left, top, _ink(text, em, font, law=law), tuple(lines))


def layers(plate: Plate) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return a plate as shades of grey and as how much it covers, 0…255 each, for what lays it over by itself."""
    letters = plate.letters.astype(np.float64) / 255
    cover = letters + (1 - letters) * GROUND / 255
    shade = np.divide(letters, cover, out=np.zeros_like(letters), where=cover > 0)
    return (shade * 255).round().astype(np.uint8), (cover * 255).round().astype(np.uint8)


def as_png(plate: Plate) -> bytes:
    """Return a plate as a picture with transparency."""
    shade, cover = layers(plate)
    target = io.BytesIO()
    Image.fromarray(np.stack([shade, shade, shade, cover], axis=-1), "RGBA").save(target, "PNG")
    return target.getvalue()


def ink_rows(letters: NDArray[np.uint8]) -> int:
    """Return how many rows of a drawn line have ink."""
    return int((letters.max(axis=1) > 127).sum())  # noqa: PLR2004 - half covered


def contrast(light: float, dark: float) -> float:
    """Return the contrast of two luminances of 0…1 (WCAG 2.2)."""
    return (max(light, dark) + 0.05) / (min(light, dark) + 0.05)


def luminance(pixels: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the relative luminance of pixels of shape (…, 3) in sRGB (WCAG 2.2)."""
    share = pixels.astype(np.float64) / 255
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 - sRGB
    return np.asarray(linear @ np.array([0.2126, 0.7152, 0.0722]))


def _required(text: str, law: MarkLaw) -> str:
    words = [word for word in (*law.words.ai, *law.words.made) if word in text]
    return "".join(words) or text


def _height_of(character: str, em: int, font: Font) -> int:
    face = font.face(character, em)
    mask = face.getmask(character, mode="L")
    return ink_rows(np.asarray(mask, dtype=np.uint8).reshape(mask.size[1], mask.size[0])) if mask.size[1] else 0


def _ink(text: str, em: int, font: Font, *, law: MarkLaw) -> int:
    return min(_height_of(one, em, font) for one in _required(text, law))


def _em_for(text: str, wanted: int, font: Font, *, law: MarkLaw) -> int:
    trial = max(1, _ink(text, _TRIAL, font, law=law))
    em = max(8, math.floor(wanted * _TRIAL / trial) - 1)
    while _ink(text, em, font, law=law) < wanted:
        em += 1
    return em


def _padding(em: int) -> int:
    return max(2, round(em * 0.3))


def _wrapped(text: str, em: int, font: Font, *, width: int) -> list[str]:
    """Cut the text into lines that fit; [] where not even a character does, or too many lines would be needed."""
    lines, line, used = [], "", 0.0
    for one in text:
        step = font.face(one, em).getlength(one)
        if step > width:
            return []
        if used + step > width and line:
            lines.append(line)
            line, used = "", 0.0
        line, used = line + one, used + step
    lines.append(line)
    lines = [one.strip() for one in lines if one.strip()]
    return lines if len(lines) <= _MOST_LINES else []


def _letters(lines: list[str], em: int, font: Font) -> NDArray[np.uint8]:
    padding = _padding(em)
    widths = [sum(font.face(one, em).getlength(one) for one in line) for line in lines]
    line_height = round(em * 1.2)
    size = (math.ceil(max(widths)) + 2 * padding, line_height * len(lines) + 2 * padding)
    canvas = Image.new("L", size, 0)
    canvas_pen = ImageDraw.Draw(canvas)
    for row, line in enumerate(lines):
        x, y = float(padding), padding + line_height * row + round(em * 0.95)
        for one in line:
            face = font.face(one, em)
            canvas_pen.text((x, y), one, font=face, fill=255, anchor="ls")
            x += face.getlength(one)
    return np.asarray(canvas, dtype=np.uint8)


def _placed(position: Position, size: tuple[int, int], plate: tuple[int, int]) -> tuple[int, int]:
    width, height = size
    free_x, free_y = width - plate[0], height - plate[1]
    margin = min(round(min(size) * 0.02), free_x // 2, free_y // 2)
    name = position.value
    left = margin if "left" in name else free_x - margin if "right" in name else free_x // 2
    top = margin if "top" in name else free_y - margin if "bottom" in name else free_y // 2
    return left - left % 2, top - top % 2  # video has its colours in pairs of pixels
