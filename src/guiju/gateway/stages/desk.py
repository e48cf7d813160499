"""What every stage needs at hand."""

from dataclasses import dataclass, field

from guiju.gateway.draining import Drain
from guiju.gateway.evidence import EvidenceDesk
from guiju.gateway.metrics import Metrics
from guiju.gateway.models import Limits
from guiju.gateway.ports import Moderating
from guiju.gateway.upstreams.pool import UpstreamPool
from guiju.kit.clock import Clock


@dataclass(frozen=True, slots=True)
class Desk:
    """The rooms and tools that the stages work with."""

    moderation: Moderating
    evidence: EvidenceDesk
    pool: UpstreamPool
    clock: Clock
    metrics: Metrics
    limits: Limits
    drain: Drain = field(default_factory=Drain)
