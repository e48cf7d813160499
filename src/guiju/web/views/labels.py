"""What the page about labels shows: how this service marks, what the standard asks, what stands in a file."""

import base64
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, BinaryIO

from pydantic import BaseModel, PlainSerializer

from guiju.kit.clock import BEIJING, to_iso
from guiju.kit.errors import GuijuError
from guiju.labelling.inspecting import Inspected
from guiju.labelling.rules import is_provider_code
from guiju.law.models import Parameter
from guiju.web.house import WebHouse

ASKED = (
    ("文本", ("gb-45438/text/positions", "gb-45438/text/forms")),
    ("图片", ("gb-45438/image/positions", "gb-45438/image/text-height-ratio")),
    (
        "音频",
        (
            "gb-45438/audio/positions", "gb-45438/audio/forms", "gb-45438/audio/rhythm",
            "gb-45438/audio/speech-rate-min", "gb-45438/audio/speech-rate-max",
        ),
    ),
    (
        "视频",
        (
            "gb-45438/video/positions-required", "gb-45438/video/text-height-ratio",
            "gb-45438/video/duration-seconds",
        ),
    ),
    ("交互界面", ("gb-45438/interface/positions", "gb-45438/interface/persistently-visible")),
    ("元数据", ("gb-45438/implicit/labels-per-file", "labelling-measures/implicit/elements")),
    ("导出", ("labelling-measures/explicit/export-functions",)),
    ("不加显式标识", ("labelling-measures/unlabelled-content/conditions", "labelling-measures/log-retention")),
)  # fmt: skip
_SUFFIX = 12
Instant = Annotated[datetime, PlainSerializer(to_iso, return_type=str)]
"""An instant that pages write in the reader's time, and JSON as everywhere else."""


@dataclass(frozen=True, slots=True)
class LabelsView:
    """How this service labels."""

    producer: str
    is_code: bool
    text: str
    position: str
    moment: str
    cue: str
    sample: str
    problem: GuijuError | None
    watermark: bool = False
    asked: list[tuple[str, list[Parameter]]] = field(default_factory=list)


class FoundLabelView(BaseModel):
    """One label that stands in a file."""

    place: str
    is_standard: bool
    text: str
    fields: dict[str, str]
    security: str
    security_is_trusted: bool


class PointedView(BaseModel):
    """A number that the invisible watermark in a file was written for."""

    produce_id: str
    entry: str
    at: Instant


class ProvenanceView(BaseModel):
    """What the C2PA manifest of a file says."""

    state: str
    generator: str
    signer: str
    source_types: list[str]
    failures: list[str]
    parents: int
    detail: str


class InspectedView(BaseModel):
    """What stands in a file that was handed in."""

    name: str
    format: str
    verdict: str
    state: str
    reasons: list[str]
    labels: list[FoundLabelView]
    problems: list[tuple[str, str]]
    traces: list[tuple[str, str, str]]
    is_ours: bool
    records: list[tuple[str, Instant]]
    pointed: list[PointedView]
    c2pa: ProvenanceView


def labels_view(house: WebHouse) -> LabelsView:
    """Return how this service labels, and what the standard asks."""
    today = house.clock.now().astimezone(BEIJING).date()
    asked = [(title, [house.law.parameter(name, today) for name in names]) for title, names in ASKED]
    producer = house.labels.producer()
    try:
        wishes, sample = house.labels.wishes(), house.labels.sample()
    except GuijuError as error:
        return LabelsView(producer, is_provider_code(producer), "", "", "", "", "", error, asked=asked)
    picture = "data:image/png;base64," + base64.b64encode(sample).decode() if sample else ""
    style = wishes.style
    return LabelsView(
        producer,
        is_provider_code(producer),
        style.text,
        style.position.value,
        style.moment.value,
        style.cue.value,
        picture,
        None,
        wishes.watermark,
        asked,
    )


def inspected_view(house: WebHouse, path: Path, name: str, *, is_declared: bool) -> InspectedView:
    """Look at a file that lies on disk.

    Raises:
        GuijuError: the configuration cannot be used.
    """
    return _view(name[-120:], house.labels.inspect(path, is_declared=is_declared))


def inspect_upload(house: WebHouse, name: str, file: BinaryIO, *, is_declared: bool) -> InspectedView:
    """Look at a file that was handed in; nothing of it is kept.

    Raises:
        GuijuError: the configuration cannot be used.
    """
    suffix = Path(name).suffix.lower()
    safe = suffix if len(suffix) <= _SUFFIX and suffix[1:].isalnum() and suffix.isascii() else ""
    with tempfile.TemporaryDirectory(prefix="guiju-inspect-") as folder:
        path = Path(folder, f"file{safe}")
        with path.open("wb") as target:
            shutil.copyfileobj(file, target)
        return inspected_view(house, path, name, is_declared=is_declared)


def _view(name: str, found: Inspected) -> InspectedView:
    labels = [
        FoundLabelView(
            place=one.place,
            is_standard=one.is_standard,
            text=one.text[:4000],
            fields=one.parsed.label.fields() if one.parsed.label else {},
            security=security.verdict.value,
            security_is_trusted=security.is_trusted,
        )
        for one, security in zip(found.reading.found, found.security, strict=True)
    ]
    return InspectedView(
        name=name,
        format=found.reading.format,
        verdict=found.reading.verdict.value,
        state=found.judgement.state.value,
        reasons=list(found.judgement.reasons),
        labels=labels,
        problems=[(one.zh, one.en) for one in found.reading.problems],
        traces=[(one.kind, one.sign.value, one.detail) for one in found.traces],
        is_ours=found.is_ours,
        records=[(one.entry_id, one.at) for one in found.known],
        pointed=[PointedView(produce_id=one.content_id, entry=one.entry_id, at=one.at) for one in found.pointed],
        c2pa=ProvenanceView(
            state=found.provenance.state.value,
            generator=found.provenance.generator,
            signer=found.provenance.signer,
            source_types=list(found.provenance.source_types),
            failures=list(found.provenance.failures),
            parents=found.provenance.parents,
            detail=found.provenance.detail,
        ),
    )
