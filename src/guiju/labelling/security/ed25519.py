"""Ed25519 (RFC 8032), identified by 1.3.101.112: what verifies where no national algorithm is at hand."""

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ALGORITHM = "1.3.101.112"
_KEY_LENGTH = 32


class Ed25519Scheme:
    """Verifies Ed25519 signatures; keys are their 32 bytes."""

    algorithm = ALGORITHM

    def is_key(self, key: bytes) -> bool:
        """Tell a key by its length."""
        return len(key) == _KEY_LENGTH

    def is_valid(self, key: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether the signature is one of the key over the message."""
        try:
            Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


class Ed25519LabelSigner:
    """Signs with one Ed25519 key."""

    algorithm = ALGORITHM

    def __init__(self, seed: bytes) -> None:
        """Sign with the private key whose 32 bytes are `seed`."""
        self._key = Ed25519PrivateKey.from_private_bytes(seed)

    @property
    def public_key(self) -> bytes:
        """The 32 bytes of the public key."""
        return self._key.public_key().public_bytes_raw()

    def sign(self, message: bytes) -> bytes:
        """Sign a message."""
        return self._key.sign(message)
