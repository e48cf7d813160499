"""The mark of a video: in the opening picture, long enough, gone afterwards; the sound packet for packet as it was."""

import subprocess
from pathlib import Path

import numpy as np
import pytest
from tests.factories import marks as shared
from tests.factories.marks import LAW, TEXT, Pixels, made_by_ffmpeg, marks, needs_ffmpeg

from guiju.kit.errors import ConfigurationError, InputError
from guiju.labelling.marks.models import MarkStyle, Sign
from guiju.labelling.marks.plates import Pen, drawn, luminance

pytestmark = needs_ffmpeg
PEN = Pen(shared.FONT, LAW, LAW.video_ratio)
CODECS = {
    "mp4": ("-c:v", "libx264", "-c:a", "aac"),
    "mov": ("-c:v", "libx264", "-c:a", "aac"),
    "mkv": ("-c:v", "libx264", "-c:a", "aac"),
    "webm": ("-c:v", "libvpx-vp9", "-cpu-used", "8", "-c:a", "libopus"),
    "flv": ("-c:v", "libx264", "-c:a", "aac"),
    "avi": ("-c:v", "mpeg4", "-c:a", "mp3"),
}


def film(target: Path, *how: str, seconds: int = 4, size: str = "320x180") -> Path:
    picture = ("-f", "lavfi", "-i", f"testsrc2=s={size}:d={seconds}:r=10")
    tone = ("-f", "lavfi", "-i", f"sine=f=300:d={seconds}")
    return made_by_ffmpeg(target, *picture, *tone, "-pix_fmt", "yuv420p", *how)


def frame(path: Path, at: float, size: tuple[int, int]) -> Pixels:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-ss", str(at), "-frames:v", "1", "-pix_fmt", "rgb24"]
    raw = subprocess.run([*command, "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    return np.frombuffer(raw, np.uint8).reshape(size[1], size[0], 3)


def shows(path: Path, at: float, size: tuple[int, int] = (320, 180)) -> bool:
    plate = drawn(TEXT, size, MarkStyle(TEXT).position, pen=PEN)
    left, top, right, bottom = plate.box
    light = luminance(frame(path, at, size)[top:bottom, left:right])
    return bool(light[plate.letters > 250].mean() > 0.6 and light[plate.letters == 0].mean() < 0.25)


def sound_of(path: Path) -> bytes:
    command = ["ffmpeg", "-v", "error", "-i", str(path), "-map", "0:a", "-c", "copy", "-f", "streamhash", "-"]
    return subprocess.run(command, capture_output=True, check=True).stdout


@pytest.mark.parametrize("suffix", CODECS)
def test_the_opening_shows_the_mark_long_enough_and_the_sound_is_untouched(suffix: str, tmp_path: Path) -> None:
    file = film(tmp_path / f"a.{suffix}", *CODECS[suffix])
    target = tmp_path / f"b.{suffix}"
    heard: list[float] = []
    done = marks().mark_file(file, target, progress=heard.append)
    assert shows(target, 0)
    assert shows(target, LAW.video_seconds)
    assert not shows(target, 3.5)
    assert done.facts["ink_ratio"] >= LAW.video_ratio
    assert done.facts["seconds"] >= LAW.video_seconds
    assert sound_of(file) == sound_of(target)
    assert heard
    assert heard[-1] == pytest.approx(1, abs=0.1)


def test_the_mark_stays_or_comes_again_at_the_end_where_that_is_wanted(tmp_path: Path) -> None:
    file = film(tmp_path / "a.mp4", *CODECS["mp4"], seconds=8)
    marks(MarkStyle(TEXT, stays=True)).mark_file(file, tmp_path / "stays.mp4")
    marks(MarkStyle(TEXT, at_the_end=True)).mark_file(file, tmp_path / "end.mp4")
    assert [shows(tmp_path / "stays.mp4", at) for at in (0, 4, 7.5)] == [True, True, True]
    assert [shows(tmp_path / "end.mp4", at) for at in (0, 4, 7.5)] == [True, False, True]


def test_a_turned_video_is_marked_as_people_see_it(tmp_path: Path) -> None:
    film(tmp_path / "a.mp4", *CODECS["mp4"])
    turned = made_by_ffmpeg(
        tmp_path / "turned.mp4", "-i", str(tmp_path / "a.mp4"), "-c", "copy", "-metadata:s:v", "rotate=90"
    )
    done = marks().mark_file(turned, tmp_path / "b.mp4")
    assert shows(tmp_path / "b.mp4", 0, (180, 320))
    assert done.facts["ink_pixels"] >= 9


def test_a_short_or_silent_video_is_marked_throughout(tmp_path: Path) -> None:
    file = made_by_ffmpeg(tmp_path / "a.mp4", "-f", "lavfi", "-i", "testsrc2=s=320x180:d=1:r=10", "-pix_fmt", "yuv420p")
    marks().mark_file(file, tmp_path / "b.mp4")
    assert shows(tmp_path / "b.mp4", 0)
    assert shows(tmp_path / "b.mp4", 0.9)


def test_the_mark_is_read_in_the_opening_picture_of_others_and_no_reader_says_so(tmp_path: Path) -> None:
    file = film(tmp_path / "a.mp4", *CODECS["mp4"])
    reading = marks(read_text=lambda _: ["某平台 AI 生成"])
    blind = marks()
    assert [trace.sign for trace in reading.traces(file)] == [Sign.FOUND, Sign.NONE]
    assert [trace.sign for trace in blind.traces(file)] == [Sign.INCONCLUSIVE, Sign.NONE]


def test_what_cannot_be_decoded_or_has_no_program_says_so(tmp_path: Path) -> None:
    file = film(tmp_path / "a.mp4", *CODECS["mp4"])
    (tmp_path / "cut.mp4").write_bytes(file.read_bytes()[:20_000])
    with pytest.raises(InputError):
        marks().mark_file(tmp_path / "cut.mp4", tmp_path / "b.mp4")
    alone = marks(ffmpeg="no-such-program")
    with pytest.raises(ConfigurationError, match="ffmpeg"):
        alone.mark_file(file, tmp_path / "b.mp4")
    assert not alone.can_mark("video/mp4")
    assert alone.can_mark("image/png")
    assert [trace.sign for trace in alone.traces(file)] == [Sign.INCONCLUSIVE]
