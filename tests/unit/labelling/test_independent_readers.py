"""Programs that are not ours agree: the label is there, and what is heard or seen is the same, packet by packet.

Each test needs its program (Debian: ffmpeg, libimage-exiftool-perl, mediainfo, qpdf, libheif-examples, flac,
mkvtoolnix) and skips by its name where it is not installed.
"""

import json
import subprocess
from pathlib import Path
from shutil import which
from xml.etree import ElementTree as ET

import pytest
from tests.factories import document_files as docs
from tests.factories.labels import CODE, OUR_ID, labeller
from tests.factories.pictures import animated, encoded, scene

KLING = '{"Label":"1","ContentProducer":"kling","ProduceID":"KLingMuse_1"}'
SOUND = ("-f", "lavfi", "-i", "sine=d=1")
PICTURES = ("-f", "lavfi", "-i", "testsrc=s=96x64:r=5:d=1")
MADE = {
    "tail.mp4": (*PICTURES, *SOUND, "-c:v", "mpeg4", "-c:a", "aac", "-metadata", "title=Kept"),
    "fast.mp4": (
        *PICTURES,
        *SOUND,
        "-c:v",
        "mpeg4",
        "-c:a",
        "aac",
        "-movflags",
        "faststart",
        "-metadata",
        "title=Kept",
    ),
    "frag.mp4": (*PICTURES, "-c:v", "mpeg4", "-movflags", "frag_keyframe", "-metadata", "title=Kept"),
    "keys.mp4": (*PICTURES, "-c:v", "mpeg4", "-movflags", "use_metadata_tags", "-metadata", f"AIGC={KLING}"),
    "a.mov": (*PICTURES, "-c:v", "mpeg4", "-metadata", "title=Kept"),
    "a.m4a": (*SOUND, "-c:a", "aac", "-metadata", "title=Kept"),
    "a.mkv": (*PICTURES, *SOUND, "-c:v", "mpeg4", "-c:a", "flac", "-metadata", "title=Kept"),
    "labelled.mkv": (*PICTURES, "-c:v", "mpeg4", "-metadata", f"AIGC={KLING}"),
    "a.webm": (*SOUND, "-c:a", "libopus", "-metadata", "title=Kept"),
    "a.flv": (*PICTURES, "-c:v", "flv", "-flvflags", "add_keyframe_index", "-metadata", "title=Kept"),
    "a.avi": (*PICTURES, *SOUND, "-c:v", "mpeg4", "-c:a", "pcm_s16le", "-metadata", "title=Kept"),
    "a.wav": (*SOUND, "-metadata", "title=Kept"),
    "a.mp3": (*SOUND, "-metadata", "title=Kept", "-metadata", f"AIGC={KLING}"),
    "a.flac": (*SOUND, "-metadata", "title=Kept"),
    "a.ogg": (*SOUND, "-c:a", "libvorbis", "-metadata", "title=Kept"),
    "a.opus": (*SOUND, "-c:a", "libopus", "-metadata", "title=Kept"),
}
BLIND = {  # who does not show the label, though the guides put it there
    "ffprobe": {"a.wav"},
    "exiftool": {"a.avi", "a.wav", "a.mkv", "labelled.mkv", "a.webm"},
}


SLIDE = """<?xml version="1.0" encoding="UTF-8"?>
<office:document xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"
 xmlns:draw="urn:oasis:names:tc:opendocument:xmlns:drawing:1.0" office:version="1.3"
 office:mimetype="application/vnd.oasis.opendocument.presentation">
 <office:body><office:presentation><draw:page draw:name="p1"/></office:presentation></office:body>
</office:document>"""


def say(*words: str) -> str:
    if which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr


def streams(path: Path) -> str:
    """Return a hash of the packets of each stream, as they stand in the file, not decoded."""
    return say("ffmpeg", "-v", "error", "-i", str(path), "-map", "0", "-c", "copy", "-f", "streamhash", "-")


def made(name: str, folder: Path) -> tuple[Path, Path]:
    before, after = folder / f"before-{name}", folder / f"after-{name}"
    say("ffmpeg", "-v", "error", "-y", "-fflags", "+bitexact", *MADE[name], str(before))
    after.write_bytes(labeller().label(before.read_bytes(), "", content_id=OUR_ID))
    return before, after


@pytest.mark.parametrize("name", MADE)
def test_ffmpeg_finds_the_same_packets_and_the_label(name: str, tmp_path: Path) -> None:
    before, after = made(name, tmp_path)
    assert streams(after) == streams(before)
    shown = say("ffprobe", "-v", "error", "-show_entries", "format_tags:stream_tags", "-of", "compact", str(after))
    assert (CODE in shown) == (name not in BLIND["ffprobe"])
    assert "kling" not in shown
    kept = "title=Kept" in MADE[name]
    assert ("Kept" in shown) == kept


@pytest.mark.parametrize(("kind", "flat"), [("docx", "fodt"), ("odt", "fodt"), ("xlsx", "fods"), ("pptx", "fodp")])
def test_libreoffice_shows_the_label_word_for_word(kind: str, flat: str, tmp_path: Path) -> None:
    start = tmp_path / {"xlsx": "t.csv", "pptx": "t.fodp"}.get(kind, "t.txt")
    start.write_text(SLIDE if kind == "pptx" else "1,2\n", "utf-8")
    home = f"-env:UserInstallation=file://{tmp_path}/home"

    def convert(path: Path, target: str) -> Path:
        say("soffice", home, "--headless", "--convert-to", target, "--outdir", str(path.parent), str(path))
        return path.with_suffix(f".{target}")

    before = convert(start, kind)
    after = tmp_path / "after" / before.name
    after.parent.mkdir()
    after.write_bytes(labeller().label(before.read_bytes(), "", content_id=OUR_ID))
    label = labeller().read(after).label
    assert label is not None
    tree = ET.parse(convert(after, flat))  # noqa: S314 - LibreOffice made it
    names = {"meta": "urn:oasis:names:tc:opendocument:xmlns:meta:1.0"}
    told = {one.get(f"{{{names['meta']}}}name"): one.text for one in tree.iterfind(".//meta:user-defined", names)}
    assert json.loads(str(told["AIGC"])) == label.fields()


@pytest.mark.parametrize("name", MADE)
def test_exiftool_shows_the_label_and_warns_of_nothing(name: str, tmp_path: Path) -> None:
    shown = say("exiftool", "-a", "-G1", "-s", str(made(name, tmp_path)[1]))
    assert "Warning" not in shown
    assert (CODE in shown) == (name not in BLIND["exiftool"])


@pytest.mark.parametrize("name", ["fast.mp4", "a.mkv", "a.flv", "a.avi", "a.mp3", "a.flac", "a.opus"])
def test_mediainfo_shows_the_label(name: str, tmp_path: Path) -> None:
    after = made(name, tmp_path)[1]
    assert OUR_ID in say("mediainfo", "--Full", str(after))


def test_flac_holds_its_own_checksum(tmp_path: Path) -> None:
    say("flac", "--silent", "--test", str(made("a.flac", tmp_path)[1]))


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "TIFF", "AVIF"])
def test_exiftool_reads_the_label_of_a_picture(kind: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind.lower()}"
    path.write_bytes(encoded(scene(1), kind) if kind != "GIF" else animated([scene(1), scene(2)]))
    labeller().label_file(path, content_id=OUR_ID)
    shown = say("exiftool", "-a", "-G1", "-s", str(path))
    assert "Warning" not in shown
    line = next(line for line in shown.splitlines() if "XMP-TC260" in line)
    assert CODE in line


def test_what_exiftool_wrote_beside_the_label_stays(tmp_path: Path) -> None:
    for kind in ("PNG", "JPEG", "WEBP", "TIFF"):
        path = tmp_path / f"a.{kind.lower()}"
        path.write_bytes(encoded(scene(1), kind))
        say("exiftool", "-q", "-overwrite_original", "-XMP-dc:Title=Kept", "-Artist=Kept", str(path))
        before = say("exiftool", "-a", "-G1", "-s", "-Title", "-Artist", str(path))
        labeller().label_file(path, content_id=OUR_ID)
        assert say("exiftool", "-a", "-G1", "-s", "-Title", "-Artist", str(path)) == before


def test_a_heic_is_opened_and_looks_the_same(tmp_path: Path) -> None:
    source, before, after = tmp_path / "a.png", tmp_path / "a.heic", tmp_path / "b.heic"
    source.write_bytes(encoded(scene(1)))
    say("heif-enc", "-q", "40", str(source), "-o", str(before))
    after.write_bytes(labeller().label(before.read_bytes(), "", content_id=OUR_ID))
    again = labeller().label(after.read_bytes(), "", content_id=OUR_ID + "-and-longer")
    assert len(again) < len(after.read_bytes()) + 50
    shown = []
    for path in (before, after):
        target = path.with_suffix(".y4m")
        say("heif-convert", str(path), str(target))
        shown.append(target.read_bytes())
    assert shown[0] == shown[1]
    assert CODE in say("exiftool", "-XMP-TC260:all", str(after))


@pytest.mark.parametrize("kind", ["plain", "packed", "linearised"])
def test_qpdf_finds_nothing_wrong(kind: str, tmp_path: Path) -> None:
    path, other = tmp_path / "a.pdf", tmp_path / "b.pdf"
    other.write_bytes(docs.pdf())
    options = {"plain": (), "packed": ("--object-streams=generate",), "linearised": ("--linearize",)}[kind]
    say("qpdf", *options, str(other), str(path))
    labeller().label_file(path, content_id=OUR_ID)
    assert "No syntax or stream encoding errors found" in say("qpdf", "--check", str(path))
    assert CODE in say("exiftool", "-AIGC", str(path))


def test_mkvinfo_reads_the_tags(tmp_path: Path) -> None:
    assert OUR_ID in say("mkvinfo", "-a", str(made("a.mkv", tmp_path)[1]))
