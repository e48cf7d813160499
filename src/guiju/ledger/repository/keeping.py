"""What is kept beside the log: signed checkpoints, what anchored them, and the verdicts of verifications."""

from collections.abc import Iterator

import sqlalchemy as sa

from guiju.kit.clock import from_iso
from guiju.kit.ids import new_id
from guiju.ledger.heads import instant
from guiju.ledger.models import AnchorReceipt, SignedCheckpoint
from guiju.ledger.repository.tables import anchor_table, checkpoint_table, verification_table
from guiju.storage.database import Database

_PAGE = 2000
_KEPT_VERIFICATIONS = 200


class KeptRepository:
    """Checkpoints, anchors, verifications."""

    def __init__(self, database: Database) -> None:
        """Read and write `database`."""
        self._database = database

    def add_checkpoint(self, checkpoint: SignedCheckpoint) -> bool:
        """Keep a checkpoint; False when one of its size is kept already."""
        row = {
            "size": checkpoint.size,
            "root": bytes.fromhex(checkpoint.root),
            "note": checkpoint.note,
            "signed_at": instant(checkpoint.signed_at),
        }
        try:
            with self._database.transaction() as connection:
                connection.execute(sa.insert(checkpoint_table).values(row))
        except sa.exc.IntegrityError:
            return False
        return True

    def newest_checkpoints(self, limit: int, *, below: int | None = None) -> list[SignedCheckpoint]:
        """Return up to `limit` checkpoints, largest size first; only those smaller than `below` when it is given."""
        statement = sa.select(checkpoint_table).order_by(checkpoint_table.c.size.desc()).limit(limit)
        if below is not None:
            statement = statement.where(checkpoint_table.c.size < below)
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return [_checkpoint(tuple(row)) for row in rows]

    def checkpoints_from_newest(self) -> Iterator[SignedCheckpoint]:
        """Go through every kept checkpoint, largest size first, a page at a time."""
        below: int | None = None
        while page := self.newest_checkpoints(_PAGE, below=below):
            yield from page
            below = page[-1].size

    def add_anchor(self, receipt: AnchorReceipt) -> None:
        """Keep what anchored a checkpoint."""
        row = {
            "id": new_id(),
            "size": receipt.size,
            "kind": receipt.kind,
            "name": receipt.name,
            "content": receipt.content,
            "anchored_at": instant(receipt.anchored_at),
        }
        with self._database.transaction() as connection:
            connection.execute(sa.insert(anchor_table).values(row))

    def anchors(self, *, limit: int, size: int | None = None) -> list[AnchorReceipt]:
        """Return up to `limit` anchors, newest first; only those of the checkpoint of `size` when it is given."""
        statement = sa.select(anchor_table).order_by(anchor_table.c.id.desc()).limit(limit)
        if size is not None:
            statement = statement.where(anchor_table.c.size == size)
        with self._database.reading() as connection:
            rows = connection.execute(statement).all()
        return [AnchorReceipt(row.kind, row.name, row.size, row.content, from_iso(row.anchored_at)) for row in rows]

    def add_verification(self, report: str) -> None:
        """Keep the verdicts of a verification as JSON text; only the newest few hundred stay."""
        column = verification_table.c
        with self._database.transaction() as connection:
            connection.execute(sa.insert(verification_table).values(id=new_id(), report=report))
            old = sa.select(column.id).order_by(column.id.desc()).offset(_KEPT_VERIFICATIONS)
            gone = list(connection.execute(old).scalars())
            if gone:
                connection.execute(sa.delete(verification_table).where(column.id.in_(gone)))

    def newest_verification(self) -> str | None:
        """Return the newest verdicts, as they were kept."""
        newest = sa.select(verification_table.c.report).order_by(verification_table.c.id.desc()).limit(1)
        with self._database.reading() as connection:
            return connection.execute(newest).scalar_one_or_none()


def _checkpoint(row: tuple[int, bytes, str, str]) -> SignedCheckpoint:
    size, root, note, signed_at = row
    origin = note.split("\n", 1)[0]
    return SignedCheckpoint(origin, size, root.hex(), note, from_iso(signed_at))
