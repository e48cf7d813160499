import csv
import io
from urllib.parse import parse_qsl, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guiju.kit.errors import InputError
from guiju.web.security import csrf_token, parse_form
from guiju.web.tables import PAGE_ROWS, csv_response, link, paging, read_date


@given(st.integers(0, 10_000), st.text(max_size=10))
def test_every_row_stands_on_exactly_one_page(total: int, wanted: str) -> None:
    page = paging(total, wanted)
    assert 1 <= page.page <= page.pages
    assert (page.pages - 1) * PAGE_ROWS < max(total, 1) <= page.pages * PAGE_ROWS


@given(st.lists(st.lists(st.text(), min_size=2, max_size=2), max_size=5))
def test_a_csv_holds_what_was_put_in_and_no_formula(rows: list[list[str]]) -> None:
    body = bytes(csv_response("name", ["一", "二"], rows).body).decode("utf-8-sig")
    read = list(csv.reader(io.StringIO(body, newline="")))[1:]
    for row, (one, other) in zip(rows, read, strict=True):
        assert [one.removeprefix("'"), other.removeprefix("'")] == [text.removeprefix("'") for text in row]
        assert not any(text.startswith(("=", "+", "-", "@", "\t", "\r")) for text in (one, other))


@given(st.dictionaries(st.sampled_from(["a", "b", "c"]), st.text(max_size=5)))
def test_a_link_keeps_every_filter(query: dict[str, str]) -> None:
    made = link("/path", query, page="2")
    assert dict(parse_qsl(urlsplit(made).query)) == {name: value for name, value in query.items() if value} | {
        "page": "2"
    }


@given(st.binary(max_size=300), st.sampled_from(["application/x-www-form-urlencoded", "text/plain", ""]))
def test_any_bytes_are_a_form_or_a_clear_error(body: bytes, content_type: str) -> None:
    try:
        form = parse_form(body, content_type)
    except InputError:
        return
    assert all(isinstance(value, str) for value in form.values())


@pytest.mark.parametrize("text", ["2026-13-01", "heute", "9" * 500])
def test_a_wrong_date_is_a_clear_error(text: str) -> None:
    with pytest.raises(InputError, match="2026-11-23"):
        read_date(text, "as_of")


def test_a_token_belongs_to_its_cookie() -> None:
    assert csrf_token("one") != csrf_token("two")
    assert "one" not in csrf_token("one")
