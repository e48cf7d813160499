"""How many entries a second are acknowledged as durable, and how long that takes; the median of three rounds.

python -m bench.ledger.append [--database sqlite|postgres] [--entries 60000] [--hash sha256|sm3]
"""

import argparse
import asyncio
import time
from dataclasses import dataclass

from bench.ledger.house import database_url, draft, folder, machine, open_at

from guiju.ledger.service import Ledger

_PRODUCERS = (1, 4, 16, 64, 256, 1000)
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Rate:
    """One row of the table: entries a second, CPU in microseconds an entry, acknowledgement times in milliseconds."""

    producers: int
    entries: int
    per_second: float
    cpu_us: float
    p50_ms: float
    p99_ms: float


async def _measure(ledger: Ledger, producers: int, entries: int) -> Rate:
    waits: list[float] = []
    persons = [ledger.person_for(f"user {n}") for n in range(min(producers, 500))]

    async def produce(number: int) -> None:
        person = persons[number % len(persons)]
        for n in range(entries // producers):
            began = time.perf_counter()
            await ledger.append_async(draft(person, number=n))
            waits.append(time.perf_counter() - began)

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(produce(number) for number in range(producers)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    waits.sort()
    count = len(waits)
    return Rate(
        producers, count, count / wall, cpu / count * 1e6, waits[count // 2] * 1e3, waits[count * 99 // 100] * 1e3
    )


def main() -> None:
    """Print one row a number of producers."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--hash", choices=["sha256", "sm3"], default="sha256")
    parser.add_argument("--entries", type=int, default=60_000)
    options = parser.parse_args()
    print(f"{options.database}, {options.hash}; {machine()}")
    print("| producers | entries | entries/s | CPU µs/entry | ack p50 ms | ack p99 ms |")
    print("|--:|--:|--:|--:|--:|--:|")
    with folder() as path, database_url(options.database, path) as url:
        database, ledger = open_at(url, path, hash_name=options.hash)
        ledger.start()
        for producers in _PRODUCERS:
            entries = options.entries if producers >= 64 else options.entries // (40 if producers == 1 else 10)
            rates = [asyncio.run(_measure(ledger, producers, entries)) for _ in range(_ROUNDS)]
            rate = sorted(rates, key=lambda one: one.per_second)[_ROUNDS // 2]
            print(
                f"| {rate.producers} | {rate.entries} | {rate.per_second:.0f} | {rate.cpu_us:.0f} "
                f"| {rate.p50_ms:.2f} | {rate.p99_ms:.2f} |",
                flush=True,
            )
        ledger.stop()
        database.close()


if __name__ == "__main__":
    main()
