"""A staff room on a real database, with quick hashing."""

import pytest
from argon2 import PasswordHasher

from guiju.kit.clock import FixedClock
from guiju.ledger.models import Draft
from guiju.staff.repository import StaffRepository
from guiju.staff.service import Staff
from guiju.storage.database import Database

QUICK = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)


class Entries(list[Draft]):
    def actions(self) -> list[str]:
        return [draft.action for draft in self]


@pytest.fixture
def entries() -> Entries:
    return Entries()


@pytest.fixture
def staff(database: Database, clock: FixedClock, entries: Entries) -> Staff:
    return Staff(StaffRepository(database), clock, entries.append, hasher=QUICK)
