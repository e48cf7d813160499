"""Looks for marks in content that somebody else made: what is written in it, at its edges, in its opening picture."""

import re
from collections.abc import Callable, Sequence

from PIL import Image

from guiju.kit.errors import GuijuError, InputError
from guiju.labelling import plain
from guiju.labelling.carriers.splicing import Source
from guiju.labelling.carriers.zip_parts import Archive
from guiju.labelling.marks.models import Sign, Trace
from guiju.labelling.marks.pdf import stamped_pages
from guiju.labelling.marks.pictures import first_frame
from guiju.labelling.marks.programs import Ffmpeg, Medium
from guiju.labelling.marks.wording import reads_as_mark
from guiju.labelling.models import MarkWords
from guiju.labelling.watermarks.interface import Watermark, written

ReadText = Callable[[bytes], Sequence[str]]
"""Reads the lines written in an encoded picture."""
_LIMIT = 64 << 20
_TAG = re.compile(rb"<[^<>]*>")
_PARTS = re.compile(r"(word/(header|footer)|ppt/slides/slide|xl/worksheets/sheet|styles\.xml|content\.xml)")


NO_WATERMARK_HERE = Trace(
    "watermark", Sign.INCONCLUSIVE, "只有图片可能有隐形水印 / only pictures can carry an invisible watermark"
)


def cannot(kind: str, error: GuijuError) -> Trace:
    """Return what a look comes to that could not be taken."""
    return Trace(kind, Sign.INCONCLUSIVE, f"{error.zh} / {error.en}")


def in_lines(lines: Sequence[str], words: MarkWords) -> Trace:
    """Tell whether a line that was read is a mark."""
    for line in lines:
        if reads_as_mark(line, words):
            short = line.strip()
            return Trace("text", Sign.FOUND, f"读到“{short}” / read {short!r}")
    return Trace("text", Sign.NONE, "没有读到标识文字 / no mark was read")


def in_picture(source: Source, read_text: ReadText | None, words: MarkWords) -> Trace:
    """Read what is written in a picture."""
    if read_text is None:
        return _no_reader()
    if source.size > _LIMIT:
        return Trace("text", Sign.INCONCLUSIVE, "图片过大，未识别 / the picture is too large to be read")
    try:
        return in_lines(read_text(b"".join(source.pieces(0, source.size))), words)
    except GuijuError as error:
        return cannot("text", error)


def pointer_in(source: Source, watermark: Watermark) -> Trace:
    """Read the invisible watermark of a picture, or of its first frame."""
    if source.size > _LIMIT:
        return Trace(
            "watermark", Sign.INCONCLUSIVE, "图片过大，未找隐形水印 / the picture is too large to look for a watermark"
        )
    try:
        found = watermark.read(Image.fromarray(first_frame(b"".join(source.pieces(0, source.size)))))
    except InputError as error:
        return cannot("watermark", error)
    if found is None:
        return Trace(
            "watermark",
            Sign.NONE,
            "没有读到本服务的隐形水印（不等于不是本服务生成） / no watermark of this service was read, which does not "
            "say that the picture is not its own",
        )
    pointer = written(found.pointer)
    return Trace(
        "watermark",
        Sign.FOUND,
        f"读到本服务的隐形水印，指针 {pointer}（供查找，不是证明） / the watermark of this service: pointer {pointer}, "
        "to look up, no proof",
        pointer,
    )


def in_opening(ffmpeg: Ffmpeg, film: Medium, read_text: ReadText | None, *, words: MarkWords) -> Trace:
    """Read what is written in the opening picture of a video, where the standard wants the mark.

    Raises:
        InputError: it cannot be decoded.
        ConfigurationError: there is no ffmpeg.
    """
    if read_text is None:
        return _no_reader()
    words_of_it = (*film.words, "-map", "0:v:0", "-frames:v", "1", "-c:v", "png", "-f", "image2pipe", "pipe:1")
    return in_lines(read_text(ffmpeg.raw(words_of_it)), words)


def in_text(source: Source, kind: str, words: MarkWords) -> Trace:
    """Look for a line that is a mark in a text, a page, or the headers and slides of a document."""
    try:
        if kind in ("ooxml", "odf"):
            archive = Archive(source)
            parts = [name for name in archive.names if _PARTS.match(name)][:2000]
            lines = [line for name in parts for line in _lines_of(archive.read(name) or b"")]
        elif kind == "pdf":
            if stamped_pages(source)[0]:
                return Trace("text", Sign.FOUND, "页面有本软件的标识图章 / pages carry the stamp of this software")
            return Trace(
                "text", Sign.INCONCLUSIVE, "PDF 页面上的文字未识别 / what is written on pages of a PDF is not read"
            )
        elif kind in ("html", "svg"):
            lines = _lines_of(source.whole())
        else:
            lines = plain.decoded(source)[0].splitlines()
    except InputError as error:
        return cannot("text", error)
    return in_lines(lines, words)


def _lines_of(part: bytes) -> list[str]:
    return [line for line in _TAG.sub(b"\n", part).decode("utf-8", "replace").splitlines() if line.strip()]


def _no_reader() -> Trace:
    return Trace(
        "text",
        Sign.INCONCLUSIVE,
        "没有安装文字识别（pip install 'guiju[media]'） / no reader of text in pictures is installed",
    )
