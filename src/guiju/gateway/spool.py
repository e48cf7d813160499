"""The write-ahead spool: every piece of an answer stands here before it leaves, so that a killed process loses nothing.

One append-only file a process, each record encrypted with AES-256-GCM under a key of its own folder. A write is in the
kernel's hands when it returns: SIGKILL cannot take it back. (A power cut can; the opening entry in the ledger, which is
synced to disk, then still says that the exchange was.)
"""

import errno
import fcntl
import hashlib
import hmac
import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import StorageError
from guiju.kit.ids import new_id

OPENED, PIECE, CLOSED = b"o", b"p", b"c"
_HEADER = struct.Struct(">IQ")
_ID_BYTES = 36
_KEY_BYTES = 32
_SHRINK_BYTES = 4 * 1024 * 1024
_RECORD_BYTES = 64 * 1024 * 1024

Piece = tuple[int, str, str]


@dataclass(slots=True)
class Left:
    """What a process left in its spool about one exchange that it did not close.

    Attributes:
        exchange_id: which.
        context: what was noted at its opening.
        pieces: (choice, field, text) in the order in which they left.
    """

    exchange_id: str
    context: JsonObject
    pieces: list[Piece] = field(default_factory=list)


class Spool:
    """This process's file; it is locked as long as the process lives."""

    def __init__(self, folder: Path) -> None:
        """Make a new file under `folder`, and the folder's key if it has none.

        Raises:
            StorageError: the folder cannot be written.
        """
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=0o700)
            master = _master_key(folder)
            self._path = folder / f"{new_id()}.spool"
            # It gets its name when it is locked: another process that starts now must not take it for a dead one's.
            unnamed = self._path.with_suffix(".new")
            self._file = os.open(unnamed, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            unnamed.rename(self._path)
        except OSError as error:
            raise _cannot_write(folder, error) from error
        self._cipher = AESGCM(_file_key(master, self._path.name))
        self._counter = 0
        self._size = 0
        self._open: set[str] = set()
        self._waiting = b""

    def open(self, exchange_id: str, context: JsonObject) -> None:
        """Note that an exchange begins.

        Raises:
            StorageError: the file cannot be written.
        """
        self._write(OPENED, exchange_id, orjson.dumps(context))
        self._open.add(exchange_id)

    def add(self, exchange_id: str, pieces: list[Piece]) -> None:
        """Note what is about to leave, in one write.

        Raises:
            StorageError: the file cannot be written; then nothing may leave.
        """
        self._write(PIECE, exchange_id, orjson.dumps(pieces))

    def close(self, exchange_id: str) -> None:
        """Note that the exchange's closing entry is durable; an idle file that grew is emptied.

        The note goes with the next write: when it is lost, the next start finds the closing entry in the ledger.
        """
        self._open.discard(exchange_id)
        if not self._open and self._size > _SHRINK_BYTES:
            os.ftruncate(self._file, 0)
            self._size = 0
            self._waiting = b""
        else:
            self._waiting += self._sealed(CLOSED, exchange_id, b"")

    def stop(self) -> None:
        """Give the file back; it is removed when every exchange in it is closed, else the next start reconciles it."""
        if not self._open:
            self._path.unlink(missing_ok=True)
        os.close(self._file)

    def _sealed(self, kind: bytes, exchange_id: str, payload: bytes) -> bytes:
        self._counter += 1
        sealed = self._cipher.encrypt(self._counter.to_bytes(12, "big"), kind + exchange_id.encode() + payload, None)
        return _HEADER.pack(len(sealed), self._counter) + sealed

    def _write(self, kind: bytes, exchange_id: str, payload: bytes) -> None:
        record = self._waiting + self._sealed(kind, exchange_id, payload)
        try:
            written = os.write(self._file, record)
        except OSError as error:
            raise _cannot_write(self._path, error) from error
        if written != len(record):
            os.ftruncate(self._file, self._size)  # a torn record would hide the ones after it
            raise _cannot_write(self._path, OSError(errno.ENOSPC, os.strerror(errno.ENOSPC)))
        self._waiting = b""
        self._size += written


def abandoned(folder: Path) -> list[Path]:
    """Return the spool files whose process is no more, oldest first."""
    found = []
    for path in sorted(folder.glob("*.spool")):
        with claimed(path) as is_ours:
            if is_ours:
                found.append(path)
    return found


@contextmanager
def claimed(path: Path) -> Iterator[bool]:
    """Hold the file of a dead process; False where its process lives, or another one has it or is done with it."""
    try:
        file = os.open(path, os.O_RDONLY)
    except FileNotFoundError:
        yield False
        return
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield path.exists()
    finally:
        os.close(file)


def read_spool(path: Path) -> tuple[list[Left], bool]:
    """Return the exchanges that were left open in the file at `path`, and whether all of it could be read.

    A record that was cut off at the very end was being written when the process died: it never left, so it is no loss.

    Raises:
        OSError: the file cannot be read.
    """
    cipher = AESGCM(_file_key(_master_key(path.parent), path.name))
    left: dict[str, Left] = {}
    is_whole = True
    for sealed, counter in _records(path):
        try:
            record = cipher.decrypt(counter.to_bytes(12, "big"), sealed, None)
        except InvalidTag:
            is_whole = False
            break
        kind, exchange_id = record[:1], record[1 : 1 + _ID_BYTES].decode()
        payload = record[1 + _ID_BYTES :]
        if kind == OPENED:
            left[exchange_id] = Left(exchange_id, orjson.loads(payload))
        elif kind == PIECE and exchange_id in left:
            left[exchange_id].pieces.extend(tuple(piece) for piece in orjson.loads(payload))
        elif kind == CLOSED:
            left.pop(exchange_id, None)
    return list(left.values()), is_whole


def _records(path: Path) -> Iterator[tuple[bytes, int]]:
    with path.open("rb") as file:
        while len(header := file.read(_HEADER.size)) == _HEADER.size:
            length, counter = _HEADER.unpack(header)
            sealed = file.read(min(length, _RECORD_BYTES))
            if len(sealed) != length:
                return
            yield sealed, counter


def _master_key(folder: Path) -> bytes:
    """Return the folder's key, made at the first call; two processes that make it at once end with the same one."""
    path = folder / "spool.key"
    if not path.exists():
        temporary = folder / f".key-{new_id()}"
        file = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(file, os.urandom(_KEY_BYTES))
            os.fsync(file)
        finally:
            os.close(file)
        try:
            os.link(temporary, path)
        except FileExistsError:
            pass
        finally:
            temporary.unlink()
    return path.read_bytes()


def _file_key(master: bytes, name: str) -> bytes:
    return hmac.new(master, name.encode(), hashlib.sha256).digest()


def _cannot_write(path: Path, error: OSError) -> StorageError:
    return StorageError(
        f"无法写入预写日志：{error.strerror}。请检查磁盘空间和权限；在此之前网关不会放行任何内容。",
        f"The write-ahead spool cannot be written: {error.strerror}. Check disk space and permissions; until then the "
        "gateway lets nothing out.",
        where=str(path),
    )
