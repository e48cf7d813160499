from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from guiju.kit.clock import FixedClock
from guiju.staff.throttle import Throttle

START = datetime(2026, 11, 23, tzinfo=UTC)


@given(st.lists(st.tuples(st.integers(0, 30), st.sampled_from("abc")), max_size=80))
def test_it_waits_exactly_when_the_limit_was_reached_within_the_window(steps: list[tuple[int, str]]) -> None:
    clock = FixedClock(START)
    throttle = Throttle(clock, 3, window_seconds=60, capacity=10)
    counted: list[tuple[float, str]] = []
    for seconds, key in steps:
        clock.advance(seconds)
        recent = [at for at, who in counted if who == key and at > clock.monotonic() - 60]
        assert (throttle.wait_seconds(key) > 0) == (len(recent) >= 3)
        if len(recent) < 3:
            throttle.count(key)
            counted.append((clock.monotonic(), key))


@given(st.lists(st.text(max_size=4), max_size=200))
def test_memory_is_bounded(keys: list[str]) -> None:
    throttle = Throttle(FixedClock(START), 3, window_seconds=60, capacity=10)
    for key in keys:
        throttle.count(key)
        assert len(throttle) <= 10
