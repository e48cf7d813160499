"""Picture files become pixels, within bounds, in every way that a model server may read them."""

import io
import struct
import zlib
from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from guiju.moderation.media.containers import Container, measure
from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.interface import Picture, Pixels
from guiju.moderation.media.models import MediaShape
from guiju.moderation.media.settings import MediaBounds

_ORIENTATION = 0x0112
_SIXTEEN_BITS = 256
_BROKEN = (
    UnidentifiedImageError,
    OSError,
    SyntaxError,  # Pillow's word for a broken PNG
    ValueError,
    EOFError,
    KeyError,
    IndexError,
    TypeError,
    OverflowError,
    AttributeError,
    NotImplementedError,
    AssertionError,
    RuntimeError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow was seen to raise, or can, on hostile files; a MemoryError stays one."""


class PictureFile:
    """An open picture file: what it is, and its pictures one after another."""

    def __init__(self, content: bytes, bounds: MediaBounds) -> None:
        """Read the header of `content`; nothing is decoded before `pictures`.

        Raises:
            CannotCheckError: it is no picture, broken, or larger than `bounds`.
        """
        container = measure(content)
        try:
            # Only what belongs to the picture is given to the decoder.
            self._image: Image.Image = Image.open(io.BytesIO(content[: container.end]), formats=(container.format,))
            width, height = self._image.size
        except _BROKEN as error:
            raise _broken(error) from error
        _check_size(width, height, container, bounds=bounds)
        self._frames = container.frames
        self._is_turned = _orientation(self._image) not in {0, 1}
        turned = self._is_turned and _orientation(self._image) >= 5  # noqa: PLR2004 - 5 to 8 lie on their side
        self.shape = MediaShape(
            mime=container.mime,
            width=height if turned else width,
            height=width if turned else height,
            frames=container.frames,
            trailing_bytes=len(content) - container.end,
        )

    def pictures(self) -> Iterator[Picture]:
        """Decode the pictures, each in every variant that differs.

        Raises:
            CannotCheckError: it turns out broken; what was yielded before stands.
        """
        for frame in range(self._frames):
            try:
                if frame:
                    self._image.seek(frame)
                self._image.load()
                variants = list(self._variants())
            except _BROKEN as error:
                raise _broken(error) from error
            seen: list[Pixels] = []
            for variant, pixels in variants:
                if not any(np.array_equal(pixels, other) for other in seen):
                    seen.append(pixels)
                    yield Picture(pixels, frame=frame, variant=variant)

    def _variants(self) -> Iterator[tuple[str, Pixels]]:
        image = self._image
        upright = ImageOps.exif_transpose(image) if self._is_turned else image
        yield from _opaque(upright, "upright")
        if self._is_turned:
            yield "as_stored", _rgb(image)


def _opaque(image: Image.Image, name: str) -> Iterator[tuple[str, Pixels]]:
    """Yield an image without its transparency: dropped as most servers do, and on white and on black."""
    if image.mode.startswith("I"):  # sixteen bits of grey: some cut off, some scale down
        values = np.asarray(image)
        yield name, _grey(np.clip(values, 0, 255).astype(np.uint8))
        yield "scaled", _grey((np.clip(values, 0, 65535) // _SIXTEEN_BITS).astype(np.uint8))
        return
    yield name, _rgb(image)
    if "A" not in image.getbands() and "transparency" not in image.info:
        return
    rgba = image.convert("RGBA")
    lowest = rgba.getchannel("A").getextrema()[0]
    if lowest == 255:  # noqa: PLR2004 - opaque all over
        return
    for ground in ("white", "black"):
        laid = Image.new("RGBA", rgba.size, ground)
        laid.alpha_composite(rgba)
        yield f"on_{ground}", _rgb(laid)


def _rgb(image: Image.Image) -> Pixels:
    return np.asarray(image.convert("RGB"), dtype=np.uint8)


def _grey(values: Pixels) -> Pixels:
    return np.repeat(values[:, :, np.newaxis], 3, axis=2)


def _orientation(image: Image.Image) -> int:
    try:
        value = image.getexif().get(_ORIENTATION, 1)
    except _BROKEN:
        return 1  # EXIF that cannot be read turns nothing, here and in every viewer
    return int(value) if value in range(1, 9) else 1


def _check_size(width: int, height: int, container: Container, *, bounds: MediaBounds) -> None:
    if width < 1 or height < 1:
        raise _broken(ValueError("empty"))
    if max(width, height) > bounds.side or width * height > bounds.pixels:
        raise CannotCheckError(
            "too_large",
            f"图片为 {width}×{height}，超过上限（最长边 {bounds.side}，共 {bounds.pixels} 像素）；请缩小后再发送。",
            f"The picture is {width}×{height}, more than the limit (side {bounds.side}, {bounds.pixels} pixels); "
            "make it smaller.",
        )
    if container.frames > bounds.frames:
        raise CannotCheckError(
            "animated",
            f"动图有 {container.frames} 帧，最多检查 {bounds.frames} 帧；请发送静态图片。",
            f"The animation has {container.frames} frames, at most {bounds.frames} are checked; send a still picture.",
        )
    if width * height * container.frames > bounds.pixels * 2:
        raise CannotCheckError(
            "too_large",
            "动图的总像素数超过上限；请缩小或减少帧数。",
            "The animation has more pixels altogether than the limit; make it smaller or shorter.",
        )


def _broken(error: Exception) -> CannotCheckError:
    return CannotCheckError(
        "malformed",
        f"图片无法解码（{type(error).__name__}）；请重新保存后再发送。",
        f"The picture cannot be decoded ({type(error).__name__}); save it again and send it anew.",
    )
