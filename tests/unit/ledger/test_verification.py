"""What an insider may do to the tables, and what the verification calls it."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from guiju.kit.clock import FixedClock
from guiju.ledger.errors import LedgerBrokenError
from guiju.ledger.heads import canonical_head
from guiju.ledger.keyring import FileMasterKey, Keyring
from guiju.ledger.merkle import TreeHash
from guiju.ledger.models import Draft, EntryQuery, Verification
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, LedgerOptions, open_ledger
from guiju.storage.database import Database

DRAFT = Draft("exchange.opened", "app:1", "exchange:1", {"text": "x"}, provisions=("cn/m/art-4",))
Tamper = Callable[[str], None]


@pytest.fixture
def tamper(database: Database) -> Tamper:
    def run(statement: str) -> None:
        with database.transaction() as connection:
            connection.execute(sa.text(statement))

    return run


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    for n in range(600):
        ledger.submit(replace(DRAFT, subject=f"exchange:{n}"))
    ledger.append(DRAFT)
    ledger.checkpoint()
    return ledger


def broken(verification: Verification) -> str:
    assert verification.integrity.word == "broken"
    return "\n".join(verification.integrity.findings)


def test_an_untouched_log_holds_and_the_answers_are_kept(filled: Ledger) -> None:
    assert filled.last_verification() is None
    verification = filled.verify()
    assert verification.integrity.word == verification.completeness.word == verification.freshness.word == "holds"
    assert verification.size == 601
    assert verification.root == filled.root()
    assert filled.last_verification() == verification
    shallow = filled.verify(deep=False)
    assert (shallow.integrity.word, shallow.completeness.word) == ("holds", "unknown")


@pytest.mark.parametrize(
    ("statement", "named"),
    [
        ("UPDATE ledger_entry SET actor = 'app:2' WHERE seq = 17", "entry 17"),
        ("UPDATE ledger_entry SET occurred_at = '2020-01-01T00:00:00.000000Z' WHERE seq = 300", "entry 300"),
        ("UPDATE ledger_entry SET provision_set = 0 WHERE seq = 5", "entry 5"),
        (
            "UPDATE ledger_body SET content = (SELECT content FROM ledger_body WHERE seq = 78) WHERE seq = 77",
            "entry 77",
        ),
        ("UPDATE ledger_body SET content = NULL WHERE seq = 78", "body of entry 78"),
        ("DELETE FROM ledger_body WHERE seq = 79", "body of entry 79"),
        ("DELETE FROM ledger_person", "body of entry 0 "),
        (
            "UPDATE ledger_body SET content = NULL, erased_by = 600, person = '' WHERE seq = 80",
            "entry 600 records 0 erased",
        ),
        ("DELETE FROM ledger_entry WHERE seq = 33", "entries 33 to 33 are missing"),
        ("DELETE FROM ledger_entry WHERE seq >= 590", "entries 590 to 600 are missing"),
        ("UPDATE ledger_provision_set SET provisions = '[]'", "entry 0 "),
        ("UPDATE ledger_log SET frontier = root", "right edge"),
    ],
)
def test_what_was_done_to_the_tables_is_named(filled: Ledger, tamper: Tamper, statement: str, named: str) -> None:
    tamper(statement)
    assert named in broken(filled.verify())


def test_a_reordered_pair_is_named(filled: Ledger, tamper: Tamper) -> None:
    for old, new in ((40, 9999), (41, 40), (9999, 41)):
        tamper(f"UPDATE ledger_entry SET seq = {new} WHERE seq = {old}")  # noqa: S608 - numbers of our own
    found = broken(filled.verify())
    assert "entry 40 " in found
    assert "entry 41 " in found


def test_an_entry_whose_leaf_was_rewritten_too_is_named_by_its_block_and_its_checkpoint(
    filled: Ledger, database: Database
) -> None:
    head = filled.head(300)
    assert head is not None
    leaf = TreeHash("sha256").leaf(canonical_head(replace(head, actor="app:2")))
    with database.transaction() as connection:
        values = {"leaf": leaf, "actor": "app:2"}
        connection.execute(sa.text("UPDATE ledger_entry SET actor = :actor, leaf = :leaf WHERE seq = 300"), values)
    found = broken(filled.verify())
    assert "entries 256 to 511" in found
    assert "the first 601 entries" in found


def test_a_body_that_an_insider_with_the_keys_wrote_anew_is_named(
    filled: Ledger, repository: LedgerRepository, database: Database, tmp_path: Path
) -> None:
    ring = Keyring(FileMasterKey(tmp_path / "var" / "keys" / "master.key"))
    row = repository.persons(["system"])[0]
    head = filled.head(9)
    assert head is not None
    forged = ring.opened(row.wrapped_key, "system").seal(b"n" * 12, b"s" * 32 + b'{"text":"y"}', head.id)
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE ledger_body SET content = :content WHERE seq = 9"), {"content": forged})
    assert "the body of entry 9 " in broken(filled.verify())
    assert "commitment" in broken(filled.verify())


def cut(tamper: Tamper, repository: LedgerRepository, to: int) -> None:
    """Cut the tail as somebody would who knows the tables: the log's row is made to fit."""
    from guiju.ledger.merkle import CompactRange  # noqa: PLC0415 - the insider's tool

    edge = CompactRange(TreeHash("sha256"))
    for leaf in repository.leaves(0, to):
        edge.push(leaf)
    for table in ("ledger_entry", "ledger_body"):
        tamper(f"DELETE FROM {table} WHERE seq >= {to}")  # noqa: S608 - names of our own
    sizes = f"size = {to}, root = X'{edge.root().hex()}', frontier = X'{b''.join(edge.nodes).hex()}'"
    tamper(f"UPDATE ledger_log SET {sizes}")  # noqa: S608 - values of our own


def test_a_cleanly_cut_tail_is_named_by_the_checkpoint_and_stops_the_next_start(
    sqlite_ledger: Ledger, sqlite_database: Database, tmp_path: Path, clock: FixedClock
) -> None:
    def run(statement: str) -> None:
        with sqlite_database.transaction() as connection:
            connection.execute(sa.text(statement))

    repository = LedgerRepository(sqlite_database)
    for _ in range(20):
        sqlite_ledger.append(DRAFT)
    sqlite_ledger.stop()
    cut(run, repository, 15)
    verification = sqlite_ledger.verify()
    assert "entries 15 to 19 are missing" in broken(verification)
    assert verification.completeness.word == "broken"
    run("DELETE FROM ledger_checkpoint")
    assert "entries 15 to 19 are missing" in broken(sqlite_ledger.verify()), "the file outside the database still knows"
    again = open_ledger(repository, tmp_path / "var", clock)
    again.start()
    assert isinstance(again.broken, LedgerBrokenError)
    with pytest.raises(LedgerBrokenError, match="15 to 19"):
        again.append(DRAFT)
    assert len(again.find(EntryQuery())) == 15
    again.stop()
    with pytest.raises(LedgerBrokenError):
        again.checkpoint()


def test_a_rewritten_history_stops_the_next_start(
    sqlite_ledger: Ledger, sqlite_database: Database, tmp_path: Path, clock: FixedClock
) -> None:
    for _ in range(20):
        sqlite_ledger.append(DRAFT)
    sqlite_ledger.stop()
    with sqlite_database.transaction() as connection:
        connection.execute(sa.text("UPDATE ledger_entry SET leaf = commitment WHERE seq = 3"))
    again = open_ledger(LedgerRepository(sqlite_database), tmp_path / "var", clock)
    again.start()
    with pytest.raises(LedgerBrokenError, match="first 20 entries"):
        again.append(DRAFT)
    again.stop()


def test_a_gap_in_a_producers_own_numbers_is_incomplete_not_rewritten(ledger: Ledger, clock: FixedClock) -> None:
    for number in (1, 2, 4, 5, 9):
        ledger.append(replace(DRAFT, source="gateway:1", source_seq=number))
    for number in (2, 1, 3):
        ledger.append(replace(DRAFT, source="gateway:2", source_seq=number))
    ledger.checkpoint()
    assert ledger.verify().completeness.word == "unknown", "they may still be on their way"
    clock.advance(120)
    verification = ledger.verify()
    assert (verification.integrity.word, verification.completeness.word) == ("holds", "broken")
    found = "\n".join(verification.completeness.findings)
    assert "source gateway:1 lacks its numbers 3, 6-8" in found
    assert "gateway:2" not in found


def test_a_silence_that_nobody_explains_is_unknown(
    repository: LedgerRepository, tmp_path: Path, clock: FixedClock
) -> None:
    ledger = open_ledger(repository, tmp_path / "var", clock, options=LedgerOptions(heartbeat_seconds=60))
    for pause in (30, 1000):
        ledger.start()
        ledger.append(DRAFT)
        clock.advance(pause)
        ledger.append(DRAFT)
        ledger.stop()
        clock.advance(100_000)
        word = ledger.verify().completeness.word
        assert word == ("holds" if pause == 30 else "unknown")


def test_a_log_without_a_new_checkpoint_for_long_is_stale(ledger: Ledger, clock: FixedClock) -> None:
    ledger.append(DRAFT)
    clock.advance(600)
    verification = ledger.verify()
    assert verification.freshness.word == "broken"
    assert verification.completeness.word == "unknown"
    ledger.checkpoint()
    assert ledger.verify().freshness.word == "holds"


def test_whoever_waits_hears_how_far_verification_and_export_are(filled: Ledger, tmp_path: Path) -> None:
    heard: list[tuple[int, int]] = []
    size = filled.size()
    filled.verify(progress=lambda done, of: heard.append((done, of)))
    assert heard[-1] == (size, size)
    for disclose, passes in ((False, 1), (True, 2)):
        heard.clear()
        filled.export(tmp_path / "bundle.zip", disclose=disclose, progress=lambda done, of: heard.append((done, of)))
        assert heard == sorted(heard)
        assert heard[-1][0] == heard[-1][1] >= passes * size
