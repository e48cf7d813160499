"""What a signer of checkpoints does."""

from typing import Protocol

from guiju.ledger.notes import Signature


class Signer(Protocol):
    """Signs the text of a note, and knows its own signatures again, those of its former keys included."""

    @property
    def verifier_keys(self) -> tuple[str, ...]:
        """The public keys, each as one word, that verify what it signs and signed; the present one first."""
        ...

    def sign(self, text: str) -> tuple[Signature, ...]:
        """Return one signature line, or several, for `text`."""
        ...

    def has_signed(self, text: str, signatures: tuple[Signature, ...]) -> bool:
        """Tell whether one of its signatures on `text` is there and verifies."""
        ...
