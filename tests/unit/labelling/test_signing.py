"""Labels that are signed: in every format, with keys that are made once, rotated, and known again."""

import stat
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.factories.labels import CODE, OUR_ID
from tests.unit.labelling.test_documents import FILES as DOCUMENTS
from tests.unit.labelling.test_pictures import FILES as PICTURES
from tests.unit.labelling.test_sound_and_video import FILES as SOUNDS

from guiju.kit.errors import ConfigurationError, StorageError
from guiju.labelling.errors import UnsupportedFormatError
from guiju.labelling.models import ForeignLabel, Label, Producer, Verdict
from guiju.labelling.security import keys as label_keys
from guiju.labelling.security.data import SecurityVerdict, verify_security, with_signature
from guiju.labelling.security.interface import Signer, SigningScheme
from guiju.labelling.security.keys import open_signer, public_keys, rotate
from guiju.labelling.service import Labeller
from guiju.ledger.keyring import read_or_make_secret

NOW = datetime(2026, 11, 27, tzinfo=UTC)
SCHEMES = (SigningScheme.ED25519, SigningScheme.SM2)
LABEL = Label("1", CODE, OUR_ID, "", CODE, OUR_ID)
NO_ROOM = "more-forms.avi"
"""An OpenDML AVI, whose label goes into the room that its writer left."""
FILES = {name: make for name, make in {**PICTURES, **SOUNDS, **DOCUMENTS}.items() if name != NO_ROOM}


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return open_signer(tmp_path_factory.mktemp("keys"), SigningScheme.SM2, now=NOW)


@pytest.mark.parametrize("name", FILES)
def test_every_carrier_holds_a_signed_label(name: str, signer: Signer, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(FILES[name]())
    labeller = Labeller(Producer(CODE), sign=lambda label: with_signature(label, signer))
    done = labeller.label_file(path, content_id=OUR_ID, foreign=ForeignLabel.REPLACE)
    reading = labeller.read(path)
    assert (reading.verdict, reading.label) == (Verdict.CONFORMING, done.label)
    assert reading.label is not None
    found = verify_security(reading.label, [signer.public_key])
    assert (found.verdict, found.is_trusted) == (SecurityVerdict.VALID, True)


def test_where_there_is_no_room_for_a_signature_it_is_said(signer: Signer, tmp_path: Path) -> None:
    path = tmp_path / NO_ROOM
    path.write_bytes(DOCUMENTS[NO_ROOM]())
    before = path.read_bytes()
    with pytest.raises(UnsupportedFormatError, match="no room"):
        Labeller(Producer(CODE), sign=lambda label: with_signature(label, signer)).label_file(path, content_id=OUR_ID)
    assert path.read_bytes() == before


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_key_is_made_once_and_is_its_owners_alone(scheme: SigningScheme, tmp_path: Path) -> None:
    folder = tmp_path / "keys"
    first, second = (open_signer(folder, scheme, now=NOW) for _ in range(2))
    assert first.public_key == second.public_key
    assert [one.key for one in public_keys(folder)] == [first.public_key]
    path = folder / f"label-{scheme.value}.key"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        open_signer(folder, scheme, now=NOW)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_after_a_rotation_the_old_signature_still_holds(scheme: SigningScheme, tmp_path: Path) -> None:
    old = open_signer(tmp_path, scheme, now=NOW)
    signed = with_signature(LABEL, old)
    secret = (tmp_path / f"label-{scheme.value}.key").read_bytes()
    new = rotate(tmp_path, scheme, now=NOW)
    assert new.public_key != old.public_key
    assert (tmp_path / f"label-{scheme.value}.key").read_bytes() != secret
    assert not any(secret in path.read_bytes() for path in tmp_path.iterdir())
    known = [one.key for one in public_keys(tmp_path)]
    assert known == [old.public_key, new.public_key]
    assert verify_security(signed, known).is_trusted
    assert verify_security(with_signature(LABEL, new), known).is_trusted
    assert not verify_security(signed, known[1:]).is_trusted


def test_there_is_nothing_to_rotate_before_the_first_key(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="first signature"):
        rotate(tmp_path, SigningScheme.SM2, now=NOW)


def test_both_schemes_live_side_by_side(tmp_path: Path) -> None:
    made = [open_signer(tmp_path, scheme, now=NOW) for scheme in SCHEMES]
    assert [one.scheme for one in public_keys(tmp_path)] == ["ed25519", "sm2"]
    assert [one.key for one in public_keys(tmp_path)] == [one.public_key for one in made]


@pytest.mark.parametrize(
    "text", ["2026 sm2 nothex\n", "2026 sm2\n", "2026 other 00\n", "2026 sm2 0", "\n", "x" * (2 << 20)]
)
def test_a_list_that_cannot_be_read_is_told(text: str, tmp_path: Path) -> None:
    (tmp_path / "label-keys.txt").write_text(text)
    with pytest.raises(ConfigurationError, match="public keys"):
        public_keys(tmp_path)
    assert public_keys(tmp_path / "none") == []


def test_a_list_that_cannot_be_written_leaves_the_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    secret = read_or_make_secret(tmp_path / "label-ed25519.key", 32)
    monkeypatch.setattr("guiju.labelling.security.keys.os.fsync", fail)
    with pytest.raises(StorageError, match="No space left"):
        open_signer(tmp_path, SigningScheme.ED25519, now=NOW)
    monkeypatch.undo()
    assert read_or_make_secret(tmp_path / "label-ed25519.key", 32) == secret
    assert not list(tmp_path.glob(".label-keys-*"))
    assert len(public_keys(tmp_path)) == 0
    open_signer(tmp_path, SigningScheme.ED25519, now=NOW)
    assert len(public_keys(tmp_path)) == 1


def test_keys_that_are_added_at_once_are_all_kept(tmp_path: Path) -> None:
    keys = [label_keys.PublicKey(f"t{number}", "ed25519", bytes([number] * 32)) for number in range(24)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda key: label_keys._remember(tmp_path, key), keys))
    assert {one.key for one in public_keys(tmp_path)} == {one.key for one in keys}
