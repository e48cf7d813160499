"""The manifest comes last: after the label is written, over all of it; the label is read once more afterwards.

Whatever is written into a file after it was signed breaks the manifest. So who labels a signed file signs anew, with
the file as it came inside; and where nobody can sign, it is told that the manifest of others no longer holds.
"""

import io
import logging
import os
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from guiju.labelling.carriers.splicing import Source
from guiju.labelling.errors import LabelNotHeldError, SealError
from guiju.labelling.provenance.interface import (
    ProvenanceReading,
    ProvenanceState,
    Reader,
    Sealed,
    Sealer,
    SealOutcome,
    SealWish,
)
from guiju.labelling.provenance.media_types import LARGEST, has_manifest, head_of, media_type_of

_HOLD = frozenset((ProvenanceState.TRUSTED, ProvenanceState.VALID))
_NO_MANIFEST = frozenset((ProvenanceState.ABSENT, ProvenanceState.UNREADABLE))
_LOST = frozenset((SealOutcome.BROKEN, SealOutcome.FAILED))
_log = logging.getLogger(__name__)
Check = Callable[[Source], None]


@dataclass(frozen=True, slots=True)
class Subject:
    """A file that was labelled and is about to be handed on.

    Attributes:
        format: the family of its format.
        title: how it is called in its manifest.
        is_created: whether this service made the content.
        check: raises where the label does not stand in a new version of it.
    """

    format: str
    title: str
    is_created: bool
    check: Check


class Sealing:
    """Signs manifests of what was labelled, as the operator wants."""

    def __init__(self, sealer: Sealer | None = None, *, is_required: bool = False) -> None:
        """Sign with `sealer`; where `is_required`, what could carry a manifest and gets none is not handed on."""
        self._sealer, self._is_required = sealer, is_required

    def seal_file(self, made: Path, origin: Path, subject: Subject) -> Sealed | None:
        """Sign a file in its place, which is nobody's yet.

        Args:
            made: the labelled file.
            origin: the file as it came.
            subject: what it is.

        Returns:
            What became of the manifest; None where none was there and none is wanted.

        Raises:
            SealError: it cannot be signed, and must be.
            OSError: a file cannot be read or written.
        """
        with made.open("rb") as source, origin.open("rb") as before:
            media_type = media_type_of(subject.format, head_of(source))
            if self._sealer is None or not media_type or os.fstat(source.fileno()).st_size > LARGEST:
                return self._unsigned(before, is_possible=bool(media_type))
            handle, name = tempfile.mkstemp(dir=made.parent, prefix=".labelling-")
            try:
                with os.fdopen(handle, "w+b") as target:
                    sealed = self._signed((source, before, target), media_type, subject)
                    target.flush()
                    os.fsync(target.fileno())
                if sealed.outcome is SealOutcome.SEALED:
                    Path(name).replace(made)
                return sealed
            finally:
                Path(name).unlink(missing_ok=True)

    def seal(self, content: bytes, origin: bytes, subject: Subject) -> bytes:
        """Return labelled content with its manifest, or as it is where it gets none; the log says what is lost.

        Raises:
            SealError: it cannot be signed, and must be.
        """
        source, target = io.BytesIO(content), io.BytesIO()
        media_type = media_type_of(subject.format, head_of(source))
        if self._sealer is None or not media_type:
            sealed = self._unsigned(io.BytesIO(origin), is_possible=False)
        else:
            sealed = self._signed((source, io.BytesIO(origin), target), media_type, subject)
        if sealed is None:
            return content
        if sealed.outcome in _LOST:
            facts = {"content": subject.title, "outcome": sealed.outcome.value, "reason": sealed.detail}
            _log.warning("content leaves without a C2PA manifest that holds", extra=facts)
        return target.getvalue() if sealed.outcome is SealOutcome.SEALED else content

    def _unsigned(self, before: BinaryIO, *, is_possible: bool) -> Sealed | None:
        if has_manifest(before):
            return Sealed(SealOutcome.BROKEN)
        if self._sealer is None:
            return None
        if is_possible and self._is_required:
            raise SealError(
                f"文件超过 {LARGEST >> 30} GiB，不能签 C2PA；文件未交出（labels.c2pa.required）。",
                f"The file has more than {LARGEST >> 30} GiB and cannot get a C2PA manifest; it was not handed on "
                "(labels.c2pa.required).",
            )
        return Sealed(SealOutcome.UNSUPPORTED)

    def _signed(self, files: tuple[BinaryIO, BinaryIO, BinaryIO], media_type: str, subject: Subject) -> Sealed:
        """Sign the first file, made of the second, into the third, and read manifest and label there."""
        assert self._sealer is not None  # noqa: S101 - asked before
        source, before, target = files
        found = self._sealer.read(before, media_type)
        is_parent = found.state not in _NO_MANIFEST or not subject.is_created
        wish = SealWish(media_type, subject.title, subject.is_created, before if is_parent else None)
        try:
            self._sealer.seal(source, target, wish)
            _hold(self._sealer.read(target, media_type))
            subject.check(Source(target))
        except (SealError, LabelNotHeldError) as error:
            if self._is_required:
                raise SealError(
                    f"{error.zh}；文件未交出（labels.c2pa.required）。",
                    f"{error.en}; the file was not handed on (labels.c2pa.required).",
                ) from error
            return Sealed(SealOutcome.FAILED, detail=f"{error.zh} / {error.en}")
        return Sealed(SealOutcome.SEALED, self._sealer.certificate, has_parent=is_parent)


def _hold(reading: ProvenanceReading) -> None:
    if reading.state not in _HOLD:
        why = ", ".join(reading.failures) or reading.detail
        raise SealError(
            f"C2PA 签名后核验不通过（{why}）", f"the C2PA manifest does not verify after it was signed ({why})"
        )


def read_provenance(reader: Reader | None, path: Path, format_name: str) -> ProvenanceReading:
    """Read the manifest of a file of a format of ours; where nothing can read it, say whether one seems to be there.

    Raises:
        OSError: the file cannot be opened.
    """
    with path.open("rb") as file:
        media_type = media_type_of(format_name, head_of(file), is_read=True)
        if reader is not None and media_type and os.fstat(file.fileno()).st_size <= LARGEST:
            return reader.read(file, media_type)
        is_there = has_manifest(file)
    if not is_there:
        return ProvenanceReading(ProvenanceState.ABSENT if reader is not None else ProvenanceState.NOT_LOOKED)
    state = ProvenanceState.UNSUPPORTED if reader is not None else ProvenanceState.NOT_LOOKED
    return ProvenanceReading(
        state, detail="文件里似乎有 C2PA 声明，未核验 / a C2PA manifest seems to be there; it was not verified"
    )
