"""One database behind one address: SQLite (WAL, synchronous FULL) or PostgreSQL, with the same Core statements.

Only repositories, storage and bootstrap import this module; import-linter holds it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.engine import URL, Connection, Engine, make_url
from sqlalchemy.pool import ConnectionPoolEntry

from guiju.kit.errors import ConfigurationError, StorageError
from guiju.storage.turns import Turns

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    },
)

_SQLITE_PRAGMAS = (
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "busy_timeout=30000",
    "temp_store=MEMORY",
    "secure_delete=FAST",
)


class Database:
    """A connection pool and the two ways to use it: `transaction` to write, `reading` to read."""

    def __init__(self, engine: Engine) -> None:
        """Wrap a configured engine; `connect_database` is the usual way to get one."""
        self.engine = engine

    @property
    def is_sqlite(self) -> bool:
        """Whether this is SQLite (one writer at a time)."""
        return self.engine.dialect.name == "sqlite"

    def turns(self) -> Turns | None:
        """Return how the processes that write this file take turns; None where the server sees to that itself."""
        path = self.engine.url.database
        return Turns(Path(path)) if self.is_sqlite and path and path != ":memory:" else None

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """Give a connection whose work is committed whole at the end of the block, or not at all.

        Raises:
            sqlalchemy.exc.IntegrityError: a constraint of the table refused.
            StorageError: the database refused or cannot be reached.
        """
        try:
            with self.engine.begin() as connection:
                yield connection
        except sa.exc.IntegrityError:
            raise
        except (sa.exc.DBAPIError, ConnectionError) as error:  # the driver lets a broken socket through as it is
            if isinstance(error, sa.exc.DBAPIError) and _is_violation(error):
                raise sa.exc.IntegrityError(error.statement, error.params, error.orig or error) from error
            raise _storage_error(error) from error

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Give a connection that sees one state and changes nothing.

        Raises:
            StorageError: the database refused or cannot be reached.
        """
        try:
            with self.engine.connect().execution_options(guiju_reading=True) as connection:
                yield connection
        except (sa.exc.DBAPIError, ConnectionError) as error:  # the driver lets a broken socket through as it is
            raise _storage_error(error) from error

    def close(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def connect_database(url: str) -> Database:
    """Open the database at `url`: `sqlite:///path/file.db` or `postgresql://user:password@host/name`.

    Raises:
        ConfigurationError: the address is of neither kind.
    """
    try:
        parsed = make_url(url)
    except sa.exc.ArgumentError as error:
        raise _bad_url(url) from error
    kind = parsed.get_backend_name()
    if kind == "sqlite":
        return Database(_sqlite_engine(parsed))
    if kind == "postgresql":
        return Database(_postgresql_engine(parsed))
    raise _bad_url(url)


def _postgresql_engine(parsed: URL) -> Engine:
    """Use our driver unless the operator named another; `?host=/folder` is libpq's way to say a socket."""
    arguments: dict[str, str] = {}
    if parsed.drivername in {"postgresql", "postgres"}:
        parsed = parsed.set(drivername="postgresql+pg8000")
    host = parsed.query.get("host")
    if isinstance(host, str) and host.startswith("/") and parsed.get_driver_name() == "pg8000":
        arguments["unix_sock"] = f"{host}/.s.PGSQL.{parsed.port or 5432}"
        parsed = parsed.difference_update_query(["host"])
    return sa.create_engine(parsed, pool_size=10, max_overflow=20, pool_pre_ping=True, connect_args=arguments)


def _sqlite_engine(parsed: URL) -> Engine:
    if parsed.database and parsed.database != ":memory:":
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    engine = sa.create_engine(parsed, connect_args={"timeout": 30})

    def on_connect(connection: object, _entry: ConnectionPoolEntry) -> None:
        raw = connection
        raw.isolation_level = None  # type: ignore[attr-defined]
        for pragma in _SQLITE_PRAGMAS:
            raw.execute(f"PRAGMA {pragma}")  # type: ignore[attr-defined]

    def on_begin(connection: Connection) -> None:
        reading = connection.get_execution_options().get("guiju_reading", False)
        connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")

    sa.event.listen(engine, "connect", on_connect)
    sa.event.listen(engine, "begin", on_begin)
    return engine


def _is_violation(error: sa.exc.DBAPIError) -> bool:
    """Tell whether a constraint refused (SQLSTATE class 23); pg8000 says so by name only of unique ones."""
    facts = error.orig.args[0] if error.orig is not None and error.orig.args else None
    return isinstance(facts, dict) and str(facts.get("C", "")).startswith("23")


def _storage_error(error: sa.exc.DBAPIError | ConnectionError) -> StorageError:
    cause = getattr(error, "orig", None) or error
    reason = (str(cause).splitlines() or [type(error).__name__])[0]
    return StorageError(
        f"数据库拒绝了操作：{reason}。请检查磁盘空间、文件权限或数据库服务，然后重试。",
        f"The database refused: {reason}. Check disk space, file permissions or the database service, then try again.",
    )


def _bad_url(url: str) -> ConfigurationError:
    kind = url.split(":", 1)[0]
    return ConfigurationError(
        f"不认识的数据库地址类型 {kind!r}；请用 sqlite:///文件路径 或 postgresql://用户:口令@主机/库名。",
        f"Unknown kind of database address {kind!r}; use sqlite:///path or postgresql://user:password@host/name.",
        where="GUIJU_DATABASE_URL",
    )
