"""What labelling a file costs, format by format, beside what else puts one property into such a file in the same run.

    python bench/labelling/run.py [--rounds 7] [--large] [--write]

Ours reads the file, plans, writes a new one, reads the label back, hashes both, syncs to disk and renames; the others
write and do not sync, so ours is measured without that too: bytes read, labelled, read back and written. Each round
labels a fresh copy; the copying is not timed. The others: exiftool (kept open, so that its start is not counted) writes
one property of XMP, ffmpeg copies the packets into a new file with one more tag, mutagen (where it is installed) writes
one tag, pypdf (likewise) appends one revision, Pillow saves the picture anew, which for JPEG and WebP changes the
pixels. Samples are made by ffmpeg and Pillow. CPU time is that of the process that works.
`--large` labels a sparse MP4 of 4 GB in a process of its own and tells its peak of memory. `--write` writes README.md.
"""

import argparse
import os
import platform
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from PIL import Image
from tests.factories import document_files as docs
from tests.factories import media_files as made

from guiju.labelling.models import ForeignLabel, Producer
from guiju.labelling.service import Labeller

ROOT = Path(__file__).resolve().parents[2]
PAGE = Path(__file__).with_name("README.md")
LABELLER = Labeller(Producer("001191440300708461136T1WFUO"))
PICTURES = ("-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=10")
SOUND = ("-f", "lavfi", "-i", "sine=d=30")
VIDEO = (*PICTURES, "-c:v", "mpeg4", "-b:v", "2600k", "-g", "50")
FFMPEG: dict[str, tuple[str, ...]] = {
    "a.mp4": VIDEO,
    "front.mp4": (*VIDEO, "-movflags", "faststart"),
    "fragments.mp4": (*VIDEO, "-movflags", "frag_keyframe+empty_moov"),
    "a.mov": VIDEO,
    "a.mkv": VIDEO,
    "a.avi": VIDEO,
    "a.flv": (*PICTURES, "-c:v", "flv", "-b:v", "2600k"),
    "a.m4a": (*SOUND, "-c:a", "aac"),
    "a.webm": (*SOUND, "-c:a", "libopus"),
    "a.mp3": SOUND,
    "a.wav": (*SOUND, "-ar", "44100", "-ac", "2"),
    "a.flac": SOUND,
    "a.ogg": (*SOUND, "-c:a", "libvorbis"),
    "a.opus": (*SOUND, "-c:a", "libopus"),
}
EXIFTOOL = (".png", ".jpg", ".webp", ".tif", ".gif", ".mp4", ".mov", ".m4a", ".pdf", ".avif")
MUTAGEN = (".mp3", ".flac", ".ogg", ".opus", ".m4a")


@dataclass(frozen=True)
class Cost:
    """Of one way to label one format: wall milliseconds, median and least, and CPU milliseconds a file."""

    tool: str
    median: float
    least: float
    cpu: float


def picture() -> Image.Image:
    """Make a picture of 1024 × 1024 that is neither flat nor noise."""
    chance = random.Random(1)
    image = Image.linear_gradient("L").resize((1024, 1024)).convert("RGB")
    noise = Image.frombytes("RGB", (256, 256), chance.randbytes(3 * 256 * 256)).resize((1024, 1024))
    return Image.blend(image, noise, 0.3)


def samples(folder: Path) -> list[Path]:
    """Make one file of each format."""
    image = picture()
    for name, options in (
        ("a.png", {}),
        ("a.jpg", {"quality": 90}),
        ("a.webp", {"quality": 80}),
        ("a.gif", {}),
        ("a.tif", {"compression": "tiff_lzw"}),
        ("a.avif", {"speed": 10}),
        ("a.pdf", {"title": "x"}),
    ):
        image.save(folder / name, **options)
    parts = {f"word__media__{number}": random.Random(number).randbytes(100_000) for number in range(10)}
    (folder / "a.docx").write_bytes(docs.docx(None, **parts))
    (folder / "a.odt").write_bytes(docs.odt(**parts))
    (folder / "a.html").write_bytes(docs.HTML.replace("你好".encode(), "你好。".encode() * 20_000))
    (folder / "a.md").write_bytes(docs.MARKDOWN + "你好。\n".encode() * 20_000)
    (folder / "a.svg").write_bytes(docs.SVG.replace(b"</svg>", b'<rect width="1"/>' * 10_000 + b"</svg>"))
    if shutil.which("ffmpeg"):
        for name, words in FFMPEG.items():
            subprocess.run(["ffmpeg", "-v", "error", "-y", *words, str(folder / name)], check=True)
    return sorted(folder.iterdir(), key=lambda path: (path.suffix, path.name))


def measured(
    tool: str, path: Path, rounds: int, work: Callable[[Path], None], *, children: bool = False
) -> Cost | None:
    """Time `work` on fresh copies; None where the tool cannot do it."""
    walls, cpus = [], []
    with tempfile.TemporaryDirectory(dir=path.parent.parent) as name:
        for number in range(rounds + 1):
            copy = Path(name) / f"{number}-{path.name}"
            shutil.copyfile(path, copy)
            who = resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF
            before, started = resource.getrusage(who), time.perf_counter()
            try:
                work(copy)
            except (OSError, ValueError, KeyError, subprocess.CalledProcessError, AttributeError) as error:
                print(f"  {tool} cannot do {path.name}: {error!r}"[:200])
                return None
            wall = time.perf_counter() - started
            after = resource.getrusage(who)
            if number:
                walls.append(wall * 1000)
                cpus.append((after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime) * 1000)
    return Cost(tool, statistics.median(walls), min(walls), statistics.mean(cpus))


def ours(path: Path) -> None:
    """Label a file in its place."""
    LABELLER.label_file(path, content_id="0192a0e4-0000-7000-8000-000000000001", foreign=ForeignLabel.REPLACE)


def unsynced(path: Path) -> None:
    """Label a file as the others do: without hashes, sync and rename."""
    mime = {".html": "text/html", ".md": "text/markdown"}.get(path.suffix, "")
    content_id = "0192a0e4-0000-7000-8000-000000000001"
    path.write_bytes(LABELLER.label(path.read_bytes(), mime, content_id=content_id))


class Exiftool:
    """One exiftool that stays open."""

    def __init__(self) -> None:
        """Start it."""
        words = ["exiftool", "-stay_open", "True", "-@", "-"]
        self._process = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def write(self, path: Path) -> None:
        """Write one property of XMP."""
        assert self._process.stdin
        assert self._process.stdout
        words = ("-overwrite_original", "-XMP-dc:Description=" + "x" * 190, str(path), "-execute")
        self._process.stdin.write("\n".join([*words, ""]).encode())
        self._process.stdin.flush()
        said = b""
        while b"{ready}" not in said:
            said += self._process.stdout.readline()
        if b"1 image files updated" not in said:
            raise ValueError(said.decode()[:200])

    def cpu(self) -> float:
        """Return its CPU seconds so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """End it."""
        self._process.communicate(b"-stay_open\nFalse\n")


def ffmpeg(path: Path) -> None:
    """Copy the packets into a new file with one more tag, and put it in the old one's place."""
    target = path.with_name("new-" + path.name)
    words = ["-map", "0", "-c", "copy", "-movflags", "use_metadata_tags", "-metadata", "AIGC=" + "x" * 190, str(target)]
    subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", str(path), *words], check=True)
    target.replace(path)


def mutagen(path: Path) -> None:
    """Write one tag."""
    import mutagen as library  # type: ignore[import-not-found] # noqa: PLC0415 - may be missing

    if path.suffix == ".mp3":
        from mutagen.id3 import TXXX  # type: ignore[import-not-found] # noqa: PLC0415

        file = library.File(path)
        file.tags.add(TXXX(encoding=0, desc="AIGC", text=["x" * 190]))
    else:
        file = library.File(path)
        key = "----:com.apple.iTunes:AIGC" if path.suffix == ".m4a" else "AIGC"
        file[key] = [b"x" * 190] if path.suffix == ".m4a" else ["x" * 190]
    file.save()


def pypdf(path: Path) -> None:
    """Append one revision."""
    from pypdf import PdfWriter  # type: ignore[import-not-found] # noqa: PLC0415 - may be missing

    writer = PdfWriter(str(path), incremental=True)
    writer.add_metadata({"/AIGC": "x" * 190})
    writer.write(str(path))


def pillow(path: Path) -> None:
    """Save the picture anew."""
    with Image.open(path) as image:
        image.load()
        image.save(path)


def others(path: Path, rounds: int, exiftool: Exiftool | None) -> list[Cost]:
    """Measure every other tool that can do it."""
    found: list[Cost | None] = []
    if exiftool is not None and path.suffix in EXIFTOOL:
        before = exiftool.cpu()
        cost = measured("exiftool", path, rounds, exiftool.write)
        if cost is not None:
            found.append(Cost(cost.tool, cost.median, cost.least, (exiftool.cpu() - before) * 1000 / (rounds + 1)))
    if path.name in FFMPEG:
        found.append(measured("ffmpeg", path, rounds, ffmpeg, children=True))
    if path.suffix in MUTAGEN and find_spec("mutagen"):
        found.append(measured("mutagen", path, rounds, mutagen))
    if path.suffix == ".pdf" and find_spec("pypdf"):
        found.append(measured("pypdf", path, rounds, pypdf))
    if path.suffix in (".png", ".jpg", ".webp", ".tif", ".gif"):
        found.append(measured("Pillow", path, rounds, pillow))
    return [cost for cost in found if cost is not None]


def row(path: Path, own: Cost, bare: Cost, found: list[Cost]) -> str:
    """Write one row of the table."""
    size = path.stat().st_size / 1e6
    fastest = min(found, key=lambda cost: cost.median, default=None)
    rest = ", ".join(f"{cost.tool} {cost.median:.1f}" for cost in found if cost is not fastest)
    shown = f"{fastest.tool} | {fastest.median:.1f} | {fastest.cpu:.1f}" if fastest else "– | – | –"
    ratio = f"{fastest.median / bare.median:.1f}" if fastest else "–"
    whole = f"{own.median:.1f} ({own.least:.1f}) | {own.cpu:.1f}"
    cells = f"{whole} | {bare.median:.1f} ({bare.least:.1f}) | {bare.cpu:.1f} | {size / bare.median * 1e3:.0f}"
    return f"| {path.name} | {size:.2f} | {cells} | {shown} | {ratio} | {rest or '–'} |"


def large(folder: Path) -> str:
    """Label a sparse MP4 of 4 GB whose head stands before the data, in a process of its own."""
    path = folder / "large.mp4"
    count = 200_000
    ftyp = made.box(b"ftyp", b"isom", b"\0\0\2\0", b"isom")
    start = len(ftyp) + len(made._movie_head([0] * count, wide=True)) + 16  # noqa: SLF001 - the tests' own builder
    step = (4 << 30) // count
    with path.open("wb") as file:
        file.write(ftyp + made._movie_head([start + number * step for number in range(count)], wide=True))  # noqa: SLF001
        file.write((1).to_bytes(4, "big") + b"mdat" + (16 + (4 << 30)).to_bytes(8, "big"))
        file.truncate(start + (4 << 30))
    program = (
        "import re, resource, sys, time; from pathlib import Path; from bench.labelling.run import ours; "
        "status = lambda name: int(re.search(name + r':\\s+(\\d+)', Path('/proc/self/status').read_text())[1]) / 1024; "
        "Path('/proc/self/clear_refs').write_text('5'); before = status('VmRSS'); started = time.perf_counter(); "
        "ours(Path(sys.argv[1])); used = resource.getrusage(resource.RUSAGE_SELF); "
        'print(f\'{status("VmHWM") - before:.0f} MB above the {before:.0f} MB of the process before; '
        "{time.perf_counter() - started:.1f} s wall, {used.ru_utime + used.ru_stime:.1f} s CPU')"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT / "src"), str(ROOT)])}
    words = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(words, capture_output=True, text=True, check=True, env=environment)
    path.unlink()
    return f"MP4 of 4 GB (sparse, {count:,} chunks, head in front): {done.stdout.strip()}."


NOTES = """
Two cores shared with other work, as the load says: CPU times hold, wall times of single rows are off by a factor of up
to ten either way, most of all those that sync. exiftool writes an XMP property, not this label, and no fragmented MP4;
mutagen writes M4A in another place than the guides give; Pillow encodes anew. mutagen writes FLAC, Ogg and Opus in
their place, into the room that the encoder left, and ours a whole new file, whose every Ogg page was looked at for
further streams: between runs the ratio of these three goes from 0.6 to 1.3.
"""

HEAD = """\
# `python bench/labelling/run.py{words}`

{where}
Wall milliseconds a file, median of {rounds} (least), and CPU. `label_file` reads, plans, writes, reads the label back,
hashes the file before and after, **syncs to disk** and renames; `label` is the same on bytes without hashes and sync,
with the file read before and written after it, which is what the other tools do. MB/s and the ratio (other ÷ `label`)
are of `label`. The other tools, and what they write, stand at the top of `run.py`.

| file | MB | `label_file` ms | CPU ms | `label` ms | CPU ms | MB/s | fastest other | ms | CPU | ratio | further, ms |
|---|---:|---:|---:|---:|---:|---:|---|---:|---:|---:|---|
"""


def main() -> None:
    """Measure, print, and write the page."""
    parser = argparse.ArgumentParser(description="What labelling a file costs.")
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--large", action="store_true")
    parser.add_argument("--large-only", action="store_true")
    parser.add_argument("--write", action="store_true")
    arguments = parser.parse_args()
    if arguments.large_only:
        with tempfile.TemporaryDirectory() as name:
            print(large(Path(name)))
        return
    load = os.getloadavg()[0]
    exiftool = Exiftool() if shutil.which("exiftool") else None
    lines = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "samples"
        folder.mkdir()
        for path in samples(folder):
            own = measured("ours", path, arguments.rounds, ours)
            bare = measured("ours, unsynced", path, arguments.rounds, unsynced)
            assert own is not None
            assert bare is not None
            lines.append(row(path, own, bare, others(path, arguments.rounds, exiftool)))
            print(lines[-1], flush=True)
        last = large(Path(name)) if arguments.large else ""
        print(last)
    if exiftool is not None:
        exiftool.close()
    if arguments.write:
        machine = f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f} at start"
        where = f"Python {platform.python_version()}, {machine}."
        words = " --large" if arguments.large else ""
        head = HEAD.format(words=words, where=where, rounds=arguments.rounds)
        PAGE.write_text(head + "\n".join(lines) + f"\n\n{last}\n{NOTES}", "utf-8")


if __name__ == "__main__":
    main()
