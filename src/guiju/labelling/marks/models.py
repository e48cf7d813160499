"""The nouns of explicit marks."""

from dataclasses import dataclass, field
from enum import StrEnum

from guiju.labelling.models import MarkWords


class Position(StrEnum):
    """Where on a picture a mark stands: a corner, or the middle of an edge (5.2, 5.4)."""

    TOP_LEFT = "top-left"
    TOP = "top"
    TOP_RIGHT = "top-right"
    RIGHT = "right"
    BOTTOM_RIGHT = "bottom-right"
    BOTTOM = "bottom"
    BOTTOM_LEFT = "bottom-left"
    LEFT = "left"


class Moment(StrEnum):
    """Where in a text or a sound a mark stands (5.1, 5.3)."""

    START = "start"
    MIDDLE = "middle"
    END = "end"


class SoundCue(StrEnum):
    """How a sound is marked: with the rhythm 短长 短短, or with spoken words (5.3)."""

    RHYTHM = "rhythm"
    VOICE = "voice"


@dataclass(frozen=True, slots=True)
class MarkLaw:
    """The numbers of the standard, as the law's data has them.

    Attributes:
        words: of which groups a mark's text needs one each.
        picture_ratio: least height of the text, as a share of the picture's shortest side.
        video_ratio: the same for videos.
        video_seconds: how long the mark of a video stays at least, at normal speed.
        slowest: characters a minute that a spoken mark has at least.
        fastest: and at most.
        rhythm: the rhythm, as the standard writes it: 短 and 长, a blank between two letters.
    """

    words: MarkWords
    picture_ratio: float
    video_ratio: float
    video_seconds: float
    slowest: float
    fastest: float
    rhythm: str


@dataclass(frozen=True, slots=True)
class MarkStyle:
    """How the operator wants the marks, within the rule.

    Attributes:
        text: what is drawn and written; both elements must be in it.
        position: where on a picture, and on the pictures of a video.
        moment: where in a text or a sound.
        cue: how a sound is marked.
        stays: whether the mark stays on a video after its opening.
        at_the_end: whether a video is marked again at its end.
    """

    text: str
    position: Position = Position.BOTTOM_RIGHT
    moment: Moment = Moment.START
    cue: SoundCue = SoundCue.RHYTHM
    stays: bool = False
    at_the_end: bool = False


@dataclass(frozen=True, slots=True)
class Marked:
    """What a mark came to, measured in what was written.

    Attributes:
        format: the family of the content.
        text: the mark, or the rhythm.
        place: where it stands, for people to read.
        facts: what was measured: heights in pixels, contrast, seconds, characters a minute.
        notes: what else changed, each in Chinese and English, such as a depth that was reduced.
        pointer: what the invisible watermark below it says, read again: 16 hexadecimal digits; empty without one.
    """

    format: str
    text: str
    place: str
    facts: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    pointer: str = ""


class Sign(StrEnum):
    """Whether content shows or sounds a mark: found, not there, or nobody can say."""

    FOUND = "found"
    NONE = "none"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Trace:
    """What one look for a mark came to.

    Attributes:
        kind: what was looked for: `text`, `rhythm`, `watermark`.
        sign: what it came to.
        detail: the words that were read, or why nobody can say; in Chinese and English.
        pointer: what an invisible watermark says: 16 hexadecimal digits; empty where none was read.
    """

    kind: str
    sign: Sign
    detail: str
    pointer: str = ""
