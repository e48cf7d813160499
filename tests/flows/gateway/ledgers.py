"""The ledger that the houses of these tests keep their evidence in."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from guiju.kit.clock import SystemClock
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, open_ledger
from guiju.storage.database import connect_database


@asynccontextmanager
async def running_ledger(folder: Path, database_url: str) -> AsyncIterator[Ledger]:
    """Open the log in the database, keys under `folder`, and stop it at the end."""
    ledger = open_ledger(LedgerRepository(connect_database(database_url)), folder / "ledger", SystemClock())
    await asyncio.to_thread(ledger.start)
    try:
        yield ledger
    finally:
        await asyncio.to_thread(ledger.stop)
