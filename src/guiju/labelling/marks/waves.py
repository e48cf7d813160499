"""WAV: a cue is put between the samples; every other sample, and every other chunk, stays byte for byte."""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from guiju.labelling.carriers import riff
from guiju.labelling.carriers.riff import Chunk
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged, unsupported
from guiju.labelling.marks.models import Moment
from guiju.labelling.marks.tones import Samples

_PCM, _FLOAT, _EXTENSIBLE = 1, 3, 0xFFFE
_LEAST_FORMAT, _EXTENSIBLE_FORMAT = 16, 26
_POINT, _POINTS_LIMIT = 24, 1 << 20
_QUIET_SECONDS = 0.2
_MOST_LOOKED = 4 << 20
_RATES = range(1000, 768_001)


@dataclass(frozen=True, slots=True)
class Wave:
    """The shape of a WAV's samples.

    Attributes:
        rate: samples a second.
        channels: how many.
        bits: bits of one sample.
        is_float: whether a sample is a floating-point number.
        data: the chunk that holds them.
        chunks: every chunk.
        end: where the form ends.
    """

    rate: int
    channels: int
    bits: int
    is_float: bool
    data: Chunk
    chunks: tuple[Chunk, ...]
    end: int

    @property
    def block(self) -> int:
        """Bytes of one moment: a sample of every channel."""
        return self.channels * self.bits // 8

    @property
    def seconds(self) -> float:
        """How long it sounds."""
        return (self.data.body_end - self.data.body_at) / self.block / self.rate


def read_wave(source: Source) -> Wave:
    """Read the shape of a WAV.

    Raises:
        DamagedFileError: it contradicts itself.
        UnsupportedFormatError: its samples are packed, or it is an RF64.
    """
    if source.head(4) != b"RIFF":
        raise unsupported("RF64 不支持插入提示音", "no cue can be put into an RF64")
    end = riff.riff_end(source)
    chunks = tuple(riff.chunks(source, riff.FORM, end))
    form = next((one for one in chunks if one.kind == b"fmt "), None)
    data = [one for one in chunks if one.kind == b"data"]
    if form is None or len(data) != 1 or form.body_end - form.body_at < _LEAST_FORMAT:
        raise damaged("WAV 缺少 fmt 或 data", "a WAV without fmt or data")
    body = form.body(source)
    tag, channels, rate, _, block, bits = struct.unpack_from("<HHIIHH", body)
    if tag == _EXTENSIBLE and len(body) >= _EXTENSIBLE_FORMAT:
        tag = struct.unpack_from("<H", body, 24)[0]
    if tag not in (_PCM, _FLOAT) or (tag, bits) not in _CODES:
        raise unsupported("WAV 的采样是压缩的", "a WAV whose samples are packed")
    if not channels or rate not in _RATES or block != channels * bits // 8:
        raise damaged("WAV 的 fmt 自相矛盾", "the fmt of the WAV contradicts itself")
    return Wave(rate, channels, bits, tag == _FLOAT, data[0], chunks, end)


def cue_edits(source: Source, wave: Wave, cue: Samples, *, moment: Moment) -> Sequence[Edit]:
    """Plan to put a cue of one channel into every channel.

    Raises:
        UnsupportedFormatError: the file would pass 4 GiB.
        DamagedFileError: its chunks contradict themselves.
    """
    if len(cue) % 2:
        cue = np.append(cue, np.float32(0))  # an even number of bytes, so that no padding changes
    new = np.repeat(cue[:, None], wave.channels, axis=1)
    at = _moment_at(source, wave, moment)
    packed = _packed(new, wave)
    edits = [Edit(at, at, packed)]
    length = wave.data.body_end - wave.data.body_at + len(packed)
    if length > riff.LIMIT:
        raise unsupported("WAV 文件会超过 4 GiB", "the WAV would pass 4 GiB")
    edits.append(Edit(wave.data.at + 4, wave.data.at + 8, struct.pack("<I", length)))
    frame = (at - wave.data.body_at) // wave.block
    for chunk in wave.chunks:
        if chunk.kind == b"fact" and chunk.body_end - chunk.body_at >= 4:  # noqa: PLR2004 - its count of samples
            count = length // wave.block
            edits.append(Edit(chunk.body_at, chunk.body_at + 4, struct.pack("<I", count)))
        elif chunk.kind == b"cue ":
            edits += _points(source, chunk, frame, added=len(cue))
    return [*edits, riff.length_edit(wave.end, edits)]


def samples_of(source: Source, wave: Wave, *, limit: int = _MOST_LOOKED) -> Samples:
    """Return the first `limit` bytes of the sound as one channel in -1…1."""
    return _unpacked(source, wave, wave.data.body_at, end=min(wave.data.body_end, wave.data.body_at + limit))


def samples_at(source: Source, wave: Wave, start: float, *, seconds: float) -> Samples:
    """Return `seconds` of the sound from a second on, as one channel in -1…1; less where it starts or ends there."""
    frames = (wave.data.body_end - wave.data.body_at) // wave.block
    first = min(frames, max(0, round(start * wave.rate)))
    last = min(frames, max(first, round((start + seconds) * wave.rate)))
    at = wave.data.body_at
    return _unpacked(source, wave, at + first * wave.block, end=at + last * wave.block)


def _points(source: Source, chunk: Chunk, frame: int, *, added: int) -> list[Edit]:
    """Move the points that lie behind the cue."""
    if chunk.body_end - chunk.body_at > _POINTS_LIMIT:
        raise damaged("cue 点过多", "too many cue points")
    body = chunk.body(source)
    edits = []
    for at in range(4, len(body) - _POINT + 1, _POINT):
        position, offset = struct.unpack_from("<I", body, at + 4)[0], struct.unpack_from("<I", body, at + 20)[0]
        for place, value in ((at + 4, position), (at + 20, offset)):
            if value >= frame and value + added <= riff.LIMIT:
                start = chunk.body_at + place
                edits.append(Edit(start, start + 4, struct.pack("<I", value + added)))
    return edits


def _moment_at(source: Source, wave: Wave, moment: Moment) -> int:
    frames = (wave.data.body_end - wave.data.body_at) // wave.block
    if moment is Moment.START:
        return wave.data.body_at
    if moment is Moment.END:
        return wave.data.body_at + frames * wave.block
    return wave.data.body_at + _quietest(source, wave, frames) * wave.block


def _quietest(source: Source, wave: Wave, frames: int) -> int:
    """Return the frame in the middle third where it is quietest for a fifth of a second."""
    start, end = frames // 3, frames * 2 // 3
    limit = _MOST_LOOKED // wave.block
    start = max(start, (start + end) // 2 - limit // 2)
    end = min(end, start + limit)
    at = wave.data.body_at
    samples = _unpacked(source, wave, at + start * wave.block, end=at + end * wave.block)
    width = round(_QUIET_SECONDS * wave.rate)
    if len(samples) <= width:
        return frames // 2
    power = np.concatenate([[0.0], np.cumsum(samples.astype(np.float64) ** 2)])
    sums = power[width:] - power[:-width]
    return start + int(sums.argmin()) + width // 2


def _packed(samples: NDArray[np.float32], wave: Wave) -> bytes:
    code, scale, offset = _CODES[_FLOAT if wave.is_float else _PCM, wave.bits]
    if wave.is_float:
        return samples.astype(code).tobytes()
    whole = np.round(samples.astype(np.float64) * (scale - 1)).astype(np.int64) + offset
    if wave.bits == 24:  # noqa: PLR2004 - numpy has no such number
        return bytes(whole.astype("<i4").reshape(-1, 1).view(np.uint8)[:, :3].tobytes())
    return whole.astype(code).tobytes()


def _unpacked(source: Source, wave: Wave, start: int, *, end: int) -> Samples:
    count = max(0, (end - start) // wave.block)
    code, scale, offset = _CODES[_FLOAT if wave.is_float else _PCM, wave.bits]
    raw = b"".join(source.pieces(start, start + count * wave.block))
    if wave.bits == 24 and not wave.is_float:  # noqa: PLR2004 - numpy has no such number
        wide = np.zeros((count * wave.channels, 4), np.uint8)
        wide[:, 1:] = np.frombuffer(raw, np.uint8).reshape(-1, 3)
        values = wide.view("<i4").reshape(-1).astype(np.float64) / 256
    else:
        values = np.frombuffer(raw, code).astype(np.float64)
    mono = ((values - offset) / scale).reshape(count, wave.channels).mean(axis=1)
    return np.asarray(np.nan_to_num(mono), np.float32)


_CODES: dict[tuple[int, int], tuple[str, float, int]] = {
    (_PCM, 8): ("u1", 128.0, 128),
    (_PCM, 16): ("<i2", 32768.0, 0),
    (_PCM, 24): ("<i4", 8388608.0, 0),
    (_PCM, 32): ("<i4", 2147483648.0, 0),
    (_FLOAT, 32): ("<f4", 1.0, 0),
    (_FLOAT, 64): ("<f8", 1.0, 0),
}
