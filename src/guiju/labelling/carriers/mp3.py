"""MP3: the user text frame `AIGC` of ID3v2 (510A). Audio, ID3v1, APE and Lyrics3 stay where they are."""

from collections.abc import Sequence

from guiju.labelling.carriers import id3
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged

_MOST_PADDING = 1 << 16
_NO_RATE, _FIRST_VERSION, _THIRD = 3, 3, 3
_LAYERS = (1, 2, 3)
_RATES = (44100, 48000, 32000)
_ENDS = (b"", b"TAG", b"APE", b"LYR")
# Bit rates in kbit/s by version and layer; 0: free format or none, by which nothing is recognised.
_BIT_RATES = {
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0),
}


class Mp3:
    """The carrier of MP3."""

    name = "mp3"
    mimes = ("audio/mpeg", "audio/mp3", "audio/mpeg3", "audio/x-mp3")
    suffixes = (".mp3", ".mp2", ".mpga")
    is_text = False
    place = "ID3v2 TXXX AIGC"

    def recognises(self, source: Source) -> bool:
        """Tell an MP3 by the first frame of its audio, behind an ID3 tag or at once."""
        length = id3.tag_length(source.head(id3.HEAD))
        if length >= source.size:
            return source.size > id3.HEAD and length > 0
        window = source.read(length, min(_MOST_PADDING, source.size - length))
        padding = len(window) - len(window.lstrip(b"\0"))
        at = padding + frame_length(window[padding:])
        return padding < at <= len(window) and (window[at : at + 3] in _ENDS or frame_length(window[at:]) > 0)

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in the tag."""
        return [Site("ID3v2 TXXX AIGC", text) for text in _labels(source)]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the tag, made before the audio where there is none."""
        length = _tag_length(source)
        tag = source.read(0, length) if length else None
        return [Edit(0, length, id3.with_label(tag, label))]


def frame_length(head: bytes) -> int:
    """Return the length of the MPEG audio frame that begins with `head` (ISO/IEC 11172-3, 13818-3); 0 for none."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004 - the sync word
        return 0
    version, layer, rate, padding = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3), head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer not in _LAYERS or rate == _NO_RATE:
        return 0
    is_first = version == _FIRST_VERSION
    bits = _BIT_RATES[is_first, layer if is_first or layer == 1 else 3][head[2] >> 4] * 1000
    samples = _RATES[rate] // {_FIRST_VERSION: 1, 2: 2, 0: 4}[version]
    if layer == 1:
        return (12 * bits // samples + padding) * 4 if bits else 0
    slots = 72 if layer == _THIRD and not is_first else 144
    return slots * bits // samples + padding if bits else 0


def _tag_length(source: Source) -> int:
    length = id3.tag_length(source.head(id3.HEAD))
    if length >= source.size:
        raise damaged("ID3 标签之后没有音频", "there is no audio behind its ID3 tag")
    return length


def _labels(source: Source) -> list[str]:
    length = _tag_length(source)
    return id3.labels(source.read(0, length)) if length else []
