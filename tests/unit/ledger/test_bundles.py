"""What an inspector gets: verified by one file and a bare Python, and honest about what is not in it."""

import io
import json
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guiju.kit.clock import FixedClock, SystemClock
from guiju.kit.errors import StorageError
from guiju.ledger import verify
from guiju.ledger.models import AnchorReceipt, Draft, EntryQuery, Omission
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, open_ledger
from guiju.ledger.signers.ed25519 import Ed25519Signer
from guiju.ledger.verify import UnusableError, verify_bundle
from guiju.ledger.witness import Witness
from guiju.storage.database import connect_database

DRAFT = Draft("exchange.opened", "app:1", "exchange:1", {"text": '\u4f60\u597d " \\ \n\u0001 \U0001f600'})
EVER = 10_000_000.0
Files = dict[str, bytes]


@pytest.fixture
def filled(ledger: Ledger) -> Ledger:
    person = ledger.person_for("alice")
    for n in range(300):
        ledger.submit(replace(DRAFT, subject=f"exchange:{n}", source="gateway:1", source_seq=n + 1))
        if n in {99, 199}:
            ledger.append(replace(DRAFT, person=person))
            ledger.checkpoint()
    ledger.append(replace(DRAFT, action="policy.changed"))
    return ledger


def opened(path: Path) -> Files:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(files: Files, path: Path, *, mend: bool = True) -> str:
    """Write the files back; with `mend`, as a forger would who knows the manifest."""
    import hashlib  # noqa: PLC0415 - the forger's tool

    if mend:
        manifest = json.loads(files["manifest.json"])
        for name in manifest["files"]:
            manifest["files"][name] = {"sha256": hashlib.sha256(files[name]).hexdigest(), "bytes": len(files[name])}
        files = {**files, "manifest.json": json.dumps(manifest).encode()}
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return str(path)


def test_a_whole_log_verifies_and_says_what_it_left_out(filled: Ledger, tmp_path: Path) -> None:
    bundle = filled.export(tmp_path / "b.zip")
    assert (bundle.entries, bundle.bodies, bundle.size) == (303, 0, 303)
    assert bundle.omissions == (Omission("bodies", 303, "not disclosed / 未披露"),)
    report = verify_bundle(str(bundle.path), list(filled.verifier_keys), [], max_age_hours=EVER)
    assert report.words == {"integrity": "holds", "completeness": "holds", "freshness": "unknown"}
    assert report.findings["integrity"] == []


def test_bodies_are_disclosed_unless_erased(filled: Ledger, tmp_path: Path) -> None:
    filled.erase(filled.person_for("alice"), "staff:1", "asked to")
    bundle = filled.export(tmp_path / "b.zip", disclose=True)
    assert (bundle.entries, bundle.bodies) == (304, 302)
    assert bundle.omissions == (Omission("bodies", 2, "person erased / 人员已删除"),)
    assert verify_bundle(str(bundle.path), [], [], max_age_hours=EVER).words["integrity"] == "holds"


def test_a_selection_carries_its_proofs_and_is_never_called_complete(filled: Ledger, tmp_path: Path) -> None:
    bundle = filled.export(
        tmp_path / "b.zip", EntryQuery(actions=("policy.changed", "exchange.opened"), limit=20), disclose=True
    )
    assert (bundle.entries, bundle.bodies) == (20, 20)
    report = verify_bundle(str(bundle.path), [], [], max_age_hours=EVER)
    assert report.words["integrity"] == "holds"
    assert report.words["completeness"] == "unknown"
    assert "a selection: 20 of 303" in "".join(report.findings["completeness"])


def test_two_bundles_of_one_log_are_the_same_bytes(filled: Ledger, tmp_path: Path) -> None:
    first = filled.export(tmp_path / "a.zip", disclose=True)
    second = filled.export(tmp_path / "b.zip", disclose=True)
    assert first.sha256 == second.sha256
    assert first.path.read_bytes() == second.path.read_bytes()


def test_the_verifier_inside_runs_alone_on_a_bare_python(filled: Ledger, tmp_path: Path) -> None:
    bundle = filled.export(tmp_path / "b.zip", disclose=True)
    (tmp_path / "alone.py").write_bytes(opened(bundle.path)["verify.py"])
    command = [sys.executable, "-I", "-S", str(tmp_path / "alone.py"), str(bundle.path), "--max-age-hours", str(EVER)]
    run = subprocess.run([*command, "--json"], capture_output=True, text=True, check=False)
    found = json.loads(run.stdout)
    assert found["integrity"]["word"] == "unknown"
    assert "signature not checked" in found["integrity"]["findings"][0]
    assert run.returncode == 2
    with_packages = [argument for argument in command if argument not in {"-I", "-S"}]
    run = subprocess.run(
        [*with_packages, "--key", filled.verifier_keys[0]], capture_output=True, text=True, check=False
    )
    assert "完整性 integrity: 成立 holds" in run.stdout
    assert run.returncode == 0


def lines(name: str, change: Callable[[list[bytes]], list[bytes]]) -> Callable[[Files], Files]:
    return lambda files: {**files, name: b"".join(change(files[name].splitlines(keepends=True)))}


def edit(at: int, old: bytes, new: bytes) -> Callable[[list[bytes]], list[bytes]]:
    return lambda rows: [row.replace(old, new) if n == at else row for n, row in enumerate(rows)]


@pytest.fixture(scope="module")
def exported(sqlite_template: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Files, Files, list[str]]:
    """A whole log and a selection of it, with bodies, and the log's key; checkpoints at 100, 200 and 303 entries."""
    folder = tmp_path_factory.mktemp("exported")
    shutil.copy(sqlite_template, folder / "log.db")
    database = connect_database(f"sqlite:///{folder / 'log.db'}")
    ledger = open_ledger(LedgerRepository(database), folder / "var", SystemClock())
    ledger.start()
    for size in (100, 200, 303):
        while ledger.append(replace(DRAFT, body={"n": "\u0001"})).seq < size - 1:
            pass
        ledger.checkpoint()
    whole = opened(ledger.export(folder / "whole.zip", disclose=True).path)
    some = opened(ledger.export(folder / "some.zip", EntryQuery(limit=10), disclose=True).path)
    ledger.stop()
    database.close()
    return whole, some, list(ledger.verifier_keys)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lines("heads.jsonl", edit(17, b"app:1", b"app:2")), "one of entries 0 to 255"),
        (lines("heads.jsonl", edit(290, b"app:1", b"app:2")), "the first 303 entries"),
        (
            lines("heads.jsonl", lambda rows: [*rows[:40], rows[41], rows[40], *rows[42:]]),
            "in place 40 stands entry 41",
        ),
        (lines("heads.jsonl", lambda rows: rows[:290]), "the tail is cut: entries 290 to 302 are missing"),
        (lines("heads.jsonl", lambda rows: rows[:50] + rows[51:]), "in place 50 stands entry 51"),
        (lines("bodies.jsonl", edit(77, b"\\u0001", b"\\u0002")), "the body of entry 77"),
        (lines("bodies.jsonl", lambda rows: [*rows, rows[-1].replace(b'"seq":302', b'"seq":999')]), "body 999"),
        (lines("checkpoints.jsonl", edit(0, b"\\n100\\n", b"\\n101\\n")), "checkpoint 101 does not verify"),
        (lines("checkpoints.jsonl", lambda rows: rows[:-1]), "entries from 200 on are not signed"),
        (lines("checkpoints.jsonl", lambda _: []), "no checkpoint"),
        (lines("subtrees.txt", lambda _: []), "one of entries 0 to 255"),
        (lambda files: {**files, "extra.txt": b"x"}, "extra.txt"),
    ],
)
def test_what_a_forger_did_to_a_whole_log_is_named_even_when_the_manifest_is_mended(
    change: Callable[[Files], Files], named: str, exported: tuple[Files, Files, list[str]], tmp_path: Path
) -> None:
    whole, _, keys = exported
    changed = change(whole)
    assert changed != whole
    report = verify_bundle(packed(changed, tmp_path / "forged.zip"), keys, [], max_age_hours=EVER)
    assert report.words["integrity"] != "holds"
    assert named in "\n".join(report.findings["integrity"])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lines("heads.jsonl", edit(3, b"app:1", b"app:2")), "the inclusion proof of entry 296"),
        (lines("heads.jsonl", lambda rows: [rows[1], rows[0], *rows[2:]]), "the inclusion proof of entry 294"),
        (lines("inclusion.jsonl", lambda rows: rows[:-1]), "the inclusion proof of entry 302"),
        (lines("consistency.jsonl", lambda rows: rows[:1]), "303 does not continue 200"),
        (lines("consistency.jsonl", lambda _: []), "200 does not continue 100"),
    ],
)
def test_what_a_forger_did_to_a_selection_is_named(
    change: Callable[[Files], Files], named: str, exported: tuple[Files, Files, list[str]], tmp_path: Path
) -> None:
    _, some, keys = exported
    report = verify_bundle(packed(change(some), tmp_path / "forged.zip"), keys, [], max_age_hours=EVER)
    assert report.words["integrity"] == "broken"
    assert named in "\n".join(report.findings["integrity"])


def test_a_file_that_does_not_match_the_manifest_is_named(
    exported: tuple[Files, Files, list[str]], tmp_path: Path
) -> None:
    whole, _, keys = exported
    for name in whole.keys() - {"manifest.json"}:
        path = packed({**whole, name: whole[name] + b"\n"}, tmp_path / "forged.zip", mend=False)
        try:
            report = verify_bundle(path, keys, [], max_age_hours=EVER)
        except UnusableError:
            continue  # a stray empty line is no JSON
        assert f"file {name} does not match" in "\n".join(report.findings["integrity"])


def test_another_key_than_the_logs_is_noticed(exported: tuple[Files, Files, list[str]], tmp_path: Path) -> None:
    whole, _, _ = exported
    stranger = Ed25519Signer(tmp_path / "stranger.key", "guiju/sha256").verifier_keys[0]
    report = verify_bundle(packed(whole, tmp_path / "b.zip"), [stranger], [], max_age_hours=EVER)
    assert "signature of checkpoint 100 does not verify" in "\n".join(report.findings["integrity"])


def test_missing_numbers_silence_and_age_are_named(
    exported: tuple[Files, Files, list[str]], tmp_path: Path, ledger: Ledger, clock: FixedClock
) -> None:
    whole, _, keys = exported
    report = verify_bundle(packed(whole, tmp_path / "b.zip"), keys, [], max_age_hours=-1)
    assert report.words["freshness"] == "broken"
    for number in (1, 2, 5, 5):
        ledger.append(replace(DRAFT, source="gateway:1", source_seq=number))
    ledger.append(replace(DRAFT, action="ledger.started", subject="heartbeat:60"))
    clock.advance(600)
    ledger.append(DRAFT)
    found = verify_bundle(str(ledger.export(tmp_path / "c.zip").path), [], [], max_age_hours=EVER)
    assert found.words["completeness"] == "broken"
    said = "\n".join(found.findings["completeness"])
    assert "source gateway:1 lacks 2 numbers, first 3, and repeats 1" in said
    assert "no heartbeat after" in said


def test_a_witness_vouches_for_the_time(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    folder = tmp_path / "witness"
    witness = Witness(folder, SystemClock(), name="w.example")
    (folder / "logs.txt").write_text(sqlite_ledger.verifier_keys[0])
    sqlite_ledger.append(DRAFT)
    checkpoint = sqlite_ledger.checkpoint()
    line = witness.add_checkpoint(f"old 0\n\n{checkpoint.note}").text
    witness.close()
    receipt = AnchorReceipt("witness", "w.example", 1, line.encode(), SystemClock().now())
    sqlite_ledger._repository.kept.add_anchor(receipt)
    bundle = str(sqlite_ledger.export(tmp_path / "b.zip").path)
    report = verify_bundle(bundle, [], [witness.key.text])
    assert report.words["freshness"] == "holds"
    stranger = Witness(tmp_path / "stranger", SystemClock(), name="w.example")
    assert verify_bundle(bundle, [], [stranger.key.text]).words["freshness"] != "holds"
    stranger.close()


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_any_damage_is_named_or_the_bundle_is_unusable(
    exported: tuple[Files, Files, list[str]], tmp_path: Path, data: st.DataObject
) -> None:
    whole, some, keys = exported
    files = dict(data.draw(st.sampled_from([whole, some])))
    name = data.draw(st.sampled_from(sorted(files.keys() - {"README.txt", "verify.py"})))
    content = bytearray(files[name])
    at = data.draw(st.integers(0, max(0, len(content) - 1)))
    how = data.draw(st.sampled_from(["flip", "cut", "insert"]))
    if how == "flip" and content:
        content[at] ^= 1 << data.draw(st.integers(0, 7))
    elif how == "cut":
        content = content[:at]
    else:
        content[at:at] = data.draw(st.binary(min_size=1, max_size=20))
    files[name] = bytes(content)
    try:
        report = verify_bundle(packed(files, tmp_path / "x.zip", mend=False), keys, [], max_age_hours=EVER)
    except UnusableError:
        return
    if name != "manifest.json" and files[name] not in {whole.get(name), some.get(name)}:
        assert report.words["integrity"] == "broken"


@given(st.binary(max_size=400))
def test_any_file_is_a_bundle_or_a_clear_error(content: bytes) -> None:
    with pytest.raises(UnusableError):
        verify_bundle(io.BytesIO(content), [], [])  # type: ignore[arg-type]


def test_a_bundle_that_cannot_be_written_leaves_nothing_behind(sqlite_ledger: Ledger, tmp_path: Path) -> None:
    sqlite_ledger.append(DRAFT)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        sqlite_ledger.export(tmp_path / "file" / "b.zip")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "b.zip").mkdir()
    with pytest.raises(StorageError):
        sqlite_ledger.export(tmp_path / "out" / "b.zip")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["b.zip"]


def test_the_command_says_what_it_could_not_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert verify.main([str(tmp_path / "nothing.zip")]) == 2
    assert "no evidence bundle" in capsys.readouterr().err
