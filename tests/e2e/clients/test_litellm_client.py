"""The LiteLLM SDK, from an environment of its own: it is too large to stand beside the others.

python -m venv /tmp/litellm && /tmp/litellm/bin/pip install litellm
GUIJU_LITELLM_PYTHON=/tmp/litellm/bin/python make test
"""

import json
import os
import subprocess
from pathlib import Path

import pytest
from tests.e2e.clients.conftest import RunningServer

pytestmark = pytest.mark.clients
TEXT = "你好，这是一个回答。"
PYTHON = os.environ.get("GUIJU_LITELLM_PYTHON", "")


@pytest.mark.skipif(not PYTHON, reason="GUIJU_LITELLM_PYTHON names no interpreter that has LiteLLM")
def test_litellm_asks_in_both_dialects(server: RunningServer) -> None:
    server.upstream.text, server.upstream.whole = TEXT, None
    script = Path(__file__).with_name("litellm_client.py")
    done = subprocess.run(
        [PYTHON, str(script), server.base_url, server.key],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True", "PYTHONPATH": ""},
    )
    assert done.returncode == 0, done.stderr
    got = json.loads(done.stdout.strip().splitlines()[-1])
    assert got == {"whole": TEXT, "tokens": 8, "streamed": TEXT, "messages": TEXT}
