"""What the mark that people see or hear costs, kind by kind, beside the shortest way to do it by hand.

    python bench/labelling/marks.py [--rounds 5] [--write]      (ffmpeg for video and packed sound)

Ours reads the file, marks it, looks at or listens to what was written, and compares what must be as it was. By hand:
Pillow draws a box and a line of text on the first frame and saves; ffmpeg draws the text for two seconds and encodes
anew (`drawtext`), or puts a tone in front of a sound (`concat`) and encodes anew. Neither measures height or contrast,
nor looks again. CPU time of this process and of the programs it starts; `--write` writes marks.md.
"""

import argparse
import platform
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PIL import Image, ImageDraw, ImageFont
from tests.factories import document_files as docs
from tests.factories.marks import TEXT, marks, picture, sound

from guiju.labelling.watermarks.tiles import TileWatermark

PAGE = Path(__file__).with_name("marks.md")
FONT = next((one for one in Path("/usr/share/fonts").rglob("NotoSansCJK-Regular.ttc")), None)
NUMBER = "0192a0e4-0000-7000-8000-000000000001"
PICTURES = ("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=10")
SOUND = ("-f", "lavfi", "-i", "sine=d=30")
FFMPEG = {
    "a.mp4": (*PICTURES, *SOUND, "-shortest", "-c:v", "libx264", "-preset", "veryfast", "-c:a", "aac"),
    "a.mkv": (*PICTURES, "-c:v", "libx264", "-preset", "veryfast"),
    "a.webm": (*PICTURES, "-t", "3", "-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8"),
    "a.mp3": SOUND,
    "a.flac": SOUND,
    "a.ogg": (*SOUND, "-c:a", "libvorbis"),
    "a.opus": (*SOUND, "-c:a", "libopus"),
}
ENCODERS = {"a.mp4": "libx264", "a.mkv": "libx264", "a.webm": "libvpx-vp9"}
HEAD = """# `python bench/labelling/marks.py --write`

{about}. CPU milliseconds, median of {rounds}, children counted. What is done by hand, and what it leaves out, stands at
the top of `marks.py`.

| file | MB | mark, ms | with the watermark, ms | by hand, ms | with what |
|---|---:|---:|---:|---:|---|
"""


def samples(folder: Path) -> list[Path]:
    """Make one file of each kind."""
    image, large = picture(1280, 960), picture(4000, 3000)
    image.save(folder / "a.png")
    large.save(folder / "large.jpg", quality=90)
    image.save(folder / "a.jpg", quality=90)
    image.save(folder / "a.webp", quality=85)
    image.save(folder / "a.tif", compression="tiff_lzw")
    image.save(folder / "a.avif", speed=8)
    frames = [picture(480, 360, seed=seed) for seed in range(12)]
    frames[0].save(folder / "moving.gif", save_all=True, append_images=frames[1:])
    (folder / "a.wav").write_bytes(sound(30, rate=44_100, channels=2))
    (folder / "a.pdf").write_bytes(docs.pdf())
    (folder / "a.html").write_bytes(docs.HTML)
    (folder / "a.svg").write_bytes(docs.SVG)
    (folder / "a.md").write_bytes(docs.MARKDOWN)
    (folder / "a.txt").write_text("你好。\n" * 1000, "utf-8")
    if shutil.which("ffmpeg"):
        for name, words in FFMPEG.items():
            run("ffmpeg", "-v", "error", "-y", *words, str(folder / name))
    return sorted(folder.iterdir(), key=lambda path: (path.suffix, path.name))


def run(*words: str) -> None:
    """Run a program that must not fail."""
    subprocess.run(words, check=True, stdin=subprocess.DEVNULL)


def spent() -> float:
    """Return the CPU milliseconds of this process and its children so far."""
    found = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in found) * 1000


def cpu(work: Callable[[], object], rounds: int) -> float:
    """Return the median CPU milliseconds; the first time does not count."""
    costs = []
    for number in range(rounds + 1):
        before = spent()
        work()
        if number:
            costs.append(spent() - before)
    return statistics.median(costs)


def by_pillow(path: Path, target: Path) -> None:
    """Draw a box and the text on the first frame, and save."""
    with Image.open(path) as opened:
        name = opened.format
        image = opened.convert("RGB")
    height = max(12, min(image.size) * 6 // 100)
    font = ImageFont.truetype(str(FONT), height) if FONT else ImageFont.load_default(height)
    draw = ImageDraw.Draw(image)
    left, top, right, bottom = draw.textbbox((0, 0), TEXT, font=font)
    at = (image.width - (right - left) - 20, image.height - (bottom - top) - 20)
    draw.rectangle((*at, image.width, image.height), fill="black")
    draw.text(at, TEXT, font=font, fill="white")
    image.save(target, name)


def by_ffmpeg(path: Path, target: Path) -> None:
    """Draw the text for two seconds, or put a tone in front; encode anew."""
    if path.name in ENCODERS:
        font = f":fontfile={FONT}" if FONT else ""
        drawn = f"drawtext=text={TEXT}:fontsize=h*0.06:fontcolor=white:box=1:boxcolor=black:enable='lt(t,2)'{font}"
        speed = ("-deadline", "realtime", "-cpu-used", "8") if path.suffix == ".webm" else ("-preset", "veryfast")
        words = ("-vf", drawn, "-c:v", ENCODERS[path.name], *speed, "-c:a", "copy")
        run("ffmpeg", "-v", "error", "-y", "-i", str(path), *words, str(target))
        return
    joined = ("-f", "lavfi", "-i", "sine=1000:d=2", "-i", str(path), "-filter_complex", "[0][1]concat=v=0:a=1")
    run("ffmpeg", "-v", "error", "-y", *joined, str(target))


def main() -> None:
    """Measure each kind."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    about = f"Python {platform.python_version()}, {platform.machine()}, {datetime.now(UTC):%Y-%m-%d}"
    lines = [HEAD.format(about=about, rounds=options.rounds)]
    plain = marks()
    both = marks(watermark=TileWatermark(b"a key of the bench ............."), puts_watermark=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "samples"
        folder.mkdir()
        for path in samples(folder):
            target = Path(name) / f"marked{path.suffix}"
            cost = cpu(partial(plain.mark_file, path, target), options.rounds)
            pictured = path.suffix in (".png", ".jpg", ".webp", ".tif", ".avif")
            more, hand, tool = "–", "–", "–"
            if pictured:
                found = cpu(partial(both.mark_file, path, target, content_id=NUMBER), options.rounds)
                more = f"{found:.0f}"
            if pictured or path.suffix == ".gif":
                hand, tool = (
                    f"{cpu(partial(by_pillow, path, target), options.rounds):.0f}",
                    "Pillow",
                )
            elif path.name in FFMPEG or path.suffix == ".wav":
                hand, tool = (
                    f"{cpu(partial(by_ffmpeg, path, target), options.rounds):.0f}",
                    "ffmpeg",
                )
            lines.append(f"| {path.name} | {path.stat().st_size / 1e6:.2f} | {cost:.0f} | {more} | {hand} | {tool} |\n")
            print(lines[-1], end="", flush=True)
    if options.write:
        PAGE.write_text("".join(lines), "utf-8")


if __name__ == "__main__":
    main()
