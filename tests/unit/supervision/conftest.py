"""A real ledger on each database, and a supervision over it whose other rooms are a table of state."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.unit.supervision.contexts import GOOD_FACTS, GOOD_STATE, LAW, State

from guiju.kit.clock import FixedClock
from guiju.law.models import Profile
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, open_ledger
from guiju.storage.database import Database
from guiju.supervision.service import Supervision


@pytest.fixture
def ledger(database: Database, tmp_path: Path, clock: FixedClock) -> Iterator[Ledger]:
    ledger = open_ledger(LedgerRepository(database), tmp_path / "var", clock)
    ledger.start()
    yield ledger
    ledger.stop()


@pytest.fixture
def state() -> State:
    return State(GOOD_STATE)


@pytest.fixture
def profile() -> Profile:
    return Profile(dict(GOOD_FACTS), "张三")


@pytest.fixture
def supervision(ledger: Ledger, state: State, profile: Profile, clock: FixedClock) -> Supervision:
    return Supervision(LAW, ledger, state, lambda: profile, clock)
