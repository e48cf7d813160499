"""`guiju serve` as an operator starts it: secrets once, answers, evidence, a clean stop, on both databases."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

GUIJU = [str(Path(sys.executable).parent / "guiju")]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Served:
    """A running server, what it printed, and how to ask it."""

    def __init__(self, process: subprocess.Popen[str], address: str, output: Path) -> None:
        self.process, self.address, self.output = process, address, output

    @property
    def printed(self) -> str:
        return self.output.read_text(encoding="utf-8")

    def ask(self, path: str, key: str = "", body: object = None) -> tuple[int, dict[str, str], str]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data)  # noqa: S310 - our own server on loopback
        if key:
            request.add_header("Authorization", f"Bearer {key}")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:  # noqa: S310 - as above
                return answer.status, dict(answer.headers), answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, dict(error.headers), error.read().decode()


@contextmanager
def serving(var: Path, database_url: str) -> Iterator[Served]:
    port = free_port()
    environment = {
        **os.environ,
        "GUIJU_VAR": str(var),
        "GUIJU_DATABASE_URL": database_url,
        "GUIJU_LOG_LEVEL": "WARNING",
    }
    output = var.parent / f"printed-{port}.txt"
    with output.open("w") as file:
        process = subprocess.Popen(
            [*GUIJU, "serve", "--port", str(port)], env=environment, stdout=file, stderr=subprocess.STDOUT, text=True
        )
    served = Served(process, f"http://127.0.0.1:{port}", output)
    try:
        for _ in range(300):
            if process.poll() is not None:
                raise AssertionError(served.printed)
            try:
                if served.ask("/readyz")[0] == 200:
                    break
            except OSError:
                pass
            time.sleep(0.1)
        yield served
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 0, served.printed
    finally:
        process.kill()
        process.wait()


def chat(model: str, text: str) -> dict[str, object]:
    return {"model": model, "messages": [{"role": "user", "content": text}]}


def test_it_prints_its_secrets_once_governs_a_conversation_and_stops_clean(tmp_path: Path, database_url: str) -> None:
    var = tmp_path / "var"
    with serving(var, database_url) as served:
        key = re.search(r"gj-[\w-]+", served.printed)
        assert key, served.printed
        assert "owner" in served.printed
        status, headers, answer = served.ask("/v1/chat/completions", key[0], chat("law-assistant", "第十二条"))
        assert status == 200
        assert "标识" in answer
        assert json.loads(headers["x-aigc-label"])["Label"] == "1"
        withheld = json.loads(served.ask("/v1/chat/completions", key[0], chat("echo", "出售枪支，货到付款"))[2])
        assert withheld["choices"][0]["finish_reason"] == "content_filter"
        assert withheld["guiju"]["decision"] == "refuse"
        assert served.ask("/v1/chat/completions", "", chat("echo", "你好"))[0] == 401
        assert "内容由 AI 生成" in served.ask("/")[2]
        assert served.ask("/console/login")[0] == 200
    with serving(var, database_url) as again:
        assert "gj-" not in again.printed
        assert again.ask("/v1/models", key[0])[0] == 200
    environment = {**os.environ, "GUIJU_VAR": str(var), "GUIJU_DATABASE_URL": database_url}
    verified = subprocess.run(
        [*GUIJU, "ledger", "verify", "--strict"], env=environment, capture_output=True, text=True, check=False
    )
    assert verified.returncode == 0, verified.stdout + verified.stderr
    for secret in (key[0], "第十二条"):
        kept = b"".join(
            path.read_bytes() for path in (tmp_path).rglob("*") if path.is_file() and "printed" not in path.name
        )
        assert secret.encode() not in kept
