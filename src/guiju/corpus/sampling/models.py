"""The nouns of a proof by sample. Only a person's decision can be counted; a machine's finding is another type."""

import re
from dataclasses import dataclass
from enum import StrEnum

from guiju.kit.canonical_json import JsonObject
from guiju.kit.errors import InputError

_REVIEWER = re.compile(r"staff:[0-9A-Za-z-]{1,64}")


class Phase(StrEnum):
    """When a source is looked at: before it is collected, or after."""

    BEFORE = "before_collection"
    AFTER = "after_collection"


class Verdict(StrEnum):
    """What a person says of one document."""

    LAWFUL = "lawful"
    ILLEGAL = "illegal_or_unhealthy"


@dataclass(frozen=True, slots=True)
class Drawn:
    """One document of the sample; `text` is for the reviewer's eyes, `sha256` commits to all of it."""

    place: str
    stratum: str
    sha256: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """How a sample was drawn, so that anybody can draw it again.

    Attributes:
        source: the name of the source.
        phase: before or after collection.
        seed: what the places are hashed with, in hexadecimal.
        population: documents in the source.
        strata: documents of the source in each file and month; the sum is `population`.
        drawn: the sample, in the order of the draw.
    """

    source: str
    phase: Phase
    seed: str
    population: int
    strata: dict[str, int]
    drawn: tuple[Drawn, ...]

    def facts(self) -> JsonObject:
        """Return the plan as JSON, without texts."""
        return {
            "source": self.source,
            "phase": self.phase.value,
            "seed": self.seed,
            "population": self.population,
            "strata": dict(sorted(self.strata.items())),
            "drawn": [[one.place, one.stratum, one.sha256] for one in self.drawn],
        }


@dataclass(frozen=True, slots=True)
class MachineFinding:
    """How suspicious a detector finds a document: it may order the queue, and nothing else takes it."""

    place: str
    suspicion: float


@dataclass(frozen=True, slots=True)
class ReviewerDecision:
    """What one person decided about one document.

    Raises:
        InputError: the reviewer is not `staff:<id>`.
    """

    place: str
    verdict: Verdict
    reviewer: str

    def __post_init__(self) -> None:
        """Refuse a decision that names no person."""
        if not _REVIEWER.fullmatch(self.reviewer):
            raise InputError(
                "复核人请写 staff:<编号>；机器的结论不能计入。",
                "Write the reviewer as staff:<id>; what a machine found is not counted.",
                where=self.place,
            )


@dataclass(frozen=True, slots=True)
class Tally:
    """How a sample was judged; `lawful + illegal + undecided` is the size of the sample."""

    lawful: int
    illegal: int
    undecided: int
    population: int

    @property
    def drawn(self) -> int:
        """Return the size of the sample."""
        return self.lawful + self.illegal + self.undecided


@dataclass(frozen=True, slots=True)
class Standard:
    """What is to be proven: the share is at most `limit`, at a one-sided `confidence`; both are law parameters."""

    limit: float
    confidence: float


class Proof(StrEnum):
    """What a sample shows of a source."""

    WITHIN = "proven_within"
    ABOVE = "proven_above"
    INSUFFICIENT = "insufficient"


@dataclass(frozen=True, slots=True)
class Ruling:
    """What follows from a tally.

    Attributes:
        proof: within the limit, above it, or not enough evidence.
        lower: the share is at least this, at the confidence asked for; undecided ones taken as lawful.
        upper: it is at most this; undecided ones taken as illegal.
        more: about so many more documents would decide if the rate stays as seen; None where it is decided, or where
            documents of the sample are still undecided.
    """

    proof: Proof
    lower: float
    upper: float
    more: int | None = None
