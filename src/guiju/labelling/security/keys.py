"""The keys that this service signs its labels with: one now, and the public halves of those before.

`label-<scheme>.key` holds 32 secret bytes, `label-keys.txt` one line for every public key that was ever used. A key
that was replaced is destroyed; what it signed stays verifiable.
"""

import fcntl
import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from guiju.kit.clock import to_iso
from guiju.kit.errors import ConfigurationError, StorageError
from guiju.labelling.security.ed25519 import Ed25519LabelSigner
from guiju.labelling.security.interface import Signer, SigningScheme
from guiju.labelling.security.sm2 import Sm2LabelSigner
from guiju.labelling.security.sm2_curve import N
from guiju.ledger.keyring import read_or_make_secret

_LENGTH = 32
_LIST = "label-keys.txt"
_LONGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class PublicKey:
    """A public key of this service.

    Attributes:
        since: when it was first used, as ISO 8601.
        scheme: what it verifies.
        key: its bytes.
    """

    since: str
    scheme: str
    key: bytes


def open_signer(folder: Path, scheme: SigningScheme, *, now: datetime) -> Signer:
    """Return what signs with the key in `folder`; where there is none, one is made.

    Raises:
        ConfigurationError: the key cannot be read, or others may read it.
        StorageError: the list of public keys cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    signer = _signer(scheme, read_or_make_secret(_path(folder, scheme), _LENGTH))
    if signer.public_key not in [one.key for one in public_keys(folder)]:
        _remember(folder, PublicKey(to_iso(now), scheme.value, signer.public_key))
    return signer


def rotate(folder: Path, scheme: SigningScheme, *, now: datetime) -> Signer:
    """Destroy the key and make another; what the old one signed stays verifiable.

    Raises:
        ConfigurationError: there is no key, or it cannot be read.
        StorageError: the list of public keys cannot be written; the old key stays.
    """
    path = _path(folder, scheme)
    if not path.exists():
        raise ConfigurationError(
            f"还没有 {scheme.value} 签名密钥；第一次签名时建立。",
            f"There is no {scheme.value} key yet; it is made with the first signature.",
            where=str(path),
        )
    open_signer(folder, scheme, now=now)  # the old one stands in the list
    path.unlink()
    return open_signer(folder, scheme, now=now)


def public_keys(folder: Path) -> list[PublicKey]:
    """Return every public key that this service signed labels with, oldest first.

    Raises:
        ConfigurationError: the list cannot be read.
    """
    path = folder / _LIST
    try:
        with path.open(encoding="ascii") as file:
            text = file.read(_LONGEST + 1)
        if len(text) > _LONGEST or (text and not text.endswith("\n")):
            raise ValueError("cut short, or too long")  # noqa: TRY301 - one error for all that is wrong with a list
        return [_key_of(line) for line in text.splitlines()]
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        raise ConfigurationError(
            f"标识签名公钥清单读不出：{error}。请从备份恢复。",
            f"The list of public keys of labels cannot be read: {error}. Restore it from a backup.",
            where=str(path),
        ) from error


def _key_of(line: str) -> PublicKey:
    since, scheme, key = line.split()
    return PublicKey(since, SigningScheme(scheme).value, bytes.fromhex(key))


def _signer(scheme: SigningScheme, secret: bytes) -> Signer:
    if scheme is SigningScheme.ED25519:
        return Ed25519LabelSigner(secret)
    return Sm2LabelSigner(int.from_bytes(secret, "big") % (N - 2) + 1)


def _path(folder: Path, scheme: SigningScheme) -> Path:
    return folder / f"label-{scheme.value}.key"


def _remember(folder: Path, key: PublicKey) -> None:
    """Add a key to the list, one process at a time; it is on the disk when this returns."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        known = public_keys(folder)
        if key.key not in [one.key for one in known]:
            _write_list(folder, [*known, key])
            os.fsync(handle)
    finally:
        os.close(handle)


def _write_list(folder: Path, keys: Sequence[PublicKey]) -> None:
    path = folder / _LIST
    handle, name = tempfile.mkstemp(dir=folder, prefix=".label-keys-")
    try:
        with os.fdopen(handle, "w", encoding="ascii") as file:
            file.writelines(f"{one.since} {one.scheme} {one.key.hex()}\n" for one in keys)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except OSError as error:
        with suppress(OSError):
            Path(name).unlink(missing_ok=True)
        raise StorageError(
            f"标识签名公钥清单写不了：{error.strerror}。请检查磁盘与权限。",
            f"The list of public keys of labels cannot be written: {error.strerror}. Check disk and permissions.",
            where=str(path),
        ) from error
