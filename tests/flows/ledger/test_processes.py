"""Real processes on one log: killed in mid-write, or two at a time."""

import itertools
import subprocess
import sys
import time
from pathlib import Path

from bench.ledger.house import open_at
from bench.ledger.kills import run_kills

from guiju.ledger.models import EntryQuery

EACH = 400
ROOT = Path(__file__).resolve().parents[3]


def test_five_kills_in_mid_write_lose_nothing_that_was_acknowledged(database_url: str, tmp_path: Path) -> None:
    outcome = run_kills(database_url, tmp_path, 5, seconds=0.3)
    assert outcome.acknowledged > 0
    assert outcome.lost == 0
    assert outcome.stored >= outcome.acknowledged
    assert outcome.verification.integrity.word == "holds", outcome.verification.integrity.findings


def test_two_processes_on_one_log_leave_no_gap_and_no_duplicate(database_url: str, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.flows.ledger.appender", database_url, str(tmp_path), "", str(EACH)]
    processes = []
    for number in range(2):
        command[5] = f"process:{number}"
        processes.append(subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT))
    while len(list(tmp_path.glob("ready-*"))) < 2:
        assert all(process.poll() is None for process in processes)
        time.sleep(0.01)
    (tmp_path / "go").touch()
    acknowledged: dict[int, str] = {}
    for process in processes:
        out, _ = process.communicate(timeout=120)
        assert process.returncode == 0
        pairs = [line.split() for line in out.decode().splitlines()]
        assert len(pairs) == EACH
        assert not acknowledged.keys() & {int(seq) for seq, _ in pairs}
        acknowledged.update((int(seq), entry_id) for seq, entry_id in pairs)
    assert sorted(acknowledged) == list(range(2 * EACH))
    database, ledger = open_at(database_url, tmp_path)
    ledger.start()
    try:
        heads = ledger.find(EntryQuery(limit=2 * EACH))
        assert {head.seq: head.id for head in heads} == acknowledged
        runs = sum(a.source != b.source for a, b in itertools.pairwise(heads))
        assert runs >= 1, "both wrote"
        ledger.checkpoint()
        verification = ledger.verify()
        assert (verification.integrity.word, verification.completeness.word) == ("holds", "holds")
    finally:
        ledger.stop()
        database.close()
