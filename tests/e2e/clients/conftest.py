"""A gateway in a process of its own and a simulated model server, for the clients that people really use."""

import asyncio
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.simulators.upstream import UpstreamSimulator

ROOT = Path(__file__).resolve().parents[3]


@dataclass(frozen=True)
class RunningServer:
    """Where the gateway answers, and with which key."""

    base_url: str
    key: str
    upstream: UpstreamSimulator


@pytest.fixture(scope="session")
def simulator() -> Iterator[UpstreamSimulator]:
    loop = asyncio.new_event_loop()
    simulator = UpstreamSimulator()
    loop.run_until_complete(simulator.start())
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    yield simulator
    asyncio.run_coroutine_threadsafe(simulator.stop(), loop).result(10)
    loop.call_soon_threadsafe(loop.stop)
    thread.join(10)
    loop.close()


@pytest.fixture(scope="session")
def server(
    simulator: UpstreamSimulator, tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path
) -> Iterator[RunningServer]:
    folder = tmp_path_factory.mktemp("clients")
    shutil.copy(sqlite_template, folder / "guiju.db")
    script = ROOT / "tests" / "flows" / "gateway" / "serve_house.py"
    process = subprocess.Popen(
        [sys.executable, str(script), str(folder), f"sqlite:///{folder / 'guiju.db'}", simulator.url, "--media"],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": f"{ROOT}/src:{ROOT}"},
    )
    assert process.stdout is not None
    port, key = process.stdout.readline().split()
    yield RunningServer(f"http://127.0.0.1:{port}/v1", key, simulator)
    process.kill()
    process.wait()
    process.stdout.close()
