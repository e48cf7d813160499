"""Puts the mark that people see or hear into content of any kind that we label, and looks for marks in it."""

import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from guiju.kit.errors import GuijuError, InputError
from guiju.kit.ids import new_id
from guiju.labelling import plain
from guiju.labelling.carriers.registry import by_mime, carrier_for
from guiju.labelling.carriers.splicing import Edit, Source, spliced
from guiju.labelling.errors import LabelNotHeldError, UnsupportedFormatError, unreachable
from guiju.labelling.marks import looks, office, pdf, texts
from guiju.labelling.marks.fonts import Font
from guiju.labelling.marks.models import Marked, MarkLaw, MarkStyle, Trace
from guiju.labelling.marks.pictures import mark_picture
from guiju.labelling.marks.plates import Pen
from guiju.labelling.marks.pointing import Pointing
from guiju.labelling.marks.programs import Ffmpeg, Medium
from guiju.labelling.marks.sounds import SoundMarks
from guiju.labelling.marks.videos import VideoMarks
from guiju.labelling.rules import explicit_text_mark
from guiju.labelling.watermarks.interface import Watermark, pointer_of

Progress = Callable[[float], None]
PICTURES = frozenset(("png", "jpeg", "webp", "gif", "tiff", "heif"))
VIDEOS = frozenset(("mp4", "matroska", "flv", "avi"))
SOUNDS = frozenset(("wav", "mp3", "flac", "ogg"))
_EDITED = frozenset(("pdf", "ooxml", "odf", "svg", "html", "markdown", "plain"))
_PICTURE_LIMIT = 256 << 20


@dataclass(frozen=True, slots=True)
class Tools:
    """What marks are made with.

    Attributes:
        font: a folder of font slices, or a font file.
        ffmpeg: the operator's ffmpeg, by name or path.
        voice: a recording of the mark's text; espeak-ng speaks it without one.
        read_text: reads the lines written in an encoded picture; None where nothing is installed that can.
        watermark: reads the invisible watermark of this service, and puts it in; None where it never had one.
        puts_watermark: whether still pictures get it.
    """

    font: Path
    ffmpeg: str = "ffmpeg"
    voice: Path | None = None
    read_text: looks.ReadText | None = None
    watermark: Watermark | None = None
    puts_watermark: bool = False


class Marks:
    """Marks content for one operator."""

    def __init__(self, style: MarkStyle, law: MarkLaw, tools: Tools) -> None:
        """Mark as `style` says.

        Raises:
            LabelError: its text is no lawful mark.
        """
        explicit_text_mark(style.text, law.words)
        self._style, self._law, self._tools = style, law, tools
        self._ffmpeg = Ffmpeg(tools.ffmpeg)
        self._sounds = SoundMarks(style, law, ffmpeg=self._ffmpeg, voice=tools.voice)

    @property
    def style(self) -> MarkStyle:
        """How marks look and sound."""
        return self._style

    def can_mark(self, mime: str) -> bool:
        """Tell whether content of a media type can be marked with what is installed here."""
        carrier = by_mime(mime)
        if carrier is None:
            return mime.partition(";")[0].strip().lower() == "text/plain"
        needs_program = carrier.name in VIDEOS or carrier.name in SOUNDS - {"wav"}
        return self._ffmpeg.is_there if needs_program else mime.partition(";")[0].strip() != "image/heic"

    def mark_file(self, path: Path, target: Path, *, content_id: str = "", progress: Progress | None = None) -> Marked:
        """Write a marked copy of a file; what was written has been looked at or listened to.

        Args:
            path: the file, which stays as it is.
            target: where the copy goes; whoever calls takes it away again where this raises.
            content_id: the number that an invisible watermark points to, where the operator wants one; none without it.
            progress: hears the share that is done, where the work is long.

        Raises:
            InputError: the file is of no kind that can be marked, damaged, or too small for a legible mark.
            ConfigurationError: the font, the recording or ffmpeg is missing.
            LabelNotHeldError: the mark does not hold in what was written.
        """
        with path.open("rb") as file:
            source = Source(file)
            kind = _kind(source, path.name)
            if kind in PICTURES:
                return self._mark_picture(source, target, content_id=content_id, progress=progress)
            if kind == "wav":
                return self._sounds.mark_wave(source, target)
            if kind == "mp3":
                return self._sounds.mark_mpeg(Medium(path, kind), source, target)
            if kind in SOUNDS | VIDEOS:
                return self._encode(Medium(path, kind), target, progress)
            return self._mark_by_edits(source, kind, target)

    def _encode(self, medium: Medium, target: Path, progress: Progress | None) -> Marked:
        """Mark through ffmpeg, which chooses what it writes by the name: one that fits the content, whatever it was."""
        made = target.with_name(f"{target.name}.{new_id()}{medium.suffix}")
        try:
            if medium.kind in VIDEOS and self._ffmpeg.probe(medium).first("video") is not None:
                marked = self._videos().mark(medium, Medium(made, medium.kind), progress=progress)
            else:
                marked = self._sounds.mark_packed(medium, Medium(made, medium.kind), progress=progress)
            made.replace(target)
        finally:
            made.unlink(missing_ok=True)
        return marked

    def mark(self, content: bytes, mime: str, *, content_id: str = "") -> tuple[bytes, Marked]:
        """Return marked content, and what was measured in it; as `mark_file`, by media type."""
        carrier = by_mime(mime)
        suffix = carrier.suffixes[0] if carrier else ".txt"
        with tempfile.TemporaryDirectory(prefix="guiju-mark-") as folder:
            path, target = Path(folder, f"content{suffix}"), Path(folder, f"marked{suffix}")
            path.write_bytes(content)
            marked = self.mark_file(path, target, content_id=content_id)
            return target.read_bytes(), marked

    @property
    def can_read_watermarks(self) -> bool:
        """Whether there is a key to read invisible watermarks with."""
        return self._tools.watermark is not None

    def pointer_in(self, path: Path) -> Trace:
        """Look for the invisible watermark of this service alone, in a picture.

        Raises:
            StorageError: it cannot be opened.
        """
        try:
            with path.open("rb") as file:
                source = Source(file)
                if self._tools.watermark is None or _kind(source, path.name) not in PICTURES:
                    return looks.NO_WATERMARK_HERE
                return looks.pointer_in(source, self._tools.watermark)
        except InputError as error:
            return looks.cannot("watermark", error)
        except OSError as error:
            raise unreachable(error, str(path)) from error

    def traces(self, path: Path) -> tuple[Trace, ...]:
        """Look for marks in a file: read what is written in it, listen for the rhythm; say where nobody could look.

        Raises:
            StorageError: it cannot be opened.
        """
        return tuple(self._looked(path))

    def _looked(self, path: Path) -> Iterator[Trace]:
        with path.open("rb") as file:
            source = Source(file)
            try:
                kind = _kind(source, path.name)
            except InputError as error:
                yield looks.cannot("text", error)
                return
            words, read_text = self._law.words, self._tools.read_text
            if kind in PICTURES:
                yield looks.in_picture(source, read_text, words)
                if self._tools.watermark is not None:
                    yield looks.pointer_in(source, self._tools.watermark)
            elif kind in VIDEOS or kind in SOUNDS:
                yield from self._in_stream(path, source, kind)
            else:
                yield looks.in_text(source, kind, words)

    def _in_stream(self, path: Path, source: Source, kind: str) -> Iterator[Trace]:
        words, read_text = self._law.words, self._tools.read_text
        has_sound, medium = kind in SOUNDS, Medium(path, kind)
        try:
            if kind in VIDEOS:
                probed = self._ffmpeg.probe(medium)
                has_sound = probed.first("audio") is not None
                if probed.first("video") is not None:
                    yield looks.in_opening(self._ffmpeg, medium, read_text, words=words)
            if has_sound:
                yield self._sounds.traces(medium, source)
        except GuijuError as error:
            yield looks.cannot("rhythm" if has_sound else "text", error)

    def _videos(self) -> VideoMarks:
        return VideoMarks(self._style, self._law, ffmpeg=self._ffmpeg, font=Font(self._tools.font))

    def _mark_picture(self, source: Source, target: Path, *, content_id: str, progress: Progress | None) -> Marked:
        if source.size > _PICTURE_LIMIT:
            raise InputError(
                f"图片超过 {_PICTURE_LIMIT >> 20} MiB，无法画上标识。请先缩小。",
                f"The picture has more than {_PICTURE_LIMIT >> 20} MiB and cannot be drawn on. Make it smaller first.",
            )
        content = source.read(0, source.size) if source.size <= _PIECE else b"".join(source.pieces(0, source.size))
        tools, pointing = self._tools, None
        if tools.watermark is not None and tools.puts_watermark and content_id:
            pointing = Pointing(tools.watermark, pointer_of(content_id))
        pen = Pen(Font(tools.font), self._law, self._law.picture_ratio)
        made = mark_picture(content, self._style, pen=pen, pointing=pointing, progress=progress)
        target.write_bytes(made.content)
        return made.marked

    def _mark_by_edits(self, source: Source, kind: str, target: Path) -> Marked:
        edits = self._edits(source, kind)
        with target.open("w+b") as file:
            spliced(source, edits, file)
            file.flush()
            shown, places = self._shown(Source(file), kind)
        if shown < max(1, places):
            raise LabelNotHeldError(
                f"显式标识写入后读不回来（{kind}：{shown}/{places} 处），文件未交出。",
                f"The mark could not be read back after it was written ({kind}: {shown} of {places} places); the file "
                "was not handed on.",
            )
        place = "" if kind in ("pdf", "ooxml", "odf", "svg") else self._style.moment.value
        return Marked(kind, self._style.text, place or _PLACES[kind], {"places": float(places)})

    def _edits(self, source: Source, kind: str) -> Sequence[Edit]:
        style = self._style
        if kind in ("ooxml", "odf"):
            return office.mark_edits(source, style.text)
        if kind == "html":
            return texts.page_edits(source, style.text, style.moment)
        if kind in ("markdown", "plain"):
            return texts.plain_edits(source, style.text, style.moment, is_markdown=kind == "markdown")
        pen = Pen(Font(self._tools.font), self._law, self._law.picture_ratio)
        if kind == "pdf":
            return pdf.mark_edits(source, style.text, style.position, pen=pdf.page_pen(pen))
        return texts.drawing_edits(source, style.text, style.position, pen=pen)

    def _shown(self, source: Source, kind: str) -> tuple[int, int]:
        text = self._style.text
        if kind in ("ooxml", "odf"):
            return office.marked_places(source, text)
        if kind == "pdf":
            return pdf.stamped_pages(source)
        if kind in ("html", "svg"):
            return int(texts.shows(source.whole(), text)), 1
        return int(texts.has_line(plain.decoded(source)[0], text)), 1


_PIECE = 64 << 20
_PLACES = {"pdf": "every page", "ooxml": "headers or slides", "odf": "headers or slides", "svg": "drawn over"}


def _kind(source: Source, name: str) -> str:
    try:
        found = carrier_for(source, name=name).name
    except UnsupportedFormatError:
        if not plain.is_plain(Path(name)):
            raise
        return "plain"
    if found not in PICTURES | VIDEOS | SOUNDS | _EDITED:
        raise UnsupportedFormatError(
            f"格式 {found} 还不能加显式标识。请在内容旁边显示标识。",
            f"No mark can be put into {found} yet. Show the mark beside the content.",
        )
    return found
