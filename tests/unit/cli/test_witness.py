import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from tests.unit.cli.conftest import Cli


def test_a_witness_serves_its_public_key_until_it_is_stopped(var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    words = ["witness", "--port", str(port), "--folder", str(var), "--name", "auditor"]
    command = [sys.executable, "-c", "from guiju.cli import main; main()", *words]
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    try:
        for _ in range(200):
            try:
                with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=5) as reply:
                    key = reply.read().decode()
                    break
            except OSError:
                time.sleep(0.05)
        assert key == (var / "witness.vkey").read_text()
        assert key.startswith("auditor")
    finally:
        process.terminate()
        _, errors = process.communicate(timeout=30)
    assert b"Traceback" not in errors


def test_a_port_that_is_taken_is_an_error_in_words(cli: Cli, var: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        said = cli("witness", "--port", str(server.getsockname()[1]), "--folder", str(var))
    assert said.status == 2
    assert "cannot listen" in said.err
