"""Marks that are heard: the rhythm and the spoken mark, found again in what was written; the rest as it was."""

import io
import shutil
import struct
import subprocess
import wave
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.factories import media_files
from tests.factories.marks import LAW, TEXT, made_by_ffmpeg, marks, needs_ffmpeg, sound

from guiju.kit.errors import ConfigurationError, InputError
from guiju.labelling.carriers.splicing import Source, spliced_bytes
from guiju.labelling.errors import UnsupportedFormatError
from guiju.labelling.marks import mpeg_audio, voices
from guiju.labelling.marks.models import MarkStyle, Moment, Sign, SoundCue
from guiju.labelling.marks.sounds import likeness
from guiju.labelling.marks.tones import find_rhythm, rhythm
from guiju.labelling.marks.waves import cue_edits, read_wave, samples_of

needs_espeak = pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
PATTERN = LAW.rhythm


def heard(content: bytes) -> str:
    source = Source.of(content)
    found = read_wave(source)
    return find_rhythm(samples_of(source, found), found.rate, PATTERN).sign


@pytest.mark.parametrize("moment", list(Moment))
@pytest.mark.parametrize(("channels", "width", "rate"), [(1, 1, 8000), (2, 2, 44100), (1, 3, 22050), (2, 4, 48000)])
def test_a_wav_gets_the_rhythm_and_keeps_every_sample(moment: Moment, channels: int, width: int, rate: int) -> None:
    before = sound(rate=rate, channels=channels, width=width)
    source = Source.of(before)
    found = read_wave(source)
    cue = rhythm(PATTERN, rate)
    after = spliced_bytes(before, cue_edits(source, found, cue, moment=moment))
    assert heard(before) == Sign.NONE
    assert heard(after) == Sign.FOUND
    old, new = before[44:], after[44:]
    length = len(new) - len(old)
    blocks = range(0, len(old), found.block)
    same = next((at for at in blocks if old[at : at + found.block] != new[at : at + found.block]), len(old))
    assert new[same + length :] == old[same:]  # the new samples are the old ones with one piece put in
    with wave.open(io.BytesIO(after)) as file:
        assert file.getnframes() * found.block == len(new)


def test_cue_points_behind_the_mark_move_with_the_sound() -> None:
    points = struct.pack("<I", 1) + struct.pack("<II4sIII", 1, 500, b"data", 0, 0, 500)
    before = sound()
    before = before[:4] + struct.pack("<I", len(before) - 8 + 8 + len(points)) + before[8:]
    before += b"cue " + struct.pack("<I", len(points)) + points
    source = Source.of(before)
    cue = rhythm(PATTERN, 16_000)
    at_start = spliced_bytes(before, cue_edits(source, read_wave(source), cue, moment=Moment.START))
    at_end = spliced_bytes(before, cue_edits(source, read_wave(source), cue, moment=Moment.END))
    assert struct.unpack("<I", at_start[-4:])[0] == 500 + len(cue)
    assert struct.unpack("<I", at_end[-4:])[0] == 500


def test_packed_and_endless_waves_are_refused_with_the_reason() -> None:
    packed = bytearray(sound())
    packed[20:22] = struct.pack("<H", 0x11)
    with pytest.raises(UnsupportedFormatError, match="压缩"):
        read_wave(Source.of(bytes(packed)))
    with pytest.raises(UnsupportedFormatError, match="RF64"):
        read_wave(Source.of(media_files.rf64()))


@given(st.floats(300, 4000), st.floats(0.06, 0.25), st.floats(0.05, 0.9), st.sampled_from([1, 3]), st.integers(0, 5))
@settings(max_examples=80, deadline=None)
def test_the_rhythm_is_heard_at_any_pitch_speed_and_level(
    pitch: float, unit: float, level: float, gap: int, seed: int
) -> None:
    rate, noise = 16_000, np.random.default_rng(seed)
    pieces = [np.zeros(rate // 2)]
    for index, letter in enumerate(PATTERN.split()):
        if index:
            pieces.append(np.zeros(round((gap - 1) * unit * rate)))
        for one in letter:
            count = round(unit * rate * (3 if one == "长" else 1))
            pieces += [level * np.sin(2 * np.pi * pitch * np.arange(count) / rate), np.zeros(round(unit * rate))]
    samples = np.concatenate([*pieces, np.zeros(rate // 2)])
    samples += noise.normal(size=len(samples)) * level / 40
    assert find_rhythm(samples.astype(np.float32), rate, PATTERN).sign is Sign.FOUND


def test_the_rhythm_is_heard_under_noise_at_half_its_power() -> None:
    clean = rhythm(PATTERN, 16_000)
    for seed in range(8):
        noise = np.random.default_rng(seed).normal(size=len(clean)) * 0.5 / np.sqrt(2) * 10 ** (-3 / 20)
        assert find_rhythm((clean + noise).astype(np.float32), 16_000, PATTERN).sign is Sign.FOUND


def test_other_rhythms_melodies_and_noise_are_no_mark() -> None:
    rate, noise = 16_000, np.random.default_rng(7)
    for pattern in (
        "短短 长短",
        "长短 短短",
        "短短短 长长长 短短短",
        "短长",
        "长长 长长",
        "长短长 短短",
        "短长 短短短",
    ):
        assert find_rhythm(rhythm(pattern, rate), rate, PATTERN).sign is Sign.NONE, pattern
    hum = np.sin(2 * np.pi * 300 * np.arange(rate * 8) / rate) * 0.1
    for seed in range(6):  # a tone that goes on under noise flickers, and is no row of tones
        other = np.random.default_rng(seed).normal(size=len(hum)) * 0.06
        assert find_rhythm((hum + other).astype(np.float32), rate, PATTERN).sign is Sign.NONE
    for _ in range(40):
        pieces = []
        for _ in range(50):
            count = round(noise.choice([0.1, 0.2, 0.3, 0.4]) * rate)
            tone = np.sin(2 * np.pi * noise.choice([440, 494, 523, 587, 659]) * np.arange(count) / rate)
            pieces += [0.4 * tone, np.zeros(round(noise.choice([0, 0, 0.05, 0.1, 0.2]) * rate))]
        assert find_rhythm(np.concatenate(pieces).astype(np.float32), rate, PATTERN).sign is Sign.NONE


def test_a_tone_that_never_stops_is_no_rhythm_whatever_covers_it() -> None:
    rate, level = 16_000, 0.3
    cue = rhythm(PATTERN, rate)
    is_gap = np.convolve(np.abs(cue), np.ones(160), "same") < 1e-3
    hum = np.sin(2 * np.pi * 1000 * np.arange(len(cue)) / rate) * level
    noise = np.random.default_rng(5)
    for _ in range(4):
        cover = np.where(is_gap, noise.normal(size=len(cue)) * 0.5, 0)  # heard as tones and gaps of the right lengths
        assert find_rhythm((hum + cover).astype(np.float32), rate, PATTERN).sign is Sign.NONE
    keyed = hum * ~is_gap + np.where(is_gap, noise.normal(size=len(cue)) * 0.03, 0)
    assert find_rhythm(keyed.astype(np.float32), rate, PATTERN).sign is Sign.FOUND


@needs_ffmpeg
@pytest.mark.parametrize("how", [("-b:a", "96k"), ("-q:a", "5"), ("-b:a", "64k", "-ac", "1", "-ar", "22050")])
@pytest.mark.parametrize("moment", list(Moment))
def test_an_mp3_keeps_every_frame(how: tuple[str, ...], moment: Moment, tmp_path: Path) -> None:
    file = tmp_path / "a.mp3"
    (tmp_path / "a.wav").write_bytes(sound(4, rate=44100, channels=2))
    made_by_ffmpeg(file, "-i", str(tmp_path / "a.wav"), *how, "-metadata", "title=Kept")
    style = MarkStyle(TEXT, moment=moment)
    done = marks(style).mark_file(file, tmp_path / "b.mp3")
    assert done.format == "mp3"
    assert [trace.sign for trace in marks().traces(tmp_path / "b.mp3")] == [Sign.FOUND]
    assert [trace.sign for trace in marks().traces(file)] == [Sign.NONE]
    before, after = (_frames((tmp_path / name).read_bytes()) for name in ("a.mp3", "b.mp3"))
    assert len(after) > len(before)
    same = next((at for at, frame in enumerate(before) if frame != after[at]), len(before))
    assert after[same + len(after) - len(before) :] == before[same:]  # one run of frames was put in
    told = subprocess.run(
        ["ffprobe", "-v", "error", "-show_entries", "format=duration:format_tags=title", "-of", "csv=p=0", "b.mp3"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert "Kept" in told
    assert 5.5 < float(told.split(",")[0]) < 6.6


def _frames(content: bytes) -> list[bytes]:
    sound_of = mpeg_audio.read_sound(Source.of(content))
    return mpeg_audio.frames_of(content[sound_of.start : sound_of.end])


@needs_ffmpeg
@pytest.mark.parametrize("suffix", ["flac", "m4a", "ogg", "opus"])
def test_packed_sound_is_marked_at_its_end_and_keeps_its_title(suffix: str, tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(sound(2, rate=48000, channels=2))
    file = made_by_ffmpeg(tmp_path / f"a.{suffix}", "-i", str(tmp_path / "a.wav"), "-metadata", "title=Kept")
    target = tmp_path / f"b.{suffix}"
    done = marks(MarkStyle(TEXT, moment=Moment.END)).mark_file(file, target)
    assert bool(done.notes) == (suffix != "flac")  # FLAC is compared sample by sample
    assert [trace.sign for trace in marks().traces(target)] == [Sign.FOUND]
    entries = ("-show_entries", "format_tags:stream_tags", "-of", "default=nw=1")
    command = ["ffprobe", "-v", "error", *entries, str(target)]
    assert "Kept" in subprocess.run(command, capture_output=True, text=True, check=True).stdout


@needs_espeak
def test_the_spoken_mark_keeps_the_pace_of_the_standard_and_is_heard_again(tmp_path: Path) -> None:
    (tmp_path / "a.wav").write_bytes(sound(2, rate=22050))
    style = MarkStyle(TEXT, cue=SoundCue.VOICE)
    done = marks(style).mark_file(tmp_path / "a.wav", tmp_path / "b.wav")
    assert LAW.slowest <= done.facts["characters_per_minute"] <= LAW.fastest
    assert done.text == TEXT


def test_a_recording_must_keep_the_pace(tmp_path: Path) -> None:
    def recording(seconds: float) -> Path:
        path = tmp_path / f"{seconds}.wav"
        path.write_bytes(sound(seconds))
        return path

    at_140 = voices.characters(TEXT) * 60 / 140
    assert 139 < voices.recorded(recording(at_140), TEXT, LAW)[2] < 141
    for seconds in (at_140 * 2, at_140 / 2):
        with pytest.raises(ConfigurationError, match="语速"):
            voices.recorded(recording(seconds), TEXT, LAW)
    with pytest.raises(ConfigurationError, match="30 秒"):
        voices.recorded(recording(31), TEXT, LAW)


def test_likeness_tells_a_mark_from_other_sound() -> None:
    noise = np.random.default_rng(5)
    cue = noise.normal(size=8000).astype(np.float32)
    other = noise.normal(size=40_000).astype(np.float32)
    inside = other.copy()
    inside[9000:17_000] = cue * 0.3
    assert likeness(inside, cue) > 0.9
    assert likeness(other, cue) < 0.2


@given(st.binary(max_size=300), st.integers(0, 100), st.sampled_from(["wav", "mp3"]))
@settings(max_examples=80, deadline=None)
def test_broken_sound_is_an_error_of_ours(junk: bytes, percent: int, kind: str) -> None:
    whole = sound(0.3) if kind == "wav" else media_files.MP3_AUDIO
    cut = len(whole) * percent // 100
    for content in (junk, whole[:cut] + junk):
        source = Source.of(content)
        try:
            if kind == "wav":
                cue_edits(source, read_wave(source), rhythm(PATTERN, 8000), moment=Moment.MIDDLE)
            else:
                mpeg_audio.cue_edits(source, mpeg_audio.read_sound(source), [b"\xff" * 8], moment=Moment.MIDDLE)
        except InputError:
            continue
