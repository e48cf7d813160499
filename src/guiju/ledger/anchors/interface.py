"""What an anchor does."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from guiju.ledger.models import AnchorReceipt, ConsistencyProof, SignedCheckpoint

# Proves that the log of the first size is a prefix of the log of the second.
ProveConsistency: TypeAlias = Callable[[int, int], ConsistencyProof]


class Anchor(Protocol):
    """Takes a checkpoint to somebody, or to some place, that the operator cannot change later."""

    @property
    def name(self) -> str:
        """What the operator calls it."""
        ...

    def anchor(self, checkpoint: SignedCheckpoint, prove: ProveConsistency) -> AnchorReceipt | None:
        """Return what proves that the checkpoint was there; None where there was nothing to do.

        Raises:
            AnchorError: it could not be reached, refused, or answered something that does not verify.
        """
        ...
