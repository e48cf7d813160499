"""A ledger on a fresh database of each kind, with keys and checkpoint file in a folder of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from guiju.kit.clock import FixedClock
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, open_ledger
from guiju.storage.database import Database, connect_database


@pytest.fixture
def repository(database: Database) -> LedgerRepository:
    return LedgerRepository(database)


@pytest.fixture
def ledger(repository: LedgerRepository, tmp_path: Path, clock: FixedClock) -> Iterator[Ledger]:
    ledger = open_ledger(repository, tmp_path / "var", clock)
    ledger.start()
    yield ledger
    ledger.stop()


@pytest.fixture
def sqlite_database(sqlite_url: str) -> Iterator[Database]:
    database = connect_database(sqlite_url)
    yield database
    database.close()


@pytest.fixture
def sqlite_ledger(sqlite_database: Database, tmp_path: Path, clock: FixedClock) -> Iterator[Ledger]:
    ledger = open_ledger(LedgerRepository(sqlite_database), tmp_path / "var", clock)
    ledger.start()
    yield ledger
    ledger.stop()
