"""Circuits: opened by failures in a row, tried by one call, closed by an answer."""

from guiju.gateway.models import BreakerSettings
from guiju.gateway.upstreams.breaker import Breaker, Circuit
from guiju.kit.clock import FixedClock

SETTINGS = BreakerSettings(failures=3, open_seconds=5.0, longest_seconds=12.0)


def opened(clock: FixedClock) -> Breaker:
    breaker = Breaker(clock, SETTINGS)
    for _ in range(3):
        assert breaker.may_ask()
        breaker.failed()
    return breaker


def test_it_opens_after_failures_in_a_row_only(clock: FixedClock) -> None:
    breaker = Breaker(clock, SETTINGS)
    for _ in range(5):
        breaker.failed()
        breaker.failed()
        breaker.succeeded()
    assert breaker.state is Circuit.CLOSED
    assert opened(clock).state is Circuit.OPEN


def test_when_it_is_half_open_one_call_at_a_time_tries(clock: FixedClock) -> None:
    breaker = opened(clock)
    assert not breaker.may_ask()
    clock.advance(5)
    assert breaker.state == "half_open"
    assert breaker.may_ask()
    assert not breaker.may_ask()
    breaker.gave_up()
    assert breaker.may_ask()
    breaker.succeeded()
    assert breaker.state.value == "closed"
    assert breaker.may_ask()
    assert breaker.may_ask()


def test_each_failed_trial_opens_it_for_twice_as_long_up_to_a_bound(clock: FixedClock) -> None:
    breaker = opened(clock)
    for seconds in (5.0, 10.0, 12.0, 12.0):
        assert breaker.wait_seconds == seconds
        clock.advance(seconds)
        assert breaker.may_ask()
        breaker.failed()


def test_a_server_that_wants_to_rest_is_left_alone_and_has_not_failed(clock: FixedClock) -> None:
    breaker = Breaker(clock, SETTINGS)
    assert breaker.may_ask()
    breaker.rest(3.0)
    assert (breaker.state, breaker.failures, breaker.may_ask()) == (Circuit.OPEN, 0, False)
    clock.advance(3)
    assert breaker.state is Circuit.CLOSED
