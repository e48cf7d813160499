"""What an invisible watermark does: it takes a pointer into a picture, and finds it again in what became of it."""

import hashlib
from dataclasses import dataclass
from typing import Protocol

from PIL import Image

_PREFIX = b"guiju-watermark-pointer\0"


@dataclass(frozen=True, slots=True)
class Recovered:
    """A pointer that was read in a picture.

    Attributes:
        pointer: 64 bits; see `pointer_of`.
        strength: how far the known part of the pattern stands out, in standard deviations of chance.
        agreement: which share of the soft evidence speaks for the pointer, 0…1.
    """

    pointer: int
    strength: float
    agreement: float


class Watermark(Protocol):
    """Puts pointers into pictures and reads them."""

    def embed(self, picture: Image.Image, pointer: int) -> Image.Image:
        """Return a copy that carries the pointer.

        Args:
            picture: of mode L, LA, RGB or RGBA.
            pointer: 0 ≤ pointer < 2**64.

        Raises:
            InputError: the picture is too small, or of another mode.
        """

    def read(self, picture: Image.Image) -> Recovered | None:
        """Return the pointer that can be read in a picture.

        None says that none could be read, and never that the picture was not made by us.

        Args:
            picture: of any mode; whoever opens it bounds its pixels.
        """


def pointer_of(content_id: str) -> int:
    """Return the pointer to a number: the first 64 bits of a hash, so that any number has one.

    Two of a billion numbers share one with a probability of 3 % (birthday bound): whoever looks up gets all of them.
    """
    return int.from_bytes(hashlib.sha256(_PREFIX + content_id.encode()).digest()[:8], "big")


def written(pointer: int) -> str:
    """Return a pointer as it stands in entries: 16 hexadecimal digits."""
    return f"{pointer:016x}"
