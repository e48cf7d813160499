"""A file on a medium that can only be appended to: a WORM volume, an append-only mount, another department's share."""

import os
from pathlib import Path

from guiju.kit.clock import Clock
from guiju.ledger.anchors.interface import ProveConsistency
from guiju.ledger.errors import AnchorError
from guiju.ledger.models import AnchorReceipt, SignedCheckpoint


class WormFileAnchor:
    """Appends each checkpoint to `path`. That the medium really cannot be rewritten is for its owner to show."""

    def __init__(self, path: Path, clock: Clock) -> None:
        """Append to `path`, whose folder must be there: a mount that is missing must not be made up for."""
        self._path = path
        self._clock = clock
        self.name = str(path)

    def anchor(self, checkpoint: SignedCheckpoint, _prove: ProveConsistency) -> AnchorReceipt:
        """Append the note and a blank line, and wait until they are on the medium.

        Raises:
            AnchorError: it could not be written.
        """
        content = checkpoint.note.encode() + b"\n"
        try:
            handle = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
            try:
                written = os.write(handle, content)
                os.fsync(handle)
            finally:
                os.close(handle)
        except OSError as error:
            raise AnchorError(
                f"检查点写不进 WORM 文件：{error.strerror}。请检查挂载和空间。",
                f"The checkpoint could not be appended to the WORM file: {error.strerror}. Check the mount.",
                where=str(self._path),
            ) from error
        if written != len(content):
            raise AnchorError(
                "检查点只写入了一部分；请检查空间。", "Only a part was appended; check the space.", where=self.name
            )
        return AnchorReceipt("worm_file", self.name, checkpoint.size, content, self._clock.now())
