"""No anchor: says once, in the log of the program, what that means."""

import logging

from guiju.ledger.anchors.interface import ProveConsistency
from guiju.ledger.models import AnchorReceipt, SignedCheckpoint

_log = logging.getLogger(__name__)


class NullAnchor:
    """Stands where no anchor is configured."""

    name = "none"

    def __init__(self) -> None:
        """Begin without having warned."""
        self._has_warned = False

    def anchor(self, checkpoint: SignedCheckpoint, _prove: ProveConsistency) -> AnchorReceipt | None:
        """Anchor nothing; warn the first time."""
        if not self._has_warned:
            self._has_warned = True
            _log.warning(
                "no anchor is configured: whoever holds all keys of this machine can rewrite the ledger unseen",
                extra={"size": checkpoint.size},
            )
        return None
