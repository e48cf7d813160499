"""How far the people who review agree."""

from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta

from guiju.kit.clock import BEIJING
from guiju.kit.errors import InputError
from guiju.review import rules
from guiju.review.kappa import Pair, agreement
from guiju.review.models import Agreement, AgreementReport, PairAgreement, Verdict, WeekAgreement
from guiju.review.repository import ItemRepository

_FEWEST_OF_A_PAIR = 5
_HARMLESS = "harmless"


class Agreements:
    """Measures agreement on what was judged twice."""

    def __init__(self, repository: ItemRepository) -> None:
        """Read verdicts from `repository`."""
        self._repository = repository

    def report(self, since: date, until: date) -> AgreementReport:
        """Say how far people agreed on what was judged twice from `since` to `until`, days in Beijing, both included.

        Raises:
            InputError: the days are the wrong way round.
        """
        if until < since:
            raise InputError("结束日期早于开始日期。", "The last day is before the first.", where="until")
        start = datetime.combine(since, time.min, BEIJING)
        end = datetime.combine(until + timedelta(days=1), time.min, BEIJING)
        pairs, settled = self._repository.pairs(start, end), self._repository.settled(start, end)
        return AgreementReport(
            since=since,
            until=until,
            harm=_measured(pairs, _harm, agree=lambda one, other: bool(one) == bool(other)),
            risk=_measured(pairs, _lead, agree=rules.agrees),
            pairs=_by_people(pairs),
            weeks=_by_week(pairs),
            arbitrated=sum(not rules.agrees(one.risks, other.risks) for one, other in pairs),
            wrong_blocks=sum(map(rules.is_wrong_block, settled)),
            missed=sum(map(rules.is_missed, settled)),
            settled=len(settled),
        )


_Pairs = Sequence[tuple[Verdict, Verdict]]


def _harm(risks: Sequence[str]) -> str:
    return "harmful" if risks else _HARMLESS


def _lead(risks: Sequence[str]) -> str:
    return risks[0] if risks else _HARMLESS


def _measured(
    pairs: _Pairs,
    category: Callable[[Sequence[str]], str],
    *,
    agree: Callable[[Sequence[str], Sequence[str]], bool],
    is_named: bool = False,
) -> Agreement:
    said: list[Pair] = [(category(one.risks), category(other.risks)) for one, other in pairs]
    return agreement(said, sum(agree(one.risks, other.risks) for one, other in pairs), is_named=is_named)


def _by_people(pairs: _Pairs) -> tuple[PairAgreement, ...]:
    """Measure each two people who judged enough of the same items, the most items first."""
    together: dict[tuple[str, str], list[tuple[Verdict, Verdict]]] = {}
    for pair in pairs:
        one, other = sorted(pair, key=lambda verdict: verdict.reviewer)
        together.setdefault((one.reviewer, other.reviewer), []).append((one, other))
    found = [
        PairAgreement(one, other, _measured(ours, _harm, agree=lambda a, b: bool(a) == bool(b), is_named=True))
        for (one, other), ours in together.items()
        if len(ours) >= _FEWEST_OF_A_PAIR
    ]
    return tuple(sorted(found, key=lambda pair: -pair.agreement.items))


def _by_week(pairs: _Pairs) -> tuple[WeekAgreement, ...]:
    weeks: dict[date, list[tuple[Verdict, Verdict]]] = {}
    for pair in pairs:
        day = max(verdict.at for verdict in pair).astimezone(BEIJING).date()
        weeks.setdefault(day - timedelta(days=day.weekday()), []).append(pair)
    return tuple(
        WeekAgreement(week, _measured(ours, _harm, agree=lambda a, b: bool(a) == bool(b)))
        for week, ours in sorted(weeks.items())
    )
