"""Keys: made once, readable by their owner only, bound to whom they are for."""

import threading
from pathlib import Path

import pytest

from guiju.kit.errors import ConfigurationError, StorageError
from guiju.ledger.keyring import FileMasterKey, Keyring


def test_a_master_key_is_made_once_and_private(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "master.key"
    first, second = FileMasterKey(path), FileMasterKey(path)
    assert path.stat().st_mode & 0o777 == 0o600
    assert first.check() == second.check()
    assert first.lookup("alice") == second.lookup("alice")
    assert first.lookup("alice") != first.lookup("Alice")
    assert second.unwrap(first.wrap(b"k" * 32, "p"), "p") == b"k" * 32


def test_threads_that_start_together_get_the_same_key(tmp_path: Path) -> None:
    checks: list[bytes] = []
    threads = [threading.Thread(target=lambda: checks.append(FileMasterKey(tmp_path / "m").check())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(checks) == 8
    assert len(set(checks)) == 1
    assert [path.name for path in tmp_path.iterdir()] == ["m"]


@pytest.mark.parametrize("content", [b"", b"short", b"!" * 44, b"\xff\xfe", b"QUJD\n"])
def test_a_damaged_key_file_is_refused_and_left_alone(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(ConfigurationError, match="backup"):
        FileMasterKey(path)
    assert path.read_bytes() == content


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "m"
    FileMasterKey(path)
    path.chmod(0o640)
    with pytest.raises(ConfigurationError, match="chmod 600"):
        FileMasterKey(path)


def test_a_wrapped_key_opens_only_for_its_person_and_its_master(tmp_path: Path) -> None:
    ring = Keyring(FileMasterKey(tmp_path / "m"))
    _, wrapped = ring.new_key("alice")
    ring.opened(wrapped, "alice")
    other = Keyring(FileMasterKey(tmp_path / "other"))
    for wrong_ring, person, content in (
        (ring, "bob", wrapped),
        (other, "alice", wrapped),
        (ring, "alice", wrapped[:-1]),
        (ring, "alice", b""),
    ):
        with pytest.raises(StorageError):
            wrong_ring.opened(content, person)


def test_a_sealed_body_opens_only_with_its_key_for_its_entry(tmp_path: Path) -> None:
    ring = Keyring(FileMasterKey(tmp_path / "m"))
    key, _ = ring.new_key("alice")
    stranger, _ = ring.new_key("bob")
    content = key.seal(b"n" * 12, b"s" * 32 + b"{}", "entry-1")
    assert key.open(content, "entry-1") == (b"s" * 32, b"{}")
    assert key.open(content, "entry-2") is None
    assert stranger.open(content, "entry-1") is None
    assert key.open(content[:-1], "entry-1") is None
    assert key.open(b"", "entry-1") is None
