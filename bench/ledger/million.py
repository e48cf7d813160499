"""A log of a million entries: how long a full verification takes, in the process and standalone, and a proof.

python -m bench.ledger.million [--entries 1000000] [--hash sha256|sm3]
"""

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

from bench.ledger.house import database_url, draft, folder, machine, open_at

from guiju.ledger import verify
from guiju.ledger.models import EntryQuery
from guiju.ledger.service import Ledger


def main() -> None:
    """Fill, then measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--hash", choices=["sha256", "sm3"], default="sha256")
    options = parser.parse_args()
    print(f"{options.hash}; {machine()}")
    print("| what | wall s | CPU s | |")
    print("|---|--:|--:|---|")
    with folder() as path, database_url("sqlite", path) as url:
        database, ledger = open_at(url, path, hash_name=options.hash)
        ledger.start()
        _timed("append", lambda: _fill(ledger, options.entries))
        size = (path / "guiju.db").stat().st_size
        print(f"| on disk | | | {size / options.entries:.0f} bytes an entry |")
        _timed("verify in depth, bodies opened", lambda: ledger.verify().integrity.word.value)
        _proofs(ledger, options.entries)
        _searches(ledger)
        bare, full = path / "bare.zip", path / "full.zip"
        _timed("export, heads only", lambda: ledger.export(bare).entries)
        _timed("verify.py on it", lambda: _standalone(bare, path))
        _timed("export with all bodies", lambda: ledger.export(full, disclose=True).bodies)
        _timed("verify.py on it", lambda: _standalone(full, path))
        ledger.stop()
        database.close()


def _timed(what: str, do: "object") -> None:
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu, wall = time.process_time(), time.perf_counter()
    result = do()  # type: ignore[operator]
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu += after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    print(f"| {what} | {wall:.3f} | {cpu:.3f} | {result} |", flush=True)


def _fill(ledger: Ledger, entries: int) -> str:
    persons = [ledger.person_for(f"user {n}") for n in range(500)]
    for start in range(0, entries, 10_000):
        futures = [
            ledger.submit(draft(persons[n % 500], source="bench", number=n + 1))
            for n in range(start, min(start + 10_000, entries))
        ]
        futures[-1].result()
        if start % 200_000 == 0:
            ledger.checkpoint()
    ledger.checkpoint()
    return f"{ledger.size()} entries"


def _proofs(ledger: Ledger, entries: int) -> None:
    times: list[float] = []
    cpu = time.process_time()
    for n in range(300):
        seq = n * 7_919_993 % entries
        began = time.perf_counter()
        ledger.prove_inclusion(seq)
        times.append(time.perf_counter() - began)
    cpu = (time.process_time() - cpu) / 300
    times.sort()
    print(f"| inclusion proof, random entry | {times[150]:.4f} | {cpu:.4f} | p99 {times[297] * 1e3:.1f} ms |")
    cpu, wall = time.process_time(), time.perf_counter()
    for n in range(100):
        ledger.prove_consistency(n * 7919 % entries + 1)
    cpu, wall = (time.process_time() - cpu) / 100, (time.perf_counter() - wall) / 100
    print(f"| consistency proof, random size | {wall:.4f} | {cpu:.4f} | |")


def _searches(ledger: Ledger) -> None:
    _timed("facts of one action (half of all)", lambda: ledger.facts(["exchange.opened"], None, None).count)
    _timed(
        "100 newest under a provision",
        lambda: len(ledger.find(EntryQuery(provisions=("cn/genai-measures-2023/art-14",)))),
    )
    _timed("100 newest of an action that never was", lambda: len(ledger.find(EntryQuery(actions=("never.was",)))))


def _standalone(bundle: Path, path: Path) -> str:
    command = [sys.executable, str(verify.__file__), str(bundle)]
    run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=path)
    return run.stdout.splitlines()[0] if run.returncode == 0 else run.stdout + run.stderr


if __name__ == "__main__":
    main()
