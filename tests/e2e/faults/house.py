"""A served house in processes of its own, and what a test asks of it, as a client and as a reader of the evidence."""

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.gateway.leaks.leaks import TERMS as LEAK_TERMS

from guiju.bootstrap import open_evidence
from guiju.ledger.models import EntryQuery
from guiju.ledger.service import Ledger
from guiju.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
SERVE = str(Path(__file__).with_name("serve.py"))
BANNED = "禁止词组甲"
DOUBTED = "待查词乙"
WIDE = "wide-" + "w" * 180  # its name stands in every event: much to send for little to look at
_PATIENT = "{first_byte: 15, idle: 15, whole: 15}"  # for what is well: on a busy machine it may take its time
MODELS = ("silent", "stall", "mid-event", "half-utf8", "error-500", "wrong-type", "flood")
_SMALL = f"""
version: "1"
risk: A.1-f
updated: 2026-11-23
groups:
  - {{reason: 测试用词, level: high, terms: [{BANNED}, {", ".join(LEAK_TERMS)}]}}
  - {{reason: 存疑的词, level: medium, terms: [{DOUBTED}]}}
"""
_POLICY = """
version: "1"
name: 测试策略
updated: 2026-11-23
scopes:
  input: {{on_failure: closed, block: refuse, review: allow, observe: allow}}
  output: {{on_failure: closed, block: refuse, review: allow, observe: allow}}
detectors:
  keywords: {{enabled: "true", budget_ms: 100}}
  personal_information: {{enabled: "false"}}
guards:
  - {{name: g, kind: qwen3guard, model: qwen3guard, base_url: '{guard}', budget_ms: 300, ask: uncertain,
     breaker: {{failures: 100}}}}
replies:
  default: {{zh: "抱歉，我不能回答这个问题。", en: "Sorry, I cannot answer this."}}
"""
_CONFIG = """
limits: {{body_seconds: 2, open_exchanges: 300}}
patience: {{connect: 0.5, first_byte: 0.6, idle: 0.6, whole: 0.8}}
breaker: {{failures: 1000}}
health_seconds: 3600
upstreams:
  - {{name: sim, base_url: '{upstream}', models: [{models}]}}
  - {{name: well, base_url: '{upstream}', models: [m, {wide}], patience: {patience}}}
  - {{name: leaks, base_url: '{leaks}', models: [leaks], patience: {patience}}}
  - {{name: full, base_url: '{upstream}', models: [busy]}}
  - {{name: gone, base_url: 'http://127.0.0.1:9', models: [refuses]}}
"""


@dataclass
class Said:
    """What a client saw."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    raw: bytes = b""
    is_cut: bool = False

    @property
    def events(self) -> list[dict[str, Any]]:
        lines = [line[6:] for line in self.raw.split(b"\n") if line.startswith(b"data: {")]
        return [json.loads(line) for line in lines]

    @property
    def text(self) -> str:
        if self.raw.startswith(b"{"):
            return "".join(one["message"]["content"] or "" for one in json.loads(self.raw).get("choices", ()))
        choices = [choice for event in self.events for choice in event.get("choices", ())]
        return "".join(choice["delta"].get("content") or "" for choice in choices)

    @property
    def error(self) -> dict[str, Any]:
        if self.raw.startswith(b"{"):
            found: dict[str, Any] = json.loads(self.raw).get("error", {})
            return found
        return next((event["error"] for event in self.events if "error" in event), {})

    @property
    def finish(self) -> str:
        if self.raw.startswith(b"{"):
            return str(next((one["finish_reason"] for one in json.loads(self.raw).get("choices", ())), ""))
        reasons = [choice.get("finish_reason") for event in self.events for choice in event.get("choices", ())]
        return next((str(reason) for reason in reasons if reason), "")

    @property
    def exchange(self) -> str:
        found = re.search(rb'"(?:id":"chatcmpl-|exchange_id":")([0-9a-f-]{36})', self.raw.replace(b'": "', b'":"'))
        return found[1].decode() if found else ""

    @property
    def is_stream(self) -> bool:
        return self.headers.get("content-type", "").startswith("text/event-stream")

    def words(self) -> str:
        """Say it in a few words, always the same for the same thing."""
        code = self.error.get("code", "")
        if not self.is_stream:
            again = " + Retry-After" if "retry-after" in self.headers else ""
            return f"{self.status} `{code}`{again}" if code else f"{self.status}, finish `{self.finish}`"
        done = b"data: [DONE]" in self.raw
        if code:
            return f"200, text, error event `{code}`, no [DONE]" if not done else "an error AND [DONE]"
        if done:
            return f"200, finish `{self.finish}`, [DONE]"
        return "200, text, connection cut, no [DONE]"


@dataclass
class House:
    """A served house; `key` opens it."""

    process: "subprocess.Popen[bytes]"
    port: int
    settings: Settings
    printed: list[bytes]
    leaks_port: int = 0
    upstream: Any = None
    guard: Any = None
    key: str = ""
    restarts: Callable[[], "House"] | None = None
    _ledger: Ledger | None = None

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def workers(self) -> list[int]:
        """The processes that the supervisor has started."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [int(child) for child in children]

    def connect(self, seconds: float = 20.0) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=seconds)

    def get(self, path: str) -> Said:
        connection = self.connect()
        connection.request("GET", path)
        return _read(connection)

    def ask(self, model: str = "m", text: str = "你好", *, stream: bool = False) -> Said:
        connection = self.connect()
        self.begin(connection, model, text, stream=stream)
        return _read(connection)

    def begin(
        self, connection: http.client.HTTPConnection, model: str = "m", text: str = "你好", *, stream: bool = True
    ) -> None:
        body = json.dumps({"model": model, "stream": stream, "messages": [{"role": "user", "content": text}]})
        connection.request("POST", "/v1/chat/completions", body, {"Authorization": f"Bearer {self.key}"})

    @property
    def ledger(self) -> Ledger:
        """The evidence, read from outside while the house writes it."""
        if self._ledger is None:
            self._ledger = open_evidence(self.settings)
        return self._ledger

    def closing(self, exchange: str, seconds: float = 20.0) -> dict[str, Any]:
        """Wait for the closing of an exchange; its body, with its action."""
        query = EntryQuery(actions=("exchange.closed", "exchange.interrupted"), subject=f"exchange:{exchange}")
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            heads = self.ledger.find(query)
            if heads:
                body = self.ledger.body(heads[0].id)
                assert isinstance(body, dict)
                return {**body, "action": heads[0].action}
            time.sleep(0.03)
        raise AssertionError(f"the exchange {exchange} was never closed: {b''.join(self.printed[-20:]).decode()}")

    def evidence(self, said: Said) -> str:
        """Say in a few words what the evidence says, having held every byte that left against it."""
        body = self.closing(said.exchange)
        self.hold_against(said, body)
        assert self.ledger.entry_by_id(said.exchange) is not None, "the opening entry is there"
        failure = f", failure `{body['failure']}`" if body.get("failure") else ""
        return f"`{body['action']}`: outcome `{body['outcome']}`{failure}"

    def hold_against(self, said: Said, body: dict[str, Any]) -> str:
        """No unevidenced byte left: what the client has is what the evidence says left, or its beginning."""
        output = body["output"]
        left = "".join(
            text for one in output for name, text in one["released"].items() if name in {"content", "reply", "mark"}
        )
        assert left.startswith(said.text), (said.text, left)
        if not said.is_cut:
            assert left == said.text, (said.text, left)
        return left

    def wait_ready(self, seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            assert self.process.poll() is None, b"".join(self.printed).decode()
            try:
                if self.get("/readyz").status == 200:
                    return
            except OSError:
                pass
            time.sleep(0.05)
        raise AssertionError(b"".join(self.printed).decode())

    def close_books(self) -> None:
        if self._ledger is not None:
            self._ledger.stop()
            self._ledger = None

    def stop(self) -> int:
        """Stop as an operator does; returns the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)


def _read(connection: http.client.HTTPConnection) -> Said:
    """Read an answer to its end, or to where it is cut."""
    said = Said()
    try:
        response = connection.getresponse()
    except (http.client.HTTPException, ConnectionError):
        said.is_cut = True
        return said
    read_on(response, said)
    connection.close()
    return said


def read_on(response: http.client.HTTPResponse, said: Said, until: Callable[[Said], bool] | None = None) -> None:
    """Read more of an answer, to its end or until `until` says that it is enough."""
    said.status = response.status
    said.headers = {name.lower(): value for name, value in response.getheaders()}
    try:
        while part := response.read1(65536):
            said.raw += part
            if until is not None and until(said):
                return
    except (http.client.HTTPException, ConnectionError):
        said.is_cut = True
    # http.client takes the end of the connection for the end of a chunked body; ours ends with a chunk of nothing.
    if response.chunked and not response.isclosed():
        said.is_cut = True


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def prepare(var: Path, upstream: str, guard: str) -> int:
    """Write what an operator writes; returns the port where the suite of leaks serves its model."""
    leaks = free_port()
    (var / "small").mkdir(parents=True)
    (var / "small" / "A.1-f.yaml").write_text(_SMALL, encoding="utf-8")
    (var / "policy.yaml").write_text(_POLICY.format(guard=guard), encoding="utf-8")
    text = _CONFIG.format(
        upstream=upstream,
        leaks=f"http://127.0.0.1:{leaks}",
        models=", ".join(MODELS),
        wide=WIDE,
        patience=_PATIENT,
    )
    (var / "guiju.yaml").write_text(text, encoding="utf-8")
    return leaks


def start(var: Path, database_url: str, *, workers: int = 1, drain_seconds: float = 5.0, key: str = "") -> House:
    """Start the house in processes of its own, and wait until it answers."""
    port = free_port()
    environment = {
        **os.environ,
        "PYTHONPATH": f"{ROOT}/src:{ROOT}",
        "GUIJU_VAR": str(var),
        "GUIJU_DATABASE_URL": database_url,
        "GUIJU_PORT": str(port),
        "GUIJU_WORKERS": str(workers),
        "GUIJU_DRAIN_SECONDS": str(drain_seconds),
        "GUIJU_LOG_LEVEL": "ERROR",
        "GUIJU_TEST_CLOCK": str(var / "clock"),
    }
    process = subprocess.Popen(
        [sys.executable, SERVE], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    printed: list[bytes] = []
    threading.Thread(target=_collect, args=(process, printed), daemon=True).start()
    settings = Settings(var=var, database_url=database_url, port=port)
    house = House(process, port, settings, printed, key=key)
    try:
        house.wait_ready()
        if not house.key:
            found = re.search(rb"gj-[\w-]+", b"".join(printed))
            assert found, printed
            house.key = found[0].decode()
    except BaseException:
        process.kill()
        raise
    return house


def _collect(process: "subprocess.Popen[bytes]", printed: list[bytes]) -> None:
    assert process.stdout is not None
    printed.extend(iter(process.stdout.readline, b""))


@contextmanager
def stopped_clean(house: House) -> Iterator[House]:
    """Give the house, and at the end stop it and hold the whole log against itself."""
    try:
        yield house
        house.close_books()
        if house.process.poll() is None:
            assert_nobody_is_inside(house)
            assert house.stop() == 0, b"".join(house.printed).decode()
        assert_nothing_is_open(house)
    finally:
        house.close_books()
        if house.process.poll() is None:
            house.process.kill()
            house.process.wait()


def assert_nobody_is_inside(house: House) -> None:
    """Whoever had a place has given it back; else the places would run out in time."""
    until = time.monotonic() + 10
    while found := re.findall(r"guiju_exchanges_open(?:\{.*\})? ([1-9]\d*)", house.get("/metrics").raw.decode()):
        assert time.monotonic() < until, found
        time.sleep(0.05)


def assert_nothing_is_open(house: House) -> None:
    """Every exchange that was opened was closed once, and the log holds."""
    ledger = house.ledger
    opened = {head.subject for head in ledger.find(EntryQuery(actions=("exchange.opened",), limit=10_000))}
    closed = [
        head.subject
        for head in ledger.find(EntryQuery(actions=("exchange.closed", "exchange.interrupted"), limit=10_000))
    ]
    assert len(closed) == len(set(closed))
    assert opened == set(closed), (opened - set(closed), set(closed) - opened)
    assert ledger.verify().integrity.word == "holds"
