"""Content-addressed files: what was in force, kept under its SHA-256, so that a hash in an entry can be opened."""

import hashlib
import os
import re
import tempfile
from pathlib import Path

from guiju.kit.errors import NotFoundError, StorageError

_DIGEST = re.compile(r"[0-9a-f]{64}")


class BlobStore:
    """A folder of files named by the SHA-256 of their bytes."""

    def __init__(self, folder: Path) -> None:
        """Keep blobs under `folder`, which is made when the first blob is put."""
        self._folder = folder

    def put(self, content: bytes) -> str:
        """Keep `content` durably and return its SHA-256 in hex; keeping it twice is keeping it once."""
        digest = hashlib.sha256(content).hexdigest()
        path = self._path(digest)
        if not path.exists():
            write_atomically(path, content)
        return digest

    def get(self, digest: str) -> bytes:
        """Return the bytes kept under `digest`, checked against it.

        Raises:
            NotFoundError: nothing is kept under it.
            StorageError: what is kept there is not what it was.
        """
        if not _DIGEST.fullmatch(digest) or not (path := self._path(digest)).is_file():
            raise NotFoundError(f"没有哈希为 {digest} 的存档。", f"Nothing is kept under the hash {digest}.")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != digest:
            raise StorageError(
                f"存档 {digest} 的内容已被改动，请从备份恢复。",
                f"The blob {digest} is not what it was; restore it from a backup.",
                where=str(path),
            )
        return content

    def _path(self, digest: str) -> Path:
        return self._folder / digest[:2] / digest


def write_atomically(path: Path, content: bytes, *, mode: int = 0o600) -> None:
    """Write `content` to `path` so that a reader, or a crash at any line, sees the old file or the new one.

    Raises:
        StorageError: the file cannot be written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(mode)
            Path(name).replace(path)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise StorageError(
            f"无法写入文件：{error.strerror}。请检查磁盘空间和权限。",
            f"The file could not be written: {error.strerror}. Check disk space and permissions.",
            where=str(path),
        ) from error
