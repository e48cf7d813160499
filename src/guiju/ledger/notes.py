"""Notes, checkpoints and cosignatures as C2SP writes them (signed-note, tlog-checkpoint, tlog-cosignature). Pure."""

import base64
import binascii
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from guiju.kit.errors import ConfigurationError
from guiju.ledger.errors import NoteError
from guiju.ledger.merkle import HASH_NAMES

ED25519, COSIGNATURE = 0x01, 0x04
_KEY_ID_BYTES, _KEY_BYTES, _SIGNATURE_BYTES, _TIME_BYTES = 4, 32, 64, 8
_MAX_NOTE = 64 * 1024
_MAX_ORIGIN = 200
_HEAD_LINES = 3
_DASH = "— "


@dataclass(frozen=True, slots=True)
class TreeHead:
    """The three lines of a checkpoint: which log, how many entries, which root (32 bytes)."""

    origin: str
    size: int
    root: bytes

    @property
    def text(self) -> str:
        """The note text that is signed."""
        return f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"


@dataclass(frozen=True, slots=True)
class Signature:
    """One signature line of a note: the key's name, its id (4 bytes), and the signature."""

    name: str
    key_id: bytes
    signature: bytes

    @property
    def line(self) -> str:
        """The line as it stands in the note, with its newline."""
        return f"{_DASH}{self.name} {base64.b64encode(self.key_id + self.signature).decode()}\n"


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public Ed25519 key with its name; `kind` says whether it signs notes (0x01) or cosigns checkpoints (0x04)."""

    name: str
    kind: int
    public: bytes

    @property
    def key_id(self) -> bytes:
        """The first four bytes of SHA-256(name, newline, kind, key)."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind]) + self.public).digest()[:_KEY_ID_BYTES]

    @property
    def text(self) -> str:
        """The key as one word: name+id+key (C2SP signed-note, verifier keys)."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(bytes([self.kind]) + self.public).decode()}"

    def cosigned_at(self, text: str, signatures: tuple[Signature, ...]) -> int | None:
        """Return the POSIX time of this key's cosignature on `text`, or None where there is none that verifies."""
        for one in self._own(signatures):
            if len(one.signature) == _TIME_BYTES + _SIGNATURE_BYTES:
                at = int.from_bytes(one.signature[:_TIME_BYTES], "big")
                if self._verifies(cosigned_message(text, at), one.signature[_TIME_BYTES:]):
                    return at
        return None

    def has_signed(self, text: str, signatures: tuple[Signature, ...]) -> bool:
        """Tell whether this key's signature on `text` is there and verifies."""
        return any(self._verifies(text.encode(), one.signature) for one in self._own(signatures))

    def _own(self, signatures: tuple[Signature, ...]) -> list[Signature]:
        return [one for one in signatures if one.name == self.name and one.key_id == self.key_id]

    def _verifies(self, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


def cosigned_message(text: str, at: int) -> bytes:
    """Return what a witness signs for a checkpoint's `text` at POSIX time `at`."""
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def parse_verifier_key(text: str) -> VerifierKey:
    """Read a key written by `VerifierKey.text`.

    Raises:
        NoteError: it is none, or its id is not its own.
    """
    try:
        name, key_id, encoded = text.strip().split("+", 2)
        raw = base64.b64decode(encoded, validate=True)
    except (ValueError, binascii.Error) as error:
        raise _bad(f"不是验证公钥：{text[:80]!r}", f"no verifier key: {text[:80]!r}") from error
    key = VerifierKey(name, raw[0] if raw else 0, raw[1:])
    is_known = key.kind in {ED25519, COSIGNATURE} and len(key.public) == _KEY_BYTES and _is_name(name)
    if not is_known or key.key_id.hex() != key_id:
        raise _bad(f"验证公钥不自洽：{text[:80]!r}", f"the verifier key does not match its own id: {text[:80]!r}")
    return key


def parse_checkpoint(note: str) -> tuple[TreeHead, tuple[Signature, ...]]:
    """Read a checkpoint and its signature lines; nothing is verified yet.

    Raises:
        NoteError: it is no signed note, or its text is no tree head.
    """
    body, separator, rest = note.rpartition("\n\n")
    is_note = separator and rest.endswith("\n") and len(note) <= _MAX_NOTE
    if not is_note or any(character < " " and character != "\n" for character in note):
        raise _bad("不是签名笔记", "no signed note")
    lines = body.split("\n")
    if len(lines) != _HEAD_LINES:
        raise _bad("检查点须恰有三行", "a checkpoint has three lines")
    origin, size, root = lines
    if not origin or not size.isascii() or not size.isdigit() or (size != "0" and size[0] == "0") or len(size) > 16:  # noqa: PLR2004 - sizes stay below 2^53
        raise _bad("检查点的名称或条数无效", "the checkpoint's origin or size is not valid")
    head = TreeHead(origin, int(size), _decoded(root))
    if len(head.root) != _KEY_BYTES:
        raise _bad("检查点的根哈希不是 32 字节", "the checkpoint's root is not 32 bytes")
    return head, tuple(_parse_signature(line) for line in rest[:-1].split("\n"))


def parse_signatures(lines: str) -> tuple[Signature, ...]:
    """Read signature lines that stand alone, as a witness answers them.

    Raises:
        NoteError: a line is none.
    """
    return tuple(_parse_signature(line) for line in lines.split("\n") if line)


def _parse_signature(line: str) -> Signature:
    name, separator, encoded = line.removeprefix(_DASH).partition(" ")
    raw = _decoded(encoded)
    if not line.startswith(_DASH) or not separator or not _is_name(name) or len(raw) <= _KEY_ID_BYTES:
        raise _bad(f"不是签名行：{line[:80]!r}", f"no signature line: {line[:80]!r}")
    return Signature(name, raw[:_KEY_ID_BYTES], raw[_KEY_ID_BYTES:])


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error) as error:
        raise _bad(f"不是 Base64：{text[:80]!r}", f"no Base64: {text[:80]!r}") from error


def _is_name(name: str) -> bool:
    return bool(name) and "+" not in name and name.isprintable() and not any(character.isspace() for character in name)


def origin_line(name: str, hash_name: str) -> str:
    """Return the origin of the log `name`: its last part says the hash, so that a signed checkpoint fixes it.

    Raises:
        ConfigurationError: the name cannot stand in a checkpoint.
    """
    origin = name if name.endswith(f"/{hash_name}") else f"{name}/{hash_name}"
    if not _is_name(origin) or len(origin) > _MAX_ORIGIN or origin.startswith("/"):
        raise ConfigurationError(
            f"账本名称 {name!r} 无效：不得为空，不得含空格、加号或控制字符。",
            f"The log name {name!r} is not valid: not empty, and without spaces, plus signs or control characters.",
            where="origin",
        )
    return origin


def hash_of_origin(origin: str) -> str:
    """Return the hash that an origin line names; `sha256` where it names none, as C2SP logs do."""
    last = origin.rpartition("/")[2]
    return last if last in HASH_NAMES else "sha256"


def _bad(zh: str, en: str) -> NoteError:
    return NoteError(f"签名笔记无效：{zh}。", f"The signed note is not valid: {en}.")
