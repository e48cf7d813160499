"""What a signature scheme for labels can do."""

from enum import StrEnum
from typing import Protocol


class SigningScheme(StrEnum):
    """How labels are signed: not at all, with Ed25519, or with SM2 and SM3 as the practice guide has it."""

    NONE = "none"
    ED25519 = "ed25519"
    SM2 = "sm2"


class Scheme(Protocol):
    """Verifies signatures of one algorithm."""

    @property
    def algorithm(self) -> str:
        """The object identifier that stands in `AlgID`."""

    def is_key(self, key: bytes) -> bool:
        """Tell whether bytes are a public key of this scheme."""

    def is_valid(self, key: bytes, message: bytes, signature: bytes) -> bool:
        """Tell whether a signature over `message` was made with the private key that belongs to `key`."""


class Signer(Protocol):
    """Signs with one private key."""

    @property
    def algorithm(self) -> str:
        """The object identifier of the scheme."""

    @property
    def public_key(self) -> bytes:
        """The key that verifies what it signs."""

    def sign(self, message: bytes) -> bytes:
        """Sign a message."""
