"""Every store that meters can stand in."""

from collections.abc import Iterator

import pytest
from tests.simulators.redis_server import PROGRAM, running_redis

from guiju.gateway.entrance.meters.interface import MeterStore
from guiju.gateway.entrance.meters.redis_store import RedisMeters
from guiju.gateway.entrance.repository.meters import DatabaseMeters
from guiju.storage.database import connect_database


@pytest.fixture(scope="session")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    if PROGRAM is None:
        pytest.skip("Redis: neither valkey-server nor redis-server is installed")
    with running_redis(tmp_path_factory.mktemp("redis")) as url:
        yield url


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres), "redis"])
def stores(request: pytest.FixtureRequest) -> Iterator[tuple[MeterStore, MeterStore]]:
    """Two connections to one store, as two processes have them."""
    if request.param == "redis":
        url = request.getfixturevalue("redis_url")
        yield RedisMeters(url), RedisMeters(url)
        return
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_server").fresh()
    else:
        url = request.getfixturevalue("sqlite_url")
    databases = [connect_database(url), connect_database(url)]
    yield DatabaseMeters(databases[0]), DatabaseMeters(databases[1])
    for database in databases:
        database.close()
