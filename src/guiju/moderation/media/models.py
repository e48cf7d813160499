"""The nouns of media moderation."""

from dataclasses import dataclass, field
from enum import StrEnum

from guiju.kit.canonical_json import Json, JsonObject
from guiju.moderation.models import Decision, Finding

_TEXT_KEPT = 4000
_FINDINGS_KEPT = 100


class MediaKind(StrEnum):
    """What a medium is."""

    IMAGE = "image"
    AUDIO = "audio"
    VIDEO = "video"


@dataclass(frozen=True, slots=True)
class Medium:
    """A picture, sound or video as it came.

    Attributes:
        kind: what it is said to be; what it is, is found out from its bytes.
        content: its bytes.
        place: where it stood in the request, for messages.
    """

    kind: MediaKind
    content: bytes = field(repr=False)
    place: str = ""


@dataclass(frozen=True, slots=True)
class Region:
    """A rectangle in a picture, in pixels of the upright picture; right and bottom are one past the last."""

    left: int
    top: int
    right: int
    bottom: int

    def around(self, other: "Region") -> "Region":
        """Return the smallest rectangle around both."""
        return Region(
            min(self.left, other.left),
            min(self.top, other.top),
            max(self.right, other.right),
            max(self.bottom, other.bottom),
        )

    def facts(self) -> Json:
        """Return left, top, right, bottom."""
        return [self.left, self.top, self.right, self.bottom]


@dataclass(frozen=True, slots=True)
class ReadText:
    """A line that was read.

    Attributes:
        source: `picture` (written in it), `code` (in a QR or bar code) or `speech`.
        text: what it says.
        region: where it stands; None for speech.
    """

    source: str
    text: str
    region: Region | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """What a checker saw: the finding (its offsets are 0 unless it is about text), where, and how sure it is."""

    finding: Finding
    region: Region | None = None
    score: float | None = None


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one look at one picture gave."""

    seen: tuple[Seen, ...] = ()
    texts: tuple[ReadText, ...] = ()


@dataclass(frozen=True, slots=True)
class Unchecked:
    """What could not be checked.

    Attributes:
        checker: which look failed; `medium` when nothing of it could be read.
        why: a stable word: missing_extra, malformed, truncated, too_large, timeout …
        zh: the reason in Chinese.
        en: the reason in English.
    """

    checker: str
    why: str
    zh: str
    en: str


@dataclass(frozen=True, slots=True)
class MediaFinding:
    """A finding in a medium.

    Attributes:
        finding: the finding; of text, its offsets count in the text that was read from this picture.
        region: where in the picture; None where it is about the whole of it, or about sound.
        frame: which picture of an animation or video, counted from 0.
        at_ms: when, in a video.
        score: how sure the checker is, 0 to 1.
        excerpt: the text that was found.
    """

    finding: Finding
    region: Region | None = None
    frame: int = 0
    at_ms: int | None = None
    score: float | None = None
    excerpt: str = ""

    def facts(self) -> JsonObject:
        """Return what the evidence keeps."""
        found = self.finding
        facts: JsonObject = {
            "detector": found.detector,
            "risks": list(found.risks),
            "level": found.level,
            "wish": found.wish,
            "start": found.start,
            "end": found.end,
            "term_id": found.term_id,
            "view": found.view,
            "frame": self.frame,
        }
        if self.region is not None:
            facts["region"] = self.region.facts()
        if self.at_ms is not None:
            facts["at_ms"] = self.at_ms
        if self.score is not None:
            facts["score_percent"] = round(self.score * 100)
        return facts


@dataclass(frozen=True, slots=True)
class MediaShape:
    """What a medium was found to be.

    Attributes:
        mime: its type by its bytes; empty when it is none that is known.
        width: in pixels; 0 for sound.
        height: in pixels; 0 for sound.
        frames: pictures that were looked at.
        duration_ms: of sound and video, where it is known.
        trailing_bytes: bytes after the end of the picture.
    """

    mime: str = ""
    width: int = 0
    height: int = 0
    frames: int = 0
    duration_ms: int | None = None
    trailing_bytes: int = 0


@dataclass(frozen=True, slots=True)
class MediaReport:
    """What was found about a medium and decided.

    Attributes:
        kind: picture, sound or video.
        place: where it stood in the request.
        sha256: of its bytes.
        size: in bytes.
        shape: what it was found to be.
        decision: what policy makes of it.
        findings: what was found, with where.
        texts: what was read.
        unchecked: what could not be checked.
        spent_ms: checker → milliseconds.
    """

    kind: MediaKind
    place: str
    sha256: str
    size: int
    shape: MediaShape
    decision: Decision
    findings: tuple[MediaFinding, ...] = ()
    texts: tuple[ReadText, ...] = ()
    unchecked: tuple[Unchecked, ...] = ()
    spent_ms: tuple[tuple[str, int], ...] = ()

    def facts(self) -> JsonObject:
        """Return what the evidence keeps: everything but the medium itself."""
        shape = self.shape
        texts: list[Json] = [_text_facts(read) for read in self.texts]
        return {
            "kind": self.kind.value,
            "place": self.place,
            "sha256": self.sha256,
            "bytes": self.size,
            "type": shape.mime,
            "width": shape.width,
            "height": shape.height,
            "frames": shape.frames,
            "duration_ms": shape.duration_ms,
            "trailing_bytes": shape.trailing_bytes,
            "action": self.decision.action.value,
            "risks": list(self.decision.risks),
            "reason": self.decision.reason,
            "findings": [found.facts() for found in self.findings[:_FINDINGS_KEPT]],
            "findings_count": len(self.findings),
            "texts": texts[:_FINDINGS_KEPT],
            "texts_count": len(texts),
            "unchecked": [{"checker": one.checker, "why": one.why, "reason": one.zh} for one in self.unchecked],
            "spent_ms": dict(self.spent_ms),
        }


def _text_facts(read: ReadText) -> JsonObject:
    facts: JsonObject = {"source": read.source, "text": read.text[:_TEXT_KEPT]}
    if read.region is not None:
        facts["region"] = read.region.facts()
    return facts
