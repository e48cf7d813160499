"""Predicates over declared facts in three values: true, false, or not known yet (Kleene's strong logic). Pure.

A fact that is not declared, or declared in a kind that the comparison cannot use, is not known; it never counts as no.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from guiju.law.models import AllOf, AnyOf, Compare, FactValue, Not, Predicate


@dataclass(frozen=True, slots=True)
class Truth:
    """What a predicate came to.

    Attributes:
        value: True, False, or None where it is not known.
        deciding: the facts that made it true or false, in the order of the predicate.
        missing: the facts that must be declared before it can be known; empty unless `value` is None.
    """

    value: bool | None
    deciding: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()


def evaluate(predicate: Predicate, facts: Mapping[str, FactValue]) -> Truth:
    """Answer `predicate` from the declared `facts`."""
    match predicate:
        case Compare():
            return _compare(predicate, facts)
        case Not(part):
            truth = evaluate(part, facts)
            return truth if truth.value is None else Truth(not truth.value, truth.deciding)
        case AllOf(parts):
            return every([evaluate(part, facts) for part in parts])
        case AnyOf(parts):
            return _join([evaluate(part, facts) for part in parts], dominant=True)


def every(truths: list[Truth]) -> Truth:
    """Join with and: one false makes it false, whatever is not known."""
    return _join(truths, dominant=False)


def _join(truths: list[Truth], *, dominant: bool) -> Truth:
    decided = [truth for truth in truths if truth.value is dominant]
    if decided:
        return Truth(dominant, _names(truth.deciding for truth in decided))
    unknown = [truth for truth in truths if truth.value is None]
    if unknown:
        return Truth(None, missing=_names(truth.missing for truth in unknown))
    return Truth(not dominant, _names(truth.deciding for truth in truths))


def _names(groups: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for group in groups for name in group))


def _compare(comparison: Compare, facts: Mapping[str, FactValue]) -> Truth:
    declared = facts.get(comparison.fact)
    answer = None if declared is None else _answer(declared, comparison.operator, comparison.value)
    if answer is None:
        return Truth(None, missing=(comparison.fact,))
    return Truth(answer, (comparison.fact,))


def _answer(declared: FactValue, operator: str, value: FactValue) -> bool | None:
    """Compare, or return None where the two cannot be compared; true is not 1 here."""
    if operator == "eq":
        return declared == value if type(declared) is type(value) else None
    if operator == "in":
        return declared in value if isinstance(declared, str) and isinstance(value, tuple) else None
    if operator == "contains":
        return value in declared if isinstance(declared, tuple) else None
    if type(declared) is int and type(value) is int:
        return declared >= value
    return None
