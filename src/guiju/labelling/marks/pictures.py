"""Pictures: the mark is drawn on every frame as people see it, and measured in the file that was written.

The picture is encoded anew, as near to how it was as the format allows: JPEG with its own tables and sampling, WebP
without loss where it was so, TIFF in its compression. Colour profile, EXIF, XMP and resolution are carried over.
"""

import io
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from guiju.labelling.errors import LabelNotHeldError, damaged, unsupported
from guiju.labelling.marks import encoding
from guiju.labelling.marks.models import Marked, MarkStyle
from guiju.labelling.marks.plates import CONTRAST, GROUND, Pen, Plate, contrast, drawn, luminance
from guiju.labelling.marks.pointing import Pointing, Read

FORMATS = {
    "PNG": "image/png",
    "JPEG": "image/jpeg",
    "MPO": "image/jpeg",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "TIFF": "image/tiff",
    "AVIF": "image/avif",
}
_READ = tuple(name for name in FORMATS if name != "MPO")  # JPEG reads it
MOST_PIXELS, MOST_AT_ONCE = 100_000_000, 50_000_000
"""All frames together, and one frame; a picture of more is refused before it is decoded. A pixel costs twelve bytes."""
_LEGIBLE = 0.95
"""Share of the rows of letters that must stand out: packing may blur their first and last."""
_BROKEN = (
    OSError, SyntaxError, ValueError, TypeError, LookupError, ArithmeticError, RuntimeError, EOFError, struct.error,
    Image.DecompressionBombError,
)  # fmt: skip
"""What decoders raise on broken files, each its own."""
_DRAWN_ON = frozenset(("RGB", "RGBA", "L", "LA", "CMYK"))
_ORIENTATION = 0x0112
_UNDO = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_90,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_270,
}
Progress = Callable[[float], None]
"""Hears the share that is done, 0…1."""
Below = Callable[[Image.Image], Image.Image]
"""Changes a frame before the mark is drawn on it."""


@dataclass(frozen=True, slots=True)
class MarkedPicture:
    """A picture with its mark, and what was measured in it."""

    content: bytes
    marked: Marked


def mark_picture(
    content: bytes, style: MarkStyle, *, pen: Pen, pointing: Pointing | None = None, progress: Progress | None = None
) -> MarkedPicture:
    """Draw the mark on a picture and measure it in the result.

    Args:
        content: a whole file: PNG, APNG, JPEG, WebP, GIF, TIFF or AVIF.
        style: what to draw, and where.
        pen: what to draw with, and how large it must be.
        pointing: the invisible watermark that goes below the mark, into a still picture; none when None.
        progress: hears the share of the frames that are drawn.

    Raises:
        UnsupportedFormatError: it is no picture that we decode and encode.
        DamagedFileError: it cannot be decoded, or is larger than we take.
        InputError: it is too small for a legible mark.
        LabelNotHeldError: the mark cannot be measured in what was written.
    """
    try:
        with _opened(content) as picture:
            picture_format = str(picture.format)
            plates = _Plates(style, pen)
            place = f"{style.position.value} ({plates.of(picture).left}, {plates.of(picture).top})"
            below = pointing.into(picture_format, _count(picture)) if pointing is not None else None
            frames = list(_frames(picture, plates, below=below.put if below is not None else None, progress=progress))
            notes = encoding.losses(picture, content)
            written = encoding.encoded(picture, frames, content)
        with _opened(written) as picture:
            facts = _measured(picture, plates)
            read = below.read_back(picture) if below is not None else Read()
    except _BROKEN as error:
        raise damaged("图片解码失败", "the picture cannot be decoded") from error
    facts["frames"] = float(len(frames))
    facts |= read.facts
    return MarkedPicture(
        written, Marked(picture_format.lower(), style.text, place, facts, (*notes, *read.notes), read.pointer)
    )


class _Plates:
    """The plates of one picture: pages of a TIFF may differ in size, and each gets its own."""

    def __init__(self, style: MarkStyle, pen: Pen) -> None:
        self.pen = pen
        self._style = style
        self._drawn: dict[tuple[int, int], Plate] = {}
        self._laid: dict[tuple[int, int, int], tuple[Image.Image, Image.Image]] = {}

    def of(self, picture: Image.Image) -> Plate:
        """Return the plate for the frame at which a picture stands."""
        size = _seen_size(picture)
        if size not in self._drawn:
            self._drawn[size] = drawn(self._style.text, size, self._style.position, pen=self.pen)
        return self._drawn[size]

    def laid_out(self, picture: Image.Image) -> tuple[Image.Image, Image.Image]:
        """Return its letters and its ground as masks as large as the frame, turned as the frame is stored."""
        plate, size, orientation = self.of(picture), _seen_size(picture), _orientation(picture)
        key = (*size, orientation)
        if key not in self._laid:
            self._laid.clear()  # masks are as large as pages: those of one size at a time
            masks = [_laid_out(one, plate, size) for one in (plate.letters, np.full_like(plate.letters, GROUND))]
            turn = _UNDO.get(orientation)
            letters, ground = masks if turn is None else [mask.transpose(turn) for mask in masks]
            self._laid[key] = letters, ground
        return self._laid[key]


def _opened(content: bytes) -> Image.Image:
    try:
        picture = Image.open(io.BytesIO(content), formats=_READ)
    except UnidentifiedImageError as error:
        raise unsupported(
            "不是可以画上标识的图片（支持 PNG、JPEG、WebP、GIF、TIFF、AVIF）",
            "no picture that a mark can be drawn on (PNG, JPEG, WebP, GIF, TIFF, AVIF can)",
        ) from error
    pixels = picture.width * picture.height
    if pixels > MOST_AT_ONCE or pixels * _count(picture) > MOST_PIXELS:
        raise damaged("图片像素过多", "a picture of too many pixels")
    return picture


def _count(picture: Image.Image) -> int:
    return 1 if picture.format == "MPO" else int(getattr(picture, "n_frames", 1))


def _orientation(picture: Image.Image) -> int:
    value = picture.getexif().get(_ORIENTATION, 1)
    return value if value in _UNDO else 1


def _seen_size(picture: Image.Image) -> tuple[int, int]:
    """Return width and height as people see the picture, after the camera's orientation."""
    return (picture.height, picture.width) if _orientation(picture) >= 5 else picture.size  # noqa: PLR2004 - EXIF


def _frames(
    picture: Image.Image, plates: _Plates, *, below: Below | None, progress: Progress | None
) -> Iterator[Image.Image]:
    count, pixels = _count(picture), 0
    for number in range(count):
        picture.seek(number)
        pixels += picture.width * picture.height
        if picture.width * picture.height > MOST_AT_ONCE or pixels > MOST_PIXELS:
            raise damaged("图片像素过多", "a picture of too many pixels")
        frame = encoding.drawable(picture)
        yield _drawn_on(frame if below is None else below(frame), *plates.laid_out(picture))
        if progress is not None:
            progress((number + 1) / count)


def _laid_out(
    mask: np.ndarray[tuple[int, int], np.dtype[np.uint8]], plate: Plate, size: tuple[int, int]
) -> Image.Image:
    whole = Image.new("L", size, 0)
    whole.paste(Image.fromarray(mask), (plate.left, plate.top))
    return whole


def _drawn_on(picture: Image.Image, letters: Image.Image, ground: Image.Image) -> Image.Image:
    """Draw the plate on a frame; transparent pixels below become as opaque as the plate is."""
    assert picture.mode in _DRAWN_ON  # noqa: S101 - drawable() says so
    box = ground.getbbox() or (0, 0, 0, 0)
    part, shade, pen = picture.crop(box), ground.crop(box), letters.crop(box)
    if picture.mode in ("RGBA", "LA"):
        part = _over(_over(part, "black", shade), "white", pen)
    else:
        black, white = ((0, 0, 0, 255), (0, 0, 0, 0)) if picture.mode == "CMYK" else ("black", "white")
        part.paste(black, (0, 0), shade)
        part.paste(white, (0, 0), pen)
    picture.paste(part, box[:2])
    return picture


def _over(part: Image.Image, colour: str, mask: Image.Image) -> Image.Image:
    plate = Image.new("RGB", part.size, colour).convert("RGBA")
    plate.putalpha(mask)
    return Image.alpha_composite(part.convert("RGBA"), plate).convert(part.mode)


def _measured(picture: Image.Image, plates: _Plates) -> dict[str, float]:
    """Measure height and contrast of the mark on every frame, over black and over white where it is transparent.

    Raises:
        LabelNotHeldError: somewhere the mark is lower or fainter than it must be.
    """
    faintest, legible, lowest, ink = 21.0, 1.0, 1.0, 0
    for number in range(_count(picture)):
        picture.seek(number)
        plate = plates.of(picture)
        share = plate.ink / min(_seen_size(picture))
        lowest, ink = (share, plate.ink) if share < lowest else (lowest, ink)
        seen = picture if _orientation(picture) == 1 else ImageOps.exif_transpose(picture)
        for pixels in _over_both(seen.crop(plate.box)):
            faintest = min(faintest, _contrast_of(pixels, plate))
            legible = min(legible, _legible_rows(pixels, plate))
    if faintest < CONTRAST or legible < _LEGIBLE or lowest < plates.pen.law.picture_ratio:
        raise LabelNotHeldError(
            f"显式标识写入后未达到要求（字高 {ink} 像素，对比度 {faintest:.1f}），文件未交出。",
            f"The mark does not hold after it was written (height {ink} px, contrast {faintest:.1f}); the file "
            "was not handed on.",
        )
    return {
        "ink_pixels": float(ink),
        "ink_ratio": round(lowest, 4),
        "contrast": round(faintest, 2),
    }


def _over_both(part: Image.Image) -> Iterator[np.ndarray[tuple[int, ...], np.dtype[np.uint8]]]:
    picture = part.convert("RGBA")
    for colour in ("white", "black"):
        below = Image.new("RGBA", picture.size, colour)
        yield np.asarray(Image.alpha_composite(below, picture).convert("RGB"), dtype=np.uint8)


def _contrast_of(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], plate: Plate) -> float:
    light = luminance(pixels)
    return contrast(float(light[plate.letters > 250].mean()), float(np.percentile(light[plate.letters == 0], 95)))  # noqa: PLR2004


def _legible_rows(pixels: np.ndarray[tuple[int, ...], np.dtype[np.uint8]], plate: Plate) -> float:
    """Return in what share of the rows that have letters they stand out: letters half hidden keep a good average."""
    light, covered = luminance(pixels), plate.letters > 250  # noqa: PLR2004 - wholly covered
    rows = np.flatnonzero(covered.any(axis=1))
    ground = float(np.percentile(light[plate.letters == 0], 95))
    found = [contrast(float(light[row][covered[row]].mean()), ground) for row in rows]
    return sum(one >= CONTRAST for one in found) / max(1, len(found))


def plain_picture(width: int, height: int) -> bytes:
    """Return a PNG with a gradient from light to dark, to show a mark on."""
    shades = np.linspace(235, 60, width).astype(np.uint8)
    target = io.BytesIO()
    Image.fromarray(np.repeat(shades[None, :], height, axis=0)).save(target, "PNG")
    return target.getvalue()


def first_frame(content: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return the pixels of a picture, or of its first frame, as people see them: height × width × 3, on white.

    Raises:
        InputError: it is none that we decode.
    """
    try:
        with _opened(content) as picture:
            return next(_over_both(ImageOps.exif_transpose(picture)))
    except _BROKEN as error:
        raise damaged("图片解码失败", "the picture cannot be decoded") from error
