"""What admission costs a call, with limits of app and user on: `python bench/admission/run.py`."""

import asyncio
import tempfile
import time
from pathlib import Path

from guiju.gateway.app_rules import AppRules, LimitRules
from guiju.gateway.entrance.limits import Limits
from guiju.gateway.entrance.meters.desk import MeterDesk
from guiju.gateway.entrance.meters.interface import MeterStore
from guiju.gateway.entrance.meters.slots import SlotDesk
from guiju.gateway.entrance.models import Asking
from guiju.gateway.entrance.repository import AdmissionRepositories
from guiju.gateway.models import App, ChatCall
from guiju.gateway.prices import PriceTable
from guiju.kit.clock import SystemClock
from guiju.storage.database import connect_database
from guiju.storage.migrate import migrate

CALLS = 20_000
AT_ONCE = 20
CASES = {
    "no limit": AppRules(),
    "app: requests a minute": AppRules(app=LimitRules(requests_per_minute=1_000_000)),
    "app and user: requests a minute": AppRules(
        app=LimitRules(requests_per_minute=1_000_000), user=LimitRules(requests_per_minute=1_000_000)
    ),
    "app and user: requests, tokens, open at once": AppRules(
        app=LimitRules(requests_per_minute=1_000_000, tokens_per_minute=10**9, concurrent=1000),
        user=LimitRules(requests_per_minute=1_000_000, tokens_per_minute=10**9, concurrent=1000),
    ),
}


class Counting:
    """A store that counts how often it is asked."""

    def __init__(self, store: MeterStore) -> None:
        """Stand before `store`."""
        self.asked = 0
        self.renew, self.prune = store.renew, store.prune
        self._store = store

    def settle(self, *asked: object) -> list[object]:
        """Ask the store."""
        self.asked += 1
        return self._store.settle(*asked)  # type: ignore[arg-type, return-value]

    def hold(self, *asked: object) -> list[int]:
        """Ask the store."""
        self.asked += 1
        return self._store.hold(*asked)  # type: ignore[arg-type]


async def measure(store: Counting, rules: AppRules) -> tuple[float, int]:
    """Return CPU µs a call, in this thread and the store's, and how often the store was asked."""
    clock = SystemClock()
    limits = Limits(MeterDesk(store, clock), SlotDesk(store, clock), PriceTable(), clock)  # type: ignore[arg-type]
    asking = Asking(App("app", "app", rules=rules), ChatCall(b""), "user", "m", 400)

    async def call() -> None:
        allowance = await limits.allow(asking, "person")
        limits.headers(allowance)
        limits.leave(allowance)
        limits.count(allowance, 100, 200)

    await call()
    store.asked, begun = 0, time.process_time()
    for _ in range(CALLS // AT_ONCE):
        await asyncio.gather(*(call() for _ in range(AT_ONCE)))
    spent = time.process_time() - begun
    await limits.stop()
    return spent / CALLS * 1e6, store.asked


def main() -> None:
    """Print the table."""
    print(f"| {CALLS} calls, {AT_ONCE} at once, SQLite | CPU µs a call | times the database was asked |")
    print("|---|---|---|")
    for name, rules in CASES.items():
        with tempfile.TemporaryDirectory() as folder:
            database = connect_database(f"sqlite:///{Path(folder) / 'guiju.db'}")
            migrate(database)
            cost, asked = asyncio.run(measure(Counting(AdmissionRepositories(database).meters), rules))
            print(f"| {name} | {cost:.1f} | {asked} |")
            database.close()


if __name__ == "__main__":
    main()
