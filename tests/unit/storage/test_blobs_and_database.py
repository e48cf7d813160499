"""Blobs are what their hash says; transactions are whole or nothing; a bad address is explained."""

from pathlib import Path

import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guiju.kit.errors import ConfigurationError, NotFoundError, StorageError
from guiju.storage.blobs import BlobStore, write_atomically
from guiju.storage.database import Database, connect_database
from guiju.storage.jobs import job_table


@given(st.binary(max_size=200))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_what_is_put_comes_back(tmp_path: Path, content: bytes) -> None:
    store = BlobStore(tmp_path)
    digest = store.put(content)
    assert store.put(content) == digest
    assert store.get(digest) == content


def test_a_changed_blob_is_named(tmp_path: Path) -> None:
    store = BlobStore(tmp_path)
    digest = store.put(b"policy")
    path = next(path for path in tmp_path.rglob("*") if path.is_file())
    path.write_bytes(b"other")
    with pytest.raises(StorageError, match=digest):
        store.get(digest)


@pytest.mark.parametrize("digest", ["0" * 64, "../../etc/passwd", ""])
def test_an_unknown_or_crooked_hash_is_not_found(tmp_path: Path, digest: str) -> None:
    with pytest.raises(NotFoundError):
        BlobStore(tmp_path).get(digest)


def test_a_file_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "inside").write_text("kept")
    with pytest.raises(StorageError):
        write_atomically(target, b"new")
    assert (target / "inside").read_text() == "kept"
    assert not list(tmp_path.glob(".writing-*"))


def test_a_transaction_that_fails_leaves_nothing(database: Database) -> None:
    row = {"id": "1", "kind": "x", "payload": "{}", "state": "waiting", "run_at": "", "attempts": 0, "version": 0}

    def die_half_way() -> None:
        with database.transaction() as connection:
            connection.execute(sa.insert(job_table).values(row))
            raise RuntimeError("died")

    with pytest.raises(RuntimeError, match="died"):
        die_half_way()
    with database.reading() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(job_table)).scalar_one() == 0


def test_a_refusal_of_the_database_says_what_to_do(database: Database) -> None:
    with pytest.raises(StorageError, match="Check disk space"), database.transaction() as connection:
        connection.execute(sa.text("SELECT * FROM no_such_table"))


@pytest.mark.parametrize("url", ["mysql://x/y", "not an address", ""])
def test_an_address_of_another_kind_is_explained(url: str) -> None:
    with pytest.raises(ConfigurationError, match="sqlite:///"):
        connect_database(url)
