"""The keys that make a body readable, and their loss unreadable: one random key a person, wrapped by a master."""

import base64
import binascii
import hashlib
import hmac
import os
import stat
import tempfile
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from guiju.kit.errors import ConfigurationError, StorageError
from guiju.ledger.heads import SALT_BYTES

KEY_BYTES = 32
NONCE_BYTES = 12


class MasterKey(Protocol):
    """What wraps the keys of persons and hides what they are looked up by: a file, or a key management service."""

    def wrap(self, key: bytes, person: str) -> bytes:
        """Return `key` encrypted, bound to `person`."""
        ...

    def unwrap(self, wrapped: bytes, person: str) -> bytes:
        """Return the key that `wrap` was given.

        Raises:
            StorageError: it was not wrapped by this master key for this person.
        """
        ...

    def lookup(self, text: str) -> bytes:
        """Return a keyed hash of `text`, 32 bytes, that says nothing about it without the master key."""
        ...

    def check(self) -> bytes:
        """Return a short value by which a log recognises its master key again."""
        ...


class FileMasterKey:
    """A master key in a file of 32 bytes (Base64), readable by its owner only; made where there is none."""

    def __init__(self, path: Path) -> None:
        """Read the key at `path`, or make it.

        Raises:
            ConfigurationError: the file is no key, or others may read it.
        """
        master = read_or_make_secret(path, KEY_BYTES)
        self._wrapping = AESGCM(_derived(master, b"guiju/ledger/wrap"))
        self._lookup = _derived(master, b"guiju/ledger/lookup")
        self._check = _derived(master, b"guiju/ledger/check")[:16]

    def wrap(self, key: bytes, person: str) -> bytes:
        """Return `key` encrypted with AES-256-GCM, bound to `person`."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, key, person.encode())

    def unwrap(self, wrapped: bytes, person: str) -> bytes:
        """Return the key that `wrap` was given.

        Raises:
            StorageError: it was not wrapped by this master key for this person.
        """
        try:
            return self._wrapping.decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], person.encode())
        except (InvalidTag, ValueError) as error:
            raise StorageError(
                f"人员 {person} 的密钥打不开：它不是用现在的主密钥包裹的，或已被改动。请恢复 var/keys 里的主密钥。",
                f"The key of person {person} does not open: the present master key did not wrap it, or it was altered. "
                "Restore the master key in var/keys.",
            ) from error

    def lookup(self, text: str) -> bytes:
        """Return the HMAC-SHA-256 of `text`."""
        return hmac.digest(self._lookup, text.encode(errors="surrogatepass"), "sha256")

    def check(self) -> bytes:
        """Return 16 bytes derived from the key."""
        return self._check


class PersonKey:
    """One person's key: seals and opens the bodies that are about them."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        """Use the 32 bytes of `key`."""
        self._cipher = AESGCM(key)

    def seal(self, nonce: bytes, salted_body: bytes, entry_id: str) -> bytes:
        """Return nonce and ciphertext of salt and body, bound to the entry."""
        return nonce + self._cipher.encrypt(nonce, salted_body, entry_id.encode())

    def open(self, content: bytes, entry_id: str) -> tuple[bytes, bytes] | None:
        """Return (salt, body), or None where `content` is not what was sealed for this entry."""
        try:
            plain = self._cipher.decrypt(content[:NONCE_BYTES], content[NONCE_BYTES:], entry_id.encode())
        except (InvalidTag, ValueError):
            return None
        return plain[:SALT_BYTES], plain[SALT_BYTES:]


class Keyring:
    """Makes and opens the keys of persons under one master key."""

    def __init__(self, master: MasterKey) -> None:
        """Wrap with `master`."""
        self.master = master

    def new_key(self, person: str) -> tuple[PersonKey, bytes]:
        """Make a random key for `person`; return it and how it is stored."""
        key = AESGCM.generate_key(KEY_BYTES * 8)
        return PersonKey(key), self.master.wrap(key, person)

    def opened(self, wrapped: bytes, person: str) -> PersonKey:
        """Return the stored key of `person`, ready to use.

        Raises:
            StorageError: it was not wrapped by this master key for this person.
        """
        return PersonKey(self.master.unwrap(wrapped, person))


def _derived(master: bytes, purpose: bytes) -> bytes:
    """Return a key for one purpose only (HKDF-Expand of RFC 5869 with one block; the master is uniformly random)."""
    return hmac.digest(master, purpose + b"\x01", hashlib.sha256)


def read_or_make_secret(path: Path, length: int) -> bytes:
    """Read a secret of `length` bytes from its Base64 file; where there is none, make one, readable by its owner only.

    Two processes that start together get the same secret: the file appears whole, once.

    Raises:
        ConfigurationError: the file holds no such secret, or others may read it, or it cannot be made.
    """
    try:
        if not path.exists():
            _make_secret(path, length)
        if stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise ConfigurationError(
                "密钥文件对其他用户可读；请执行 chmod 600。",
                "Others may read the key file; run chmod 600 on it.",
                where=str(path),
            )
        secret = base64.b64decode(path.read_text(encoding="ascii").strip(), validate=True)
    except (OSError, UnicodeDecodeError, binascii.Error) as error:
        raise _unusable(path, str(error)) from error
    if len(secret) != length:
        raise _unusable(path, f"{len(secret)} != {length}")
    return secret


def _make_secret(path: Path, length: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=".writing-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(base64.b64encode(os.urandom(length)) + b"\n")
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(name, path)
        except FileExistsError:
            return  # another process made it first; its secret is the secret
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        Path(name).unlink(missing_ok=True)


def _unusable(path: Path, reason: str) -> ConfigurationError:
    return ConfigurationError(
        f"密钥文件不能用：{reason}。请从备份恢复；不要新建，否则旧内容再也读不出来。",
        f"The key file cannot be used: {reason}. Restore it from a backup; do not make a new one, or what is stored "
        "can never be read again.",
        where=str(path),
    )
