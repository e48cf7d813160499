"""Programs of the operator's own that encode sound and video or speak: ffmpeg and espeak-ng, found or not found.

They are no packages of ours: their builds are under the LGPL or the GPL. Each is given local files alone, no network,
and is bounded in memory and time; what it writes is read back before anybody gets it.
"""

import contextlib
import json
import os
import resource
import selectors
import shutil
import subprocess
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from guiju.kit.errors import ConfigurationError
from guiju.labelling.errors import damaged

_QUIET = ("-nostdin", "-hide_banner", "-loglevel", "error", "-y")
_MEMORY = 4 << 30
_MOST_SAID = 4 << 20
_MOST_RAW = 64 << 20
_SECONDS = 120.0
_SLOWEST = 60.0
"""Seconds of work that one second of video may cost, before we hold the encoder for stuck."""
_MICRO = 1_000_000
Progress = Callable[[float], None]


_DEMUXERS = {
    "mp4": "mov", "matroska": "matroska", "flv": "flv", "avi": "avi", "wav": "wav", "mp3": "mp3", "flac": "flac",
    "ogg": "ogg", "png": "png_pipe",
}  # fmt: skip
_SUFFIXES = {
    "mp4": (".mp4", ".mov", ".m4a", ".m4v"),
    "matroska": (".mkv", ".webm", ".mka"),
    "ogg": (".ogg", ".opus", ".oga", ".ogv"),
}


@dataclass(frozen=True, slots=True)
class Medium:
    """A file for ffmpeg, and what it was recognised as: no other format in it is read, and no file behind it."""

    path: Path
    kind: str

    @property
    def words(self) -> tuple[str, ...]:
        """Return how ffmpeg is given it: as this format, and no address and no list of files followed."""
        return ("-protocol_whitelist", "file,pipe", "-f", _DEMUXERS[self.kind], "-i", f"file:{self.path}")

    @property
    def suffix(self) -> str:
        """Return how a name must end for ffmpeg to write this kind."""
        usual = _SUFFIXES.get(self.kind, (f".{self.kind}",))
        own = self.path.suffix.lower()
        return own if own in usual else usual[0]


@dataclass(frozen=True, slots=True)
class Stream:
    """One stream of a file, as ffprobe tells it."""

    index: int
    kind: str
    codec: str
    facts: dict[str, object]

    def number(self, name: str) -> int:
        """Return a number that ffprobe tells, 0 where it tells none."""
        value = self.facts.get(name)
        return int(value) if isinstance(value, int | str) and str(value).isdigit() else 0


@dataclass(frozen=True, slots=True)
class Probed:
    """What ffprobe tells of a file."""

    seconds: float
    streams: tuple[Stream, ...]

    def first(self, kind: str) -> Stream | None:
        """Return the first stream of a kind: `video`, `audio`."""
        return next((one for one in self.streams if one.kind == kind), None)


class Ffmpeg:
    """The operator's ffmpeg and ffprobe."""

    def __init__(self, program: str = "ffmpeg") -> None:
        """Use a program by its name or path; it is looked for when it is needed."""
        self._program = program

    @property
    def is_there(self) -> bool:
        """Whether it can be found."""
        return shutil.which(self._program) is not None

    def probe(self, medium: Medium) -> Probed:
        """Tell streams and length of a file.

        Raises:
            ConfigurationError: there is no ffprobe.
            DamagedFileError: it cannot read the file.
        """
        program = Path(self._found()).with_name("ffprobe")
        entries = ("-show_streams", "-show_entries", "format=duration", "-of", "json")
        said = _run((str(program), "-v", "error", *entries, *medium.words), seconds=_SECONDS)
        try:
            told = json.loads(said)
            streams = tuple(
                Stream(int(one["index"]), str(one.get("codec_type")), str(one.get("codec_name")), one)
                for one in told["streams"]
            )
            return Probed(float(told["format"].get("duration", 0)), streams)
        except (ValueError, KeyError, TypeError) as error:
            raise damaged("ffprobe 读不出内容", "ffprobe cannot tell what it is") from error

    def run(self, words: Sequence[str], *, seconds: float, progress: Progress | None = None) -> None:
        """Run it; `seconds` of sound or video are expected in the output.

        Raises:
            ConfigurationError: there is no ffmpeg.
            DamagedFileError: it failed or took too long.
        """
        chatter = () if progress is None else ("-progress", "pipe:1")
        command = (self._found(), *_QUIET, *chatter, *words)
        limit = _SECONDS + seconds * _SLOWEST
        _run(command, seconds=limit, said=None if progress is None else _Teller(progress, seconds))

    def raw(self, words: Sequence[str], *, seconds: float = 0.0) -> bytes:
        """Return what it writes to its output, within bounds; `seconds` of sound or video are read for it.

        Raises:
            ConfigurationError: there is no ffmpeg.
            DamagedFileError: it failed, took too long or wrote too much.
        """
        return _run((self._found(), *_QUIET, *words), seconds=_SECONDS + seconds, most=_MOST_RAW)

    def _found(self) -> str:
        found = shutil.which(self._program)
        if found is None:
            raise ConfigurationError(
                "找不到 ffmpeg：给视频和压缩音频加显式标识需要它。请安装 ffmpeg，或改用 WAV。",
                "ffmpeg was not found: marks on video and packed sound need it. Install it, or use WAV.",
                where=self._program,
            )
        return found


def speak(text: str, words_per_minute: int, target: Path) -> bool:
    """Let espeak-ng speak Chinese into a WAV; return False where it is not installed.

    Raises:
        DamagedFileError: it failed.
    """
    program = shutil.which("espeak-ng")
    if program is None:
        return False
    _run((program, "-v", "cmn", "-s", str(words_per_minute), "-w", str(target), text), seconds=_SECONDS)
    return True


class _Teller:
    """Turns the lines of `-progress` into the share that is done."""

    def __init__(self, progress: Progress, seconds: float) -> None:
        self._progress = progress
        self._seconds = seconds

    def __call__(self, line: str) -> None:
        name, _, value = line.partition("=")
        if name == "out_time_us" and value.isdigit() and self._seconds > 0:
            self._progress(min(1.0, int(value) / _MICRO / self._seconds))


def _bound(pid: int) -> None:
    """Bound a program's memory; it has read no byte of its file yet, and one that has ended needs no bound."""
    with contextlib.suppress(ProcessLookupError):
        resource.prlimit(pid, resource.RLIMIT_AS, (_MEMORY, _MEMORY))


def _run(
    command: Sequence[str], *, seconds: float, most: int = _MOST_SAID, said: Callable[[str], None] | None = None
) -> bytes:
    deadline = time.monotonic() + seconds
    with subprocess.Popen(  # noqa: S603 - programs of the operator's, words of ours
        list(command),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={"PATH": os.environ.get("PATH", "/usr/bin:/bin"), "LANG": "C.UTF-8"},
        start_new_session=True,
    ) as process:
        try:
            _bound(process.pid)
            out, complaint = _listen(process, deadline, most, said=said)
        finally:
            if process.poll() is None:
                process.kill()
    if process.returncode != 0:
        reason = complaint.decode("utf-8", "replace").strip().splitlines()
        shown = reason[-1][:200] if reason else f"exit {process.returncode}"
        name = Path(command[0]).name
        raise damaged(f"{name} 未能处理：{shown}", f"{name} could not work on it: {shown}")
    return out


def _listen(
    process: subprocess.Popen[bytes], deadline: float, most: int, *, said: Callable[[str], None] | None
) -> tuple[bytes, bytes]:
    """Take what a program says until it is silent; kill it past its time or its bound."""
    assert process.stdout is not None  # noqa: S101 - asked for above
    assert process.stderr is not None  # noqa: S101 - asked for above
    heard = {process.stdout: bytearray(), process.stderr: bytearray()}
    with selectors.DefaultSelector() as selector:
        for pipe in heard:
            selector.register(pipe, selectors.EVENT_READ)
        while selector.get_map():
            events = selector.select(max(0.0, deadline - time.monotonic()))
            if not events:
                raise damaged("处理超时", "it took too long")
            for key, _ in events:
                pipe = process.stdout if key.fileobj is process.stdout else process.stderr
                piece = os.read(pipe.fileno(), 1 << 16)
                if not piece:
                    selector.unregister(pipe)
                    continue
                heard[pipe] += piece
                if pipe is process.stdout and said is not None:
                    _tell_lines(heard[pipe], said)
                if len(heard[pipe]) > most:
                    raise damaged("外部程序输出过多", "a program wrote too much")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(max(1.0, deadline - time.monotonic()))
    return bytes(heard[process.stdout]), bytes(heard[process.stderr])


def _tell_lines(text: bytearray, said: Callable[[str], None]) -> None:
    *lines, rest = bytes(text).split(b"\n")
    del text[: len(text) - len(rest)]
    for line in lines:
        said(line.decode("ascii", "replace").strip())
