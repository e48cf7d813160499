"""Forms come back from the wire as they were written, and hostile bytes are an error of ours."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.gateway.errors import CallError
from guiju.gateway.wire.forms import Part, read_form, write_form

NAMES = st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=12)
PARTS = st.builds(
    Part,
    NAMES,
    st.binary(max_size=200),
    st.just("") | st.text(st.sampled_from('ab"é名 .'), min_size=1, max_size=8),
    st.just("image/png"),
    st.booleans(),
)


@given(parts=st.lists(PARTS, min_size=1, max_size=5))
def test_a_form_that_was_written_is_read_again(parts: list[Part]) -> None:
    read = read_form(*write_form(parts))
    for one, other in zip(parts, read, strict=True):
        assert (one.name, one.content, one.is_list, bool(one.filename)) == (
            other.name,
            other.content,
            other.is_list,
            bool(other.filename),
        )


@given(body=st.binary(max_size=300), kind=st.sampled_from(["multipart/form-data; boundary=b", "text/plain", "", "é"]))
def test_hostile_bytes_are_no_form(body: bytes, kind: str) -> None:
    with pytest.raises(CallError):
        read_form(body, kind)


@given(cut=st.integers(3, 100))
def test_a_form_that_was_cut_off_is_no_form(cut: int) -> None:
    body, kind = write_form([Part("a", b"x" * 50), Part("b", b"y" * 50, "b.png", "image/png")])
    with pytest.raises(CallError):
        read_form(body[:-cut], kind)


def test_parts_and_headers_are_bounded() -> None:
    for parts in (
        [Part("a", b"")] * 65,
        [Part("n" * 300, b"")],
        [Part("a", b"", "f" * 300)],
        [Part("a", b"", "f", "t" * 9000)],
    ):
        with pytest.raises(CallError):
            read_form(*write_form(parts))
