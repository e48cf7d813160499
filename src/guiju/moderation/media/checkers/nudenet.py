"""Nudity, found part by part by NudeNet: the extra `guiju[nudenet]`, never installed by default.

Its wheel says MIT in its metadata and carries the text of the AGPL-3.0 as its licence, and its model was trained with
software under the AGPL-3.0. Who offers a service over a network with it must look at that licence first.
"""

from collections.abc import Sequence

import numpy as np
from nudenet import NudeDetector

from guiju.moderation.media.checkers.nudity import NAME, scored
from guiju.moderation.media.interface import Picture
from guiju.moderation.media.models import Region, Seen, Sighting
from guiju.moderation.media.settings import NuditySettings

EXPOSED = (
    "FEMALE_BREAST_EXPOSED",
    "FEMALE_GENITALIA_EXPOSED",
    "MALE_GENITALIA_EXPOSED",
    "BUTTOCKS_EXPOSED",
    "ANUS_EXPOSED",
)
"""The classes of the model that are nudity; the others are parts that are covered, or harmless."""


class NudeNetChecker:
    """Finds exposed parts of bodies, each with its place."""

    name = NAME

    def __init__(self, settings: NuditySettings, classes: Sequence[str] = EXPOSED) -> None:
        """Load the weights, 12 MB, from the package itself; look for `classes`."""
        self._detector = NudeDetector()
        self._classes = frozenset(classes)
        self._settings = settings

    def look(self, picture: Picture) -> Sighting:
        """Return a finding for each exposed part whose score reaches a threshold."""
        seen: list[Seen] = []
        for part in self._detector.detect(np.ascontiguousarray(picture.pixels[:, :, ::-1])):
            if part["class"] in self._classes:
                left, top, width, height = (int(side) for side in part["box"])
                region = Region(left, top, left + width, top + height)
                seen += scored(
                    f"nudenet-{part['class'].lower()}", float(part["score"]), self._settings, region=region
                ).seen
        return Sighting(tuple(seen))
