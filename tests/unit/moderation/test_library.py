from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.kit.errors import GuijuError
from guiju.moderation.errors import LibraryError
from guiju.moderation.flags import DEFAULT_VIEWS
from guiju.moderation.library import LibrarySources, check_library, load_library, parse_library_file
from guiju.moderation.models import RISK_IDS
from guiju.moderation.service import Moderation

HEAD = 'version: "1"\nrisk: A.1-f\nupdated: 2026-11-23\n'


def parse(body: str) -> object:
    return parse_library_file((HEAD + body).encode(), "词库.yaml", "operator")


@pytest.mark.parametrize(
    ("body", "line", "says"),
    [
        ("terms: [{t: 甲乙, reason: 好, colour: red}]", 4, "不认识这个键"),
        ("terms: [{t: 甲乙, reason: 好, level: grave}]", 4, "只能是"),
        ("terms:\n- {t: 甲乙}", 5, "必须写明理由"),
        ("terms:\n- {reason: 好}", 5, "缺少这一项"),
        ("groups:\n- reason: 好\n  terms: [甲乙]\n  within: 0", 7, "1 到 100"),
        ("groups:\n- reason: 好\n  terms: [甲乙]\n  within: [10]", 7, "文字"),
        ("groups:\n- reason: 好\n  terms: 甲乙", 6, "列表"),
        ("terms: [{t: 甲乙, reason: 好, allow: [丙丁]}]", 4, "不含该词"),
        ("terms: [{t: 甲乙, reason: 好, all: ['丙|']}]", 4, "不得为空"),
        ("terms: [{t: 甲乙, reason: 好, risks: [A.9-z]}]", 4, "只能是"),
        ("terms: [{t: 甲乙, reason: 好, flags: [pinjin]}]", 4, "只能是"),
        ("terms: [{t: 甲乙, reason: 好, flags: [split, no-split]}]", 4, "互相矛盾"),
        ("terms: [{t: 甲乙, reason: 好, flags: [pinyin2, no-pinyin]}]", 4, "互相矛盾"),
        ("terms: [{t: 甲乙, reason: 好, flags: [plain, strict]}]", 4, "不用任何变形视图"),
        ("terms: *x", 4, "锚点"),
        ("terms: [\x07]", 0, "YAML"),
        ("terms: []\nterms: []", 5, "重复"),
    ],
)
def test_what_is_wrong_in_a_file_is_named_with_its_line_and_field(body: str, line: int, says: str) -> None:
    with pytest.raises(LibraryError) as caught:
        parse(body)
    assert f"第 {line} 行" in caught.value.zh
    assert says in caught.value.zh
    assert caught.value.where == "词库.yaml"
    assert caught.value.en


def test_a_term_of_fewer_than_two_symbols_is_refused_with_the_reason_and_the_rest_is_taken(
    make_moderation: Callable[..., Moderation],
) -> None:
    body = "groups:\n- reason: 好\n  terms:\n  - '**子'\n  - 甲\n  - '癖\u200b'\n  - 甲乙\n  - '" + "长" * 65 + "'\n"
    stats = make_moderation(HEAD + body).library_stats()
    assert stats.terms == 1
    assert [(refusal.line, refusal.text[:3]) for refusal in stats.refusals] == [
        (7, "**子"), (8, "甲"), (9, "癖\u200b"), (11, "长长长"),
    ]  # fmt: skip
    assert "只剩 1 个字符" in stats.refusals[0].zh
    assert "fewer than 2" in stats.refusals[0].en


def test_duplicates_fold_conflicts_keep_the_stricter_and_disabled_terms_go(
    make_moderation: Callable[..., Moderation],
) -> None:
    builtin = HEAD + "groups:\n- {reason: 好, level: low, terms: [甲乙, 丙丁, ＡＢ, ab, 戊己]}\n"
    operator = HEAD + "groups:\n- {reason: 另, level: high, terms: [甲乙]}\ndisabled: [丙丁, 不在]\n"
    moderation = make_moderation(builtin, operator=(operator,))
    stats = moderation.library_stats()
    assert (stats.terms, stats.duplicates, stats.conflicts, stats.disabled) == (3, 1, 1, 1)
    (term,) = moderation.search_terms("甲乙").terms
    assert (term.level, term.wish, term.origin) == ("high", "block", "operator")
    (note,) = stats.conflict_notes
    assert (note.line, note.text) == (5, "甲乙")
    assert "较严" in note.zh
    row = next(row for row in stats.by_risk if row.risk == "A.1-f")
    assert (row.terms, row.builtin, row.operator, row.block, row.observe) == (3, 2, 1, 1, 2)
    assert [row.risk for row in stats.by_risk] == list(RISK_IDS)


def test_an_operator_cannot_disable_its_own_terms_by_accident(make_moderation: Callable[..., Moderation]) -> None:
    operator = HEAD + "groups:\n- {reason: 另, terms: [甲乙]}\ndisabled: [甲乙]\n"
    assert make_moderation(operator=(operator,)).library_stats().terms == 1


def test_a_term_replaces_what_its_group_says_and_every_scalar_is_text(
    make_moderation: Callable[..., Moderation],
) -> None:
    body = """groups:
- reason: 组
  level: low
  scope: [output]
  flags: [skip]
  terms: [no, 110, 1e5, {t: 甲乙, level: high, scope: [input], reason: 自己的, risks: [A.4-a]}]
"""
    moderation = make_moderation(HEAD + body)
    terms = {term.text: term for term in moderation.search_terms("").terms}
    assert set(terms) == {"no", "110", "1e5", "甲乙"}
    assert (terms["no"].level, terms["no"].wish, terms["no"].skips) == ("low", "observe", True)
    mine = terms["甲乙"]
    assert (mine.level, mine.wish, mine.scopes, mine.reason, mine.risks, mine.skips) == (
        "high", "block", ("input",), "自己的", ("A.1-f", "A.4-a"), True,
    )  # fmt: skip


def test_search_pages_by_text_normal_form_and_risk(make_moderation: Callable[..., Moderation]) -> None:
    words = ", ".join(f"词语{number}" for number in range(30))
    moderation = make_moderation(HEAD + f"groups:\n- {{reason: 好, terms: [{words}, 賭博]}}\n")
    assert moderation.search_terms("词语", limit=10).total == 30
    assert len(moderation.search_terms("词语", offset=25, limit=10).terms) == 5
    assert moderation.search_terms("赌博").total == moderation.search_terms("賭").total == 1
    assert moderation.search_terms("", "A.1").total == 31
    assert moderation.search_terms("", "A.2").total == 0
    assert moderation.search_terms("词语", offset=-5, limit=-1).terms == ()


def test_the_content_hash_follows_the_content_and_not_the_order(make_moderation: Callable[..., Moderation]) -> None:
    def stats(words: str) -> str:
        return make_moderation(HEAD + f"groups:\n- {{reason: 好, terms: [{words}]}}\n").library_stats().content_hash

    assert stats("甲乙, 丙丁") == stats("丙丁, 甲乙")
    assert stats("甲乙, 丙丁") != stats("甲乙, 丙戊")


def test_a_missing_builtin_folder_is_an_error_and_a_missing_operator_folder_is_none(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="内置词库"):
        load_library(LibrarySources(tmp_path / "nowhere"))
    (tmp_path / "builtin").mkdir()
    assert load_library(LibrarySources(tmp_path / "builtin", tmp_path / "nowhere")).terms == ()


def test_checking_names_every_file_that_cannot_be_used(tmp_path: Path) -> None:
    good = HEAD + "groups:\n- {reason: 好, terms: [甲乙, 丙]}\n"
    for name, content in (("a", good), ("b", "risk: ["), ("c", HEAD + "colour: red")):
        (tmp_path / f"{name}.yaml").write_text(content, encoding="utf-8")
    check = check_library(LibrarySources(tmp_path))
    assert check.stats is None
    assert [Path(error.where).name for error in check.errors] == ["b.yaml", "c.yaml"]
    for name in ("b", "c"):
        (tmp_path / f"{name}.yaml").unlink()
    check = check_library(LibrarySources(tmp_path))
    assert check.stats is not None
    assert (check.stats.terms, len(check.stats.refusals), check.errors) == (1, 1, ())
    assert check_library(LibrarySources(tmp_path / "nowhere")).errors


@pytest.mark.parametrize("bomb", [b"[" * 200_000, b"- " * 200_000, b"&a [*a]", b"\xff\xfe\x00", b"", b"a: [1, 2"])
def test_hostile_yaml_is_a_clear_error(bomb: bytes) -> None:
    with pytest.raises(LibraryError):
        parse_library_file(bomb, "bad.yaml", "operator")


@given(content=st.binary(max_size=200) | st.text("abt:[]{}-\n '\"|>&*!%#，词甲", max_size=120).map(str.encode))
@settings(max_examples=400, deadline=None)
def test_no_bytes_do_worse_than_a_clear_error(content: bytes) -> None:
    for source in (content, HEAD.encode() + content):
        said = "nothing was wrong"
        try:
            parse_library_file(source, "fuzz.yaml", "operator")
        except GuijuError as error:
            said = error.zh and error.en
        assert said


def test_an_own_entry_takes_the_place_of_a_disabled_builtin_term_and_may_be_milder(
    make_moderation: Callable[..., Moderation],
) -> None:
    shipped = HEAD + "terms: [{t: 甲乙, reason: 我们的, level: high}]"
    own = HEAD + "terms: [{t: 甲乙, reason: 自己的, level: medium}]"
    (stricter,) = make_moderation(shipped, operator=(own,)).terms()
    (milder,) = make_moderation(shipped, operator=(own + "\ndisabled: [甲乙]",)).terms()
    assert (stricter.wish, stricter.origin) == ("block", "builtin")
    assert (milder.wish, milder.origin) == ("review", "operator")


def test_flags_add_to_the_defaults_take_from_them_or_take_all() -> None:
    body = """
terms:
- {t: 甲乙, reason: 好}
- {t: 甲乙丙, reason: 好}
- {t: 丙丁戊, reason: 好, flags: [pinyin2, no-shape, no-skip]}
- {t: 丙丁戊己, reason: 好, flags: [plain]}
- {t: 丙丁, reason: 好, flags: [plain, skip]}
"""
    file = parse_library_file((HEAD + body).encode(), "词库.yaml", "operator")
    short, three, chosen, plain, skipping = file.terms
    assert short.views == DEFAULT_VIEWS
    assert (short.skips, three.skips, chosen.skips, plain.skips, skipping.skips) == (False, True, False, False, True)
    assert chosen.views == (DEFAULT_VIEWS | {"pinyin2"}) - {"shape"}
    assert plain.views == frozenset()
    assert skipping.views == {"skip"}
