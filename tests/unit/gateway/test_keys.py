"""Keys, whatever is done to them in whatever order: exactly those in force open their app, and nothing else does."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guiju.gateway.apps import Apps
from guiju.gateway.errors import UnauthenticatedError
from guiju.gateway.models import ChatCall, KeyWish
from guiju.gateway.repository import GatewayRepository
from guiju.gateway.stages.authenticate import Callers
from guiju.kit.clock import FixedClock
from guiju.kit.errors import NotFoundError
from guiju.ledger.models import Draft, Receipt
from guiju.storage.database import connect_database

START = datetime(2026, 11, 26, 4, tzinfo=UTC)
STEPS = st.lists(
    st.tuples(st.sampled_from(["create", "rotate", "revoke", "wait"]), st.integers(0, 7), st.integers(0, 5)),
    max_size=14,
)


@dataclass
class Known:
    id: str
    secret: str
    ends: datetime | None = None
    is_revoked: bool = False


class House:
    """Apps on a real database, with a note of every entry."""

    def __init__(self, url: str) -> None:
        self.clock = FixedClock(START)
        self.database = connect_database(url)
        self.repository = GatewayRepository(self.database)
        self.drafts: list[Draft] = []
        self.apps = Apps(self.repository, self, self.clock, str)  # type: ignore[arg-type]
        self.app, secret = self.apps.create("a", refuses_with_error=False, text_mark="", actor="staff:s", reason="r")
        self.keys = [Known(self.apps.keys(self.app.id)[0].id, secret)]

    def append(self, draft: Draft) -> Receipt:
        self.drafts.append(draft)
        return Receipt(len(self.drafts), draft.id)

    def step(self, what: str, which: int, hours: int) -> None:
        key = self.keys[which % len(self.keys)]
        now, span = self.clock.now(), timedelta(hours=hours)
        if what == "wait":
            self.clock.advance(hours * 3600)
        elif what == "create":
            ends = now + span if hours else None
            made, secret = self.apps.create_key(self.app.id, KeyWish(expires_at=ends), actor="staff:s", reason="r")
            self.keys.append(Known(made.id, secret, ends))
        elif what == "rotate" and self.is_good(key):
            ends = key.ends
            made, secret = self.apps.rotate_key(self.app.id, key.id, overlap=span, actor="staff:s", reason="r")
            key.ends = now + span if ends is None else min(ends, now + span)
            self.keys.append(Known(made.id, secret, ends))
        elif what == "revoke" and not key.is_revoked:
            self.apps.revoke_key(self.app.id, key.id, actor="staff:s", reason="r")
            key.is_revoked = True
        elif what == "rotate":
            with pytest.raises(NotFoundError):
                self.apps.rotate_key(self.app.id, key.id, overlap=span, actor="staff:s")
        else:
            with pytest.raises(NotFoundError):
                self.apps.revoke_key(self.app.id, key.id, actor="staff:s")

    def is_good(self, key: Known) -> bool:
        return not key.is_revoked and (key.ends is None or self.clock.now() < key.ends)

    async def opens(self, secret: str) -> bool:
        callers = Callers(self.repository.app_of_key, str, self.clock)
        try:
            found = await callers.app(ChatCall(b"", f"Bearer {secret}"))
        except UnauthenticatedError:
            return False
        return found.id == self.app.id


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_exactly_the_keys_in_force_open_their_app(sqlite_url: str, steps: list[tuple[str, int, int]]) -> None:
    house = House(sqlite_url)
    done = 0
    for what, which, hours in steps:
        before = len(house.drafts)
        house.step(what, which, hours)
        done += len(house.drafts) - before
        for key in house.keys:
            assert asyncio.run(house.opens(key.secret)) is house.is_good(key)
    assert done == sum(draft.action.startswith("api_key.") for draft in house.drafts) - 1
    assert all(draft.actor == "staff:s" and draft.body["reason"] == "r" for draft in house.drafts)
    assert not any(key.secret in str(draft.body) for draft in house.drafts for key in house.keys)
    house.database.close()


def test_no_secret_stands_in_the_database(sqlite_url: str, tmp_path: Path) -> None:
    house = House(sqlite_url)
    house.database.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.glob("guiju.db*"))
    assert house.keys[0].secret.encode() not in kept
    assert house.keys[0].secret[:10].encode() in kept
