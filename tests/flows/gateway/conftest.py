"""A house for each test."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from tests.flows.gateway.house import House, house_in


@pytest.fixture
async def house(tmp_path: Path, sqlite_url: str) -> AsyncIterator[House]:
    async with house_in(tmp_path, sqlite_url) as house:
        yield house
