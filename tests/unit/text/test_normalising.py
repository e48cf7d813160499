import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.text.normalising import base_normaliser, is_word_symbol, normalise
from guiju.text.table import load_table

ANY_TEXT = st.text(st.characters(), max_size=40) | st.text(
    st.sampled_from("冰毒微訊ＡbⒸ⒜🅰🇸é\u0301\u200b\ufe0f😀㍿ﬁсо1️⃣\ud800\x00\x01𝐇が…。，"), max_size=20
)


@pytest.mark.parametrize(
    ("written", "seen"),
    [
        ("ＡＢＣ　１２３", "abc 123"),
        ("STRASSE Straße", "strasse strasse"),
        ("臺灣 賭博 図書館 戦争", "台湾 赌博 图书馆 战争"),
        ("赌\u200b博\u2060赌\ufe0f博", "赌博赌博"),
        ("同\u0489款 e\u0301 é ñ ü", "同款 e e n u"),
        ("ⓐⒷ🄲🅓🅴 ① ⑴ ⒈ ⓿ ❶ ⑥", "abcde 1 1 1 0 1 6"),
        ("⒜⒱ 🇸🇪🇽 1️⃣", "av sex 1"),
        ("㊙️㊀㈠🈲", "秘一一禁"),
        ("𝐀𝓑𝕮 ᴀʙᴄ ℂ", "abc abc c"),
        ("сосаіnе Αρρ", "cocain" + "e app"),
        ("ø ł đ ı ɡ", "o l d i g"),
        ("㍿ ﬁ Ⅷ", "株式会社 fi viii"),
        ("a\r\nb\u2028c\td", "a\n\nb\nc d"),
        ("等……好——吧", "等……好——吧"),
        ("\x00a\x01b\x7f", "ab"),
        ("\ud800x", "\ufffdx"),
        ("한국어 가", "한국어 가"),
    ],
)
def test_tricks_of_writing_read_as_plain_text(written: str, seen: str) -> None:
    assert normalise(written).symbols == seen


@pytest.mark.parametrize(
    "plain", ["今天天气很好、我们去公园。", "hello world 42", "ひらかな カタカナ", "芸香 弁 干 后 于"]
)
def test_plain_text_stays_as_it_is(plain: str) -> None:
    assert normalise(plain).symbols == plain


@given(text=ANY_TEXT)
@settings(max_examples=500)
def test_offsets_point_at_the_code_point_a_symbol_came_from(text: str) -> None:
    view = normalise(text)
    assert len(view.symbols) == len(view.starts) == len(view.ends)
    for symbol, start, end in zip(view.symbols, view.starts, view.ends, strict=True):
        assert end == start + 1
        assert symbol in normalise(text[start]).symbols
    assert list(view.starts) == sorted(view.starts)


@given(text=ANY_TEXT, at=st.integers(0, 40))
@settings(max_examples=800)
def test_any_split_of_a_text_gives_the_same_symbols_and_offsets(text: str, at: int) -> None:
    normaliser = base_normaliser()
    whole = normaliser.normalise(text)
    first, second = normaliser.normalise(text[:at]), normaliser.normalise(text[at:], len(text[:at]))
    assert first.symbols + second.symbols == whole.symbols
    assert [*first.starts, *second.starts] == list(whole.starts)
    assert normaliser.symbols_of(text) == whole.symbols


@given(text=ANY_TEXT)
@settings(max_examples=500)
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text).symbols
    assert normalise(once).symbols == once


def test_every_code_point_settles_and_nothing_but_marks_and_invisible_characters_vanishes() -> None:
    normaliser = base_normaliser()
    for code in range(0x110000):
        seen = normaliser.symbols_of(chr(code))
        if seen != chr(code):
            assert normaliser.symbols_of(seen) == seen, hex(code)
        if not seen and unicodedata.category(chr(code)) not in {"Mn", "Me", "Cf", "Cc", "Cn"}:
            assert code in {0x115F, 0x1160, 0x3164, 0xFFA0, 0xFF9E, 0xFF9F}, hex(code)


def test_barriers_and_decorations_are_symbols_and_exclude_each_other() -> None:
    table = load_table()
    assert not table.barriers & table.decorations
    assert {"。", ",", "!", "?", "\n", ";", ":", "、", "…"} <= table.barriers
    assert {" ", "-", "*", ".", "😀", "“", "(", "_", "·", "★"} <= table.decorations
    assert "中" not in table.decorations
    assert "a" not in table.decorations


def test_words_are_told_from_han_characters() -> None:
    assert all(is_word_symbol(symbol) for symbol in "a9я")
    assert not any(is_word_symbol(symbol) for symbol in "中 。かア-")
