"""Signed labels on the command line: whose key it was is told, and a stranger's under our name is not in order."""

import json
from pathlib import Path

import pytest
from tests.factories.labels import CODE
from tests.factories.marks import encoded, picture
from tests.unit.cli.conftest import Cli, Said

from guiju.labelling.models import ForeignLabel, Producer
from guiju.labelling.security.data import with_signature
from guiju.labelling.security.ed25519 import Ed25519LabelSigner
from guiju.labelling.service import Labeller


@pytest.fixture(params=["ed25519", "sm2"])
def signing(request: pytest.FixtureRequest, var: Path) -> str:
    var.mkdir()
    (var / "guiju.yaml").write_text(f"provider_code: {CODE!r}\nlabels: {{sign: {request.param}}}\n")
    return str(request.param)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(picture(64, 64), "PNG"))
    return path


def line(said: Said) -> dict[str, object]:
    (only,) = said.out.splitlines()
    found: dict[str, object] = json.loads(only)
    return found


def test_labels_are_signed_and_known_again_after_a_rotation(cli: Cli, signing: str, file: Path) -> None:
    assert "no key yet" in cli("label-key", "show").err
    assert cli("label", str(file)).status == 0
    said = cli("verify", str(file))
    assert said.status == 0
    assert "a key of ours" in said.out
    shown = cli("label-key", "show").out
    assert signing in shown
    said = cli("label-key", "rotate")
    assert said.status == 0
    assert "Restart" in said.err
    assert len(cli("label-key", "show").out.splitlines()) == 2
    assert cli("verify", str(file)).status == 0
    found = line(cli("verify", str(file), "--json"))
    assert found["labels"][0]["security_is_trusted"] is True  # type: ignore[index]


@pytest.mark.usefixtures("signing")
def test_a_strangers_key_under_our_name_is_not_in_order(cli: Cli, file: Path) -> None:
    cli("label", str(file))
    stranger = Ed25519LabelSigner(b"s" * 32)
    forger = Labeller(Producer(CODE), sign=lambda label: with_signature(label, stranger))
    forger.label_file(file, content_id="forged", foreign=ForeignLabel.REPLACE)
    said = cli("verify", str(file))
    assert said.status == 1
    assert "not with a key of this service" in said.out
    assert cli("verify", str(file), "--key", stranger.public_key.hex()).status == 0


def test_without_signing_there_is_nothing_to_rotate(cli: Cli, var: Path, file: Path) -> None:
    var.mkdir()
    (var / "guiju.yaml").write_text(f"provider_code: {CODE!r}\n")
    assert "not signed now" in cli("label-key", "show").err
    said = cli("label-key", "rotate")
    assert said.status == 2
    cli("label", str(file))
    assert not list((var / "keys").glob("label-*"))
    assert cli("verify", str(file)).status == 0
