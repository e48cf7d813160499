"""Two gateways started from the built wheel as the compose file starts them: one volume, one PostgreSQL, one log."""

import io
import json
import os
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser
from tests.conftest import PostgresServer
from tests.e2e.serve.test_serve import free_port
from tests.simulators.collector import attributes, running_collector

ROOT = Path(__file__).resolve().parents[3]
pytestmark = pytest.mark.postgres


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel as pip would unpack it, which nobody may write to."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    unpacked = folder / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
    assert (unpacked / "guiju" / "web" / "openapi" / "gateway.yaml").is_file()
    for path in unpacked.rglob("*"):
        path.chmod(0o555 if path.is_dir() else 0o444)
    return unpacked


def ask(port: int, path: str, key: str = "", body: object = None) -> tuple[int, dict[str, str], str]:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", data)
    if key:
        request.add_header("Authorization", f"Bearer {key}")
    try:
        with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310 - as above
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, dict(error.headers), error.read().decode()


@contextmanager
def gateway(installed: Path, folder: Path, environment: dict[str, str]) -> Iterator[tuple[int, Path]]:
    """Start one as the image does: nothing of our own environment, no home, the command of the image."""
    port = free_port()
    printed = folder / f"printed-{port}.txt"
    command = [sys.executable, "-c", "from guiju.cli import main; main()", "serve"]
    given = {**environment, "GUIJU_PORT": str(port), "GUIJU_HOST": "127.0.0.1", "PYTHONPATH": str(installed)}
    with printed.open("w") as file:
        process = subprocess.Popen(command, env=given, stdout=file, stderr=subprocess.STDOUT, cwd=folder)
    try:
        for _ in range(600):
            assert process.poll() is None, printed.read_text("utf-8")
            try:
                if ask(port, "/readyz")[0] == 200:
                    break
            except OSError:
                pass
            time.sleep(0.1)
        yield port, printed
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=45) == 0, printed.read_text("utf-8")
    finally:
        process.kill()
        process.wait()


def test_they_share_keys_evidence_and_metrics_of_their_own(
    installed: Path, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    container = DockerfileParser(fileobj=io.BytesIO((ROOT / "deploy" / "Containerfile").read_bytes()))
    (check,) = [one["value"] for one in container.structure if one["instruction"] == "HEALTHCHECK"]
    environment = {
        "PATH": "/usr/bin:/bin",
        "HOME": "/nonexistent",
        "PYTHONDONTWRITEBYTECODE": "1",
        "GUIJU_VAR": str(tmp_path / "var"),
        "GUIJU_DATABASE_URL": postgres_server.fresh(),
    }
    with (
        running_collector() as collector,
        gateway(installed, tmp_path, {**environment, "GUIJU_OTLP_ENDPOINT": collector.url}) as (first, printed),
        gateway(installed, tmp_path, environment) as (second, also_printed),
    ):
        key = next(word for word in printed.read_text("utf-8").split() if word.startswith("gj-"))
        assert "gj-" not in also_printed.read_text("utf-8")  # the first key was made once
        body = {"model": "echo", "messages": [{"role": "user", "content": "你好"}]}
        ids = set()
        for port in (first, second, first, second):
            status, headers, _ = ask(port, "/v1/chat/completions", key, body)
            assert status == 200
            ids.add(headers["x-exchange-id"])
        assert len(ids) == 4
        for port in (first, second):
            metrics = ask(port, "/metrics")[2]
            assert 'guiju_exchanges_total{outcome="answered"} 2' in metrics
            assert 'guiju_queue_depth{queue="ledger"} ' in metrics
        healthy = json.loads(check.partition(" CMD ")[2])[1:]
        probe = {**os.environ, "GUIJU_PORT": str(first)}
        assert subprocess.run([sys.executable, *healthy], env=probe, check=False).returncode == 0
        probe["GUIJU_PORT"] = str(free_port())
        assert subprocess.run([sys.executable, *healthy], env=probe, check=False, stderr=subprocess.DEVNULL).returncode
    # The one that was told of a collector has sent all of its spans by the time it has stopped.
    told = [attributes(span.attributes)["guiju.exchange.id"] for span in collector.spans if span.name == "exchange"]
    assert len(told) == 2
    assert set(told) < ids
    verify = [sys.executable, "-c", "from guiju.cli import main; main()", "ledger", "verify"]
    given = {**environment, "PYTHONPATH": str(installed)}
    verified = subprocess.run(verify, env=given, capture_output=True, text=True, check=False)
    assert verified.returncode == 0, verified.stdout + verified.stderr
