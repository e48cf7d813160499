"""What is under deploy/ is what the tools that read it accept, and names only what this project has."""

import fnmatch
import io
import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from compose_spec import PyCompose
from dockerfile_parse import DockerfileParser
from helm_python.chart import Chart, lint
from helm_python.errors import HelmError

from guiju.gateway.configuration import load_configuration
from guiju.settings import Settings

ROOT = Path(__file__).resolve().parents[3]
DEPLOY = ROOT / "deploy"
CHART = DEPLOY / "helm" / "guiju"
SHARED = {"replicaCount": 3, "database": {"existingSecret": "db"}, "persistence": {"accessMode": "ReadWriteMany"}}
VALUES: tuple[dict[str, Any], ...] = (
    {},
    {
        "config": {"upstreams": [{"name": "m", "kind": "openai", "base_url": "http://m:8000/v1"}]},
        "secureCookies": False,
    },
    {**SHARED, "image": {"digest": f"sha256:{'a' * 64}"}, "service": {"type": "LoadBalancer", "port": 8080}},
    {
        **SHARED,
        "env": [{"name": "GUIJU_TRACE_SHARE", "value": "0.1"}],
        "envFrom": [{"secretRef": {"name": "keys"}}],
        "nodeSelector": {"a": "b"},
        "tolerations": [{"operator": "Exists"}],
        "affinity": {"nodeAffinity": {}},
        "networkPolicy": {"enabled": True, "from": [{"podSelector": {"matchLabels": {"app": "proxy"}}}]},
        "persistence": {"existingClaim": "var"},
    },
)


@pytest.fixture(scope="module")
def container() -> DockerfileParser:
    return DockerfileParser(fileobj=io.BytesIO((DEPLOY / "Containerfile").read_bytes()))


def instructions(container: DockerfileParser, name: str) -> list[str]:
    return [one["value"] for one in container.structure if one["instruction"] == name]


def final_stage(container: DockerfileParser) -> list[dict[str, Any]]:
    structure: list[dict[str, Any]] = container.structure
    last = max(place for place, one in enumerate(structure) if one["instruction"] == "FROM")
    return structure[last:]


def test_every_variable_is_a_setting_of_ours() -> None:
    known = {f"GUIJU_{name.upper()}" for name in Settings.model_fields} | {"GUIJU_COUNTERS"}
    for path in DEPLOY.rglob("*"):
        if path.is_file():
            assert set(re.findall(r"GUIJU_[A-Z_]+", path.read_text("utf-8"))) <= known, path


def test_the_image_is_built_in_stages_and_runs_as_nobody_in_particular(container: DockerfileParser) -> None:
    stages = instructions(container, "FROM")
    assert len(stages) == 3
    final = {one["instruction"]: one["value"] for one in final_stage(container)}
    user, _, group = final["USER"].partition(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000
    assert json.loads(final["ENTRYPOINT"]) == ["guiju"]
    assert json.loads(final["CMD"]) == ["serve"]
    assert final["HEALTHCHECK"]
    assert final["STOPSIGNAL"] == "SIGTERM"
    assert not any("pip install" in one["value"] or "apt-get" in one["value"] for one in final_stage(container))
    assert "ADD" not in {one["instruction"] for one in container.structure}
    text = container.content
    assert "latest" not in text
    assert not re.search(r"(?i)(password|secret|token)\s*=", text)


def test_what_the_image_is_built_from_is_there_and_reaches_the_builder(container: DockerfileParser) -> None:
    patterns = (ROOT / ".dockerignore").read_text("utf-8").split()
    allowed = [pattern[1:] for pattern in patterns if pattern.startswith("!")]
    for line in instructions(container, "COPY"):
        if "--from" in line:
            continue
        for source in line.split()[:-1]:
            assert (ROOT / source).exists(), source
            assert any(fnmatch.fnmatch(source, pattern) or source.startswith(f"{pattern}/") for pattern in allowed)
    assert "build" in json.loads((ROOT / "package.json").read_text("utf-8"))["scripts"]
    assert 'guiju = "guiju.cli:main"' in (ROOT / "pyproject.toml").read_text("utf-8")
    assert "--require-hashes -r requirements/run.txt" in container.content


def test_the_compose_file_is_one_and_its_two_gateways_are_locked_down(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (DEPLOY / "compose" / "compose.yaml").read_text("utf-8")
    for name in ("POSTGRES_PASSWORD", "VALKEY_PASSWORD"):
        monkeypatch.setenv(name, "x")
        assert f"{name}=" in (DEPLOY / "compose" / "example.env").read_text("utf-8")
    PyCompose.from_yaml(_merged(text)).validate()
    services = yaml.safe_load(text)["services"]
    gateways = [service for name, service in services.items() if name.startswith("gateway-")]
    assert len(gateways) == 2
    for service in gateways:
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert "no-new-privileges:true" in service["security_opt"]
        assert all(port.startswith("127.0.0.1:") for port in service["ports"])
    assert gateways[0]["volumes"] == gateways[1]["volumes"]
    assert gateways[0]["environment"]["GUIJU_INSTANCE"] != gateways[1]["environment"]["GUIJU_INSTANCE"]
    assert {service["image"].rpartition(":")[2] for service in services.values()}.isdisjoint({"", "latest"})
    assert services["postgres"]["networks"] == services["valkey"]["networks"] == ["back"]
    assert yaml.safe_load(text)["networks"]["back"] == {"internal": True}
    assert "ports" not in services["postgres"]


def _merged(text: str) -> str:
    """Resolve YAML merge keys and variables, as compose does before it looks at the schema."""
    tree = yaml.safe_load(text)
    tree.pop("x-gateway")
    return re.sub(r"\$\{\w+:\?[^}]*\}", "x", yaml.safe_dump(tree))


def test_the_chart_has_nothing_that_helm_lint_warns_of() -> None:
    for values in VALUES:
        report = lint(CHART, values, strict=True)
        assert report["errors"] == []
        assert [message for message in report["messages"] if message["severity"] > 1] == []


@pytest.mark.parametrize("values", VALUES, ids=("defaults", "configured", "shared", "everything"))
def test_what_helm_renders_is_what_kubernetes_takes(values: dict[str, Any]) -> None:
    rendered = Chart.load(CHART).render(values, name="live", namespace="guiju")
    kinds = []
    for path, text in rendered.items():
        for manifest in () if path.endswith("NOTES.txt") else yaml.safe_load_all(text):
            if manifest is not None:
                kubernetes_validate.validate(manifest, "1.34", strict=True)
                kinds.append(manifest["kind"])
    assert {"Deployment", "Service", "ConfigMap", "NetworkPolicy"} <= set(kinds)
    assert ("PodDisruptionBudget" in kinds) == (values.get("replicaCount", 1) > 1)
    assert ("PersistentVolumeClaim" in kinds) == (not values.get("persistence", {}).get("existingClaim"))


def test_a_pod_may_write_to_its_volume_and_nowhere_else() -> None:
    rendered = Chart.load(CHART).render({}, name="live")
    pod = yaml.safe_load(rendered["guiju/templates/deployment.yaml"])["spec"]["template"]["spec"]
    (gateway,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["automountServiceAccountToken"] is False
    assert gateway["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert {mount["mountPath"] for mount in gateway["volumeMounts"] if not mount.get("readOnly")} == {
        "/var/lib/guiju",
        "/tmp",  # noqa: S108 - a tmpfs of the pod
    }


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"replicaCount": 2}, "needs PostgreSQL"),
        ({"replicaCount": 2, "database": {"existingSecret": "db"}}, "shared volume"),
        ({"replicaCount": 0}, "replicaCount"),
        ({"image": {"repository": "x", "digest": "sha256:short"}}, "digest"),
    ],
)
def test_an_arrangement_that_would_lose_evidence_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(HelmError, match=said):
        Chart.load(CHART).render(values, name="live")


@pytest.mark.parametrize("values", VALUES[:2], ids=("defaults", "configured"))
def test_the_rendered_configuration_is_one_that_the_gateway_reads(values: dict[str, Any], tmp_path: Path) -> None:
    rendered = Chart.load(CHART).render(values, name="live")
    path = tmp_path / "guiju.yaml"
    path.write_text(yaml.safe_load(rendered["guiju/templates/config.yaml"])["data"]["guiju.yaml"], "utf-8")
    assert load_configuration(path).upstreams


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="deploy: systemd-analyze is not installed")
def test_the_unit_is_one_and_exposes_little(tmp_path: Path) -> None:
    unit = (DEPLOY / "systemd" / "guiju.service").read_text("utf-8")
    (command,) = re.findall(r"^ExecStart=(\S+) serve$", unit, re.MULTILINE)
    program = tmp_path / "guiju"
    program.write_text("#!/bin/sh\n", "utf-8")
    program.chmod(0o755)
    path = tmp_path / "guiju.service"
    path.write_text(unit.replace(command, str(program)).replace("User=guiju\nGroup=guiju\n", ""), "utf-8")
    verified = subprocess.run(["systemd-analyze", "verify", str(path)], capture_output=True, text=True, check=False)
    assert verified.stderr == ""
    path.write_text(unit, "utf-8")
    looked_at = ["systemd-analyze", "security", "--offline=true", "--threshold=20", str(path)]
    secured = subprocess.run(looked_at, capture_output=True, text=True, check=False)
    assert secured.returncode == 0, secured.stdout
    assert re.search(r"Overall exposure level.*: [01]\.\d OK", secured.stdout)
