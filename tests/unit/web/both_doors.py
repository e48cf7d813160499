"""A small house with both doors on one port, as the program serves it."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.unit.web import small_house
from tests.unit.web.small_house import Served, SmallHouse

from guiju.web.server import FrontDoor


@contextmanager
def serve_both(house: SmallHouse) -> Iterator[Served]:
    """Serve gateway, console, JSON twin and static files until the block ends."""
    with small_house.serve(house, FrontDoor(house)) as served:  # type: ignore[arg-type]
        yield served
