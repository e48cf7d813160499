"""What a governed answer costs: Guiju's gateway beside LiteLLM's proxy and a bare pass-through, in the same run.

`python bench/gateway/run.py [--litellm /path/to/litellm] [--rounds 3] [--write]`.
Each gateway runs alone, one worker, pinned to core 0; the simulated model server and the load share core 1. CPU is read
from /proc for the gateway's whole process tree, so other work on the machine changes the waiting but not the cost.
"""

import argparse
import itertools
import json
import os
import re
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import yaml

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
TICKS = os.sysconf("SC_CLK_TCK")
PAGE_KB = os.sysconf("SC_PAGE_SIZE") / 1024
EVENTS = 201  # 200 pieces and the finish, as the simulator sends them
GATEWAY_CORE, LOAD_CORE = "0", "1"
_NUMBERS = itertools.count()
SHIPPED, PLAIN = "Guiju as shipped", "Guiju, plain keywords"


@dataclass(frozen=True)
class Work:
    """One kind of load: what the simulator plays, whether streamed, connections, requests for quick or slow."""

    name: str
    model: str
    is_stream: bool
    connections: int
    quick: int
    slow: int


WORKS = (
    Work("whole, 32 at once", "whole", is_stream=False, connections=32, quick=3000, slow=200),
    Work("burst of 200 events, 8 at once", "burst", is_stream=True, connections=8, quick=300, slow=24),
    Work("paced 50 events/s, 20 at once", "paced", is_stream=True, connections=20, quick=40, slow=20),
    Work("first byte, 1 at a time", "burst", is_stream=True, connections=1, quick=200, slow=20),
)


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def tree(pid: int) -> Iterator[int]:
    """Give a process and everything below it."""
    yield pid
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield from tree(int(child))


def cpu_seconds(pid: int) -> float:
    """Return the CPU time of a process tree, its ended children included."""
    total = 0
    for each in tree(pid):
        fields = Path(f"/proc/{each}/stat").read_text().rsplit(")", 1)[1].split()
        total += sum(int(field) for field in fields[11:15])
    return total / TICKS


def rss_mb(pid: int) -> float:
    """Return the resident memory of a process tree."""
    return sum(int(Path(f"/proc/{each}/statm").read_text().split()[1]) for each in tree(pid)) * PAGE_KB / 1024


@contextmanager
def process(command: list[str], core: str, **environment: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command pinned to a core; its output goes to a file that is shown when it fails."""
    log = tempfile.TemporaryFile()  # noqa: SIM115 - closed below
    started = subprocess.Popen(
        ["taskset", "-c", core, *command],
        stdout=log,
        stderr=log,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": f"{ROOT}/src:{ROOT}", **environment},
        start_new_session=True,
    )
    try:
        yield started
    except BaseException:
        log.seek(0)
        print(log.read()[-3000:].decode(errors="replace"))
        raise
    finally:
        os.killpg(started.pid, signal.SIGTERM)
        try:
            started.wait(15)
        except subprocess.TimeoutExpired:
            os.killpg(started.pid, signal.SIGKILL)
            started.wait()
        log.close()


def wait_for(url: str, seconds: float = 90) -> float:
    """Wait until an address answers and return how long it took."""
    began = time.perf_counter()
    while time.perf_counter() - began < seconds:
        try:
            with urllib.request.urlopen(url, timeout=2):  # noqa: S310 - our own loopback address
                return time.perf_counter() - began
        except urllib.error.HTTPError:
            return time.perf_counter() - began
        except OSError:
            time.sleep(0.05)
    raise TimeoutError(f"{url} did not answer")


def load(port: int, key: str, work: Work, requests: int) -> dict[str, float]:
    """Run one load and return what the client saw."""
    manner = "stream" if work.is_stream else "whole"
    first = next(_NUMBERS) * 10_000  # no round asks what another one asked
    done = subprocess.run(
        [
            *("taskset", "-c", LOAD_CORE, sys.executable, str(HERE / "load.py")),
            *(str(port), key, work.model, manner, str(work.connections), str(requests), str(first)),
        ],
        capture_output=True,
        check=True,
        text=True,
    )
    seen: dict[str, float] = json.loads(done.stdout)
    if seen["errors"]:
        raise RuntimeError(f"{work.name}: {seen}")
    return seen


def measure(name: str, pid: int, port: int, key: str, rounds: int) -> dict[str, object]:
    """Run every load against one gateway."""
    is_slow = name == "LiteLLM"
    result: dict[str, object] = {"name": name, "rss_idle_mb": round(rss_mb(pid), 1)}
    for work in WORKS:
        requests = work.slow if is_slow else work.quick
        load(port, key, work, max(work.connections, requests // 5))  # warm
        costs, firsts, rates = [], [], []
        for _ in range(rounds):
            before = cpu_seconds(pid)
            seen = load(port, key, work, requests)
            costs.append((cpu_seconds(pid) - before) / seen["requests"])
            firsts.append((seen["first_p50"], seen["first_p95"]))
            rates.append(seen["per_second"])
        cost = statistics.median(costs)
        result[work.name] = {
            "cpu_ms_per_request": round(cost * 1000, 3),
            "cpu_us_per_event": round(cost * 1e6 / EVENTS, 2) if work.is_stream else None,
            "first_ms_p50": min(first[0] for first in firsts),
            "first_ms_p95": min(first[1] for first in firsts),
            "per_second": max(rates),
        }
        print(f"{name:12} {work.name:32} {result[work.name]}", flush=True)
    result["rss_mb"] = round(rss_mb(pid), 1)
    print(f"{name:12} RSS {result['rss_mb']} MB", flush=True)
    return result


def plain_policy() -> str:
    """Return the shipped policy with keywords in their plain writing and personal information, and nothing else."""
    policy = yaml.safe_load((ROOT / "src/guiju/moderation/data/policy.yaml").read_text("utf-8"))
    policy["detectors"]["keywords"]["disguises"] = []
    policy["detectors"]["classifier"] = {"enabled": "false"}
    return yaml.safe_dump(policy, allow_unicode=True)


def run_guiju(upstream: str, rounds: int, *, name: str) -> dict[str, object]:
    """Measure the whole program as `guiju serve` runs it: console, shipped library, evidence on the real disk."""
    folder = Path(tempfile.mkdtemp(prefix="guiju-bench-", dir=ROOT))
    port = free_port()
    try:
        (folder / "guiju.yaml").write_text(
            f"upstreams: [{{name: bench, kind: openai, base_url: {upstream}, models: '*'}}]\n"
            "provider_code: 001191440300708461136T1WFUO\n"
        )
        if name != SHIPPED:
            (folder / "policy.yaml").write_text(plain_policy(), "utf-8")
        printed = folder / "printed.txt"
        command = ["sh", "-c", f"exec {Path(sys.executable).with_name('guiju')} serve >{printed} 2>&1"]
        environment = {"GUIJU_VAR": str(folder), "GUIJU_PORT": str(port), "GUIJU_LOG_LEVEL": "WARNING"}
        with process(command, GATEWAY_CORE, **environment) as server:
            seconds = wait_for(f"http://127.0.0.1:{port}/readyz")
            key = re.findall(r"gj-[\w-]+", printed.read_text())[0]
            return {"start_seconds": round(seconds, 1), **measure(name, server.pid, port, key, rounds)}
    finally:
        shutil.rmtree(folder)


def run_passthrough(upstream: str, rounds: int) -> dict[str, object]:
    """Measure Starlette and aiohttp with nothing in between."""
    port = free_port()
    command = [sys.executable, str(HERE / "passthrough.py"), str(port), upstream]
    with process(command, GATEWAY_CORE) as server:
        wait_for(f"http://127.0.0.1:{port}/")
        return measure("pass-through", server.pid, port, "none", rounds)


def run_direct(upstream: str, rounds: int) -> dict[str, object]:
    """Measure the simulator without a gateway: what the client itself waits for."""
    port = int(upstream.rsplit(":", 1)[1])
    seen = [load(port, "none", WORKS[3], WORKS[3].quick) for _ in range(rounds)]
    first = {"first_ms_p50": min(s["first_p50"] for s in seen), "first_ms_p95": min(s["first_p95"] for s in seen)}
    print(f"{'direct':12} {WORKS[3].name:32} {first}", flush=True)
    return {"name": "direct", WORKS[3].name: first}


def run_litellm(upstream: str, rounds: int, litellm: str) -> dict[str, object]:
    """Measure LiteLLM's proxy: one worker, no guardrail, no database, no callbacks."""
    port = free_port()
    key = "sk-bench-0123456789abcdef0123456789abcdef"
    models = [
        {
            "model_name": name,
            "litellm_params": {"model": f"openai/{name}", "api_base": f"{upstream}/v1", "api_key": "x"},
        }
        for name in ("whole", "burst", "paced")
    ]
    settings = {
        "model_list": models,
        "litellm_settings": {"callbacks": [], "telemetry": False},
        "general_settings": {"master_key": key},
    }
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "config.yaml"
        config.write_text(json.dumps(settings))  # JSON is YAML
        command = [litellm, "--config", str(config), "--port", str(port), "--host", "127.0.0.1", "--num_workers", "1"]
        with process(command, GATEWAY_CORE, LITELLM_LOG="ERROR", LITELLM_LOCAL_MODEL_COST_MAP="True") as server:
            seconds = wait_for(f"http://127.0.0.1:{port}/health/liveliness", 180)
            time.sleep(3)
            return {"start_seconds": round(seconds, 1), **measure("LiteLLM", server.pid, port, key, rounds)}


def table(results: list[dict[str, object]]) -> str:
    """Write the results as Markdown."""
    lines = [
        "| gateway | CPU ms / request | CPU µs / event, burst | paced | first byte p50 / p95 ms, alone | RSS MB |",
        "|---|---|---|---|---|---|",
    ]
    for result in results:
        cells = [str(result["name"])]
        for work, field in zip(WORKS[:3], ("cpu_ms_per_request", "cpu_us_per_event", "cpu_us_per_event"), strict=True):
            values = result.get(work.name)
            cells.append(str(values[field]) if isinstance(values, dict) else "–")
        first = result[WORKS[3].name]
        assert isinstance(first, dict)
        cells += [f"{first['first_ms_p50']} / {first['first_ms_p95']}", str(result.get("rss_mb", "–"))]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def ratios(results: list[dict[str, object]]) -> str:
    """Write the bars and where we stand."""
    by_name = {str(result["name"]): result for result in results}

    def value(name: str, work: Work, field: str) -> float:
        values = by_name[name][work.name]
        assert isinstance(values, dict)
        return float(values[field])

    lines = []
    for ours in (PLAIN, SHIPPED):
        said = []
        if "LiteLLM" in by_name:
            whole = value("LiteLLM", WORKS[0], "cpu_ms_per_request") / value(ours, WORKS[0], "cpu_ms_per_request")
            event = value("LiteLLM", WORKS[1], "cpu_us_per_event") / value(ours, WORKS[1], "cpu_us_per_event")
            said += [f"LiteLLM costs {whole:.1f} times as much a request (bar: 20)", f"{event:.1f} an event (bar: 30)"]
        added = value(ours, WORKS[3], "first_ms_p95") - value("direct", WORKS[3], "first_ms_p95")
        said += [
            f"{by_name[ours]['rss_mb']} MB after all loads (bar: 150)",
            f"{added:.2f} ms added to the first byte, p95 (bar: 10 on an idle machine)",
        ]
        lines.append(f"- {ours}: {', '.join(said)}.")
    return "\n".join(lines)


def main() -> None:
    """Measure, print, and with `--write` put the table into the README."""
    arguments = argparse.ArgumentParser()
    arguments.add_argument("--litellm", default=os.environ.get("LITELLM", "/tmp/litellm-venv/bin/litellm"))  # noqa: S108 - a venv of its own
    arguments.add_argument("--rounds", type=int, default=3)
    arguments.add_argument("--write", action="store_true")
    chosen = arguments.parse_args()
    port = free_port()
    upstream = f"http://127.0.0.1:{port}"
    with process([sys.executable, str(HERE / "upstream.py"), str(port)], LOAD_CORE):
        wait_for(f"{upstream}/v1/models")
        results = [run_direct(upstream, chosen.rounds), run_passthrough(upstream, chosen.rounds)]
        results += [run_guiju(upstream, chosen.rounds, name=name) for name in (PLAIN, SHIPPED)]
        if Path(chosen.litellm).exists():
            results.append(run_litellm(upstream, chosen.rounds, chosen.litellm))
        else:
            print(f"not run: LiteLLM is not at {chosen.litellm}")
    text = f"{table(results)}\n\n{ratios(results)}\n"
    print(f"\n{text}")
    if chosen.write:
        readme = HERE / "README.md"
        head, _, rest = readme.read_text().partition("<!-- table -->")
        limits = rest.partition("## What limits it")[2]
        told = f"\n## What limits it{limits}" if limits else ""
        readme.write_text(f"{head}<!-- table -->\n\nTaken on {time.strftime('%Y-%m-%d')}.\n\n{text}{told}")


if __name__ == "__main__":
    main()
