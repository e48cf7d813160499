"""What a checker of pictures does, what turns speech into text, and what is needed of the text moderation."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from guiju.moderation.media.models import Medium, Sighting
from guiju.moderation.media.settings import MediaSettings
from guiju.moderation.models import Decision, Finding, Scope

Pixels = NDArray[np.uint8]
"""A picture's pixels: height × width × 3, red green blue, 0 to 255."""


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture to look at.

    Attributes:
        pixels: height × width × 3, RGB.
        frame: which picture of an animation or video, counted from 0.
        at_ms: when, in a video.
        variant: how it was made of the file: `upright`, `as_stored` (not turned as EXIF says), `on_white`, `on_black`
            (what is transparent filled), `scaled` (sixteen bits brought to eight), `sampled` (of a video).
    """

    pixels: Pixels = field(repr=False)
    frame: int = 0
    at_ms: int | None = None
    variant: str = "upright"


class PictureChecker(Protocol):
    """Looks at pictures. Used by one thread at a time."""

    name: str

    def look(self, picture: Picture) -> Sighting:
        """Return what it saw and read.

        Raises:
            CannotCheckError: it cannot look at this picture, or at none.
        """
        ...


class Transcriber(Protocol):
    """Turns speech into text."""

    name: str

    def transcribe(self, medium: Medium, mime: str) -> str:
        """Return what is said.

        Raises:
            CannotCheckError: nobody could tell.
        """
        ...


class MediaPolicy(Protocol):
    """The policy in force, as far as media are concerned."""

    @property
    def hash(self) -> str:
        """SHA-256 of the bundle."""
        ...

    @property
    def media(self) -> MediaSettings:
        """The section `media`."""
        ...


class TextModeration(Protocol):
    """The text moderation."""

    @property
    def policy(self) -> MediaPolicy:
        """The policy in force."""
        ...

    def decide(self, text: str, scope: Scope) -> Decision:
        """Decide about a whole text."""
        ...

    def decide_found(self, findings: Sequence[Finding], scope: Scope, failures: Collection[str]) -> Decision:
        """Decide by what others found, and by what they could not check."""
        ...
