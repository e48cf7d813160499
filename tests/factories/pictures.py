"""Pictures that tests draw: shapes, text, codes. Nothing is loaded but a free font of Debian (fonts-noto-cjk)."""

import io
import random
from pathlib import Path

import pytest
from PIL import Image, ImageDraw, ImageFont

SANS = Path("/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc")
SERIF = Path("/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc")
_SIMPLIFIED = 2
"""The place of the simplified Chinese face in the font files."""


def font(size: int, path: Path = SANS) -> ImageFont.FreeTypeFont:
    if not path.is_file():
        pytest.skip(f"Debian's fonts-noto-cjk is not installed: {path}")
    return ImageFont.truetype(str(path), size, index=_SIMPLIFIED)


def scene(seed: int, size: tuple[int, int] = (400, 300)) -> Image.Image:
    """Draw a picture of its own for each seed: a sky, and shapes before it."""
    chance = random.Random(seed)
    width, height = size
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    draw = ImageDraw.Draw(image)
    for _ in range(12):
        left, top = chance.randrange(width), chance.randrange(height)
        right, bottom = (
            left + chance.randrange(width // 20, width // 2),
            top + chance.randrange(height // 20, height // 2),
        )
        colour = (chance.randrange(256), chance.randrange(256), chance.randrange(256))
        (draw.ellipse if chance.random() < 0.5 else draw.rectangle)((left, top, right, bottom), fill=colour)
    return image


def written(*lines: str, size: int = 32, canvas: tuple[int, int] = (640, 320)) -> Image.Image:
    """Draw lines of text, black on white."""
    image = Image.new("RGB", canvas, "white")
    draw = ImageDraw.Draw(image)
    for at, line in enumerate(lines):
        draw.text((30, 30 + at * size * 2), line, font=font(size), fill="black")
    return image


def encoded(image: Image.Image, kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def animated(images: list[Image.Image], kind: str = "GIF") -> bytes:
    buffer = io.BytesIO()
    images[0].save(buffer, kind, save_all=True, append_images=images[1:], duration=100, loop=0)
    return buffer.getvalue()
