"""C2PA on the command line: signed after the label, recorded, shown, checked by the doctor."""

import json
from pathlib import Path

import pytest
from tests.factories import media_files as made
from tests.factories.certificates import SIGNER, Chain, make_chain
from tests.factories.labels import CODE
from tests.factories.marks import encoded, picture
from tests.unit.cli.conftest import Cli, Said

from guiju.bootstrap import open_evidence
from guiju.cli import label_inspect
from guiju.ledger.models import EntryQuery
from guiju.settings import Settings

pytest.importorskip("c2pa", reason="c2pa-python is not installed")


@pytest.fixture
def chain(var: Path) -> Chain:
    chain = make_chain(var / "c2pa")
    (var / "guiju.yaml").write_text(
        f"provider_code: {CODE!r}\n"
        "labels: {c2pa: {certificates: c2pa/chain.pem, key: c2pa/key.pem, trust: c2pa/root.pem}}\n"
    )
    return chain


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.png"
    path.write_bytes(encoded(picture(), "PNG"))
    return path


def line(said: Said) -> dict[str, dict[str, object]]:
    (only,) = said.out.splitlines()
    found: dict[str, dict[str, object]] = json.loads(only)
    return found


@pytest.mark.usefixtures("chain")
def test_a_file_is_signed_recorded_and_shown(cli: Cli, file: Path) -> None:
    said = cli("label", str(file))
    assert said.status == 0, said.err
    assert "C2PA: 已签 / signed" in said.out
    ledger = open_evidence(Settings())
    (head,) = ledger.find(EntryQuery(actions=("label.written",)))
    body = ledger.body(head.id)
    ledger.stop()
    assert isinstance(body, dict)
    assert isinstance(sealed := body["c2pa"], dict)
    assert (sealed["outcome"], len(str(sealed["certificate"]))) == ("sealed", 64)
    found = line(cli("inspect", str(file), "--json"))["c2pa"]
    assert (found["state"], found["signer"]) == ("trusted", SIGNER)
    assert "holds, by a signer we trust" in cli("inspect", str(file)).out
    verified = cli("verify", str(file))
    assert verified.status == 0  # the file is as it was recorded, manifest and all
    assert "holds, by a signer we trust" in verified.out
    assert line(cli("verify", str(file), "--json"))["c2pa"] == found


@pytest.mark.usefixtures("chain")
def test_marks_and_propagation_are_signed_too(cli: Cli, file: Path) -> None:
    told = line(cli("label", str(file), "--explicit", "--json"))
    assert told["c2pa"]["outcome"] == "sealed"
    (Settings().var / "guiju.yaml").write_text(
        "provider_code: '001191110102MACQD9K64010000'\n"
        "labels: {c2pa: {certificates: c2pa/chain.pem, key: c2pa/key.pem, trust: c2pa/root.pem}}\n"
    )
    spread = line(cli("propagate", str(file), "--write", "--json"))
    assert (spread["c2pa"]["outcome"], spread["c2pa"]["has_parent"]) == ("sealed", True)
    found = line(cli("inspect", str(file), "--json"))["c2pa"]
    assert (found["state"], found["parents"]) == ("trusted", 1)


@pytest.mark.usefixtures("chain")
def test_a_manifest_that_breaks_is_told_at_once(cli: Cli, file: Path, var: Path) -> None:
    cli("label", str(file))
    (var / "guiju.yaml").write_text(f"provider_code: {CODE!r}\n")
    assert "no longer holds" in cli("label", str(file), "--again").out
    assert "does not hold" in cli("inspect", str(file)).out
    assert "assertion.dataHash.mismatch" in cli("verify", str(file)).out


@pytest.mark.usefixtures("chain")
def test_who_spreads_or_delivers_hears_of_a_manifest_that_breaks(
    cli: Cli, file: Path, var: Path, tmp_path: Path
) -> None:
    cli("label", str(file))
    agreement = tmp_path / "agreement.txt"
    agreement.write_text("同意", "utf-8")
    words = ("--to", "a", "--reason", "b", "--agreement", str(agreement), "--out", str(tmp_path / "b.png"))
    assert "C2PA: 已签 / signed" in cli("deliver", str(file), *words).out
    (var / "guiju.yaml").write_text(f"provider_code: {CODE!r}\n")
    assert "no longer holds" in cli("deliver", str(file), *words).out
    (var / "guiju.yaml").write_text("provider_code: '001191110102MACQD9K64010000'\n")
    assert "no longer holds" in cli("propagate", str(file), "--write").out


def test_a_format_without_manifests_says_so(cli: Cli, chain: Chain, tmp_path: Path) -> None:
    assert chain.key.exists()
    path = tmp_path / "a.flv"
    path.write_bytes(made.flv())
    assert "not signed in this format" in cli("label", str(path)).out
    assert "C2PA" not in cli("inspect", str(path)).out


def test_a_certificate_that_ended_stops_labels_and_not_reading(cli: Cli, chain: Chain, file: Path, var: Path) -> None:
    assert "ok" in next(one for one in cli("doctor").out.splitlines() if "C2PA" in one)
    make_chain(var / "c2pa", days=(-9, 9))
    assert "warn" in next(one for one in cli("doctor").out.splitlines() if "C2PA" in one)
    make_chain(var / "c2pa", days=(-9, -1))
    assert "fail" in next(one for one in cli("doctor").out.splitlines() if "C2PA" in one)
    before = file.read_bytes()
    said = cli("label", str(file))
    assert (said.status, file.read_bytes()) == (2, before)
    assert "valid from" in said.err
    assert cli("inspect", str(file)).status == 0
    chain.key.unlink()
    assert cli("inspect", str(file)).status == 0


@pytest.mark.usefixtures("chain")
def test_without_the_extra_nothing_is_signed_and_it_is_said(
    cli: Cli, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cli("label", str(file))
    monkeypatch.setattr("guiju.wiring_labels.find_spec", lambda name: None if name == "c2pa" else True)
    monkeypatch.setattr("guiju.cli.checks.house.find_spec", lambda _: None)
    plain = file.with_name("plain.png")
    plain.write_bytes(encoded(picture(), "PNG"))
    for command in ("inspect", "verify"):
        assert "没有核验" in cli(command, str(file)).out
        assert "not looked at without guiju[c2pa]" in cli(command, str(plain)).out
    said = cli("label", str(file), "--again")
    assert said.status == 2
    assert "guiju[c2pa]" in said.err
    assert "guiju[c2pa]" in cli("doctor").out


def test_every_state_has_its_words() -> None:
    from guiju.labelling.provenance.interface import ProvenanceState  # noqa: PLC0415 - for this alone

    assert set(label_inspect._PROVENANCE) | {ProvenanceState.ABSENT} == set(ProvenanceState)
