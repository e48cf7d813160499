"""What can go wrong with a ledger, beyond a database that does not answer."""

from guiju.kit.errors import ConfigurationError, GuijuError, InputError, StorageError


class LedgerBrokenError(StorageError):
    """The log is not what a kept checkpoint says it was; nothing may be appended to it."""

    code = "ledger_broken"


class LedgerClosedError(StorageError):
    """The ledger is not running, or takes no more entries because too many wait."""

    code = "ledger_closed"


class DraftError(InputError):
    """What a room asked the ledger to keep cannot be kept as it is."""

    code = "ledger_draft"


class HashMissingError(ConfigurationError):
    """The hash that the log uses is not offered by this machine's OpenSSL."""

    code = "ledger_hash_missing"


class NoteError(InputError):
    """A text that should be a signed note or a checkpoint is none, or its signature does not verify."""

    code = "ledger_note"


class AnchorError(GuijuError):
    """Somebody outside could not, or would not, anchor a checkpoint."""

    code = "ledger_anchor"


class DuplicateEntryError(Exception):
    """An id of the batch is in the log already; the sequencer sorts it out, no caller ever sees it."""
