"""The spoken mark (GB 45438-2025, 5.3 a): the operator's own recording, or espeak-ng, at the pace the standard asks."""

import tempfile
from pathlib import Path

import numpy as np

from guiju.kit.errors import ConfigurationError
from guiju.labelling.carriers.splicing import Source
from guiju.labelling.marks.models import MarkLaw
from guiju.labelling.marks.programs import speak
from guiju.labelling.marks.tones import Samples
from guiju.labelling.marks.waves import read_wave, samples_of

_SILENT = 0.02
_REST_SECONDS = 0.2
_LONGEST_SECONDS = 30.0
_TRIES = 6
_FIRST_PACE = 150


def characters(text: str) -> int:
    """Count what is spoken one by one: Chinese characters, and letters and digits each."""
    return sum(1 for one in text if one.isalnum())


def pace(samples: Samples, rate: int, text: str) -> float:
    """Return how many characters a minute are spoken, silence before and after left out."""
    loud = np.flatnonzero(np.abs(samples) > _SILENT * max(1e-6, float(np.abs(samples).max())))
    seconds = (int(loud[-1]) - int(loud[0]) + 1) / rate if len(loud) else 0.0
    return characters(text) * 60 / seconds if seconds else 0.0


def recorded(path: Path, text: str, law: MarkLaw) -> tuple[Samples, int, float]:
    """Read the operator's recording of `text`; return samples of one channel, their rate, characters a minute.

    Raises:
        ConfigurationError: it cannot be read, is too long, or spoken too slowly or too fast.
        InputError: it is no WAV of plain samples.
    """
    try:
        with path.open("rb") as file:
            source = Source(file)
            wave = read_wave(source)
            if wave.seconds > _LONGEST_SECONDS:
                raise ConfigurationError(
                    f"语音标识超过 {_LONGEST_SECONDS:.0f} 秒。请换一段更短的录音。",
                    f"The spoken mark is longer than {_LONGEST_SECONDS:.0f} s. Take a shorter recording.",
                    where=str(path),
                )
            samples = samples_of(source, wave)
    except OSError as error:
        raise ConfigurationError(
            f"语音标识文件读不了：{error.strerror}。",
            f"The recording of the mark cannot be read: {error.strerror}.",
            where=str(path),
        ) from error
    spoken = pace(samples, wave.rate, text)
    if not law.slowest <= spoken <= law.fastest:
        raise ConfigurationError(
            f"语音标识语速为每分钟 {spoken:.0f} 字，标准要求 {law.slowest:.0f} 至 {law.fastest:.0f} 字。请重新录制。",
            f"The mark is spoken at {spoken:.0f} characters a minute; the standard asks for {law.slowest:.0f} to "
            f"{law.fastest:.0f}. Record it anew.",
            where=str(path),
        )
    return samples, wave.rate, spoken


def synthesised(text: str, law: MarkLaw) -> tuple[Samples, int, float]:
    """Let espeak-ng speak `text` at a pace within the standard's bounds.

    Raises:
        ConfigurationError: there is no espeak-ng, or it cannot keep the pace.
    """
    wanted = (law.slowest + law.fastest) / 2
    asked = float(_FIRST_PACE)
    with tempfile.TemporaryDirectory(prefix="guiju-voice-") as folder:
        file = Path(folder, "mark.wav")
        for _ in range(_TRIES):
            if not speak(text, round(asked), file):
                raise ConfigurationError(
                    "没有语音标识录音，也没有安装 espeak-ng。请在配置中指定录音（WAV），或改用节奏标识。",
                    "There is no recording of the mark and no espeak-ng. Name a recording (WAV), or use the rhythm.",
                    where="label_voice",
                )
            with file.open("rb") as opened:
                source = Source(opened)
                wave = read_wave(source)
                samples = samples_of(source, wave)
            spoken = pace(samples, wave.rate, text)
            if law.slowest <= spoken <= law.fastest:
                return samples, wave.rate, spoken
            asked = min(400.0, max(80.0, asked * wanted / max(1.0, spoken)))
    raise ConfigurationError(
        "espeak-ng 无法以标准语速读出标识。请指定自己的录音。",
        "espeak-ng cannot speak the mark at the pace of the standard. Name a recording of your own.",
        where="label_voice",
    )


def at_rate(samples: Samples, rate: int, wanted: int) -> Samples:
    """Return one channel at another rate, behind a low pass where the rate falls; with a rest on each side."""
    if wanted < rate:
        width = max(1, round(rate / wanted))
        samples = np.convolve(samples, np.full(width, 1 / width), "same").astype(np.float32)
    count = round(len(samples) * wanted / rate)
    places = np.arange(count) * (rate / wanted)
    resampled = np.interp(places, np.arange(len(samples)), samples)
    rest = np.zeros(round(_REST_SECONDS * wanted), np.float32)
    return np.concatenate([rest, resampled.astype(np.float32), rest])
