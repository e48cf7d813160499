"""Every carrier there is, and which one a file needs."""

from pathlib import PurePath

from guiju.labelling.carriers.avi import Avi
from guiju.labelling.carriers.flac import Flac
from guiju.labelling.carriers.flv import Flv
from guiju.labelling.carriers.gif import Gif
from guiju.labelling.carriers.heif import Heif
from guiju.labelling.carriers.html import Html
from guiju.labelling.carriers.interface import Carrier
from guiju.labelling.carriers.jpeg import Jpeg
from guiju.labelling.carriers.markdown import Markdown
from guiju.labelling.carriers.matroska import Matroska
from guiju.labelling.carriers.movie import Movie
from guiju.labelling.carriers.mp3 import Mp3
from guiju.labelling.carriers.office import OpenDocument, OpenXml
from guiju.labelling.carriers.ogg import Ogg
from guiju.labelling.carriers.pdf import Pdf
from guiju.labelling.carriers.png import Png
from guiju.labelling.carriers.splicing import Source
from guiju.labelling.carriers.svg import Svg
from guiju.labelling.carriers.tiff import Tiff
from guiju.labelling.carriers.wav import Wav
from guiju.labelling.carriers.webp import Webp
from guiju.labelling.errors import unsupported

CARRIERS: tuple[Carrier, ...] = (
    Png(),
    Jpeg(),
    Webp(),
    Gif(),
    Tiff(),
    Heif(),
    Movie(),
    Matroska(),
    Flv(),
    Avi(),
    Wav(),
    Mp3(),
    Flac(),
    Ogg(),
    Pdf(),
    OpenXml(),
    OpenDocument(),
    Svg(),
    Html(),
    Markdown(),
)


def carrier_for(source: Source, *, mime: str = "", name: str = "") -> Carrier:
    """Find the carrier of a file: by its bytes, whatever its name says; by media type or name where bytes cannot tell.

    Raises:
        UnsupportedFormatError: none of ours is for it.
    """
    if not source.size:
        raise unsupported("文件是空的", "the file is empty")
    for carrier in CARRIERS:
        if carrier.recognises(source):
            return carrier
    carrier_by_name = by_mime(mime) or by_suffix(PurePath(name).suffix)
    if carrier_by_name is None or not carrier_by_name.is_text:
        shown = mime or PurePath(name).suffix or "?"
        raise unsupported(f"无法识别文件内容（{shown}）", f"its content is of no format that we know ({shown})")
    return carrier_by_name


def by_mime(mime: str) -> Carrier | None:
    """Return the carrier of a media type; parameters after `;` do not matter."""
    wanted = mime.partition(";")[0].strip().lower()
    return next((carrier for carrier in CARRIERS if wanted in carrier.mimes), None)


def by_suffix(suffix: str) -> Carrier | None:
    """Return the carrier of files whose name ends in `suffix`."""
    return next((carrier for carrier in CARRIERS if suffix.lower() in carrier.suffixes), None)
