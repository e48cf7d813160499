"""MP3: the frames of a cue are put between the frames of the sound, which stay byte for byte.

A cue is encoded so that no frame of it borrows bits from another; it goes where the next frame of the sound borrows
none either: before the first, behind the last, or at such a frame near the middle. The table of a Xing frame is made
anew.
"""

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from guiju.labelling.carriers import id3
from guiju.labelling.carriers.mp3 import frame_length
from guiju.labelling.carriers.splicing import Edit, Source
from guiju.labelling.errors import damaged
from guiju.labelling.marks.models import Moment

_HEAD, _WINDOW = 4, 4 << 20
_FRAMES, _BYTES, _TABLE = 1, 2, 4
_TABLE_SIZE = 100
_OLD_TAG, _APE_FOOTER = 128, 32


@dataclass(frozen=True, slots=True)
class Sound:
    """Where the frames of an MP3 stand.

    Attributes:
        start: the first frame that sounds, behind the Xing frame.
        end: where tags at the end begin.
        xing: where the Xing or Info frame's own mark stands; -1 without one.
        xing_at: where that frame starts.
        is_first_version: whether it is MPEG-1.
    """

    start: int
    end: int
    xing: int
    xing_at: int
    is_first_version: bool


def read_sound(source: Source) -> Sound:
    """Find the frames.

    Raises:
        DamagedFileError: there are none.
    """
    at = id3.tag_length(source.head(id3.HEAD))
    window = source.read(at, min(_WINDOW, source.size - at)) if at < source.size else b""
    padding = len(window) - len(window.lstrip(b"\0"))
    head = window[padding : padding + _HEAD]
    length = frame_length(head)
    if not length or padding + length > len(window):
        raise damaged("MP3 没有音频帧", "an MP3 without frames")
    frame = window[padding : padding + length]
    is_first = head[1] >> 3 & 3 == 3  # noqa: PLR2004 - MPEG-1
    mark = _HEAD + _side_length(head)
    is_table = frame[mark : mark + 4] in (b"Xing", b"Info")
    start = at + padding
    return Sound(
        start + length if is_table else start,
        _end_of_sound(source),
        start + mark if is_table else -1,
        start,
        is_first,
    )


def frames_of(content: bytes) -> list[bytes]:
    """Cut an MP3 without tags into its frames.

    Raises:
        DamagedFileError: something else stands between them.
    """
    frames, at = [], 0
    while at < len(content):
        length = frame_length(content[at : at + _HEAD])
        if not length or at + length > len(content):
            raise damaged("编码出的提示音不是完整的 MP3 帧", "the encoded cue is not made of whole frames")
        frames.append(content[at : at + length])
        at += length
    return frames


def cue_edits(source: Source, sound: Sound, frames: Sequence[bytes], *, moment: Moment) -> tuple[list[Edit], int]:
    """Plan to put the frames of a cue into the sound; the number is the byte at which they go."""
    at = {Moment.START: sound.start, Moment.END: sound.end}.get(moment, -1)
    if at < 0:
        at = _free_frame(source, sound)
    new = b"".join(frames)
    edits = [Edit(at, at, new)]
    if sound.xing >= 0:
        edits += _table_edits(source, sound, at, new=new, count=len(frames))
    return edits, at


def _side_length(head: bytes) -> int:
    is_first, is_mono, has_check = head[1] >> 3 & 3 == 3, head[3] >> 6 == 3, not head[1] & 1  # noqa: PLR2004
    return ((17 if is_mono else 32) if is_first else (9 if is_mono else 17)) + (2 if has_check else 0)


def _end_of_sound(source: Source) -> int:
    end = source.size
    if end > _OLD_TAG and source.read(end - _OLD_TAG, 3) == b"TAG":
        end -= _OLD_TAG
    if end > _APE_FOOTER:
        footer = source.read(end - _APE_FOOTER, _APE_FOOTER)
        if footer[:8] == b"APETAGEX":
            length, flags = struct.unpack_from("<I", footer, 12)[0], struct.unpack_from("<I", footer, 20)[0]
            end = max(0, end - length - (_APE_FOOTER if flags >> 31 else 0))
    return end


def _free_frame(source: Source, sound: Sound) -> int:
    """Return the frame nearest to the middle that borrows no bits; the first one where none does."""
    middle = (sound.start + sound.end) // 2
    start = max(sound.start, middle - _WINDOW // 2)
    window = source.read(start, min(_WINDOW, sound.end - start))
    at = 0 if start == sound.start else _sync(window)
    free = []
    while at >= 0 and (length := frame_length(window[at : at + _HEAD])) and at + length <= len(window):
        if not _borrows(window[at : at + length], is_first=sound.is_first_version):
            free.append(start + at)
        at += length
    return min(free, key=lambda one: abs(one - middle), default=sound.start)


def _sync(window: bytes) -> int:
    """Return where a frame starts that three others follow; -1 for nowhere."""
    at = window.find(b"\xff")
    while at >= 0:
        end = at
        for _ in range(4):
            length = frame_length(window[end : end + _HEAD])
            if not length:
                break
            end += length
        else:
            return at
        at = window.find(b"\xff", at + 1)
    return -1


def _borrows(frame: bytes, *, is_first: bool) -> bool:
    """Tell whether a frame needs bits of earlier ones (main_data_begin, ISO/IEC 11172-3)."""
    at = _HEAD + (0 if frame[1] & 1 else 2)
    begin = int.from_bytes(frame[at : at + 2], "big")
    return (begin >> 7 if is_first else begin >> 8) != 0


def _table_edits(source: Source, sound: Sound, at: int, *, new: bytes, count: int) -> list[Edit]:
    flags = struct.unpack(">I", source.read(sound.xing + 4, 4))[0]
    place, edits, old = sound.xing + 8, [], 0
    total = sound.end - sound.xing_at
    if flags & _FRAMES:
        old = struct.unpack(">I", source.read(place, 4))[0]
        edits.append(Edit(place, place + 4, struct.pack(">I", old + count)))
        place += 4
    if flags & _BYTES:
        edits.append(Edit(place, place + 4, struct.pack(">I", total + len(new))))
        place += 4
    if flags & _TABLE and old:
        table = list(source.read(place, _TABLE_SIZE))
        made = _table(table, (at - sound.xing_at) / total, (len(new) / total, count / old))
        edits.append(Edit(place, place + _TABLE_SIZE, bytes(made)))
    return edits


def _table(old: Sequence[int], cut: float, added: tuple[float, float]) -> list[int]:
    """Return the table of places by hundredths of time, after a cue went in where `cut` of the bytes have passed.

    Args:
        old: the table before.
        cut: the share of the old bytes before the cue.
        added: bytes and frames of the cue, as shares of the old ones.
    """
    extra, longer = added
    when = next((index / len(old) for index, value in enumerate(old) if value / 256 >= cut), 1.0)
    made = []
    for index in range(len(old)):
        time = index / len(old) * (1 + longer)
        if time < when:
            share = _at(old, time)
        elif time < when + longer:
            share = cut + (time - when) / longer * extra
        else:
            share = _at(old, time - longer) + extra
        made.append(min(255, int(share / (1 + extra) * 256)))
    return made


def _at(table: Sequence[int], time: float) -> float:
    place = min(len(table) - 1, int(time * len(table)))
    return table[place] / 256
