"""Sound: the rhythm or the spoken mark at the start, in the middle or at the end, heard again in what was written.

WAV and MP3 keep every sample and every frame of the sound as it was. FLAC is packed anew without loss, which is
compared. AAC, Vorbis and Opus are encoded anew at their own bit rate; that is told in the notes.
"""

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from guiju.labelling.carriers.riff import is_form
from guiju.labelling.carriers.splicing import Source, spliced
from guiju.labelling.errors import LabelNotHeldError, unsupported
from guiju.labelling.marks import mpeg_audio, voices
from guiju.labelling.marks.models import Marked, MarkLaw, MarkStyle, Moment, Sign, SoundCue, Trace
from guiju.labelling.marks.programs import Ffmpeg, Medium, Stream
from guiju.labelling.marks.tones import Samples, find_rhythm, rhythm
from guiju.labelling.marks.waves import cue_edits, read_wave, samples_at

Progress = Callable[[float], None]
_LISTENED_RATE = 16_000
_LISTENED_SECONDS, _OVERLAP_SECONDS = 120.0, 6.0
_LONGEST_SECONDS = 4 * 3600.0
_SAME = 0.5
"""Least normalised correlation of a spoken mark with what stands in the file; unrelated sound stays below 0.1."""
_ENCODERS = {"aac": "aac", "vorbis": "libvorbis", "opus": "libopus", "flac": "flac", "alac": "alac"}
_DEFAULT_RATE = 192_000
_LOSSLESS = ("flac", "alac")
_CHANGED = "声音按原码率重新编码 / the sound was encoded anew at its own bit rate"


@dataclass(frozen=True, slots=True)
class Cue:
    """A mark that is heard: samples of one channel, what it says, and its pace where it is spoken."""

    samples: Samples
    text: str
    rhythm: str
    pace: float


class SoundMarks:
    """Marks sound for one operator."""

    def __init__(self, style: MarkStyle, law: MarkLaw, *, ffmpeg: Ffmpeg, voice: Path | None = None) -> None:
        """Mark as `style` says; `voice` is a recording of its text, which espeak-ng speaks without one."""
        self._style, self._law = style, law
        self._ffmpeg, self._voice = ffmpeg, voice

    def cue(self, rate: int) -> Cue:
        """Return the mark at a rate of samples a second.

        Raises:
            ConfigurationError: it is to be spoken, and cannot be at the pace of the standard.
        """
        pattern, text = self._law.rhythm, self._style.text
        if self._style.cue is SoundCue.RHYTHM:
            return Cue(rhythm(pattern, rate), pattern, pattern, 0.0)
        if self._voice is not None:
            samples, own, pace = voices.recorded(self._voice, text, self._law)
        else:
            samples, own, pace = voices.synthesised(text, self._law)
        return Cue(voices.at_rate(samples, own, rate), text, "", pace)

    def mark_wave(self, source: Source, target: Path) -> Marked:
        """Mark a WAV.

        Raises:
            InputError: it is damaged, or its samples are packed.
            LabelNotHeldError: the mark cannot be heard in what was written.
        """
        wave = read_wave(source)
        cue = self.cue(wave.rate)
        with target.open("w+b") as file:
            edits = cue_edits(source, wave, cue.samples, moment=self._style.moment)
            place = edits[0].start - wave.data.body_at
            spliced(source, edits, file)
            file.flush()
            written = Source(file)
            made = read_wave(written)
            part = samples_at(
                written, made, place / wave.block / wave.rate - 1.0, seconds=len(cue.samples) / wave.rate + 2.0
            )
            self._must_be_heard(part, made.rate, cue)
        return self._told("wav", cue, ())

    def mark_mpeg(self, medium: Medium, source: Source, target: Path) -> Marked:
        """Mark an MP3.

        Raises:
            InputError: it is damaged.
            ConfigurationError: there is no ffmpeg to encode the cue.
            LabelNotHeldError: the mark cannot be heard in what was written.
        """
        sound = mpeg_audio.read_sound(source)
        stream = self._sound_of(medium)
        rate, channels = stream.number("sample_rate"), max(1, stream.number("channels"))
        cue = self.cue(rate)
        with tempfile.TemporaryDirectory(prefix="guiju-cue-") as folder:
            frames = self._frames(Path(folder), cue, rate, shape=(channels, stream.number("bit_rate")))
        edits, _ = mpeg_audio.cue_edits(source, sound, frames, moment=self._style.moment)
        with target.open("wb") as file:
            spliced(source, edits, file)
        self._must_be_heard_in(Medium(target, medium.kind))
        return self._told("mp3", cue, ())

    def mark_packed(self, medium: Medium, target: Medium, *, progress: Progress | None = None) -> Marked:
        """Mark FLAC, ALAC, AAC, Vorbis or Opus in its own container.

        Raises:
            InputError: it is damaged, or of another codec.
            ConfigurationError: there is no ffmpeg.
            LabelNotHeldError: the mark cannot be heard, or a lossless sound came out changed.
        """
        probed = self._ffmpeg.probe(medium)
        stream = self._sound_of(medium)
        if sum(one.kind == "audio" for one in probed.streams) > 1:
            raise unsupported("文件有多条音轨，请先分开", "several tracks of sound; take them apart first")
        encoder = _ENCODERS.get(stream.codec)
        if encoder is None:
            raise unsupported(f"音频编码 {stream.codec} 不支持插入提示音", f"no cue goes into sound of {stream.codec}")
        rate, channels = stream.number("sample_rate"), max(1, stream.number("channels"))
        cue = self.cue(rate)
        is_lossless = stream.codec in _LOSSLESS
        with tempfile.TemporaryDirectory(prefix="guiju-cue-") as folder:
            file = Path(folder, "cue.wav")
            file.write_bytes(_wave_file(cue.samples, rate, channels))
            length = probed.seconds + len(cue.samples) / rate
            graph = ("-filter_complex", self._graph(stream, probed.seconds))
            inputs = (*medium.words, *Medium(file, "wav").words, *graph)
            words = (*inputs, *_kept(stream, encoder), f"file:{target.path}")
            self._ffmpeg.run(words, seconds=length, progress=progress)
        if is_lossless and self._style.moment is not Moment.MIDDLE:
            self._must_be_same(medium, target, len(cue.samples))
        self._must_be_heard_in(target)
        return self._told(stream.codec, cue, () if is_lossless else (_CHANGED,))

    def listen(self, medium: Medium, start: float) -> Samples:
        """Return two minutes of a file's sound from a second on, as one channel at 16 kHz.

        Raises:
            InputError: it cannot be decoded.
            ConfigurationError: there is no ffmpeg.
        """
        part = ("-ss", f"{max(0.0, start):.3f}", "-t", f"{_LISTENED_SECONDS:.0f}", *medium.words, "-map", "0:a:0")
        raw = self._ffmpeg.raw((*part, "-ac", "1", "-ar", str(_LISTENED_RATE), "-f", "f32le", "pipe:1"))
        return np.frombuffer(raw[: len(raw) // 4 * 4], "<f4").astype(np.float32)

    def traces(self, medium: Medium, source: Source) -> Trace:
        """Look for the rhythm everywhere in a file's sound; past four hours nobody can say.

        Raises:
            InputError: it cannot be decoded.
            ConfigurationError: there is no ffmpeg, and it is no WAV.
        """
        is_wave = is_form(source, b"WAVE") and source.head(4) == b"RIFF"
        wave = read_wave(source) if is_wave else None
        seconds = wave.seconds if wave is not None else self._ffmpeg.probe(medium).seconds
        for start in np.arange(0.0, max(0.1, min(seconds, _LONGEST_SECONDS)), _LISTENED_SECONDS - _OVERLAP_SECONDS):
            if wave is not None:
                found = find_rhythm(
                    samples_at(source, wave, start, seconds=_LISTENED_SECONDS), wave.rate, self._law.rhythm
                )
            else:
                found = find_rhythm(self.listen(medium, float(start)), _LISTENED_RATE, self._law.rhythm)
            if found.sign is Sign.FOUND:
                return found
        if seconds > _LONGEST_SECONDS:
            return Trace("rhythm", Sign.INCONCLUSIVE, "声音过长，未听完 / the sound is too long to be heard whole")
        return Trace("rhythm", Sign.NONE, f"没有听到节奏“{self._law.rhythm}” / the rhythm is not in it")

    def _sound_of(self, medium: Medium) -> Stream:
        stream = self._ffmpeg.probe(medium).first("audio")
        if stream is None or not stream.number("sample_rate"):
            raise unsupported("文件没有声音", "there is no sound in it")
        return stream

    def _frames(self, folder: Path, cue: Cue, rate: int, *, shape: tuple[int, int]) -> list[bytes]:
        channels, bits = shape
        wave, packed = folder / "cue.wav", folder / "cue.mp3"
        wave.write_bytes(_wave_file(cue.samples, rate, channels))
        how = ("-c:a", "libmp3lame", "-b:a", str(bits or 128_000), "-reservoir", "0", "-write_xing", "0")
        plain = ("-id3v2_version", "0", "-write_id3v1", "0", "-map_metadata", "-1", "-f", "mp3")
        seconds = len(cue.samples) / rate
        self._ffmpeg.run((*Medium(wave, "wav").words, *how, *plain, f"file:{packed}"), seconds=seconds)
        return mpeg_audio.frames_of(packed.read_bytes())

    def _graph(self, stream: Stream, seconds: float) -> str:
        rate, sound = stream.number("sample_rate"), f"[0:{stream.index}]"
        depth = f"aformat=sample_fmts={stream.facts.get('sample_fmt', 's16')}"
        if self._style.moment is Moment.MIDDLE:
            cut = round(seconds / 2 * rate)
            return (
                f"{sound}asplit[x][y];[x]atrim=end_sample={cut}[a];"
                f"[y]atrim=start_sample={cut},asetpts=PTS-STARTPTS[b];[1:a]{depth}[c];[a][c][b]concat=n=3:v=0:a=1[out]"
            )
        order = f"[c]{sound}" if self._style.moment is Moment.START else f"{sound}[c]"
        return f"[1:a]{depth}[c];{order}concat=n=2:v=0:a=1[out]"

    def _must_be_same(self, medium: Medium, target: Medium, count: int) -> None:
        """Compare every sample of a lossless sound before and after; the cue is left out."""
        old = self._digest(medium, "anull")
        cut = f"atrim=start_sample={count}"
        if self._style.moment is Moment.END:
            whole = self._ffmpeg.probe(medium).first("audio")
            cut = f"atrim=end_sample={whole.number('duration_ts') if whole else 0}"
        if self._digest(target, cut) != old:
            raise LabelNotHeldError(
                "无损音频在加标识后有变化，文件未交出。",
                "A lossless sound came out changed when it was marked; the file was not handed on.",
            )

    def _digest(self, medium: Medium, graph: str) -> bytes:
        words = (*medium.words, "-map", "0:a:0", "-af", graph, "-c:a", "pcm_s32le", "-f", "hash", "pipe:1")
        return self._ffmpeg.raw(words, seconds=self._ffmpeg.probe(medium).seconds)

    def _must_be_heard_in(self, medium: Medium) -> None:
        """Listen where the mark was put: a middle is where the cut, or the nearest free frame, lies."""
        seconds = self._ffmpeg.probe(medium).seconds
        start = {Moment.START: 0.0, Moment.END: seconds - _LISTENED_SECONDS}
        middle = seconds / 2 - _LISTENED_SECONDS / 2
        samples = self.listen(medium, start.get(self._style.moment, middle))
        self._must_be_heard(samples, _LISTENED_RATE, self.cue(_LISTENED_RATE))

    def _must_be_heard(self, samples: Samples, rate: int, cue: Cue) -> None:
        if cue.rhythm:
            is_heard = find_rhythm(samples, rate, cue.rhythm).sign is Sign.FOUND
        else:
            is_heard = likeness(samples, cue.samples) >= _SAME
        if not is_heard:
            raise LabelNotHeldError(
                "提示音写入后听不出来，文件未交出。",
                "The mark cannot be heard in what was written; the file was not handed on.",
            )

    def _told(self, name: str, cue: Cue, notes: tuple[str, ...]) -> Marked:
        facts = {"characters_per_minute": round(cue.pace, 1)} if cue.pace else {}
        return Marked(name, cue.text, self._style.moment.value, facts, notes)


def _kept(stream: Stream, encoder: str) -> Sequence[str]:
    """Return the words that keep cover, texts, bit rate, depth and rate as they were."""
    is_lossless = stream.codec in _LOSSLESS
    rates = () if is_lossless else ("-b:a", str(stream.number("bit_rate") or _DEFAULT_RATE))
    raw = stream.number("bits_per_raw_sample")
    deep = ("-bits_per_raw_sample", str(raw)) if is_lossless and raw else ()
    kept = ("-map", "[out]", "-map", "0:v?", "-c:v", "copy", "-map_metadata", "0", "-map_metadata:s:a", "0:s:a")
    return (*kept, "-c:a", encoder, *rates, *deep, "-ar", str(stream.number("sample_rate")))


def likeness(samples: Samples, cue: Samples) -> float:
    """Return the highest normalised correlation of a cue with any stretch of a sound, 0…1."""
    if len(samples) < len(cue) or not len(cue):
        return 0.0
    size = 1 << (len(samples) + len(cue) - 1).bit_length()
    product = np.fft.rfft(samples, size) * np.conj(np.fft.rfft(cue, size))
    found = np.fft.irfft(product, size)[: len(samples) - len(cue) + 1]
    power = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    energy = power[len(cue) :] - power[: -len(cue)]
    norm = np.sqrt(np.maximum(energy, 1e-9) * float((cue.astype(np.float64) ** 2).sum()))
    return float(np.abs(found / norm).max())


def _wave_file(samples: Samples, rate: int, channels: int) -> bytes:
    body = np.repeat(np.round(samples * 32767).astype("<i2")[:, None], channels, axis=1).tobytes()
    block = channels * 2
    form = b"fmt " + np.array([16], "<u4").tobytes() + np.array([1, channels], "<u2").tobytes()
    form += np.array([rate, rate * block], "<u4").tobytes() + np.array([block, 16], "<u2").tobytes()
    data = b"data" + np.array([len(body)], "<u4").tobytes() + body
    return b"RIFF" + np.array([4 + len(form) + len(data)], "<u4").tobytes() + b"WAVE" + form + data
