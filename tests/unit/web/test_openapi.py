"""The document that is served is valid, names every endpoint, is the one checked in, and every endpoint keeps to it."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from jsonschema import Draft202012Validator
from tests.unit.web.both_doors import serve_both
from tests.unit.web.small_house import Served, build_small_house

from guiju.web.gateway_app import GatewayApp
from guiju.web.openapi.document import UNDESCRIBED, document

ROOT = Path(__file__).resolve().parents[3]
CHECKED_IN = ROOT / "docs" / "reference" / "openapi.json"


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_both(build_small_house(tmp_path_factory.mktemp("doors"))) as served:
        yield served


@pytest.fixture(scope="module")
def served_document(doors: Served) -> dict[str, Any]:
    with doors.client() as client:
        answer = client.get("/openapi.json")
    assert answer.status_code == 200
    found: dict[str, Any] = answer.json()
    return found


def test_the_checked_in_document_is_the_served_one(served_document: dict[str, Any]) -> None:
    assert orjson.loads(CHECKED_IN.read_bytes()) == served_document, "run: python docs/reference/generate_openapi.py"


def test_every_endpoint_of_both_doors_is_in_the_document(doors: Served, served_document: dict[str, Any]) -> None:
    assert set(served_document["paths"]) >= GatewayApp(doors.house.gateway).addresses
    operations = [operation for item in served_document["paths"].values() for operation in item.values()]
    ids = [operation["operationId"] for operation in operations]
    assert len(ids) == len(set(ids))
    assert all("security" in operation for operation in operations)


def references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    for value in node if isinstance(node, list) else ():
        yield from references(value)


def test_every_reference_leads_somewhere_and_every_schema_is_one(served_document: dict[str, Any]) -> None:
    for reference in set(references(served_document)):
        node: Any = served_document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
    for schema in served_document["components"]["schemas"].values():
        Draft202012Validator.check_schema(schema)


def test_an_endpoint_that_nobody_has_described_is_named_all_the_same() -> None:
    found: Any = document({"paths": {}}, ["/v1/new/thing"])
    assert found["paths"]["/v1/new/thing"]["post"]["security"] == [{"key": []}]


# A schema cannot say which bytes are a file that can carry a mark: a picture of one pixel fits it, and refused (422).
_CONFIGURATION = """
[[operations]]
include-operation-id = "exportLabelled"
checks.positive_data_acceptance.enabled = false
"""


def _try_all(base: str, *options: str) -> str:
    """Let schemathesis send what fits the document and what does not, and return its report.

    All of a phase is tried: cut off after some seconds it would find more on a faster machine.
    """
    program = str(Path(sys.executable).with_name("schemathesis"))
    command = [program, "--config-file", "schemathesis.toml", "run", f"{base}/openapi.json", *options]
    command += ["--max-time", "200", "--generation-deterministic", "--generation-with-security-parameters", "false"]
    command += ["--no-color", "--warnings", "off", "--request-timeout", "10", "--no-shrink"]
    environment = {**os.environ, "NO_PROXY": "*"}
    with tempfile.TemporaryDirectory() as folder:  # where it may keep what it remembers between runs
        Path(folder, "schemathesis.toml").write_text(_CONFIGURATION)
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=240, env=environment, cwd=folder
        )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_the_gateway_keeps_to_the_document_whatever_is_sent(doors: Served) -> None:
    _, key = doors.house.gateway.create_app("schemathesis")
    header = f"Authorization: Bearer {key}"
    phases = ("--phases", "examples,coverage")
    ours = ("-H", header, "--include-path-regex", "^/(v1|healthz|readyz|metrics)")
    report = _try_all(doors.base, *ours, "--exclude-tag", UNDESCRIBED, *phases)
    assert "Operations:       0 selected" not in report


def test_an_endpoint_of_the_gateway_that_is_only_named_never_fails(
    doors: Served, served_document: dict[str, Any]
) -> None:
    operations = [operation for item in served_document["paths"].values() for operation in item.values()]
    if not any(UNDESCRIBED in operation["tags"] for operation in operations):
        return  # every one is described, so the test above has tried it
    _, key = doors.house.gateway.create_app("schemathesis-2")
    checks = ("--checks", "not_a_server_error", "--phases", "coverage")
    _try_all(doors.base, "-H", f"Authorization: Bearer {key}", "--include-tag", UNDESCRIBED, *checks)


def test_the_console_keeps_to_the_document_whatever_is_sent(doors: Served) -> None:
    with closing(doors.signed_in("owner", "fuzzer")) as client:
        csrf = client.get("/api/session").json()["csrf"]
        headers = ("-H", f"Cookie: gj_session={client.cookies['gj_session']}", "-H", f"X-CSRF-Token: {csrf}")
        # Which words a filter takes (an outcome, a day) is said in its error, not in the document.
        checks = ("--exclude-checks", "positive_data_acceptance")
        phases = ("--phases", "coverage")
        report = _try_all(doors.base, *headers, "--include-path-regex", "^/api/", *checks, *phases)
    assert "Operations:       0 selected" not in report


def test_no_operation_opens_without_its_key_or_session(doors: Served, served_document: dict[str, Any]) -> None:
    with httpx.Client(base_url=doors.base, trust_env=False, timeout=20) as client:
        for path, item in served_document["paths"].items():
            for method, operation in item.items():
                status = client.request(method, path.replace("{", "").replace("}", ""), json={}).status_code
                assert (status in {401, 403}) == bool(operation["security"]), (method, path, status)
