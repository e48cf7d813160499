"""Hostile inputs cost no more than their length. Ratios of CPU time, so that a busy machine does not matter."""

import time
from collections.abc import Callable

import pytest
from tests.unit.moderation.test_view_stream_properties import LIBRARY, POLICIES

from guiju.moderation.models import Scope
from guiju.moderation.service import Moderation

HOSTILE = {
    "one Latin run": "ha",
    "one digit run": "6",
    "nested base64": "NWFXOTVweUw1WStM",
    "percent": "%E5%A5%BD",
    "one character": "好",
    "parts": "女子月月",
    "decorations": "*-",
    "decorated terms": "好*朋*",
    "emoji": "🐎",
    "syllables": "hao ",
    "columns": "好\n",
    "letters between": "好a朋b",
}


def seconds(moderation: Moderation, text: str) -> float:
    best = float("inf")
    for _ in range(2):
        began = time.process_time()
        moderation.decide(text, Scope.INPUT)
        best = min(best, time.process_time() - began)
    return best


@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_time_grows_with_length_and_no_faster(make_moderation: Callable[..., Moderation], piece: str) -> None:
    moderation = make_moderation(LIBRARY, policy=POLICIES["recorded"])
    short, long = ((piece * size)[:size] for size in (10_000, 80_000))
    # Eight times the length; a quadratic view would take sixty-four times as long.
    assert seconds(moderation, long) < 24 * max(seconds(moderation, short), 0.005)


def test_a_stream_of_single_characters_costs_as_much_a_character_however_long_it_is(
    make_moderation: Callable[..., Moderation],
) -> None:
    moderation = make_moderation(LIBRARY, policy=POLICIES["recorded"])

    def run(length: int) -> float:
        stream = moderation.open_stream(Scope.OUTPUT)
        began = time.process_time()
        for symbol in "女" * length:
            stream.push(symbol)
        return time.process_time() - began

    run(200)
    assert run(6000) < 18 * max(run(1000), 0.01)
