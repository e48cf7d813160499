"""The real `openai` client for Node talks to a running gateway."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.e2e.clients.conftest import ROOT, RunningServer

pytestmark = pytest.mark.clients
PACKAGE = ROOT / "node_modules" / "openai" / "index.mjs"


def test_the_node_client_gets_whole_and_streamed_answers_and_errors(server: RunningServer) -> None:
    if shutil.which("node") is None or not PACKAGE.is_file():
        pytest.skip("not run: Node client (node or node_modules/openai is not here; `make run` installs it)")
    server.upstream.text = "你好，这是一个回答。"
    script = Path(__file__).with_name("client.mjs")
    done = subprocess.run(
        ["node", str(script), server.base_url, server.key, str(PACKAGE)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout)
    assert got["whole"] == got["streamed"] == server.upstream.text
    assert (got["reason"], got["decision"]) == ("stop", "allow")
    assert got["code"] == "404 model_not_found"
    assert got["broken"] == "APIError"
    assert '"Label":"1"' in got["label"]
    assert "m" in got["models"]
    assert got["others"] == [server.upstream.text] * 3
    assert got["vector"] == [0.25, -1.0]
