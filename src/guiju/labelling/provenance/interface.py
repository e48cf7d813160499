"""What reads and signs manifests does, and what comes of it."""

from dataclasses import dataclass
from enum import StrEnum
from typing import BinaryIO, Protocol


class SealOutcome(StrEnum):
    """What became of a manifest: signed; the format has none; it could not be signed; one that was there is broken."""

    SEALED = "sealed"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"
    BROKEN = "broken"


@dataclass(frozen=True, slots=True)
class Sealed:
    """What became of the manifest of a file that was labelled.

    Attributes:
        outcome: see there.
        certificate: SHA-256 of the signing certificate, in hex; empty where nothing was signed.
        has_parent: whether the file as it came stands in the manifest as what this one was made of.
        detail: why it could not be signed.
    """

    outcome: SealOutcome
    certificate: str = ""
    has_parent: bool = False
    detail: str = ""


class ProvenanceState(StrEnum):
    """What can be said of the manifest in a file."""

    TRUSTED = "trusted"
    VALID = "valid"
    INVALID = "invalid"
    ABSENT = "absent"
    UNREADABLE = "unreadable"
    UNSUPPORTED = "unsupported"
    NOT_LOOKED = "not_looked"


@dataclass(frozen=True, slots=True)
class ProvenanceReading:
    """What the manifest in a file says.

    Attributes:
        state: trusted: it holds, and the signer is one of those we trust; valid: it holds, signed by whoever.
        generator: the software that made it.
        signer: whose certificate signed it.
        source_types: IPTC digital source types that it or its ingredients name, the last part of the address.
        failures: what does not hold, in the codes of the C2PA specification.
        parents: how many files it says the content was made of.
        detail: why nobody could look, or nothing could be read.
    """

    state: ProvenanceState
    generator: str = ""
    signer: str = ""
    source_types: tuple[str, ...] = ()
    failures: tuple[str, ...] = ()
    parents: int = 0
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SealWish:
    """What a manifest is to say.

    Attributes:
        media_type: of the content.
        title: how the content is called there.
        is_created: whether this service made it, with a model; else it changed what others made.
        parent: the file as it came, where it stands in the manifest.
    """

    media_type: str
    title: str
    is_created: bool
    parent: BinaryIO | None = None


class Reader(Protocol):
    """Reads manifests."""

    def read(self, stream: BinaryIO, media_type: str) -> ProvenanceReading:
        """Read the manifest in content of a media type; what cannot be read says so."""


class Sealer(Reader, Protocol):
    """Reads manifests, and signs them."""

    @property
    def certificate(self) -> str:
        """SHA-256 of the signing certificate, in hex."""

    def seal(self, source: BinaryIO, target: BinaryIO, wish: SealWish) -> None:
        """Write the content of `source` with a signed manifest into `target`.

        Raises:
            SealError: it cannot be signed.
        """
