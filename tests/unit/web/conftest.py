"""One served house for all tests of the web door."""

from collections.abc import Iterator

import pytest
from tests.unit.web.small_house import Served, build_small_house, serve


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(build_small_house(tmp_path_factory.mktemp("house"))) as served:
        yield served
