"""What traces cost: CPU of a governed call without a collector, with one, and with every call traced.

`python bench/observability/run.py [--calls 400] [--rounds 6]`. The gateway's own door is called in this process
(ASGI, no network), so that the gateway is measured and not the load; the collector is a process of its own. Rounds are
taken in turn, so that other work on the machine meets all of them.
"""

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import orjson

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.flows.gateway.house import SwitchableLedger, build_gateway  # noqa: E402
from tests.flows.gateway.ledgers import running_ledger  # noqa: E402
from tests.simulators.upstream import running_upstream  # noqa: E402

from guiju.gateway.service import Gateway  # noqa: E402
from guiju.storage.database import connect_database  # noqa: E402
from guiju.storage.migrate import migrate  # noqa: E402
from guiju.web.gateway_app import GatewayApp  # noqa: E402

_COLLECTOR = """
import sys, time
sys.path[:0] = [{root!r}, {source!r}]
from tests.simulators.collector import running_collector
with running_collector() as collector:
    print(collector.url, flush=True)
    time.sleep(600)
"""


async def call(app: GatewayApp, key: str, body: bytes) -> None:
    """Make one call and read its answer to the end."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]
    left = asyncio.Event()

    async def receive() -> MutableMapping[str, Any]:
        if messages:
            return messages.pop()
        await left.wait()
        return {"type": "http.disconnect"}

    async def send(_message: MutableMapping[str, Any]) -> None:
        """Take what comes."""

    headers = [(b"host", b"x"), (b"authorization", f"Bearer {key}".encode()), (b"content-type", b"application/json")]
    scope = {"type": "http", "method": "POST", "path": "/v1/chat/completions", "headers": headers}
    await asyncio.create_task(app(scope, receive, send))


async def measure(app: GatewayApp, key: str, *, calls: int, is_stream: bool) -> float:
    """Return CPU microseconds a call, eight at a time."""
    body = orjson.dumps(
        {"model": "echo", "stream": is_stream, "messages": [{"role": "user", "content": "你好，世界。"}]}
    )

    async def some() -> None:
        for _ in range(calls // 8):
            await call(app, key, body)

    started = time.process_time()
    await asyncio.gather(*(some() for _ in range(8)))
    return (time.process_time() - started) / (calls // 8 * 8) * 1e6


def arrangements(gateway: Gateway, url: str) -> dict[str, object]:
    """Return what is told to the gateway in each arrangement; a version without traces has only the first."""
    found: dict[str, object] = {"no collector": None}
    try:
        from guiju.gateway.telemetry.build import build_telemetry  # noqa: PLC0415 - an older version has none
    except ModuleNotFoundError:
        return found
    del gateway
    found["collector, 1 % traced"] = build_telemetry(url, share=0.01)
    found["collector, all traced"] = build_telemetry(url, share=1.0)
    return found


def start_collector() -> tuple["subprocess.Popen[str]", str]:
    """Start a collector in a process of its own and return its address too."""
    code = _COLLECTOR.format(root=str(ROOT), source=str(ROOT / "src"))
    collector = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, env=os.environ)
    assert collector.stdout is not None
    return collector, collector.stdout.readline().strip()


async def main(calls: int, rounds: int, url: str) -> None:
    """Print a table."""
    taken: dict[tuple[str, bool], list[float]] = {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database_url = f"sqlite:///{folder / 'guiju.db'}"
        database = connect_database(database_url)
        migrate(database)
        database.close()
        async with running_upstream() as upstream, running_ledger(folder, database_url) as ledger:
            gateway = build_gateway(folder, database_url, upstream.url, SwitchableLedger(ledger))
            await gateway.start()
            _, key = await asyncio.to_thread(gateway.create_app, "bench")
            app = GatewayApp(gateway)
            ways = arrangements(gateway, url)
            await measure(app, key, calls=calls, is_stream=False)
            for _ in range(rounds):
                for way, telemetry in ways.items():
                    gateway.metrics.tracing = telemetry  # type: ignore[assignment]
                    for is_stream in (False, True):
                        cost = await measure(app, key, calls=calls, is_stream=is_stream)
                        taken.setdefault((way, is_stream), []).append(cost)
            await gateway.stop()
    print("| | whole answer, CPU µs | streamed answer, CPU µs |\n|---|---|---|")
    for way in ways:
        cells = [f"{statistics.median(taken[way, is_stream]):.0f}" for is_stream in (False, True)]
        print(f"| {way} | {cells[0]} | {cells[1]} |")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=6)
    arguments = parser.parse_args()
    collector, address = start_collector()
    try:
        asyncio.run(main(arguments.calls, arguments.rounds, address))
    finally:
        collector.terminate()
        collector.wait()
