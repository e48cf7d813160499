"""What stands in the spool is what left, whatever happens to the process."""

import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway.spool import Piece, Spool, abandoned, claimed, read_spool
from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import StorageError
from guiju.kit.ids import new_id

CONTEXT: JsonObject = {"app": "a", "closing_id": "c"}
_DEAD_PROCESS = """
import os, signal, sys
from pathlib import Path
from guiju.gateway.spool import Spool
spool = Spool(Path(sys.argv[1]))
spool.open("{id}", {{"closing_id": "c"}})
for number in range(50):
    spool.add("{id}", [[0, "content", f"第{{number}}段"]])
    print(number, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_a_killed_process_loses_nothing(tmp_path: Path) -> None:
    exchange = new_id()
    died = subprocess.run(
        [sys.executable, "-c", _DEAD_PROCESS.format(id=exchange), str(tmp_path)], capture_output=True, check=False
    )
    assert died.returncode == -signal.SIGKILL
    (path,) = abandoned(tmp_path)
    (left,), is_whole = read_spool(path)
    assert is_whole
    assert left.exchange_id == exchange
    assert [piece[2] for piece in left.pieces] == [f"第{number}段" for number in range(50)]


def test_a_living_process_is_left_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    assert abandoned(tmp_path) == []
    spool.open(new_id(), CONTEXT)
    spool.stop()
    assert len(abandoned(tmp_path)) == 1


def test_of_two_that_start_at_once_one_has_what_a_dead_process_left(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    spool.open(new_id(), CONTEXT)
    spool.stop()
    (path,) = abandoned(tmp_path)
    with claimed(path) as first, claimed(path) as second:
        assert (first, second) == (True, False)
    path.unlink()
    with claimed(path) as gone:
        assert not gone


def test_a_spool_is_never_seen_unlocked(tmp_path: Path) -> None:
    """A process that starts while another one makes its file must not take it for a dead one's, and remove it."""
    named: list[str] = []
    real = fcntl.flock

    def locking(file: int, how: int) -> None:
        named.extend(path.name for path in tmp_path.glob("*.spool"))
        real(file, how)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fcntl, "flock", locking)
        spool = Spool(tmp_path)
    assert named == []
    assert len(list(tmp_path.glob("*.spool"))) == 1
    spool.stop()


def test_a_spool_with_nothing_open_leaves_no_file(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    exchange = new_id()
    spool.open(exchange, CONTEXT)
    spool.add(exchange, [(0, "content", "文")])
    spool.close(exchange)
    spool.stop()
    assert list(tmp_path.glob("*.spool")) == []


def test_nobody_reads_the_text_without_the_key(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    exchange = new_id()
    spool.open(exchange, CONTEXT)
    spool.add(exchange, [(0, "content", "PLAINLY-SECRET")])
    spool.stop()
    (path,) = tmp_path.glob("*.spool")
    assert b"PLAINLY" not in path.read_bytes()
    assert oct((tmp_path / "spool.key").stat().st_mode)[-3:] == "600"


PIECES = st.lists(st.tuples(st.integers(0, 3), st.sampled_from(["content", "reply"]), st.text(max_size=20)), max_size=5)


@given(st.lists(st.tuples(st.integers(0, 3), PIECES, st.booleans()), max_size=12))
def test_what_is_read_back_is_what_was_open(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[int, list[Piece], bool]]
) -> None:
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder)
    ids = [new_id() for _ in range(4)]
    open_now: dict[str, list[Piece]] = {}
    for which, pieces, closes in steps:
        exchange = ids[which]
        if exchange not in open_now:
            spool.open(exchange, CONTEXT)
            open_now[exchange] = []
        spool.add(exchange, pieces)
        open_now[exchange].extend(pieces)
        if closes:
            spool.close(exchange)
            del open_now[exchange]
    path = spool._path
    last = new_id()
    spool.open(last, CONTEXT)  # notes of closings go with the next write
    os.close(spool._file)
    left, is_whole = read_spool(path)
    assert is_whole
    assert left.pop().exchange_id == last
    assert {item.exchange_id: item.pieces for item in left} == open_now


@pytest.mark.parametrize("cut", [1, 7, 20, 60])
def test_a_record_cut_off_at_the_end_is_no_loss(tmp_path: Path, cut: int) -> None:
    spool = Spool(tmp_path)
    exchange = new_id()
    spool.open(exchange, CONTEXT)
    spool.add(exchange, [(0, "content", "留下")])
    whole = spool._path.stat().st_size
    spool.add(exchange, [(0, "content", "没写完的一段文字，很长很长很长很长")])
    os.ftruncate(spool._file, max(whole, spool._path.stat().st_size - cut))
    os.close(spool._file)
    (left,), is_whole = read_spool(spool._path)
    assert is_whole
    assert left.pieces == [(0, "content", "留下")]


def test_an_altered_record_is_said_to_be_unreadable(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    exchange = new_id()
    spool.open(exchange, CONTEXT)
    size = spool._path.stat().st_size
    spool.add(exchange, [(0, "content", "文")])
    os.close(spool._file)
    raw = bytearray(spool._path.read_bytes())
    raw[size + 20] ^= 1
    spool._path.write_bytes(raw)
    left, is_whole = read_spool(spool._path)
    assert not is_whole
    assert [item.pieces for item in left] == [[]]


def test_a_folder_that_cannot_be_written_is_a_clear_error(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(StorageError):
        Spool(tmp_path / "file")


def test_an_idle_spool_that_grew_is_emptied(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    exchange = new_id()
    spool.open(exchange, CONTEXT)
    for _ in range(6):
        spool.add(exchange, [(0, "content", "x" * 1_000_000)])
    spool.close(exchange)
    assert spool._path.stat().st_size == 0
    second = new_id()
    spool.open(second, CONTEXT)
    os.close(spool._file)
    assert [item.exchange_id for item in read_spool(spool._path)[0]] == [second]
