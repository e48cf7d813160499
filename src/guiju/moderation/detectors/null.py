"""The detector that sees nothing, and says so once: for a detector that policy switched off."""

import logging
from collections.abc import Sequence

from guiju.moderation.detectors.interface import DetectorStream, Tape
from guiju.moderation.models import Finding, Scope

logger = logging.getLogger(__name__)


class NullDetector:
    """Stands in the place of a detector that is switched off."""

    def __init__(self, name: str) -> None:
        """Warn that `name` is off."""
        self.name = name
        logger.warning("detector %s is switched off by policy; nothing is looked for in its place", name)

    def find(self, tape: Tape, scope: Scope) -> Sequence[Finding]:  # noqa: ARG002 - the interface has these parameters
        """See nothing."""
        return ()

    def open_stream(self, tape: Tape, scope: Scope) -> DetectorStream:  # noqa: ARG002 - the interface has them
        """Start on a stream, seeing nothing."""
        return _NullStream()


class _NullStream:
    def __init__(self) -> None:
        self._at = 0

    def step(self, symbol: str) -> Sequence[Finding]:  # noqa: ARG002 - the interface has this parameter
        self._at += 1
        return ()

    def finish(self) -> Sequence[Finding]:
        return ()

    def held_from(self) -> int:
        return self._at
