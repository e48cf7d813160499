"""What tests of explicit marks share: the law's numbers of today, the font of the build, pictures and sounds."""

import io
import shutil
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from guiju.kit.clock import SystemClock
from guiju.labelling.marks.fonts import Font
from guiju.labelling.marks.models import MarkLaw, MarkStyle
from guiju.labelling.marks.plates import Pen
from guiju.labelling.marks.service import Marks, Tools
from guiju.law.service import load_law
from guiju.wiring_labels import BUILT_FONT, mark_law

TEXT = "内容由AI生成"
LAW: MarkLaw = mark_law(load_law(), SystemClock())
FONT = Font(BUILT_FONT)
PEN = Pen(FONT, LAW, LAW.picture_ratio)
Pixels = NDArray[np.uint8]

needs_ffmpeg = pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="ffmpeg is not installed")


def marks(style: MarkStyle | None = None, **tools: object) -> Marks:
    return Marks(style or MarkStyle(TEXT), LAW, Tools(BUILT_FONT, **tools))  # type: ignore[arg-type]


def picture(width: int = 640, height: int = 480, *, seed: int = 1) -> Image.Image:
    """A picture with a gradient, an edge and noise: something of everything that a mark must be legible on."""
    y, x = np.mgrid[0:height, 0:width]
    noise = np.random.default_rng(seed).integers(-20, 20, (height, width, 3))
    colours = np.stack([x * 255 / width, y * 255 / height, (x + y) % 256], axis=-1)
    return Image.fromarray(np.clip(colours + noise, 0, 255).astype(np.uint8))


def encoded(image: Image.Image, name: str, **options: object) -> bytes:
    target = io.BytesIO()
    image.save(target, name, **options)
    return target.getvalue()


def pixels(content: bytes) -> Pixels:
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"), dtype=np.uint8)


def sound(seconds: float = 3.0, *, rate: int = 16_000, channels: int = 1, width: int = 2) -> bytes:
    """A WAV of noise, which no cue can be mistaken for."""
    target = io.BytesIO()
    count = round(seconds * rate)
    with wave.open(target, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(width)
        file.setframerate(rate)
        noise = np.random.default_rng(2).integers(-4000, 4000, count * channels).astype("<i2")
        if width == 2:
            file.writeframes(noise.tobytes())
        else:
            file.writeframes(np.random.default_rng(2).bytes(count * channels * width))
    return target.getvalue()


def made_by_ffmpeg(target: Path, *words: str) -> Path:
    subprocess.run(["ffmpeg", "-y", "-loglevel", "error", *words, str(target)], check=True, timeout=60)
    return target
