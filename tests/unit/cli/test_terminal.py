import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guiju.cli.terminal import clean, note, say, table


@given(st.text())
def test_clean_text_holds_nothing_that_steers_a_terminal(text: str) -> None:
    assert all(symbol.isprintable() or symbol == "\n" for symbol in clean(text))
    assert clean(clean(text)) == clean(text)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.text(min_size=1))
def test_whatever_is_kept_can_be_printed_and_no_markup_is_read_in_it(
    capsys: pytest.CaptureFixture[str], text: str
) -> None:
    say(text)
    note(text)
    table(("x", "#y"), [(text, "[bold]1[/bold]")])
    out, err = capsys.readouterr()
    assert "\x1b" not in out + err
    assert "[bold]1[/bold]" in out


def test_an_escape_sequence_is_shown_not_obeyed(capsys: pytest.CaptureFixture[str]) -> None:
    say("a\x1b[2Jb\r")
    assert capsys.readouterr().out == "a\\x1b[2Jb\\r\n"
