"""The controls: what in this house meets an obligation, and how it is asked."""

from guiju.supervision.controls import content, persons, records, service
from guiju.supervision.models import Control


def all_controls() -> tuple[Control, ...]:
    """Return every control, in the order of the law."""
    return (*content.CONTROLS, *service.CONTROLS, *persons.CONTROLS, *records.CONTROLS)
