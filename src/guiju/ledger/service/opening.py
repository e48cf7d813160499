"""Builds a ledger the usual way: keys and checkpoint file in one folder."""

from pathlib import Path

from guiju.kit.clock import Clock
from guiju.ledger.keyring import FileMasterKey, Keyring
from guiju.ledger.notes import origin_line
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service.ledger import Ledger
from guiju.ledger.service.options import LedgerOptions
from guiju.ledger.signers.ed25519 import Ed25519Signer


def open_ledger(  # noqa: PLR0913 - the choices of an operator, each with its usual answer
    repository: LedgerRepository,
    folder: Path,
    clock: Clock,
    *,
    origin: str = "guiju",
    hash_name: str = "sha256",
    options: LedgerOptions | None = None,
) -> Ledger:
    """Build a ledger whose keys and checkpoint file are kept under `folder`, as `keys/` and `checkpoints/`.

    Raises:
        ConfigurationError: a key file, the origin or the hash cannot be used.
    """
    keys = folder / "keys"
    signer = Ed25519Signer(keys / "checkpoint.key", origin_line(origin, hash_name))
    return Ledger(
        repository,
        Keyring(FileMasterKey(keys / "master.key")),
        clock,
        origin=origin,
        signer=signer,
        hash_name=hash_name,
        options=options or LedgerOptions(checkpoint_folder=folder / "checkpoints"),
    )
