"""MP3: the user text frame `AIGC` of ID3v2 (510A). Audio, ID3v1, APE and Lyrics3 stay where they are."""

from collections.abc import Sequence

from guiju.labelling.carriers import id3
from guiju.labelling.carriers.interface import Site
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged

_MOST_PADDING = 1 << 16
_NO_BIT_RATE, _NO_RATE = 15, 3


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
            return length > 0 and source.size > id3.HEAD
        after = source.read(length, min(_MOST_PADDING, source.size - length)).lstrip(b"\0")
        return _is_frame(after)

    def sites(self, source: Source) -> Sequence[Site]:
        """Find labels in the tag."""
        return [Site("ID3v2 TXXX AIGC", text) for text in _labels(source)]

    def edits(self, source: Source, label: str) -> Sequence[Edit]:
        """Put the label into the tag, made before the audio where there is none."""
        length = _tag_length(source)
        tag = source.read(0, length) if length else None
        return [Edit(0, length, id3.with_label(tag, label))]


def _is_frame(head: bytes) -> bool:
    """Tell the head of an MPEG audio frame (ISO/IEC 11172-3): sync, a known version, layer, bit rate and rate."""
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:  # noqa: PLR2004 - the sync word
        return False
    version, layer, bit_rate, rate = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer != 0 and bit_rate != _NO_BIT_RATE and rate != _NO_RATE


def _tag_length(source: Source) -> int:
    length = id3.tag_length(source.head(id3.HEAD))
    if length >= source.size:
        raise damaged("ID3 标签之后没有音频", "there is no audio behind its ID3 tag")
    return length


def _labels(source: Source) -> list[str]:
    length = _tag_length(source)
    return id3.labels(source.read(0, length)) if length else []
