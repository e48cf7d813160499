"""What an app used is added up, field by field, none forgotten."""

from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway.entrance.usage import TALLIED, Tally

tallies = st.builds(Tally, *[st.integers(0, 10**9)] * len(TALLIED))


@given(tallies, tallies)
def test_every_field_is_added(one: Tally, other: Tally) -> None:
    before = {name: getattr(one, name) for name in TALLIED}
    one.add(other)
    assert {name: getattr(one, name) for name in TALLIED} == {
        name: value + getattr(other, name) for name, value in before.items()
    }
