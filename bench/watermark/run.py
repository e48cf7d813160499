"""Which watermark is read again after what happens to pictures: ours, blind-watermark, invisible-watermark, in one run.

    PYTHONPATH=src PEERS/bin/python bench/watermark/run.py [--write bench/watermark/table.md]

PEERS is an environment of its own with pillow, numpy, opencv-python-headless, PyWavelets, blind-watermark and, without
its dependencies, invisible-watermark; what is missing is named and left out. The pictures are photographs and drawings
of the Debian packages mate-backgrounds and plasma-workspace-wallpapers, read from /usr/share.
"""

import argparse
import io
import math
import sys
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Protocol
from unittest import mock

import numpy as np
from PIL import Image

from guiju.labelling.watermarks import codes
from guiju.labelling.watermarks.interface import Recovered
from guiju.labelling.watermarks.patterns import Spectrum
from guiju.labelling.watermarks.tiles import TileWatermark

POINTER = 0x0123_4567_89AB_CDEF
BITS = [POINTER >> place & 1 for place in range(63, -1, -1)]
NATURE, WALLPAPERS = Path("/usr/share/backgrounds/mate"), Path("/usr/share/wallpapers")
PICTURES = (
    NATURE / "nature/Garden.jpg",
    NATURE / "nature/Storm.jpg",
    NATURE / "nature/YellowFlower.jpg",
    NATURE / "nature/Wood.jpg",
    NATURE / "desktop/GreenTraditional.jpg",
    WALLPAPERS / "Kite/contents/images/2560x1600.jpg",
    WALLPAPERS / "BytheWater/contents/images/2560x1600.jpg",
    WALLPAPERS / "Grey/contents/images/2560x1600.jpg",
)


class Marker(Protocol):
    """One library."""

    name: str

    def embed(self, picture: Image.Image) -> Image.Image:
        """Return a copy with the 64 bits."""

    def reads(self, picture: Image.Image) -> bool:
        """Whether all 64 bits are read."""


class Ours:
    """TileWatermark."""

    name = "guiju"

    def __init__(self) -> None:
        """Take a key."""
        self._watermark = TileWatermark(b"a key for the bench")

    def embed(self, picture: Image.Image) -> Image.Image:
        """See Marker."""
        return self._watermark.embed(picture, POINTER)

    def reads(self, picture: Image.Image) -> bool:
        """See Marker."""
        found = self._watermark.read(picture)
        return found is not None and found.pointer == POINTER


class Blind:
    """blind-watermark, 64 bits; it is told their number."""

    name = "blind-watermark"

    def __init__(self) -> None:
        """Load it.

        Raises:
            ImportError: it is not installed.
        """
        from blind_watermark import WaterMark, bw_notes  # noqa: PLC0415 - may be missing

        bw_notes.close()
        self._new = WaterMark

    def embed(self, picture: Image.Image) -> Image.Image:
        """See Marker."""
        mark = self._new(password_img=1, password_wm=1)
        mark.read_img(img=np.asarray(picture)[:, :, ::-1].copy())
        mark.read_wm(np.array(BITS, dtype=bool), mode="bit")
        made = np.clip(np.rint(mark.embed()), 0, 255).astype(np.uint8)
        return Image.fromarray(made[:, :, ::-1].copy())

    def reads(self, picture: Image.Image) -> bool:
        """See Marker."""
        mark = self._new(password_img=1, password_wm=1)
        found = mark.extract(embed_img=np.asarray(picture)[:, :, ::-1].copy(), wm_shape=64, mode="bit")
        return [int(one > 0.5) for one in found] == BITS


class Invisible:
    """invisible-watermark, one of its methods without a network."""

    def __init__(self, method: str) -> None:
        """Load it; raises ImportError where it is not installed."""
        try:
            import torch  # noqa: F401, PLC0415 - may be missing
        except ImportError:  # only its network needs it, but it imports it
            sys.modules["torch"] = types.ModuleType("torch")
        from imwatermark import WatermarkDecoder, WatermarkEncoder  # noqa: PLC0415 - may be missing

        self._method, self.name = method, f"invisible-watermark {method}"
        self._encoder, self._decoder = WatermarkEncoder, WatermarkDecoder("bytes", 64)

    def embed(self, picture: Image.Image) -> Image.Image:
        """See Marker."""
        encoder = self._encoder()
        encoder.set_watermark("bytes", POINTER.to_bytes(8, "big"))
        made = encoder.encode(np.asarray(picture)[:, :, ::-1].copy(), self._method)
        return Image.fromarray(np.clip(made, 0, 255).astype(np.uint8)[:, :, ::-1].copy())

    def reads(self, picture: Image.Image) -> bool:
        """See Marker."""
        found = self._decoder.decode(np.asarray(picture)[:, :, ::-1].copy(), self._method)
        return bytes(found) == POINTER.to_bytes(8, "big")


def opened(path: Path, short: int) -> Image.Image:
    """Return a picture with this short side, at most half as long again."""
    picture = Image.open(path).convert("RGB")
    scale = short / min(picture.size)
    picture = picture.resize((round(picture.width * scale), round(picture.height * scale)), Image.Resampling.LANCZOS)
    return picture.crop((0, 0, min(picture.width, short * 3 // 2), min(picture.height, short * 3 // 2)))


def packed(picture: Image.Image, kind: str, quality: int) -> Image.Image:
    """Return a picture after a lossy format."""
    target = io.BytesIO()
    picture.save(target, kind, quality=quality)
    return Image.open(io.BytesIO(target.getvalue())).convert("RGB")


def scaled(picture: Image.Image, by: float) -> Image.Image:
    """Return a picture in another size."""
    return picture.resize((round(picture.width * by), round(picture.height * by)), Image.Resampling.BICUBIC)


def cut(picture: Image.Image, share: float) -> Image.Image:
    """Return a share of the area, off the middle."""
    side = math.sqrt(share)
    width, height = int(picture.width * side), int(picture.height * side)
    left, top = int((picture.width - width) * 0.31), int((picture.height - height) * 0.23)
    return picture.crop((left, top, left + width, top + height))


def covered(picture: Image.Image) -> Image.Image:
    """Return a picture with a black bar, as an explicit mark may be."""
    copy = picture.copy()
    copy.paste((0, 0, 0), (0, copy.height * 9 // 10, copy.width, copy.height))
    return copy


def toned(picture: Image.Image, by: Callable[[float], float]) -> Image.Image:
    """Return a picture with other tones."""
    return picture.point([max(0, min(255, round(255 * by(value / 255)))) for value in range(256)] * 3)


CHANGES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "none": lambda one: one,
    "JPEG 75": lambda one: packed(one, "JPEG", 75),
    "JPEG 50": lambda one: packed(one, "JPEG", 50),
    "JPEG 30": lambda one: packed(one, "JPEG", 30),
    "WebP 75": lambda one: packed(one, "WEBP", 75),
    "half size": lambda one: scaled(one, 0.5),
    "half size, JPEG 50": lambda one: packed(scaled(one, 0.5), "JPEG", 50),
    "half size and back": lambda one: scaled(scaled(one, 0.5), 2),
    "cut to 75 %": lambda one: cut(one, 0.75),
    "cut to 25 %": lambda one: cut(one, 0.25),
    "brighter by 10 %": lambda one: toned(one, lambda value: value * 1.1),
    "a bar over a tenth": covered,
    "screenshot (0.71, gamma, JPEG 75)": lambda one: packed(toned(scaled(one, 0.71), lambda v: v**1.1), "JPEG", 75),
    "turned by 2 degrees": lambda one: one.rotate(2, Image.Resampling.BICUBIC),
    "turned by 17 degrees": lambda one: one.rotate(17, Image.Resampling.BICUBIC, expand=True),
    "mirrored": lambda one: one.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "squeezed to 0.9 x 0.8": lambda one: one.resize((int(one.width * 0.9), int(one.height * 0.8))),
}


def distance(before: Image.Image, after: Image.Image) -> float:
    """Return the peak signal-to-noise ratio in decibels."""
    error = np.mean((np.asarray(before, dtype=np.float64) - np.asarray(after, dtype=np.float64)) ** 2)
    return 10 * math.log10(255**2 / error)


def measured(marker: Marker, pictures: list[Image.Image]) -> dict[str, str]:
    """Return one column of the table."""
    embedding, distances = [], []
    spent: dict[str, list[float]] = {name: [] for name in CHANGES}
    read = dict.fromkeys(CHANGES, 0)
    for picture in pictures:
        megapixels = picture.width * picture.height / 1e6
        start = time.process_time()
        made = marker.embed(picture)
        embedding.append((time.process_time() - start) / megapixels)
        distances.append(distance(picture, made))
        for name, change in CHANGES.items():
            changed = change(made)
            start = time.process_time()
            try:
                read[name] += marker.reads(changed)
            except Exception as error:  # noqa: BLE001 - a peer that falls over has not read it
                print(f"{marker.name}, {name}: {error!r}", file=sys.stderr)
            spent[name].append((time.process_time() - start) * 1e6 / (changed.width * changed.height))
        print(f"  {marker.name}: {len(embedding)}/{len(pictures)}", file=sys.stderr)
    column = {
        "PSNR, least and mean, dB": f"{min(distances):.1f}, {np.mean(distances):.1f}",
        "embed, CPU ms a megapixel": f"{1e3 * np.median(embedding):.0f}",
        "read unchanged, CPU ms a megapixel": f"{1e3 * np.median(spent['none']):.0f}",
        "read at half size, CPU ms a megapixel": f"{1e3 * np.median(spent['half size']):.0f}",
    }
    return column | {name: f"{count}/{len(pictures)}" for name, count in read.items()}


def false_positives(count: int) -> str:
    """Look into `count` pieces of unmarked pictures, cut out and scaled at random."""
    watermark, random, found = Counting(b"a key for the bench"), np.random.default_rng(11), 0
    paths = sorted(path for folder in (NATURE, WALLPAPERS) for path in folder.rglob("*.jpg"))
    start = time.process_time()
    for number in range(count):
        if number % 40 == 0:
            whole = opened(paths[number // 40 % len(paths)], 1400)
        side = int(random.integers(300, 1000))
        left, top = (int(random.integers(0, edge - side)) for edge in whole.size)
        size = int(random.integers(256, 900))
        piece = whole.crop((left, top, left + side, top + side)).resize((size, size), Image.Resampling.BICUBIC)
        found += watermark.read(piece) is not None
    spent = 1e3 * (time.process_time() - start) / count
    return (
        f"{found} of {count} unmarked pieces of {len(paths)} pictures were read as marked ({spent:.0f} CPU ms each). "
        f"{watermark.stood_out} of {watermark.looks:,} looks stood out far enough for their code to be decoded."
    )


class Counting(TileWatermark):
    """Counts how often it looks, and how often something stands out."""

    looks = stood_out = 0

    def _read_tile(self, spectrum: Spectrum) -> Recovered | None:
        self.looks += 1
        decode = codes.decode

        def counted(evidence: codes.Soft) -> tuple[int, float] | None:
            self.stood_out += 1
            return decode(evidence)

        with mock.patch.object(codes, "decode", counted):
            return super()._read_tile(spectrum)


def peers() -> list[Marker]:
    """Return ours, and every library that is installed."""
    found: list[Marker] = [Ours()]
    makers: tuple[tuple[str, Callable[[], Marker]], ...] = (
        ("blind-watermark", Blind),
        ("invisible-watermark", lambda: Invisible("dwtDct")),
        ("invisible-watermark", lambda: Invisible("dwtDctSvd")),
    )
    for name, make in makers:
        try:
            found.append(make())
        except ImportError as error:
            print(f"not installed, left out: {name} ({error})", file=sys.stderr)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", type=Path, help="write the table there")
    parser.add_argument("--unmarked", type=int, default=1200, help="how many unmarked pieces to look into")
    options = parser.parse_args()
    missing = [str(path) for path in PICTURES if not path.exists()]
    if missing:
        print("no pictures: apt-get install mate-backgrounds plasma-workspace-wallpapers\n" + "\n".join(missing))
        return
    columns = {one.name: measured(one, [opened(path, 1024) for path in PICTURES]) for one in peers()}
    for short in (256, 384, 512, 2048):
        columns[f"guiju, short side {short}"] = measured(Ours(), [opened(path, short) for path in PICTURES])
    rows = [["", *columns], ["---"] * (len(columns) + 1)]
    rows += [[name, *(column[name] for column in columns.values())] for name in next(iter(columns.values()))]
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    text = f"{table}\n\n{false_positives(options.unmarked)}\n"
    print(text)
    if options.write:
        options.write.write_text(text, "utf-8")


if __name__ == "__main__":
    main()
