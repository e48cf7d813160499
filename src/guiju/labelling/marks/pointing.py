"""The invisible watermark of one picture: put below the mark, and read again in what was written."""

from dataclasses import dataclass, field

from PIL import Image

from guiju.kit.errors import InputError
from guiju.labelling.watermarks.interface import Watermark, written

_PALETTES = frozenset(("GIF",))


@dataclass(frozen=True, slots=True)
class Read:
    """What reading a written picture came to.

    Attributes:
        pointer: the pointer, as it stands in entries; empty where none can be read.
        facts: how far the pattern stands out, in standard deviations of chance.
        notes: why there is none, in Chinese and English.
    """

    pointer: str = ""
    facts: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Pointing:
    """A watermark, and the pointer that a picture is to carry."""

    watermark: Watermark
    pointer: int

    def into(self, picture_format: str, frames: int) -> "Below":
        """Return what goes below the mark of a picture of a format (as Pillow names it) with so many frames."""
        why = ""
        if frames > 1:
            why = "动图或多页图片未加隐形水印 / no watermark in pictures that move or have pages"
        elif picture_format in _PALETTES:
            why = "调色板格式（GIF）未加隐形水印 / no watermark in a format of palettes (GIF)"
        return Below(self, why)


class Below:
    """Puts the watermark into one picture and reads it again; where it cannot be put, the picture stays as it is."""

    def __init__(self, pointing: Pointing, why: str) -> None:
        """Put nothing where `why` says why not."""
        self._pointing, self._why = pointing, why

    def put(self, frame: Image.Image) -> Image.Image:
        """Return the frame with the watermark, or the frame."""
        if self._why:
            return frame
        try:
            return self._pointing.watermark.embed(frame, self._pointing.pointer)
        except InputError as error:
            self._why = f"未加隐形水印：{error.zh} / {error.en}"
            return frame

    def read_back(self, picture: Image.Image) -> Read:
        """Read what was written; a pointer that cannot be read is none, and is said."""
        if self._why:
            return Read(notes=(self._why,))
        found = self._pointing.watermark.read(picture)
        if found is None or found.pointer != self._pointing.pointer:
            return Read(notes=("隐形水印写入后读不出，未登记 / the watermark cannot be read again; not recorded",))
        return Read(written(found.pointer), {"watermark_strength": round(found.strength, 2)})
