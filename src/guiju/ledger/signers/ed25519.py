"""Ed25519 (RFC 8032) with a key in a file of its own; the public keys, former ones too, stand in a file beside it."""

from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from guiju.kit.errors import ConfigurationError
from guiju.ledger.keyring import KEY_BYTES, read_or_make_secret
from guiju.ledger.notes import ED25519, Signature, VerifierKey, parse_verifier_key
from guiju.storage.blobs import write_atomically


class Ed25519Signer:
    """Signs as `origin`."""

    def __init__(self, path: Path, origin: str) -> None:
        """Read the private key at `path`, or make it; keep the public keys in `<path>.vkeys`, one a line.

        Raises:
            ConfigurationError: the key cannot be used, or the file of public keys holds something else.
        """
        self._private = Ed25519PrivateKey.from_private_bytes(read_or_make_secret(path, KEY_BYTES))
        self._key = VerifierKey(origin, ED25519, self._private.public_key().public_bytes_raw())
        published = path.with_name(path.name + ".vkeys")
        lines = published.read_text(encoding="utf-8").split() if published.exists() else []
        if self._key.text not in lines:
            lines = [self._key.text, *lines]
            write_atomically(published, "".join(f"{line}\n" for line in lines).encode(), mode=0o644)
        self._known = tuple(parse_verifier_key(line) for line in lines)
        if any(key.kind != ED25519 for key in self._known):
            raise ConfigurationError(
                "公钥文件只能含 Ed25519 签名公钥。", "Only Ed25519 note keys belong here.", where=str(published)
            )

    @property
    def verifier_keys(self) -> tuple[str, ...]:
        """The present public key first, then former ones."""
        return (self._key.text, *(key.text for key in self._known if key != self._key))

    def sign(self, text: str) -> tuple[Signature, ...]:
        """Return the signature line for `text`."""
        return (Signature(self._key.name, self._key.key_id, self._private.sign(text.encode())),)

    def has_signed(self, text: str, signatures: tuple[Signature, ...]) -> bool:
        """Tell whether the present key, or a former one, signed `text`."""
        return any(key.has_signed(text, signatures) for key in self._known)
