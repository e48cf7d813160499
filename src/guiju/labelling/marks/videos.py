"""Video: the mark stands in the opening picture and stays as long as it must; the sound is copied packet by packet.

Only the first video stream is encoded anew, by the operator's ffmpeg on the processor; every other stream is copied.
The mark is drawn by us and laid over, so that ffmpeg needs no fonts. It is measured in pictures of what was written.
"""

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from guiju.labelling.errors import LabelNotHeldError, unsupported
from guiju.labelling.marks.fonts import Font
from guiju.labelling.marks.models import Marked, MarkLaw, MarkStyle
from guiju.labelling.marks.plates import CONTRAST, Pen, Plate, as_png, contrast, drawn, luminance
from guiju.labelling.marks.programs import Ffmpeg, Medium, Probed, Stream

Progress = Callable[[float], None]
_MARGIN_SECONDS = 0.25
"""The mark stays so much longer than it must: a player that drops pictures still shows it long enough."""
_COPIED = ("video", "audio", "subtitle", "attachment")
_ENCODERS: dict[str, tuple[str, ...]] = {
    "h264": ("libx264", "-crf", "17", "-preset", "medium"),
    "hevc": ("libx265", "-crf", "19", "-preset", "medium", "-x265-params", "log-level=none"),
    "vp8": ("libvpx", "-crf", "6", "-b:v", "8M", "-cpu-used", "2", "-auto-alt-ref", "0"),
    "vp9": ("libvpx-vp9", "-crf", "20", "-b:v", "0", "-cpu-used", "4", "-row-mt", "1"),
    "av1": ("libaom-av1", "-crf", "22", "-b:v", "0", "-cpu-used", "6", "-row-mt", "1"),
    "mpeg4": ("mpeg4", "-q:v", "2"),
    "mpeg2video": ("mpeg2video", "-q:v", "2"),
    "mjpeg": ("mjpeg", "-q:v", "2"),
    "flv1": ("flv", "-q:v", "2"),
    "ffv1": ("ffv1",),
}


class VideoMarks:
    """Marks videos for one operator."""

    def __init__(self, style: MarkStyle, law: MarkLaw, *, ffmpeg: Ffmpeg, font: Font) -> None:
        """Mark as `style` says."""
        self._style, self._law = style, law
        self._ffmpeg, self._font = ffmpeg, font

    def mark(self, film: Medium, target: Medium, *, progress: Progress | None = None) -> Marked:
        """Mark a video into `target`, whose name ends as its container asks.

        Args:
            film: MP4, MOV, MKV, WebM, FLV or AVI.
            target: where it is written.
            progress: hears the share of the video that is done.

        Raises:
            UnsupportedFormatError: no encoder for its codec.
            DamagedFileError: it cannot be decoded.
            InputError: its pictures are too small for a legible mark.
            ConfigurationError: there is no ffmpeg.
            LabelNotHeldError: the mark cannot be seen in what was written, or the sound is not as it was.
        """
        probed = self._ffmpeg.probe(film)
        stream = _picture_stream(probed)
        size = _seen_size(stream)
        pen = Pen(self._font, self._law, self._law.video_ratio)
        plate = drawn(self._style.text, size, self._style.position, pen=pen)
        until = self._law.video_seconds + _MARGIN_SECONDS
        with tempfile.TemporaryDirectory(prefix="guiju-mark-") as folder:
            picture = Path(folder, "mark.png")
            picture.write_bytes(as_png(plate))
            words = (
                *film.words, *Medium(picture, "png").words, "-filter_complex",
                f"[0:{stream.index}][1:v]overlay={plate.left}:{plate.top}:format=auto{self._when(until, probed)}[out]",
                *_kept(stream, probed), f"file:{target.path}",
            )  # fmt: skip
            self._ffmpeg.run(words, seconds=probed.seconds, progress=progress)
        facts = self._measured(target, plate, probed, short=min(size))
        self._must_sound_the_same(film, target, probed)
        place = f"{self._style.position.value} ({plate.left}, {plate.top})"
        notes = ["画面重新编码，声音与字幕未动 / pictures encoded anew, sound and subtitles as they were"]
        if left := sum(one.kind not in _COPIED for one in probed.streams):
            notes.append(f"未保留 {left} 条数据流（如时间码） / {left} streams of data (time codes, say) were lost")
        return Marked(stream.codec, self._style.text, place, facts, tuple(notes))

    def _when(self, until: float, probed: Probed) -> str:
        if self._style.stays or probed.seconds <= until:
            return ""
        shown = f"lt(t,{until})"
        if self._style.at_the_end:
            shown += f"+gte(t,{probed.seconds - until:.3f})"
        return f":enable='{shown}'"

    def _measured(self, target: Medium, plate: Plate, probed: Probed, *, short: int) -> dict[str, float]:
        """Look at the first picture and at the last one that must still show the mark.

        Raises:
            LabelNotHeldError: it is too faint in one.
        """
        seconds = self._law.video_seconds if probed.seconds > self._law.video_seconds else 0.0
        faintest = min(self._contrast(target, plate, at) for at in {0.0, seconds})
        if faintest < CONTRAST or plate.ink < short * self._law.video_ratio:
            raise LabelNotHeldError(
                f"显式标识写入视频后不清晰（对比度 {faintest:.1f}），文件未交出。",
                f"The mark is not clear in the video that was written (contrast {faintest:.1f}); it was not handed on.",
            )
        shown = probed.seconds if self._style.stays else min(probed.seconds, self._law.video_seconds + _MARGIN_SECONDS)
        return {
            "ink_pixels": float(plate.ink),
            "ink_ratio": round(plate.ink / short, 4),
            "contrast": round(faintest, 2),
            "seconds": round(shown, 2),
        }

    def _contrast(self, target: Medium, plate: Plate, at: float) -> float:
        left, top, right, bottom = plate.box
        graph = f"format=rgb24,crop={right - left}:{bottom - top}:{left}:{top}"
        seek = ("-ss", f"{at:.3f}") if at else ()  # behind the input: by decoding, since some containers have no index
        words = (*target.words, *seek, "-map", "0:v:0", "-vf", graph, "-frames:v", "1")
        raw = self._ffmpeg.raw((*words, "-pix_fmt", "rgb24", "-f", "rawvideo", "pipe:1"))
        height, width = plate.letters.shape
        if len(raw) != height * width * 3:
            return 1.0
        light = luminance(np.frombuffer(raw, np.uint8).reshape(height, width, 3))
        ground = float(np.percentile(light[plate.letters == 0], 90))
        return contrast(float(light[plate.letters > 250].mean()), ground)  # noqa: PLR2004 - wholly covered

    def _must_sound_the_same(self, film: Medium, target: Medium, probed: Probed) -> None:
        if probed.first("audio") is None:
            return
        words = ("-map", "0:a", "-c", "copy", "-f", "streamhash", "-hash", "sha256", "pipe:1")
        before, after = (self._ffmpeg.raw((*one.words, *words), seconds=probed.seconds) for one in (film, target))
        if before != after:
            raise LabelNotHeldError(
                "给视频加标识时声音有变化，文件未交出。",
                "The sound came out changed when the video was marked; the file was not handed on.",
            )


def _kept(stream: Stream, probed: Probed) -> tuple[str, ...]:
    name, *how = _ENCODERS[stream.codec]
    pixels = str(stream.facts.get("pix_fmt", "yuv420p"))
    encoded = ("-c", "copy", "-c:v:0", name, *how, "-pix_fmt", pixels, "-fps_mode", "passthrough")
    copied = [one for one in probed.streams if one.index != stream.index and one.kind in _COPIED]
    others = ("-map", "[out]", *(word for one in copied for word in ("-map", f"0:{one.index}")))
    colours = [
        word
        for option, fact in (
            ("-color_primaries", "color_primaries"),
            ("-color_trc", "color_transfer"),
            ("-colorspace", "color_space"),
            ("-color_range", "color_range"),
        )
        if (value := stream.facts.get(fact)) and value not in ("unknown", "reserved")
        for word in (option, str(value))
    ]
    return (*others, *encoded, *colours, "-map_metadata", "0", "-map_chapters", "0", "-copy_unknown")


def _picture_stream(probed: Probed) -> Stream:
    for stream in probed.streams:
        disposition = stream.facts.get("disposition")
        is_cover = isinstance(disposition, dict) and bool(disposition.get("attached_pic"))
        if stream.kind == "video" and not is_cover:
            if stream.codec not in _ENCODERS:
                raise unsupported(f"视频编码 {stream.codec} 不支持", f"video of {stream.codec} cannot be marked")
            return stream
    raise unsupported("文件没有画面", "there is no picture in it")


def _seen_size(stream: Stream) -> tuple[int, int]:
    """Return width and height as they are shown, after the turn that the container asks for."""
    size = stream.number("width"), stream.number("height")
    sides = stream.facts.get("side_data_list")
    turns = [one.get("rotation", 0) for one in sides if isinstance(one, dict)] if isinstance(sides, list) else []
    is_turned = any(isinstance(turn, int) and turn % 180 for turn in turns)
    return (size[1], size[0]) if is_turned else size
