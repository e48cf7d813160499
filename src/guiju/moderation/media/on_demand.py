"""The moderation of media, made when the first medium comes: numpy is memory that a house without media never pays."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING

from guiju.kit.clock import Clock
from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.models import MediaKind, MediaReport, Medium
from guiju.moderation.media.settings import MediaSettings
from guiju.moderation.models import Scope

if TYPE_CHECKING:
    from guiju.moderation.media.interface import TextModeration
    from guiju.moderation.media.service import MediaModerator


class MediaOnDemand:
    """Stands for a `MediaModerator` until one is needed. Safe to call from several threads."""

    def __init__(self, moderation: "TextModeration", block_list: Path, clock: Clock) -> None:
        """Decide with `moderation` and the operator's `block_list`."""
        self._given = (moderation, block_list, clock)
        self._making = threading.Lock()
        self._made: MediaModerator | None = None

    @property
    def settings(self) -> MediaSettings:
        """What the policy in force says about media."""
        return self._moderator().settings

    def refusal(self, kind: MediaKind) -> CannotCheckError | None:
        """Return why media of a kind are not taken at all; None when they are."""
        return self._moderator().refusal(kind)

    def check(self, medium: Medium, scope: Scope) -> MediaReport:
        """Look at a medium and decide."""
        return self._moderator().check(medium, scope)

    def unchecked(self, medium: Medium, scope: Scope, error: CannotCheckError) -> MediaReport:
        """Decide about a medium that nobody could look at."""
        return self._moderator().unchecked(medium, scope, error)

    def _moderator(self) -> "MediaModerator":
        with self._making:
            if self._made is None:
                from guiju.moderation.media.service import MediaModerator  # noqa: PLC0415 - that is the point of it

                moderation, block_list, clock = self._given
                self._made = MediaModerator(moderation, block_list, clock=clock)
            return self._made
