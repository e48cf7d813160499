"""How far people agree."""

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Kappa:
    """Agreement beyond chance, with a 95 % interval; None where it is not defined (everybody always said the same)."""

    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far independent verdicts on the same items agree.

    Attributes:
        items: how many items were judged by two people.
        agreed: on how many they agreed.
        raw: that as a share, None without items; raw_low and raw_high: its 95 % Wilson interval.
        kappa: Cohen's for two named people, Fleiss' for all.
    """

    items: int
    agreed: int
    raw: float | None
    raw_low: float | None
    raw_high: float | None
    kappa: Kappa


@dataclass(frozen=True, slots=True)
class PairAgreement:
    """How far two people agree, on harmful or harmless."""

    one: str
    other: str
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class WeekAgreement:
    """How far people agreed in a week that begins on a Monday."""

    week: date
    agreement: Agreement


@dataclass(frozen=True, slots=True)
class AgreementReport:
    """Agreement on harmful or harmless, on the risk, between pairs, and over the weeks."""

    since: date
    until: date
    harm: Agreement
    risk: Agreement
    pairs: tuple[PairAgreement, ...]
    weeks: tuple[WeekAgreement, ...]
    arbitrated: int
    wrong_blocks: int
    missed: int
    settled: int
