"""Checkpoints: signed on time, kept in two places, never contradicting each other."""

import json
import time
from pathlib import Path

import pytest
import sqlalchemy as sa

from guiju.kit.clock import FixedClock
from guiju.kit.errors import InputError, StorageError
from guiju.ledger.errors import LedgerBrokenError
from guiju.ledger.keyring import FileMasterKey, Keyring
from guiju.ledger.merkle import TreeHash, is_consistent, root_from_inclusion
from guiju.ledger.models import Draft
from guiju.ledger.notes import parse_checkpoint, parse_verifier_key
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, LedgerOptions, open_ledger
from guiju.ledger.signers.ed25519 import Ed25519Signer
from guiju.storage.database import Database

DRAFT = Draft("exchange.opened", "app:1", "exchange:1")


def kept_file(tmp_path: Path) -> Path:
    return tmp_path / "var" / "checkpoints" / "guiju_sha256.jsonl"


def test_a_checkpoint_says_the_size_and_root_and_its_signature_verifies(ledger: Ledger) -> None:
    ledger.append(DRAFT)
    checkpoint = ledger.checkpoint()
    head, signatures = parse_checkpoint(checkpoint.note)
    assert (head.origin, head.size, head.root.hex()) == ("guiju/sha256", 1, ledger.root())
    assert parse_verifier_key(ledger.verifier_keys[0]).has_signed(head.text, signatures)
    assert ledger.checkpoint() == checkpoint
    assert ledger.checkpoints() == [checkpoint]


def test_a_checkpoint_stands_in_the_file_too_after_a_torn_line(ledger: Ledger, tmp_path: Path) -> None:
    ledger.append(DRAFT)
    first = ledger.checkpoint()
    with kept_file(tmp_path).open("ab") as file:
        file.write(b'{"note":"torn')
    ledger.append(DRAFT)
    second = ledger.checkpoint()
    lines = kept_file(tmp_path).read_bytes().split(b"\n")
    assert [json.loads(lines[n])["note"] for n in (0, 2)] == [first.note, second.note]
    assert lines[1] == b'{"note":"torn'
    assert ledger.verify().integrity.word == "holds"


def test_a_checkpoint_whose_signature_or_root_was_changed_is_named(ledger: Ledger, database: Database) -> None:
    ledger.append(DRAFT)
    note = ledger.checkpoint().note
    with database.transaction() as connection:
        forged = note[:-8] + ("AAAAAA=\n" if not note.endswith("AAAAAA=\n") else "BBBBBB=\n")
        connection.execute(sa.text("UPDATE ledger_checkpoint SET note = :note"), {"note": forged})
    verification = ledger.verify()
    assert "signature of checkpoint 1 does not verify" in "".join(verification.integrity.findings)
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE ledger_checkpoint SET note = 'no note'"))
    assert "checkpoint 1" in "".join(ledger.verify().integrity.findings)


def test_a_ledger_signs_by_itself_when_it_has_grown_and_when_it_stops(
    repository: LedgerRepository, tmp_path: Path, clock: FixedClock
) -> None:
    var = tmp_path / "var"
    ledger = Ledger(
        repository,
        Keyring(FileMasterKey(var / "keys" / "master.key")),
        clock,
        origin="guiju",
        signer=Ed25519Signer(var / "keys" / "checkpoint.key", "guiju/sha256"),
        checkpoint_every_seconds=0.05,
        options=LedgerOptions(checkpoint_folder=var / "checkpoints"),
    )
    ledger.start()
    ledger.append(DRAFT)
    deadline = time.monotonic() + 30
    while not any(one.size == 1 for one in ledger.checkpoints()) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert ledger.checkpoints()[0].size == 1
    ledger.append(DRAFT)
    ledger.stop()
    assert ledger.checkpoints()[0].size == 2
    ledger.stop()


def test_a_log_that_changed_behind_its_back_signs_nothing(ledger: Ledger, database: Database) -> None:
    for _ in range(4):
        ledger.append(DRAFT)
    with database.transaction() as connection:
        connection.execute(sa.text("UPDATE ledger_entry SET leaf = commitment WHERE seq = 1"))
    with pytest.raises(LedgerBrokenError):
        ledger.checkpoint()
    assert ledger.checkpoints() == []


def test_a_checkpoint_file_that_cannot_be_written_is_an_error(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    sqlite_ledger.append(DRAFT)
    (tmp_path / "var" / "checkpoints").write_text("a file stands where the folder should be")
    with pytest.raises(StorageError, match="checkpoint file"):
        sqlite_ledger.checkpoint()


def test_every_proof_of_a_stored_log_verifies(ledger: Ledger) -> None:
    futures = [ledger.submit(DRAFT) for _ in range(700)]
    futures[-1].result()
    tree = TreeHash("sha256")
    for size in (1, 2, 255, 256, 257, 511, 512, 513, 700):
        for seq in {0, size // 2, size - 1}:
            proof = ledger.prove_inclusion(seq, size)
            path = [bytes.fromhex(step) for step in proof.path]
            assert root_from_inclusion(tree, bytes.fromhex(proof.leaf), (seq, size), path=path) == bytes.fromhex(
                proof.root
            )
        consistency = ledger.prove_consistency(size)
        old = (size, bytes.fromhex(consistency.old_root))
        new = (700, bytes.fromhex(ledger.root()))
        assert is_consistent(tree, old, new, path=[bytes.fromhex(step) for step in consistency.path])
    assert ledger.prove_inclusion(3).size == 700
    for call in (
        lambda: ledger.prove_inclusion(700),
        lambda: ledger.prove_inclusion(0, 701),
        lambda: ledger.prove_consistency(9, 8),
    ):
        with pytest.raises(InputError):
            call()


def test_a_missing_hash_is_an_error_that_names_the_entries(ledger: Ledger, database: Database) -> None:
    futures = [ledger.submit(DRAFT) for _ in range(600)]
    futures[-1].result()
    with database.transaction() as connection:
        connection.execute(sa.text("DELETE FROM ledger_subtree"))
    with pytest.raises(StorageError, match="entries 0 to 511 are missing"):
        ledger.prove_inclusion(599)


def test_a_second_start_holds_the_log_against_all_it_kept(
    repository: LedgerRepository, tmp_path: Path, clock: FixedClock
) -> None:
    for count in range(1, 6):
        ledger = open_ledger(repository, tmp_path / "var", clock)
        ledger.start()
        ledger.append(DRAFT)
        ledger.stop()
        assert ledger.broken is None
        assert [one.size for one in ledger.checkpoints()] == list(range(count, 0, -1))
