"""What the published page may say: nothing that no record shows, and nothing better than the records."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway import rules
from guiju.gateway.availability import FAILED, NOT_COUNTED, Availability, HourCount, availability
from guiju.gateway.publishing import Published
from guiju.kit.clock import BEIJING, FixedClock

NOW = datetime(2026, 11, 26, 17, 30, tzinfo=UTC)  # half past one on the 27th in Beijing
OUTCOMES = [
    value for name, value in vars(rules).items() if name.isupper() and isinstance(value, str) and "/" not in value
]


def counted(*counts: HourCount, days: int = 3) -> Availability:
    return availability(counts, NOW, days=days, fewest=3, failed_share=0.5)


def hour(back: int, outcome: str = rules.ANSWERED, count: int = 1) -> HourCount:
    return HourCount(NOW.replace(minute=0) - timedelta(hours=back), outcome, count)


def test_a_day_without_calls_is_unknown() -> None:
    found = counted()
    assert [day.served.share for day in found.days] == [None, None, None]
    assert found.whole.share is None
    assert found.incidents == ()


def test_days_are_those_of_beijing_and_today_is_the_last() -> None:
    found = counted(hour(0, count=2), hour(2, rules.UPSTREAM_FAILED), hour(200))
    assert [day.on.isoformat() for day in found.days] == ["2026-11-25", "2026-11-26", "2026-11-27"]
    assert [(day.served.answered, day.served.failed) for day in found.days] == [(0, 0), (0, 1), (2, 0)]
    assert (found.whole.answered, found.whole.failed) == (2, 1)


def test_a_lawful_refusal_is_an_answer_and_a_caller_who_leaves_says_nothing() -> None:
    refused = [hour(0, outcome) for outcome in (rules.INPUT_REFUSED, rules.OUTPUT_STOPPED)]
    found = counted(*refused, hour(0, rules.CLIENT_LEFT, 50), hour(0, rules.BAD_REQUEST, 50), hour(0, rules.OPEN, 9))
    assert (found.whole.answered, found.whole.failed) == (2, 0)


def test_hours_that_follow_each_other_are_one_incident_and_few_failures_are_none() -> None:
    found = counted(
        hour(9, rules.UPSTREAM_FAILED, 5),
        hour(8, rules.EVIDENCE_FAILED, 3),
        hour(8, count=1),
        hour(5, rules.INTERRUPTED, 2),  # too few
        hour(3, rules.UPSTREAM_FAILED, 4),
        hour(3, count=10),  # less than half
        hour(1, rules.UNDETERMINED, 3),
    )
    newest, older = found.incidents
    assert (newest.since, newest.until) == (hour(1).at, hour(0).at)
    assert (older.since, older.until) == (hour(9).at, hour(7).at)
    assert (older.served.answered, older.served.failed) == (1, 8)


counts = st.lists(st.builds(hour, st.integers(0, 24 * 5), st.sampled_from(OUTCOMES), st.integers(1, 40)), max_size=60)


@given(counts)
def test_everything_that_counts_is_counted_once(found: list[HourCount]) -> None:
    told = counted(*found)
    shown = {day.on for day in told.days}
    within = [one for one in found if one.at.astimezone(BEIJING).date() in shown and one.outcome not in NOT_COUNTED]
    failed = sum(one.count for one in within if one.outcome in FAILED)
    assert told.whole.failed == failed
    assert told.whole.answered == sum(one.count for one in within) - failed


@given(counts, st.integers(1, 30))
def test_a_further_failure_never_looks_better(found: list[HourCount], back: int) -> None:
    before, after = counted(*found), counted(*found, hour(back, rules.UPSTREAM_FAILED))
    for one, other in zip(before.days, after.days, strict=True):
        if one.served.share is not None and other.served.share is not None:
            assert other.served.share <= one.served.share


def test_however_many_ask_the_records_are_read_once_a_minute() -> None:
    asked: list[tuple[datetime, datetime]] = []

    def read(since: datetime, until: datetime) -> list[HourCount]:
        asked.append((since, until))
        return []

    clock = FixedClock(NOW)
    published = Published(read, clock)
    for _ in range(5):
        published.read()
    assert asked == [(NOW - timedelta(days=90), NOW)]
    clock.advance(61)
    published.read()
    assert len(asked) == 2
