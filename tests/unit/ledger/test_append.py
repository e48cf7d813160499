"""Entries get in whole, once, in order, on both databases; what cannot be kept is answered, not lost."""

import asyncio
import threading
from concurrent.futures import Future, wait
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from tests.unit.ledger.naive import NaiveTree

from guiju.kit.clock import FixedClock
from guiju.kit.errors import ConfigurationError, StorageError
from guiju.kit.ids import new_id
from guiju.ledger.errors import DraftError, LedgerClosedError
from guiju.ledger.models import Draft, EntryQuery, Receipt
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, open_ledger
from guiju.storage.database import Database

DRAFT = Draft("exchange.opened", "app:1", "exchange:1", {"text": "你好"})


def test_an_entry_comes_back_as_it_went_in(ledger: Ledger, clock: FixedClock) -> None:
    person = ledger.person_for("alice")
    receipt = ledger.append(
        Draft(
            "exchange.closed",
            "app:7",
            "exchange:9",
            {"text": "你好", "n": 1, "list": [True, None]},
            person=person,
            provisions=("cn/b", "cn/a"),
            policy_hash="ab" * 32,
            model="echo-1",
            occurred_at=clock.now() - timedelta(minutes=5),
            id="0197e000-0000-7000-8000-000000000001",
            source="gateway:1",
            source_seq=3,
        )
    )
    assert receipt == Receipt(0, "0197e000-0000-7000-8000-000000000001")
    head = ledger.head(0)
    assert head is not None
    assert head == ledger.entry_by_id(receipt.id)
    assert (head.actor, head.action, head.subject, head.model) == ("app:7", "exchange.closed", "exchange:9", "echo-1")
    assert head.provisions == ("cn/a", "cn/b")
    assert head.occurred_at == clock.now() - timedelta(minutes=5)
    assert head.received_at == clock.now()
    assert (head.source, head.source_seq) == ("gateway:1", 3)
    assert ledger.body(receipt.id) == {"text": "你好", "n": 1, "list": [True, None]}
    assert ledger.head(1) is None
    assert ledger.entry_by_id(new_id()) is None
    assert ledger.body(new_id()) is None


def test_the_root_is_the_naive_root_of_the_canonical_heads(ledger: Ledger) -> None:
    from guiju.ledger.heads import canonical_head  # noqa: PLC0415 - the leaf's content, from what `find` returns

    futures = [ledger.submit(replace(DRAFT, subject=f"exchange:{n}")) for n in range(300)]
    assert [future.result().seq for future in futures] == list(range(300))
    heads = ledger.find(EntryQuery(limit=300))[::-1]
    assert [head.seq for head in heads] == list(range(300))
    assert ledger.root() == NaiveTree("sha256").mth([canonical_head(head) for head in heads]).hex()


def test_the_same_id_is_the_same_entry(ledger: Ledger) -> None:
    draft = replace(DRAFT, id=new_id())
    first = ledger.append(draft)
    assert ledger.append(draft) == first
    together = [ledger.submit(item) for item in (replace(DRAFT, id=new_id()), draft, draft, DRAFT)]
    receipts = [future.result() for future in together]
    assert receipts[1] == receipts[2] == first
    assert ledger.size() == 3
    twice = replace(DRAFT, id=new_id())
    a, b = ledger.submit(twice), ledger.submit(twice)
    assert a.result() == b.result()
    assert ledger.size() == 4


def test_an_id_that_belongs_to_another_entry_is_refused_and_takes_nobody_with_it(ledger: Ledger) -> None:
    taken = replace(DRAFT, id=new_id())
    ledger.append(taken)
    futures = [ledger.submit(item) for item in (DRAFT, replace(taken, subject="exchange:other"), DRAFT)]
    wait(futures)
    assert isinstance(futures[1].exception(), DraftError)
    assert {futures[0].result().seq, futures[2].result().seq} == {1, 2}


def test_bad_input_is_refused_at_once_and_numbers_have_no_gap(ledger: Ledger, clock: FixedClock) -> None:
    ledger.append(DRAFT)
    with pytest.raises(DraftError):
        ledger.submit(replace(DRAFT, body={"ratio": 0.5}))  # type: ignore[dict-item]
    with pytest.raises(DraftError, match="clock"):
        ledger.append(replace(DRAFT, occurred_at=clock.now() + timedelta(days=2)))
    assert ledger.append(DRAFT).seq == 1


async def test_coroutines_and_threads_share_one_log(ledger: Ledger) -> None:
    def work() -> None:
        for _ in range(20):
            ledger.append(DRAFT)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    receipts = await asyncio.gather(*(ledger.append_async(DRAFT) for _ in range(120)))
    for thread in threads:
        await asyncio.to_thread(thread.join)
    assert len({receipt.seq for receipt in receipts}) == 120
    assert ledger.size() == 200
    assert ledger.verify().integrity.word == "holds"


async def test_a_caller_that_goes_away_harms_nobody(ledger: Ledger) -> None:
    gone = asyncio.ensure_future(ledger.append_async(DRAFT))
    await asyncio.sleep(0)
    gone.cancel()
    receipt = await ledger.append_async(DRAFT)
    assert receipt.seq in {0, 1}
    future: Future[Receipt] = ledger.submit(DRAFT)
    future.cancel()
    assert (await ledger.append_async(DRAFT)).seq == ledger.size() - 1


def test_a_loop_that_is_closed_before_its_answer_harms_nobody(ledger: Ledger) -> None:
    async def leave() -> None:
        task = asyncio.ensure_future(ledger.append_async(DRAFT))
        await asyncio.sleep(0)
        task.cancel()

    asyncio.run(leave())
    assert ledger.append(DRAFT).seq == ledger.size() - 1


def test_a_stopped_ledger_refuses_and_started_again_goes_on(ledger: Ledger) -> None:
    ledger.append(DRAFT)
    waiting = [ledger.submit(DRAFT) for _ in range(50)]
    ledger.stop()
    assert [future.result().seq for future in waiting] == list(range(1, 51))
    assert ledger.checkpoints()[0].size == 51
    with pytest.raises(LedgerClosedError):
        ledger.append(DRAFT)
    ledger.start()
    assert ledger.append(DRAFT).seq == 51


def test_a_database_that_refuses_fails_the_entry_and_the_log_goes_on_when_it_is_back(
    ledger: Ledger, database: Database
) -> None:
    ledger.append(DRAFT)
    with database.transaction() as connection:
        connection.execute(sa.text("ALTER TABLE ledger_body RENAME TO ledger_body_away"))
    with pytest.raises(StorageError):
        ledger.append(DRAFT)
    failed = [ledger.submit(DRAFT) for _ in range(10)]
    assert all(isinstance(future.exception(), StorageError) for future in failed)
    with database.transaction() as connection:
        connection.execute(sa.text("ALTER TABLE ledger_body_away RENAME TO ledger_body"))
    assert ledger.append(DRAFT).seq == 1
    assert ledger.verify().integrity.word == "holds"


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgres"], indirect=True)
def test_a_lost_connection_costs_no_entry(database: Database, ledger: Ledger) -> None:
    ledger.append(DRAFT)
    others = "pid <> pg_backend_pid() AND datname = current_database()"
    with database.transaction() as connection:
        connection.execute(sa.text("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE " + others))  # noqa: S608
    assert ledger.append(DRAFT).seq == 1


def test_another_log_hash_or_master_key_is_refused(
    ledger: Ledger, repository: LedgerRepository, tmp_path: Path, clock: FixedClock
) -> None:
    ledger.append(DRAFT)
    var = tmp_path / "var"
    with pytest.raises(ConfigurationError, match="never change"):
        open_ledger(repository, var, clock, origin="another").start()
    with pytest.raises(ConfigurationError, match="never change"):
        open_ledger(repository, var, clock, hash_name="sm3").start()
    with pytest.raises(ConfigurationError, match="master key"):
        open_ledger(repository, tmp_path / "new", clock).start()


def test_two_ledgers_in_turn_continue_each_other(
    ledger: Ledger, repository: LedgerRepository, tmp_path: Path, clock: FixedClock
) -> None:
    other = open_ledger(repository, tmp_path / "var", clock)
    other.start()
    try:
        for turn in range(12):
            writer = (ledger, other)[turn % 2]
            provisions = (f"cn/{turn % 5}",)
            assert writer.append(replace(DRAFT, provisions=provisions)).seq == turn
        assert ledger.verify().integrity.word == "holds"
        assert [head.provisions for head in ledger.find(EntryQuery(provisions=("cn/3",)))] == [("cn/3",), ("cn/3",)]
    finally:
        other.stop()


def test_an_sm3_log_works_and_says_so_in_its_origin(
    repository: LedgerRepository, tmp_path: Path, clock: FixedClock
) -> None:
    ledger = open_ledger(repository, tmp_path / "sm3", clock, hash_name="sm3")
    ledger.start()
    for _ in range(300):
        ledger.submit(DRAFT)
    ledger.append(DRAFT)
    assert ledger.checkpoint().origin == "guiju/sm3"
    assert ledger.verify().integrity.word == "holds"
    ledger.stop()
