"""Video taken apart by the operator's own ffmpeg: pictures sampled evenly over its length, and its sound.

ffmpeg is a program of its own and none of our packages: its builds are under the LGPL or the GPL. It is given a file
of a format that was recognised before, no network, no other input, and bounds on memory, time and output.
"""

import json
import os
import resource
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.interface import Picture
from guiju.moderation.media.models import MediaShape
from guiju.moderation.media.settings import MediaBounds

_SIDE = 1280
_MEMORY = 3 * 1024**3
_MOST_PROBE = 1_000_000
_RATE = 16_000
_DEMUXER = {"video/mp4": "mov", "video/webm": "matroska"}
_QUIET = ("-nostdin", "-hide_banner", "-loglevel", "error")


@dataclass(frozen=True, slots=True)
class VideoParts:
    """What a video was taken apart into.

    Attributes:
        shape: what it is.
        pictures: sampled.
        sound: as WAV, 16 kHz, one channel; empty where the video is silent.
    """

    shape: MediaShape
    pictures: tuple[Picture, ...]
    sound: bytes


def take_apart(content: bytes, mime: str, *, ffmpeg: str, bounds: MediaBounds) -> VideoParts:
    """Take a video apart.

    Raises:
        CannotCheckError: there is no ffmpeg, it failed or took too long, or the video is longer than `bounds`.
    """
    if not ffmpeg:
        raise CannotCheckError(
            "no_ffmpeg",
            "没有配置 ffmpeg，无法检查视频；请安装 ffmpeg 并在策略 media.ffmpeg 中填写其路径。",
            "No ffmpeg is set, so video cannot be checked; install it and write its path under media.ffmpeg.",
        )
    program, demuxer = Path(ffmpeg), _DEMUXER[mime]
    with tempfile.TemporaryDirectory(prefix="guiju-video-") as folder:
        file = Path(folder, "video")
        file.write_bytes(content)
        source = ("-protocol_whitelist", "file,pipe", "-f", demuxer, "-i", str(file))
        seconds = bounds.budget_ms / 1000
        shape, has_sound = _probe(program.with_name("ffprobe"), source, bounds=bounds, seconds=seconds)
        pictures = tuple(_sample(program, source, shape, bounds=bounds))
        sound = _sound(program, source, bounds=bounds) if has_sound else b""
    if not pictures:
        raise _failed("no picture")
    duration = shape.duration_ms
    return VideoParts(
        MediaShape(mime, shape.width, shape.height, frames=len(pictures), duration_ms=duration), pictures, sound
    )


def _probe(ffprobe: Path, source: Sequence[str], *, bounds: MediaBounds, seconds: float) -> tuple[MediaShape, bool]:
    wanted = ("-show_entries", "stream=codec_type,width,height:format=duration", "-of", "json")
    said = _run((str(ffprobe), "-v", "error", *source, *wanted), most=_MOST_PROBE, seconds=seconds)
    try:
        told = json.loads(said)
        streams = told["streams"]
        duration = float(told["format"]["duration"])
        kinds = {str(stream["codec_type"]) for stream in streams}
        first = next(stream for stream in streams if stream["codec_type"] == "video")
        width, height = int(first["width"]), int(first["height"])
    except (ValueError, KeyError, TypeError, StopIteration) as error:
        raise _failed("no duration or no picture") from error
    if not 0 < duration <= bounds.seconds or width * height > bounds.pixels:
        raise CannotCheckError(
            "too_large",
            f"视频为 {duration:.0f} 秒、{width}×{height}，超过上限（{bounds.seconds} 秒、{bounds.pixels} 像素）；"
            "请剪短或缩小。",
            f"The video has {duration:.0f} s of {width}×{height}, more than {bounds.seconds} s or {bounds.pixels} "
            "pixels; make it shorter or smaller.",
        )
    return MediaShape("", width, height, duration_ms=round(duration * 1000)), "audio" in kinds


def _sample(program: Path, source: Sequence[str], shape: MediaShape, *, bounds: MediaBounds) -> Iterator[Picture]:
    duration = max(shape.duration_ms or 1, 1) / 1000
    rate = bounds.frames / duration
    scale = f"scale='min({_SIDE},iw)':'min({_SIDE},ih)':force_original_aspect_ratio=decrease"
    wanted = ("-an", "-vf", f"fps={rate:.6f}:round=up,{scale}", "-frames:v", str(bounds.frames))
    output = ("-f", "image2pipe", "-c:v", "ppm", "-")
    most = bounds.frames * (_SIDE * _SIDE * 3 + 64)
    raw = _run((str(program), *_QUIET, *source, *wanted, *output), most=most, seconds=bounds.budget_ms / 1000)
    at = frame = 0
    while at < len(raw):
        header = raw[at : at + 64].split(b"\n", maxsplit=3)
        try:
            width, height = (int(side) for side in header[1].split())
        except (ValueError, IndexError) as error:
            raise _failed("no picture") from error
        at += sum(len(line) + 1 for line in header[:3])
        size = width * height * 3
        if at + size > len(raw):
            raise _failed("half a picture")
        pixels = np.frombuffer(raw, dtype=np.uint8, count=size, offset=at).reshape(height, width, 3)
        yield Picture(pixels, frame=frame, at_ms=round(frame * 1000 / rate), variant="sampled")
        at += size
        frame += 1


def _sound(program: Path, source: Sequence[str], *, bounds: MediaBounds) -> bytes:
    wanted = ("-vn", "-ac", "1", "-ar", str(_RATE), "-f", "wav", "-")
    most = bounds.seconds * _RATE * 2 + 4096
    return _run((str(program), *_QUIET, *source, *wanted), most=most, seconds=bounds.budget_ms / 1000)


def _run(command: Sequence[str], *, most: int, seconds: float) -> bytes:
    """Run a program and return at most `most` bytes of what it writes."""
    with tempfile.TemporaryFile() as output:
        try:
            process = subprocess.Popen(  # noqa: S603 - the operator's own program, no shell, our own words
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.DEVNULL,
                env={"PATH": "/usr/bin:/bin", "LANG": "C"},
                start_new_session=True,
            )
        except OSError as error:
            raise _failed(f"{Path(command[0]).name}: {error.strerror}") from error
        try:
            _bound(process.pid, most, seconds)
            status = process.wait(timeout=seconds)
        except subprocess.TimeoutExpired as error:
            raise CannotCheckError(
                "timeout",
                f"视频在 {seconds:g} 秒内没有处理完；请发送更短的视频。",
                f"The video was not taken apart within {seconds:g} s; send a shorter one.",
            ) from error
        finally:
            process.kill()
            process.wait()
        if status:
            raise _failed(f"exit status {status}")
        if output.tell() > most or os.fstat(output.fileno()).st_size > most:
            raise _failed("too much output")
        output.seek(0)
        return output.read()


def _bound(pid: int, most: int, seconds: float) -> None:
    limits = (
        (resource.RLIMIT_AS, _MEMORY),
        (resource.RLIMIT_CPU, int(seconds) + 1),
        (resource.RLIMIT_FSIZE, most + 4096),
        (resource.RLIMIT_CORE, 0),
    )
    for kind, most_of_it in limits:
        try:
            resource.prlimit(pid, kind, (most_of_it, most_of_it))
        except ProcessLookupError:  # it has ended already
            return


def _failed(why: str) -> CannotCheckError:
    return CannotCheckError(
        "video_failed",
        f"视频无法解析（{why}）；请重新导出为 MP4 后再发送。",
        f"The video cannot be taken apart ({why}); export it as MP4 again and send it anew.",
    )
