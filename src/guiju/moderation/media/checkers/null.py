"""The checker that cannot look, and says so: for a checker whose package is not installed."""

import logging

from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.interface import Picture
from guiju.moderation.media.models import Sighting

_log = logging.getLogger(__name__)


class NullChecker:
    """Stands in the place of a checker that policy wants and this machine does not have: every look is unchecked."""

    def __init__(self, name: str, why: CannotCheckError) -> None:
        """Warn that `name` is missing, and why."""
        self.name = name
        self._why = why
        _log.warning("media checker %s cannot work; what it should look at is undetermined: %s", name, why.en)

    def look(self, picture: Picture) -> Sighting:  # noqa: ARG002 - the interface has this parameter
        """Say why it cannot look.

        Raises:
            CannotCheckError: always.
        """
        raise CannotCheckError(self._why.why, self._why.zh, self._why.en)
