"""One file looked at whole: the labels in it, their signature, the marks on it, what our records say, what follows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from guiju.labelling.marks.models import Sign, Trace
from guiju.labelling.models import Reading
from guiju.labelling.produce_ids import Pointed, PointerRegistry, Produced, ProduceRegistry
from guiju.labelling.propagation import Judgement, judge_content, manifest_traces
from guiju.labelling.provenance.interface import ProvenanceReading, ProvenanceState, Reader
from guiju.labelling.sealing import read_provenance
from guiju.labelling.security.data import SecurityReading, SecurityVerdict, verify_security
from guiju.labelling.service import Labeller

NOT_LOOKED = ProvenanceReading(ProvenanceState.NOT_LOOKED)


class Looking(Protocol):
    """What looks for marks."""

    def traces(self, path: Path) -> tuple[Trace, ...]:
        """Look for marks in a file; what could not be looked at says so."""


@dataclass(frozen=True, slots=True)
class Inspected:
    """What is known of one file.

    Attributes:
        reading: the labels in its metadata.
        security: of each label found, what its signature comes to.
        traces: what looks for marks came to.
        judgement: what who spreads it must tell the public (labelling measures, article 6).
        is_ours: whether the label names this service as the producer.
        known: what our records say of its number, newest first.
        pointed: the numbers that its invisible watermark was written for: a lead for who looks, no proof.
        provenance: what its C2PA manifest says.
    """

    reading: Reading
    security: tuple[SecurityReading, ...]
    traces: tuple[Trace, ...]
    judgement: Judgement
    is_ours: bool
    known: tuple[Produced, ...]
    pointed: tuple[Pointed, ...] = ()
    provenance: ProvenanceReading = NOT_LOOKED


class Records(ProduceRegistry, PointerRegistry, Protocol):
    """What our records know of numbers and of watermarks."""


class Inspector:
    """Looks at files; changes none."""

    def __init__(
        self,
        labeller: Labeller,
        marks: Looking | None,
        registry: Records | None,
        *,
        manifests: Reader | None = None,
    ) -> None:
        """Read with `labeller` and `manifests`, look with `marks` and ask `registry`, where there are any."""
        self._manifests = manifests
        self._labeller = labeller
        self._marks = marks
        self._registry = registry

    def inspect(self, path: Path, *, is_declared: bool = False, trusted: Sequence[bytes] = ()) -> Inspected:
        """Look at a file.

        Args:
            path: the file; its name tells the family where its bytes cannot.
            is_declared: whether who gave it declares it generated.
            trusted: public keys whose signatures are trusted.

        Raises:
            StorageError: it cannot be opened.
        """
        reading = self._labeller.read(path)
        labels = [one.parsed.label for one in reading.found]
        security = tuple(
            verify_security(one, trusted) if one is not None else SecurityReading(SecurityVerdict.ABSENT)
            for one in labels
        )
        traces = self._marks.traces(path) if self._marks is not None else (_NOBODY_LOOKED,)
        provenance = read_provenance(self._manifests, path, reading.format)
        traces = (*traces, *manifest_traces(provenance))
        producer = self._labeller.producer.code
        is_ours = reading.label is not None and reading.label.content_producer == producer
        known: Sequence[Produced] = ()
        if is_ours and self._registry is not None and reading.label is not None:
            known = self._registry.find(reading.label.produce_id)
        judgement = judge_content(reading, is_declared=is_declared, traces=traces)
        return Inspected(reading, security, traces, judgement, is_ours, tuple(known), self._pointed(traces), provenance)

    def _pointed(self, traces: Sequence[Trace]) -> tuple[Pointed, ...]:
        if self._registry is None:
            return ()
        return tuple(one for trace in traces if trace.pointer for one in self._registry.find_pointer(trace.pointer))


_NOBODY_LOOKED = Trace(
    "text", Sign.INCONCLUSIVE, "未安装 guiju[media]，没有检测显式标识 / marks are not looked for without guiju[media]"
)
