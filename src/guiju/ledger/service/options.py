"""What an operator may choose about a ledger."""

from dataclasses import dataclass, field
from pathlib import Path

from guiju.ledger.anchors.interface import Anchor
from guiju.ledger.anchors.null import NullAnchor


@dataclass(frozen=True, slots=True)
class LedgerOptions:
    """What an operator may choose about a ledger.

    Attributes:
        checkpoint_folder: where checkpoints are kept outside the database; None keeps them in the database only.
        anchors: who outside is shown each checkpoint; with none, a warning says what that means.
        heartbeat_seconds: how long the ledger may be silent before it says that it lives; 0 for never. With it, starts
            and stops are entries too, so that a verification can tell silence from absence.
    """

    checkpoint_folder: Path | None = None
    anchors: tuple[Anchor, ...] = field(default_factory=lambda: (NullAnchor(),))
    heartbeat_seconds: int = 0
