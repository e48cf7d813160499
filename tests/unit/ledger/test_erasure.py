"""After a person is erased, every proof still holds and nothing about them can be read."""

import hashlib
import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa

from guiju.kit.clock import FixedClock
from guiju.kit.errors import InputError, NotFoundError, RefusedError, StorageError
from guiju.ledger.merkle import TreeHash, root_from_inclusion
from guiju.ledger.models import Draft, EntryQuery, Erased
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.repository.tables import body_table
from guiju.ledger.service import Ledger, open_ledger
from guiju.storage.database import Database

DRAFT = Draft("exchange.opened", "app:1", "exchange:1", {"text": "my name is Alice"})


def fill(ledger: Ledger) -> tuple[str, list[str], list[str]]:
    alice, bob = ledger.person_for("alice"), ledger.person_for("bob")
    hers = [ledger.append(replace(DRAFT, person=alice)).id for _ in range(5)]
    others = [ledger.append(replace(DRAFT, person=who)).id for who in (bob, "system", bob)]
    return alice, hers, others


def test_a_person_is_known_again_and_two_are_never_one(ledger: Ledger) -> None:
    alice = ledger.person_for("alice")
    assert ledger.person_for("alice") == alice
    assert ledger.person_for("bob") != alice
    assert "alice" not in alice


def test_an_erased_person_cannot_be_read_and_every_proof_holds(ledger: Ledger, database: Database) -> None:
    alice, hers, others = fill(ledger)
    proofs = [ledger.prove_inclusion(seq, 8) for seq in range(8)]
    before = ledger.checkpoint()
    receipt = ledger.erase(alice, "staff:7", "asked to, PIPL article 47")
    assert (receipt.person, receipt.bodies, receipt.keys) == (alice, 5, 1)
    assert [ledger.body(entry_id) for entry_id in hers] == [Erased(entry_id, receipt.seq) for entry_id in hers]
    assert [ledger.body(entry_id) for entry_id in others] == [DRAFT.body] * 3
    record = ledger.head(receipt.seq)
    assert record is not None
    assert (record.action, record.actor, record.subject) == ("person.erased", "staff:7", f"person:{alice}")
    assert ledger.body(record.id) == {"person": alice, "bodies": 5, "keys": 1, "reason": "asked to, PIPL article 47"}
    assert [ledger.prove_inclusion(seq, 8) for seq in range(8)] == proofs
    tree = TreeHash("sha256")
    for proof in proofs:
        path = [bytes.fromhex(step) for step in proof.path]
        assert root_from_inclusion(tree, bytes.fromhex(proof.leaf), (proof.seq, 8), path=path) == bytes.fromhex(
            before.root
        )
    verification = ledger.verify()
    assert [verification.integrity.word, verification.completeness.word] == ["holds", "holds"]
    with database.reading() as connection:
        rows = (
            connection.execute(sa.text("SELECT content FROM ledger_body WHERE erased_by IS NOT NULL")).scalars().all()
        )
        left = connection.execute(sa.text("SELECT count(*) FROM ledger_person WHERE id = :id"), {"id": alice}).scalar()
    assert rows == [None] * 5
    assert left == 0


def test_the_key_is_gone_from_the_database_file_too(
    sqlite_database: Database, tmp_path: Path, clock: FixedClock
) -> None:
    def keep_deleted_bytes(connection: sqlite3.Connection, _entry: object) -> None:
        connection.execute("PRAGMA secure_delete=OFF")  # some builds of SQLite wipe what they delete, not all do

    sa.event.listen(sqlite_database.engine, "connect", keep_deleted_bytes)
    ledger = open_ledger(LedgerRepository(sqlite_database), tmp_path / "var", clock)
    ledger.start()
    alice, _, _ = fill(ledger)
    key = LedgerRepository(sqlite_database).persons([alice])[0].wrapped_key
    path = Path(str(sqlite_database.engine.url.database))
    assert any(key in file.read_bytes() for file in path.parent.glob(path.name + "*"))
    ledger.erase(alice, "staff:7", "asked to")
    ledger.stop()
    sqlite_database.close()
    assert not any(key in file.read_bytes() for file in path.parent.glob(path.name + "*"))


def test_an_erased_person_comes_back_as_somebody_new(ledger: Ledger) -> None:
    alice, _, _ = fill(ledger)
    ledger.erase(alice, "staff:7", "asked to")
    again = ledger.person_for("alice")
    assert again != alice
    entry = ledger.append(replace(DRAFT, person=again))
    assert ledger.body(entry.id) == DRAFT.body
    with pytest.raises(NotFoundError):
        ledger.erase(alice, "staff:7", "again")
    assert ledger.erase(again, "staff:7", "asked to").bodies == 1


def test_what_was_on_its_way_during_an_erasure_is_covered_by_the_next(ledger: Ledger) -> None:
    alice, _, _ = fill(ledger)
    ledger.erase(alice, "staff:7", "asked to")
    late = ledger.append(replace(DRAFT, person=alice))
    assert ledger.body(late.id) == DRAFT.body
    person = ledger.person_for("alice")
    assert ledger.erase(person, "staff:7", "asked to").bodies == 1
    assert isinstance(ledger.body(late.id), Erased)


def test_two_processes_that_meet_a_stranger_together_agree_and_erase_all(
    ledger: Ledger, repository: LedgerRepository, tmp_path: Path, clock: FixedClock
) -> None:
    other = open_ledger(repository, tmp_path / "var", clock)
    other.start()
    try:
        here, there = ledger.person_for("carol"), other.person_for("carol")
        assert here != there, "neither has been written yet"
        entries = [ledger.append(replace(DRAFT, person=here)), other.append(replace(DRAFT, person=there))]
        assert ledger.person_for("carol") == other.person_for("carol") == here
        assert ledger.erase(other.person_for("carol"), "staff:1", "asked to").bodies == 2
        assert all(isinstance(other.body(entry.id), Erased) for entry in entries)
        other.append(DRAFT)  # sees that somebody was erased
        assert other.person_for("carol") != here
        assert other.verify().integrity.word == "holds"
    finally:
        other.stop()


def test_an_erasure_needs_a_person_and_a_reason(ledger: Ledger) -> None:
    with pytest.raises(InputError):
        ledger.erase("somebody", "staff:7", " ")
    with pytest.raises(NotFoundError):
        ledger.erase("nobody-known", "staff:7", "asked to")
    with pytest.raises(RefusedError):
        ledger.erase("system", "staff:7", "asked to")
    with pytest.raises(InputError):
        ledger.erase(ledger.person_for("alice"), "", "the actor is missing")
    assert ledger.size() == 0


def test_heads_say_nothing_about_the_body(ledger: Ledger) -> None:
    """The same body commits to something else each time, so that a guess cannot be tried against a head."""
    for _ in range(2):
        ledger.append(DRAFT)
    first, second = ledger.find(EntryQuery())
    assert first.commitment != second.commitment
    assert hashlib.sha256(b'{"text":"my name is Alice"}').hexdigest() not in {first.commitment, second.commitment}


def test_a_damaged_key_fails_its_own_person_only(
    ledger: Ledger, repository: LedgerRepository, database: Database, tmp_path: Path, clock: FixedClock
) -> None:
    alice, _, _ = fill(ledger)
    with database.transaction() as connection:
        foreign = "(SELECT wrapped_key FROM ledger_person WHERE id = 'system')"
        connection.execute(sa.text(f"UPDATE ledger_person SET wrapped_key = {foreign} WHERE id = :id"), {"id": alice})  # noqa: S608 - text of our own
    other = open_ledger(repository, tmp_path / "var", clock)
    other.start()
    futures = [other.submit(replace(DRAFT, person=person)) for person in ("system", alice, "system")]
    assert isinstance(futures[1].exception(), StorageError)
    assert {futures[0].result().seq, futures[2].result().seq} == {8, 9}
    other.stop()


def test_a_stretch_of_bodies_says_which_are_erased_and_which_cannot_be_read(ledger: Ledger, database: Database) -> None:
    people = [ledger.person_for(name) for name in ("stays", "goes", "is altered")]
    receipts = [
        ledger.append(Draft("exchange.opened", "app:1", f"exchange:{number}", {"n": number}, person=person))
        for number, person in enumerate(people)
    ]
    ledger.erase(people[1], "system", "asked")
    altered = sa.update(body_table).where(body_table.c.seq == receipts[2].seq).values(content=b"x" * 64)
    with database.transaction() as connection:
        connection.execute(altered)
    bodies = ledger.bodies(receipts[0].seq, receipts[2].seq + 1)
    assert bodies[receipts[0].id] == {"n": 0}
    assert isinstance(bodies[receipts[1].id], Erased)
    assert bodies[receipts[2].id] is None
    assert ledger.bodies(10_000, 10_010) == {}
