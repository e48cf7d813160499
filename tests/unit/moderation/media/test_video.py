"""Video through the operator's own ffmpeg: sampled over its whole length, bounded, its sound heard."""

import shutil
import subprocess
import time
from pathlib import Path

import pytest
from tests.factories.pictures import scene
from tests.simulators.transcription import transcription_server
from tests.unit.moderation.media.conftest import BANNED, Making
from tests.unit.moderation.media.test_service import Reader, line, with_checkers

from guiju.moderation.media.containers import sniff_video
from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.models import MediaKind, Medium
from guiju.moderation.media.settings import MediaBounds
from guiju.moderation.media.video import take_apart
from guiju.moderation.models import Action, Scope

FFMPEG = shutil.which("ffmpeg") or ""
needs_ffmpeg = pytest.mark.skipif(not FFMPEG, reason="ffmpeg, the operator's program, is not installed")


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Six seconds, one drawn picture a second, with a tone."""
    if not FFMPEG:
        pytest.skip("ffmpeg, the operator's program, is not installed")
    folder = tmp_path_factory.mktemp("film")
    for at in range(6):
        scene(at, (320, 240)).save(folder / f"{at}.png")
    path = folder / "film.mp4"
    picture = ("-framerate", "1", "-i", str(folder / "%d.png"), "-f", "lavfi", "-i", "sine=frequency=440:duration=6")
    subprocess.run(
        [FFMPEG, "-v", "error", *picture, "-r", "10", "-pix_fmt", "yuv420p", "-shortest", str(path)], check=True
    )
    return path.read_bytes()


@needs_ffmpeg
def test_pictures_are_sampled_over_the_whole_length(film: bytes) -> None:
    parts = take_apart(film, sniff_video(film), ffmpeg=FFMPEG, bounds=MediaBounds(frames=6))
    assert 5 <= len(parts.pictures) <= 6
    assert parts.shape.duration_ms is not None
    assert abs(parts.shape.duration_ms - 6000) < 300
    assert (parts.shape.width, parts.shape.height) == (320, 240)
    times = [picture.at_ms or 0 for picture in parts.pictures]
    assert times[0] == 0
    assert times[-1] >= 4000
    assert parts.sound.startswith(b"RIFF")


@needs_ffmpeg
def test_a_term_in_one_picture_of_a_film_is_refused_and_its_time_known(making: Making, film: bytes) -> None:
    reader = Reader(line(BANNED, 10))
    with transcription_server() as ear:
        section = (
            f'enabled: "true"\nffmpeg: {FFMPEG}\nlimits: {{frames: 3}}\ntranscription: {{base_url: "{ear.url}"}}\n'
        )
        report = making(section, build=with_checkers(reader)).check(Medium(MediaKind.VIDEO, film), Scope.INPUT)
        assert report.decision.action is Action.REFUSE
        assert report.findings[0].at_ms == 0
        assert len(reader.looks) == report.shape.frames == 3
        assert len(ear.asked) == 1


@needs_ffmpeg
def test_what_is_said_in_a_film_that_nobody_can_hear_is_undetermined(making: Making, film: bytes) -> None:
    report = making(f'enabled: "true"\nffmpeg: {FFMPEG}', build=with_checkers(Reader())).check(
        Medium(MediaKind.VIDEO, film), Scope.INPUT
    )
    assert [(one.checker, one.why) for one in report.unchecked] == [("speech", "no_transcription")]
    assert report.decision.action is Action.UNDETERMINED


def test_without_ffmpeg_video_is_undetermined_and_says_what_to_install(making: Making) -> None:
    medium = Medium(MediaKind.VIDEO, b"\0\0\0\x18ftypmp42" + b"\0" * 100)
    report = making().check(medium, Scope.INPUT)
    assert [one.why for one in report.unchecked] == ["no_ffmpeg"]
    assert "media.ffmpeg" in report.unchecked[0].en
    assert report.decision.action is Action.UNDETERMINED


@needs_ffmpeg
def test_a_film_cut_at_every_tenth_is_taken_apart_or_refused(film: bytes) -> None:
    for tenth in range(10):
        part = film[: len(film) * tenth // 10]
        with pytest.raises(CannotCheckError):
            take_apart(part, "video/mp4", ffmpeg=FFMPEG, bounds=MediaBounds(frames=2))


@needs_ffmpeg
@pytest.mark.parametrize(
    ("content", "mime"),
    [
        (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", "video/mp4"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "video/mp4"),
        (b"\0" * 5000, "video/webm"),
        (b"\x1a\x45\xdf\xa3" + b"\xff" * 5000, "video/webm"),
    ],
)
def test_a_list_of_other_files_is_no_film(content: bytes, mime: str) -> None:
    with pytest.raises(CannotCheckError) as caught:
        take_apart(content, mime, ffmpeg=FFMPEG, bounds=MediaBounds(frames=2))
    assert caught.value.why == "video_failed"


@needs_ffmpeg
def test_a_film_longer_than_policy_takes_is_refused(film: bytes) -> None:
    with pytest.raises(CannotCheckError) as caught:
        take_apart(film, "video/mp4", ffmpeg=FFMPEG, bounds=MediaBounds(seconds=3))
    assert caught.value.why == "too_large"


@pytest.mark.parametrize(
    ("script", "why"),
    [
        ("sleep 30", "timeout"),
        ("exit 3", "video_failed"),
        ("head -c 100000000 /dev/zero", "video_failed"),
        ("echo", "video_failed"),
    ],
)
def test_a_program_that_hangs_fails_or_floods_is_ended(tmp_path: Path, script: str, why: str) -> None:
    for name in ("ffmpeg", "ffprobe"):
        (tmp_path / name).write_text(f"#!/bin/sh\n{script}\n", "utf-8")
        (tmp_path / name).chmod(0o755)
    began = time.monotonic()
    with pytest.raises(CannotCheckError) as caught:
        take_apart(b"x", "video/mp4", ffmpeg=str(tmp_path / "ffmpeg"), bounds=MediaBounds(budget_ms=1000))
    assert caught.value.why == why
    assert time.monotonic() - began < 10


def test_a_program_that_is_not_there_is_a_clear_error() -> None:
    with pytest.raises(CannotCheckError) as caught:
        take_apart(b"x", "video/mp4", ffmpeg="/nowhere/ffmpeg", bounds=MediaBounds())
    assert "ffprobe" in caught.value.en
