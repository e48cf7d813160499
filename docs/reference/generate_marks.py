"""Makes the pictures in docs/images/marks: every explicit mark as people see it, or as its sound looks.

python docs/reference/generate_marks.py   (needs ffmpeg, LibreOffice, pdftoppm and chromium besides the extras of `dev`)
"""

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.factories.marks import LAW, PEN, TEXT, encoded, marks, picture, sound  # noqa: E402

from guiju.labelling.marks.models import MarkStyle, Position, SoundCue  # noqa: E402
from guiju.labelling.marks.pictures import mark_picture  # noqa: E402
from guiju.labelling.marks.tones import rhythm  # noqa: E402

FOLDER = ROOT / "docs" / "images" / "marks"
GAP = 10


def main() -> None:
    """Write every picture."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        work = Path(folder)
        pictures()
        video(work)
        sounds()
        documents(work)
        page(work)


def pictures() -> None:
    """Each position on what it is hardest to read on, a clear picture, a narrow one and a small one."""
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (240, 320, 3), dtype=np.uint8))
    grounds = [picture(320, 240), Image.new("RGB", (320, 240), "white"), Image.new("RGB", (320, 240), "black"), noise]
    shown = [drawn(grounds[number % 4], position) for number, position in enumerate(Position)]
    clear = drawn(Image.new("RGBA", (320, 240), (0, 0, 0, 0)), Position.BOTTOM_RIGHT)
    checks = Image.fromarray((np.indices((240, 320)).sum(0) // 12 % 2 * 60 + 180).astype(np.uint8)).convert("RGB")
    checks.paste(clear, (0, 0), clear)
    narrow = drawn(picture(90, 240), Position.TOP)
    small = drawn(picture(72, 72), Position.BOTTOM_RIGHT)
    sheet([*shown, checks, narrow, small], 4).save(FOLDER / "pictures.jpg", quality=82)


def drawn(image: Image.Image, position: Position) -> Image.Image:
    """Return a picture with its mark."""
    made = mark_picture(encoded(image, "PNG"), MarkStyle(TEXT, position), pen=PEN)
    return Image.open(io.BytesIO(made.content)).copy()


def video(work: Path) -> None:
    """The opening picture, the last one that must show the mark, and one behind."""
    film = work / "film.mp4"
    run("ffmpeg", "-y", "-f", "lavfi", "-i", "testsrc2=s=640x360:d=5:r=25", "-pix_fmt", "yuv420p", str(film))
    marks().mark_file(film, work / "marked.mp4")
    frames = []
    for second in (0, LAW.video_seconds, 4):
        target = work / f"{second}.png"
        run("ffmpeg", "-y", "-i", str(work / "marked.mp4"), "-ss", str(second), "-frames:v", "1", str(target))
        frames.append(Image.open(target).resize((426, 240)))
    sheet(frames, 3).save(FOLDER / "video.png")


def sounds() -> None:
    """The rhythm alone, and in front of other sound: time to the right, pitch upwards."""
    rate = 16_000
    with tempfile.TemporaryDirectory() as folder:
        before, after, spoken = (Path(folder, name) for name in ("a.wav", "b.wav", "c.wav"))
        before.write_bytes(sound(3))
        marks().mark_file(before, after)
        shown = [spectrum(rhythm(LAW.rhythm, rate)), spectrum(samples(after))]
        if shutil.which("espeak-ng"):
            marks(MarkStyle(TEXT, cue=SoundCue.VOICE)).mark_file(before, spoken)
            shown.append(spectrum(samples(spoken)))
    sheet(shown, 1).save(FOLDER / "sound.png")


def samples(path: Path) -> np.ndarray:
    """Return the samples of a WAV of ours."""
    return np.frombuffer(path.read_bytes()[44:], "<i2").astype(np.float32) / 32768


def spectrum(found: np.ndarray) -> Image.Image:
    """Draw a spectrum: 10 ms a column, 50 Hz a row up to 4 kHz."""
    rows = np.arange(len(found) // 160 - 2)[:, None] * 160 + np.arange(320)
    power = np.abs(np.fft.rfft(found[rows] * np.hanning(320), axis=1))[:, :80]
    level = np.clip((np.log10(power + 1e-3) + 1.5) / 3.5, 0, 1)
    image = Image.fromarray((255 - level.T[::-1] * 255).astype(np.uint8))
    return image.resize((image.width * 2, 160), Image.Resampling.NEAREST).convert("RGB")


def documents(work: Path) -> None:
    """The first page or slide of PDF, DOCX, XLSX, PPTX and ODT."""
    (work / "t.txt").write_text("　　本页文字是示例，与标识无关。\n" * 60, "utf-8")
    (work / "t.csv").write_text("item,number\n" + "sample,1\n" * 40, "utf-8")
    (work / "t.fodp").write_text(SLIDE, "utf-8")
    shown = []
    for source, kind in (("t.txt", "pdf"), ("t.txt", "docx"), ("t.txt", "odt"), ("t.csv", "xlsx"), ("t.fodp", "pptx")):
        converted = convert(work / source, kind, work)
        marked = work / f"marked-{kind}.{kind}"
        marks().mark_file(converted, marked)
        printed = marked if kind == "pdf" else convert(marked, "pdf", work)
        run("pdftoppm", "-r", "45", "-png", "-f", "1", "-l", "1", "-singlefile", str(printed), str(work / kind))
        shown.append(Image.open(work / f"{kind}.png").convert("RGB"))
    sheet(shown, 5).save(FOLDER / "documents.png")


def convert(path: Path, kind: str, work: Path) -> Path:
    """Convert a document with LibreOffice."""
    home = f"-env:UserInstallation=file://{work}/home"
    run("soffice", home, "--headless", "--convert-to", kind, "--outdir", str(work), str(path))
    return path.with_suffix(f".{kind}")


def page(work: Path) -> None:
    """An HTML page and an SVG in a browser, and Markdown as text."""
    from playwright.sync_api import sync_playwright  # noqa: PLC0415

    (work / "p.html").write_text(f"<!doctype html><html><body>{'<p>示例段落。</p>' * 4}</body></html>", "utf-8")
    (work / "p.svg").write_text(
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 200"><rect width="300" height="200" fill="#d98"/></svg>'
    )
    shown = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        tab = browser.new_page(viewport={"width": 420, "height": 260})
        for name in ("p.html", "p.svg"):
            marks().mark_file(work / name, work / f"marked-{name}")
            tab.goto(f"file://{work}/marked-{name}")
            tab.screenshot(path=work / f"{name}.png")
            shown.append(Image.open(work / f"{name}.png").convert("RGB"))
        browser.close()
    sheet(shown, 2).save(FOLDER / "page.png")


def sheet(images: list[Image.Image], columns: int) -> Image.Image:
    """Lay pictures out in rows."""
    rows = [images[at : at + columns] for at in range(0, len(images), columns)]
    width = max(sum(one.width + GAP for one in row) for row in rows) + GAP
    height = sum(max(one.height for one in row) + GAP for row in rows) + GAP
    whole = Image.new("RGB", (width, height), (214, 205, 190))
    y = GAP
    for row in rows:
        x = GAP
        for one in row:
            whole.paste(one.convert("RGB"), (x, y))
            ImageDraw.Draw(whole).rectangle((x - 1, y - 1, x + one.width, y + one.height), outline=(120, 110, 95))
            x += one.width + GAP
        y += max(one.height for one in row) + GAP
    return whole


def run(*words: str) -> None:
    """Run a program, silently."""
    subprocess.run(words, check=True, capture_output=True, timeout=120)


SLIDE = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"
 xmlns:svg="urn:oasis:names:tc:opendocument:xmlns:svg-compatible:1.0" office:version="1.2"
 office:mimetype="application/vnd.oasis.opendocument.presentation"><office:body><office:presentation>
<draw:page draw:name="1"><draw:frame svg:width="16cm" svg:height="3cm" svg:x="4cm" svg:y="5cm"><draw:text-box>
<text:p>示例幻灯片</text:p></draw:text-box></draw:frame></draw:page></office:presentation></office:body></office:document>
"""

if __name__ == "__main__":
    main()
