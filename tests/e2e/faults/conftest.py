"""One served house on each database for all faults, and the table of what came of them."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.e2e.faults.house import House, prepare, start, stopped_clean
from tests.e2e.faults.simulated import Servers, Tap

if TYPE_CHECKING:
    from tests.conftest import PostgresServer

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "faults.md"


@dataclass(frozen=True)
class Row:
    """One fault and what came of it, in the words of the page."""

    fault: str
    saw: str
    evidence: str
    kept: str

    def line(self) -> str:
        return f"| {self.fault} | {self.saw} | {self.evidence} | {self.kept} |"


Record = Callable[[Row], None]


@pytest.fixture
def record() -> Record:
    """Hold a row against the page, or, for `docs/reference/faults.py`, write it where that command wants it."""

    def hold(row: Row) -> None:
        folder = os.environ.get("GUIJU_FAULTS_FOLDER")
        if folder:
            name = f"{len(list(Path(folder).iterdir())):03d}.json"
            (Path(folder) / name).write_text(json.dumps(asdict(row), ensure_ascii=False), encoding="utf-8")
        else:
            page = PAGE.read_text(encoding="utf-8").splitlines()
            assert row.line() in page, f"make the page again: python docs/reference/faults.py\n{row.line()}"

    return hold


@pytest.fixture(scope="session")
def servers() -> Iterator[Servers]:
    servers = Servers()
    yield servers
    servers.stop()


@pytest.fixture(scope="session")
def _house(servers: Servers, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("faults")
    leaks_port = prepare(folder / "var", servers.upstream.url, servers.guard.url)
    database = folder / "guiju.db"
    shutil.copy(sqlite_template, database)
    house = start(folder / "var", f"sqlite:///{database}")
    house.upstream, house.guard, house.leaks_port = servers.upstream, servers.guard, leaks_port
    with stopped_clean(house):
        yield house


@pytest.fixture
def house(_house: House, servers: Servers) -> House:
    """The house on SQLite, one process, that all tests share that do not kill it."""
    servers.reset()
    return _house


@pytest.fixture(scope="session")
def tap(servers: Servers, postgres_server: "PostgresServer") -> Iterator[Tap]:
    folder = Path(tempfile.mkdtemp(prefix="gj-tap-"))
    tap = Tap(servers.background, folder, f"{postgres_server.socket}/.s.PGSQL.5432")
    yield tap
    tap.shut()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def _tapped_house(
    tap: Tap, servers: Servers, postgres_server: "PostgresServer", tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    folder = tmp_path_factory.mktemp("tapped")
    prepare(folder / "var", servers.upstream.url, servers.guard.url)
    name = postgres_server.fresh().split("@/")[1].split("?")[0]
    house = start(folder / "var", f"postgresql://postgres:@/{name}?host={tap.folder}")
    house.upstream, house.guard = servers.upstream, servers.guard
    with stopped_clean(house):
        yield house


@pytest.fixture
def tapped_house(_tapped_house: House, servers: Servers) -> House:
    """The house on PostgreSQL behind a tap."""
    servers.reset()
    return _tapped_house
