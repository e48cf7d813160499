"""Kills a writing process again and again with SIGKILL and asks whether anything acknowledged was lost.

python -m bench.ledger.kills [--database sqlite|postgres] [--kills 25]
"""

import argparse
import asyncio
import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from bench.ledger.house import database_url, draft, folder, machine, open_at

from guiju.ledger.models import Receipt, Verification

_PRODUCERS = 48
_ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What was left after the last kill."""

    kills: int
    acknowledged: int
    lost: int
    stored: int
    verification: Verification


def run_kills(url: str, path: Path, kills: int, *, seconds: float = 0.6) -> Outcome:
    """Start a writer `kills` times, kill it in mid-write each time, then count and verify."""
    acknowledged = path / "acknowledged"
    for number in range(kills):
        before = acknowledged.stat().st_size if acknowledged.exists() else 0
        command = [
            sys.executable,
            "-m",
            "bench.ledger.kills",
            "--write",
            url,
            "--var",
            str(path),
            "--source",
            f"run:{number}",
        ]
        writer = subprocess.Popen(command, cwd=_ROOT)
        try:
            deadline = time.monotonic() + 120
            while (acknowledged.stat().st_size if acknowledged.exists() else 0) == before:
                if writer.poll() is not None or time.monotonic() > deadline:
                    raise RuntimeError(f"the writer acknowledged nothing: {writer.returncode}")
                time.sleep(0.005)
            time.sleep(random.uniform(0, seconds))
        finally:
            writer.send_signal(signal.SIGKILL)
            writer.wait()
    return _count(url, path, kills)


def _count(url: str, path: Path, kills: int) -> Outcome:
    database, ledger = open_at(url, path)
    try:
        ledger.start()
        acknowledged = lost = 0
        for line in (path / "acknowledged").read_text(encoding="ascii").splitlines():
            seq, _, entry_id = line.partition(" ")
            if len(entry_id) != 36:
                continue  # the line that a kill tore; it was never told to anybody
            acknowledged += 1
            head = ledger.head(int(seq))
            lost += head is None or head.id != entry_id
        ledger.checkpoint()
        return Outcome(kills, acknowledged, lost, ledger.size(), ledger.verify())
    finally:
        ledger.stop()
        database.close()


def _write(url: str, var: Path, source: str) -> None:
    """Append for ever, and write down what was acknowledged, as it is acknowledged."""
    _, ledger = open_at(url, var)
    ledger.start()
    handle = os.open(var / "acknowledged", os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    numbers = iter(range(1, 10**9))

    async def produce(person: str) -> None:
        while True:
            receipt: Receipt = await ledger.append_async(draft(person, source=source, number=next(numbers)))
            os.write(handle, f"{receipt.seq} {receipt.id}\n".encode())

    async def all_producers() -> None:
        await asyncio.gather(*(produce(ledger.person_for(f"user {n}")) for n in range(_PRODUCERS)))

    asyncio.run(all_producers())


def main() -> None:
    """Run the measurement, or, with `--write`, be the process that is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--kills", type=int, default=25)
    parser.add_argument("--write", metavar="URL")
    parser.add_argument("--var", type=Path)
    parser.add_argument("--source", default="")
    options = parser.parse_args()
    if options.write:
        _write(options.write, options.var, options.source)
        return
    print(machine())
    with folder() as path, database_url(options.database, path) as url:
        outcome = run_kills(url, path, options.kills)
    words = outcome.verification
    print(f"{options.database}: {outcome.kills} SIGKILLs, {outcome.acknowledged} acknowledged, {outcome.lost} lost, ")
    print(f"  {outcome.stored} stored; integrity {words.integrity.word}, completeness {words.completeness.word}")
    print("  " + "\n  ".join((*words.integrity.findings, *words.completeness.findings)))
    sys.exit(1 if outcome.lost or words.integrity.word != "holds" else 0)


if __name__ == "__main__":
    main()
