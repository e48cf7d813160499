"""Anchors against real counterparts on loopback: our witness, an `openssl ts` authority, a file."""

import http.client
import shutil
import socket
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.ledger.tsa import OPENSSL, TimeStampAuthority

from guiju.kit.clock import FixedClock
from guiju.kit.errors import ConfigurationError
from guiju.ledger.anchors.der import encode, encode_integer, encode_oid, values
from guiju.ledger.anchors.null import NullAnchor
from guiju.ledger.anchors.rfc3161 import TimeStampAnchor, check_time_stamp, time_stamp_request
from guiju.ledger.anchors.witness import WitnessAnchor
from guiju.ledger.anchors.worm_file import WormFileAnchor
from guiju.ledger.errors import AnchorError, NoteError
from guiju.ledger.models import AnchorReceipt, ConsistencyProof, Draft, SignedCheckpoint
from guiju.ledger.notes import parse_checkpoint, parse_signatures
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, LedgerOptions, open_ledger
from guiju.ledger.verify import verify_bundle
from guiju.ledger.witness import Witness, WitnessServer
from guiju.storage.database import Database, connect_database

DRAFT = Draft("exchange.opened", "app:1", "exchange:1")


def no_proof(_old: int, _new: int) -> ConsistencyProof:
    raise AssertionError("this anchor needs no proof")


@pytest.fixture
def witness(tmp_path: Path, clock: FixedClock) -> Iterator[WitnessServer]:
    folder = tmp_path / "witness"
    server = WitnessServer(("127.0.0.1", 0), Witness(folder, clock, name="w.example"))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()
    server.witness.close()


def anchor_for(server: WitnessServer, clock: FixedClock) -> WitnessAnchor:
    return WitnessAnchor(f"http://127.0.0.1:{server.server_port}/", server.witness.key.text, clock)


def trust(tmp_path: Path, ledger: Ledger) -> None:
    (tmp_path / "witness" / "logs.txt").write_text("# our logs\n" + ledger.verifier_keys[0] + "\n")


def test_a_witness_cosigns_a_log_that_grows(
    witness: WitnessServer, sqlite_ledger: Ledger, tmp_path: Path, clock: FixedClock
) -> None:
    trust(tmp_path, sqlite_ledger)
    anchor = anchor_for(witness, clock)
    for _ in range(3):
        for _ in range(7):
            sqlite_ledger.append(DRAFT)
        checkpoint = sqlite_ledger.checkpoint()
        receipt = anchor.anchor(checkpoint, sqlite_ledger.prove_consistency)
        assert receipt is not None
        head, _ = parse_checkpoint(checkpoint.note)
        lines = parse_signatures(receipt.content.decode())
        assert witness.witness.key.cosigned_at(head.text, lines) == int(clock.now().timestamp())
        assert witness.witness.last_checkpoint(checkpoint.origin) == head.text + "\n" + lines[0].line
    fresh = anchor_for(witness, clock)  # after a restart the client does not know what the witness saw
    assert fresh.anchor(checkpoint, sqlite_ledger.prove_consistency) is not None


def test_a_witness_that_saw_more_leaves_nothing_to_do(
    witness: WitnessServer, sqlite_ledger: Ledger, tmp_path: Path, clock: FixedClock
) -> None:
    trust(tmp_path, sqlite_ledger)
    sqlite_ledger.append(DRAFT)
    old = sqlite_ledger.checkpoint()
    sqlite_ledger.append(DRAFT)
    anchor_for(witness, clock).anchor(sqlite_ledger.checkpoint(), sqlite_ledger.prove_consistency)
    assert anchor_for(witness, clock).anchor(old, sqlite_ledger.prove_consistency) is None


def test_a_rewritten_log_gets_no_cosignature(
    witness: WitnessServer, sqlite_ledger: Ledger, sqlite_template: Path, tmp_path: Path, clock: FixedClock
) -> None:
    trust(tmp_path, sqlite_ledger)
    for _ in range(5):
        sqlite_ledger.append(DRAFT)
    anchor_for(witness, clock).anchor(sqlite_ledger.checkpoint(), sqlite_ledger.prove_consistency)
    shutil.copy(sqlite_template, tmp_path / "another.db")
    database = connect_database(f"sqlite:///{tmp_path / 'another.db'}")
    rewritten = open_ledger(LedgerRepository(database), tmp_path / "var", clock, options=LedgerOptions())
    rewritten.start()  # the same keys, another history, in another database
    for count in (5, 3):
        for _ in range(count):
            rewritten.append(DRAFT)
        with pytest.raises(AnchorError, match="rewritten"):
            anchor_for(witness, clock).anchor(rewritten.checkpoint(), rewritten.prove_consistency)
    rewritten.stop()
    database.close()


def test_a_witness_answers_as_the_specification_says(
    witness: WitnessServer, sqlite_ledger: Ledger, tmp_path: Path
) -> None:
    decide = witness.witness.add_checkpoint
    sqlite_ledger.append(DRAFT)
    note = sqlite_ledger.checkpoint().note
    assert decide(f"old 0\n\n{note}").status == 404
    trust(tmp_path, sqlite_ledger)
    assert decide("rubbish").status == 400
    assert decide(f"old 00\n\n{note}").status == 400
    assert decide("old 0\n" + "AAAA\n" * 64 + f"\n{note}").status == 400
    assert decide(f"old 2\n\n{note}").status == 400
    unsigned = note[: note.index("— ")] + "— guiju/sha256 " + "A" * 92 + "\n"
    assert decide(f"old 0\n\n{unsigned}").status == 403
    conflict = decide(f"old 1\n\n{note}")
    assert (conflict.status, conflict.text, conflict.content_type) == (409, "0\n", "text/x.tlog.size")
    assert decide(f"old 0\nAAAA\n\n{note}").status == 422
    assert decide(f"old 0\n\n{note}").status == 200
    assert decide(f"old 0\n\n{note}").status == 409
    assert decide(f"old 1\n\n{note}").status == 200


def test_a_witness_keeps_its_memory_and_its_folder_to_itself(
    witness: WitnessServer, sqlite_ledger: Ledger, tmp_path: Path, clock: FixedClock
) -> None:
    trust(tmp_path, sqlite_ledger)
    sqlite_ledger.append(DRAFT)
    anchor_for(witness, clock).anchor(sqlite_ledger.checkpoint(), sqlite_ledger.prove_consistency)
    with pytest.raises(ConfigurationError, match="folder"):
        Witness(tmp_path / "witness", clock)
    witness.witness.close()
    again = Witness(tmp_path / "witness", clock, name="w.example")
    assert again.key == witness.witness.key
    assert again.add_checkpoint(f"old 0\n\n{sqlite_ledger.checkpoint().note}").text == "1\n"
    again.close()


@given(st.text(max_size=300))
def test_any_request_gets_an_answer(text: str) -> None:
    class NoLogs(Witness):
        def __init__(self) -> None:
            pass

        def _logs(self) -> list[object]:  # type: ignore[override]
            return []

    assert NoLogs().add_checkpoint(text).status in {400, 404}


def test_the_witness_server_survives_bad_http(witness: WitnessServer) -> None:
    post = b"POST /add-checkpoint HTTP/1.1\r\n"
    for raw in (
        b"\x00\x01\x02\r\n\r\n",
        post + b"\r\n",
        post + b"Content-Length: 9999999\r\n\r\n",
        post + b"Content-Length: 2\r\n\r\n\xff\xfe",
        b"GET /nothing HTTP/1.1\r\n\r\n",
    ):
        with socket.create_connection(("127.0.0.1", witness.server_port), timeout=5) as connection:
            connection.sendall(raw)
            assert connection.recv(4096)
    client = http.client.HTTPConnection("127.0.0.1", witness.server_port, timeout=5)
    client.request("GET", "/")
    assert client.getresponse().read().decode().strip() == witness.witness.key.text


def test_a_ledger_anchors_on_its_rounds_and_a_failed_anchor_stops_nothing(
    witness: WitnessServer, sqlite_database: Database, tmp_path: Path, clock: FixedClock
) -> None:
    dead = WormFileAnchor(tmp_path / "not-mounted" / "worm.txt", clock)
    anchors = (dead, anchor_for(witness, clock), WormFileAnchor(tmp_path / "worm.txt", clock))
    ledger = open_ledger(
        LedgerRepository(sqlite_database), tmp_path / "var", clock, options=LedgerOptions(anchors=anchors)
    )
    trust(tmp_path, ledger)
    ledger.start()
    ledger.append(DRAFT)
    ledger.stop()
    assert {receipt.kind for receipt in ledger.anchors()} == {"witness", "worm_file"}
    assert (tmp_path / "worm.txt").read_text() == ledger.checkpoints()[0].note + "\n"
    assert "outside anchor" in "".join(ledger.verify().freshness.findings)
    results = ledger.anchor(ledger.checkpoint())
    assert [type(result) for result in results] == [AnchorError, AnchorReceipt, AnchorReceipt]


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[TimeStampAuthority]:
    if OPENSSL is None:
        pytest.skip("openssl: the command is not installed, so no time-stamping authority can be run")
    authority = TimeStampAuthority(tmp_path_factory.mktemp("tsa"))
    yield authority
    authority.close()


@pytest.fixture
def checkpoint(sqlite_ledger: Ledger) -> SignedCheckpoint:
    sqlite_ledger.append(DRAFT)
    return sqlite_ledger.checkpoint()


def test_an_authority_stamps_a_checkpoint_and_openssl_verifies_it(
    authority: TimeStampAuthority, checkpoint: SignedCheckpoint, clock: FixedClock, tmp_path: Path
) -> None:
    receipt = TimeStampAnchor("ours", authority.url, clock).anchor(checkpoint, no_proof)
    (tmp_path / "r.tsr").write_bytes(receipt.content)
    (tmp_path / "note").write_text(checkpoint.note)
    said = authority.openssl(
        "ts",
        "-verify",
        "-data",
        str(tmp_path / "note"),
        "-in",
        str(tmp_path / "r.tsr"),
        "-CAfile",
        str(authority.certificate),
    )
    assert b"OK" in said


def test_a_bundle_carries_the_stamp_and_what_it_stamps(
    authority: TimeStampAuthority, sqlite_database: Database, tmp_path: Path, clock: FixedClock
) -> None:
    options = LedgerOptions(anchors=(TimeStampAnchor("ours", authority.url, clock),))
    ledger = open_ledger(LedgerRepository(sqlite_database), tmp_path / "var", clock, options=options)
    ledger.start()
    ledger.append(DRAFT)
    ledger.stop()
    bundle = ledger.export(tmp_path / "b.zip")
    with zipfile.ZipFile(bundle.path) as archive:
        archive.extractall(tmp_path / "out")
    where = tmp_path / "out" / "anchors" / "1-0"
    said = authority.openssl(
        "ts", "-verify", "-data", f"{where}.note", "-in", f"{where}.tsr", "-CAfile", str(authority.certificate)
    )
    assert b"OK" in said
    assert verify_bundle(str(bundle.path), [], [], max_age_hours=10_000_000).words["integrity"] == "holds"


def test_a_stamp_for_something_else_or_replayed_is_refused(
    authority: TimeStampAuthority, checkpoint: SignedCheckpoint, clock: FixedClock
) -> None:
    anchor = TimeStampAnchor("ours", authority.url, clock)
    first = anchor.anchor(checkpoint, no_proof).content
    for replay in (
        first,
        b"",
        b"rubbish",
        first[:200],
        encode(0x30, encode(0x30, encode_integer(2))),
        encode(0x30, encode(0x30, encode_integer(0))),
    ):
        authority.replay = replay
        try:
            with pytest.raises(AnchorError):
                anchor.anchor(checkpoint, no_proof)
        finally:
            authority.replay = None
    other = authority.answer(time_stamp_request(b"x" * 32, 77))
    check_time_stamp(other, b"x" * 32, 77)
    with pytest.raises(NoteError, match="this checkpoint"):
        check_time_stamp(other, b"y" * 32, 77)
    with pytest.raises(NoteError, match="this request"):
        check_time_stamp(other, b"x" * 32, 78)


@given(st.binary(max_size=300))
def test_any_answer_is_a_token_or_a_clear_error(content: bytes) -> None:
    for candidate in (content, encode(0x30, encode(0x30, encode_integer(0)), content)):
        with pytest.raises(NoteError):
            check_time_stamp(candidate, b"x" * 32, 1)


@given(st.lists(st.tuples(st.integers(0, 30), st.binary(max_size=300)), max_size=5))
def test_der_reads_what_it_wrote(pairs: list[tuple[int, bytes]]) -> None:
    assert list(values(b"".join(encode(tag, content) for tag, content in pairs))) == pairs


def test_der_writes_known_values() -> None:
    assert encode_oid("1.2.840.113549.1.9.16.1.4").hex() == "060b2a864886f70d0109100104"
    assert [encode_integer(n).hex() for n in (0, 127, 128, 65536)] == ["020100", "02017f", "02020080", "0203010000"]


def test_nobody_at_the_address_and_a_bad_address_say_so(checkpoint: SignedCheckpoint, clock: FixedClock) -> None:
    with pytest.raises(AnchorError, match="did not answer"):
        TimeStampAnchor("x", "http://127.0.0.1:1/", clock).anchor(checkpoint, no_proof)
    for url in ("ftp://host/", "no address", "http://", "http://host:port/"):
        with pytest.raises(ConfigurationError):
            TimeStampAnchor("x", url, clock)
    with pytest.raises(ConfigurationError):
        WitnessAnchor("http://127.0.0.1/", "no+key", clock)


def test_no_anchor_warns_once(caplog: pytest.LogCaptureFixture, checkpoint: SignedCheckpoint) -> None:
    null = NullAnchor()
    assert null.anchor(checkpoint, no_proof) is None
    assert null.anchor(checkpoint, no_proof) is None
    assert sum("rewrite the ledger unseen" in record.message for record in caplog.records) == 1
