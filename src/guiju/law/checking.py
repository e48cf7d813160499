"""Whether the law's data is sound as a whole: every reference arrives, every text is the text that was hashed."""

import hashlib
import itertools
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Protocol

from guiju.kit.errors import ConfigurationError
from guiju.law.models import (
    AllOf,
    AnyOf,
    Compare,
    Fact,
    FactValue,
    Instrument,
    Not,
    Obligation,
    Parameter,
    Predicate,
    Provision,
    Risk,
)
from guiju.law.vocabulary import PREDICATE_OPERATORS

_PARTS = {"article": r"/art-[1-9]\d*", "paragraph": r"/para-[1-9]\d*", "item": r"/item-[1-9]\d*"}
_PARENTS = {"article": None, "paragraph": "article", "item": "paragraph"}
_WORD = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")


class Dated(Protocol):
    """Something with an id that is in force from a day, and perhaps to one."""

    @property
    def id(self) -> str:
        """Its id."""
        ...

    @property
    def effective_from(self) -> date:
        """The first day."""
        ...

    @property
    def effective_to(self) -> date | None:
        """The first day on which it is no longer in force."""
        ...


def check_law(
    instruments: Sequence[Instrument],
    provisions: Sequence[Provision],
    *,
    parameters: Sequence[Parameter],
    risks: Sequence[Risk],
    facts: Sequence[Fact],
) -> None:
    """Check all of it together.

    Raises:
        ConfigurationError: two things under one id, a reference to nothing, a text that was altered, or another fault;
            it names the id.
    """
    _check_periods(instruments)
    _check_periods(parameters)
    _check_periods(provisions)
    obligations = [item for provision in provisions for item in provision.obligations]
    for ids in (provisions, obligations, risks, facts):
        _check_unique(item.id for item in ids)
    known_instruments = {item.id for item in instruments}
    for parameter in parameters:
        _check_parameter(parameter, known_instruments)
    for fact in facts:
        _check_fact(fact)
    _check_tree(provisions, known_instruments)
    checker = _ObligationChecker({item.id for item in parameters}, {item.id: item for item in facts})
    for provision in provisions:
        for obligation in provision.obligations:
            checker.check(obligation, provision)


def _fault(where: str, zh: str, en: str) -> ConfigurationError:
    return ConfigurationError(zh, en, where=where)


def _check_unique(ids: Iterable[str]) -> None:
    seen: set[str] = set()
    for item in ids:
        if item in seen:
            raise _fault(item, "编号重复，请改掉一个。", "The id stands twice; change one of them.")
        seen.add(item)


def _check_periods(items: Sequence[Dated]) -> None:
    """Check that every period is a period, and that two versions under one id do not overlap."""
    versions: dict[str, list[Dated]] = {}
    for item in items:
        if item.effective_to is not None and item.effective_to <= item.effective_from:
            raise _fault(
                item.id,
                "effective_to 是失效之日，必须晚于 effective_from。",
                "effective_to is the first day out of force and must be after effective_from.",
            )
        versions.setdefault(item.id, []).append(item)
    for key, found in versions.items():
        ordered = sorted(found, key=lambda version: version.effective_from)
        for earlier, later in itertools.pairwise(ordered):
            if earlier.effective_to is None or earlier.effective_to > later.effective_from:
                raise _fault(
                    key,
                    f"同一编号在 {later.effective_from} 有两个版本同时有效。",
                    f"Two versions under this id are in force on {later.effective_from}.",
                )


def _check_parameter(parameter: Parameter, instruments: set[str]) -> None:
    _check_instrument(parameter.id, parameter.instrument, instruments)
    if parameter.operator in {">=", "<=", ">", "<"} and not _is_number(parameter.value):
        raise _fault(
            parameter.id,
            f"运算符 {parameter.operator} 需要整数或写成文字的小数。",
            f"The operator {parameter.operator} needs a whole number, or a ratio as text.",
        )
    if parameter.operator == "in" and not isinstance(parameter.value, tuple):
        raise _fault(parameter.id, "运算符 in 需要列表。", "The operator in needs a list.")


def _is_number(value: FactValue) -> bool:
    if isinstance(value, str):
        return _NUMBER.fullmatch(value) is not None
    return isinstance(value, int) and not isinstance(value, bool)


def _check_instrument(where: str, instrument: str, known: set[str]) -> None:
    if instrument not in known:
        raise _fault(
            where,
            f"所引的规范 {instrument} 不在 instruments.yaml 里。",
            f"The instrument {instrument} is not in instruments.yaml.",
        )


def _check_fact(fact: Fact) -> None:
    if bool(fact.choices) != (fact.kind in {"choice", "choices"}):
        raise _fault(
            fact.id, "choice、choices 必须有选项，其他不能有。", "choice and choices need choices; others have none."
        )
    if fact.choices_zh and len(fact.choices_zh) != len(fact.choices):
        raise _fault(fact.id, "choices_zh 与 choices 数目不同。", "choices_zh and choices differ in length.")


def _check_tree(provisions: Sequence[Provision], instruments: set[str]) -> None:
    by_id = {item.id: item for item in provisions}
    children: dict[str, list[Provision]] = {item.id: [] for item in provisions}
    for provision in provisions:
        _check_instrument(provision.id, provision.instrument, instruments)
        for penalty in provision.penalties:
            _check_instrument(provision.id, penalty.instrument, instruments)
        for mapping in provision.mappings:
            _check_instrument(provision.id, mapping.instrument, instruments)
        _check_parent(provision, by_id)
        if provision.parent is not None:
            children[provision.parent].append(provision)
    for provision in provisions:
        _check_assessable(provision, children[provision.id])
        _check_hash(provision, children)


def _check_parent(provision: Provision, by_id: dict[str, Provision]) -> None:
    above = provision.parent or provision.instrument
    if not re.fullmatch(re.escape(above) + _PARTS[provision.kind], provision.id):
        raise _fault(
            provision.id,
            f"编号与上级 {above} 或 kind 不符。",
            f"The id does not fit what is above it ({above}) or its kind.",
        )
    wanted = _PARENTS[provision.kind]
    parent = by_id.get(provision.parent) if provision.parent is not None else None
    if (provision.parent is None) != (wanted is None) or (parent.kind if parent else None) != wanted:
        raise _fault(
            provision.id, "上级不存在或者层级不对。", "What is above it does not exist or is of the wrong kind."
        )


def _check_assessable(provision: Provision, below: list[Provision]) -> None:
    demands = bool(provision.obligations) or any(child.is_assessable for child in below)
    if demands != provision.is_assessable:
        raise _fault(
            provision.id,
            "is_assessable 应当与有无义务（自身或下级）一致。",
            "is_assessable must say whether there is an obligation here or below.",
        )
    if provision.is_assessable == bool(provision.informational_reason):
        raise _fault(
            provision.id,
            "不设义务的条款要写 informational_reason，设义务的不写。",
            "A provision without duties gives its informational_reason; one with duties gives none.",
        )


def _check_hash(provision: Provision, children: dict[str, list[Provision]]) -> None:
    text = provision.text or "\n".join(_texts_below(provision, children))
    if hashlib.sha256(text.encode()).hexdigest() != provision.sha256:
        raise _fault(
            provision.id,
            "文字与 sha256 不符：文字被改动过，请恢复官方文本。",
            "The text is not the one that was hashed: it was altered; restore the official text.",
        )


def _texts_below(provision: Provision, children: dict[str, list[Provision]]) -> Iterator[str]:
    for child in children[provision.id]:
        yield child.text
        yield from _texts_below(child, children)


class _ObligationChecker:
    """Checks obligations against the parameters and facts that there are."""

    def __init__(self, parameters: set[str], facts: dict[str, Fact]) -> None:
        self._parameters = parameters
        self._facts = facts

    def check(self, obligation: Obligation, provision: Provision) -> None:
        base, _, word = obligation.id.partition("#")
        if base != provision.id or not _WORD.fullmatch(word):
            raise _fault(
                obligation.id,
                f"义务编号应当是 {provision.id}# 加小写英文词。",
                f"An obligation's id is {provision.id}# and a word in small letters.",
            )
        for parameter in obligation.parameters:
            if parameter not in self._parameters:
                raise _fault(obligation.id, f"参数 {parameter} 不存在。", f"There is no parameter {parameter}.")
        _check_deadline(obligation)
        if obligation.applies_when is not None:
            for comparison in comparisons(obligation.applies_when):
                self._check_comparison(obligation.id, comparison)

    def _check_comparison(self, where: str, comparison: Compare) -> None:
        fact = self._facts.get(comparison.fact)
        if fact is None:
            raise _fault(where, f"事实 {comparison.fact} 不在 facts.yaml 里。", f"There is no fact {comparison.fact}.")
        if comparison.operator not in PREDICATE_OPERATORS[fact.kind]:
            raise _fault(
                where,
                f"事实 {fact.id}（{fact.kind}）不能用 {comparison.operator} 比较。",
                f"The fact {fact.id} ({fact.kind}) cannot be compared with {comparison.operator}.",
            )
        if not _fits(comparison, fact):
            raise _fault(
                where,
                f"{comparison.value!r} 不是事实 {fact.id}（{fact.kind}）可取的值。",
                f"{comparison.value!r} is no value of the fact {fact.id} ({fact.kind}).",
            )


def _check_deadline(obligation: Obligation) -> None:
    deadline = obligation.deadline
    if deadline is not None and (deadline.n == 0) != (deadline.unit in {"immediate", "promptly"}):
        raise _fault(
            obligation.id,
            "immediate、promptly 的 n 为 0，其他单位的 n 至少为 1。",
            "n is 0 for immediate and promptly, and at least 1 for other units.",
        )
    if deadline is not None and deadline.n < 0:
        raise _fault(obligation.id, "期限不能为负。", "A deadline cannot be negative.")


def _fits(comparison: Compare, fact: Fact) -> bool:
    value = comparison.value
    if comparison.operator == "in":
        return isinstance(value, tuple) and bool(value) and all(_fits_kind(item, fact) for item in value)
    if comparison.operator == "contains":
        return isinstance(value, str) and value in fact.choices
    return _fits_kind(value, fact)


def _fits_kind(value: FactValue, fact: Fact) -> bool:
    checks: dict[str, Callable[[], bool]] = {
        "bool": lambda: isinstance(value, bool),
        "int": lambda: isinstance(value, int) and not isinstance(value, bool),
        "text": lambda: isinstance(value, str),
        "choice": lambda: isinstance(value, str) and value in fact.choices,
    }
    return checks[fact.kind]()


def comparisons(predicate: Predicate) -> Iterator[Compare]:
    """Go through every comparison in `predicate`."""
    match predicate:
        case Compare():
            yield predicate
        case Not(part):
            yield from comparisons(part)
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from comparisons(part)
