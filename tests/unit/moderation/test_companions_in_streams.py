"""A term that waits for its companions, symbol by symbol: found when they have come, and neither before nor never."""

from collections.abc import Callable

import pytest
from tests.unit.moderation.conftest import BLOCKED

from guiju.moderation.models import Scope
from guiju.moderation.service import Moderation

FILLING = "这里还有几个字"


@pytest.fixture(scope="module")
def companions(make_moderation: Callable[..., Moderation]) -> Moderation:
    return make_moderation(BLOCKED)


def stopped_after(moderation: Moderation, text: str) -> int | None:
    """Return with how many symbols the stream was stopped; None where it was let out whole."""
    stream = moderation.open_stream(Scope.OUTPUT)
    for at, symbol in enumerate(text, 1):
        if stream.push(symbol).decision is not None:
            return at
    return -1 if stream.finish().decision is not None else None


@pytest.mark.parametrize("between", range(5))
def test_it_stops_with_the_last_companion_and_not_one_symbol_later(companions: Moderation, between: int) -> None:
    text = f"天地{FILLING[:between]}买微信"
    expected = len(text) if between + 3 <= 6 else None  # the companions count within six symbols
    assert stopped_after(companions, f"{text}{FILLING * 3}") == expected


def test_one_companion_alone_stops_nothing_and_is_let_out_when_the_stretch_is_over(companions: Moderation) -> None:
    stream = companions.open_stream(Scope.OUTPUT)
    left = "".join(stream.push(symbol).text for symbol in f"天地买{FILLING}")
    assert left.startswith("天地买")
    assert stream.finish().decision is None


def test_companions_before_the_term_count_too(companions: Moderation) -> None:
    assert stopped_after(companions, f"微信买天地{FILLING}") == len("微信买天地")


def test_several_that_wait_at_once_are_each_settled(companions: Moderation) -> None:
    text = f"天地天地{FILLING[:2]}卖微信"
    assert stopped_after(companions, text + FILLING) == len(text)


def test_what_comes_while_another_waits_is_not_kept_waiting(companions: Moderation) -> None:
    text = f"天地{FILLING[:2]}甲乙"
    assert stopped_after(companions, text + FILLING) == len(text)
