"""Appends some entries to a log as soon as the file `go` is there, and prints what was acknowledged."""

import asyncio
import sys
from pathlib import Path

from bench.ledger.house import draft, open_at


async def main(url: str, var: Path, source: str, count: int) -> None:
    database, ledger = open_at(url, var)
    ledger.start()
    (var / f"ready-{source}").touch()
    while not (var / "go").exists():  # noqa: ASYNC110 - the other process can only leave a file
        await asyncio.sleep(0.005)
    person = ledger.person_for("somebody both processes know")
    for start in range(0, count, 8):
        numbers = range(start + 1, min(start + 9, count + 1))
        for receipt in await asyncio.gather(
            *(ledger.append_async(draft(person, source=source, number=n)) for n in numbers)
        ):
            sys.stdout.write(f"{receipt.seq} {receipt.id}\n")
        await asyncio.sleep(0.003)  # gives the other process its turn
    ledger.stop()
    database.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], Path(sys.argv[2]), sys.argv[3], int(sys.argv[4])))
