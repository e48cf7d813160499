"""What is put away comes back byte for byte, however the answer is cut; nothing else is touched."""

import itertools
import json
import re
from collections.abc import Callable, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guiju.moderation.models import Finding, Scope
from guiju.moderation.policy import DEFAULT_KINDS, KINDS
from guiju.moderation.service import Moderation
from guiju.moderation.vault import NAMES, Vault
from guiju.text.personal import is_credit_code

NUMBERS = re.compile(r"1[3-9]\d{9}|[a-z]+@[a-z]+\.cn")


def find(text: str) -> Sequence[Finding]:
    return [
        Finding(
            "personal_information",
            (),
            "high",
            "observe",
            *match.span(),
            f"pi:{'email' if '@' in match[0] else 'mobile'}",
        )
        for match in NUMBERS.finditer(text)
    ]


def vault() -> Vault:
    return Vault(find, restores=True, masks_logs=False)


PIECES = st.lists(
    st.sampled_from(
        ["13800138000", "13911112222", "a@b.cn", "，", "［", "］", "［手机号", "［手机号1］", "1］", "好", " "]
    ),
    max_size=14,
)


@given(pieces=PIECES, cuts=st.sets(st.integers(1, 120), max_size=40))
@settings(max_examples=800)
def test_an_echo_comes_back_byte_for_byte_however_it_is_cut(pieces: list[str], cuts: set[int]) -> None:
    text = "".join(pieces)
    kept = vault()
    kept.reserve([text])
    masked = kept.masked(text)
    assert not NUMBERS.search(masked)
    assert kept.restored(masked) == text
    restoring = kept.open_restoring()
    edges = [0, *sorted(cut for cut in cuts if cut < len(masked)), len(masked)]
    said = "".join(restoring.push(masked[low:high]) for low, high in itertools.pairwise(edges))
    assert (said + restoring.finish()).encode() == text.encode()


@given(answer=PIECES.map("".join), cuts=st.sets(st.integers(1, 80), max_size=30))
@settings(max_examples=400)
def test_any_answer_is_restored_alike_whole_and_in_pieces(answer: str, cuts: set[int]) -> None:
    kept = vault()
    kept.masked("13800138000 与 a@b.cn")
    restoring = kept.open_restoring()
    edges = [0, *sorted(cut for cut in cuts if cut < len(answer)), len(answer)]
    said = "".join(restoring.push(answer[low:high]) for low, high in itertools.pairwise(edges))
    assert said + restoring.finish() == kept.restored(answer)


def test_only_what_could_become_a_placeholder_is_held() -> None:
    kept = vault()
    kept.masked("13800138000")
    restoring = kept.open_restoring()
    assert [restoring.push(piece) for piece in ("好［", "手", "机号", "1", "］。", "［别的", "］［")] == [
        *("好", "", "", "", "13800138000。", "［别的", "］"),
    ]
    assert restoring.finish() == "［"


def test_one_value_has_one_placeholder_and_two_have_two() -> None:
    kept = vault()
    assert kept.masked("13800138000 13911112222 13800138000") == "［手机号1］ ［手机号2］ ［手机号1］"
    assert kept.masked("再说 13911112222") == "再说 ［手机号2］"


def test_a_value_goes_back_into_json_as_json() -> None:
    said = Finding("personal_information", (), "high", "observe", 0, 5, "pi:wechat")
    kept = Vault(lambda _text: [said], restores=True, masks_logs=False)
    assert kept.masked('a"\\\nb') == "［微信号1］"
    assert json.loads(kept.restored_json('{"to": "［微信号1］", "n": "［微信号2］"}')) == {
        "to": 'a"\\\nb',
        "n": "［微信号2］",
    }


def test_every_kind_has_a_name_for_its_placeholder() -> None:
    assert set(NAMES) == set(KINDS)
    assert len(set(NAMES.values())) == len(NAMES)
    assert all(not set(name) & set("［］") and not name[-1].isdigit() for name in NAMES.values())


# --- the further kinds ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("座机 010-62345678。", "座机 ［电话号1］。"),
        ("0755 82345678 转", "［电话号1］ 转"),
        ("+86 021-62345678-801", "［电话号1］"),
        ("日期 2026-11-23 编号 010-123", "日期 2026-11-23 编号 010-123"),
        ("车牌京A·12345", "车牌［车牌号1］"),
        ("车号是粤AD12345，", "车号是［车牌号1］，"),
        ("沪Ａ１２３４Ｂ", "［车牌号1］"),
        ("阿里云a12345", "阿里云a12345"),
        ("京ABCDEF", "京ABCDEF"),
        ("代码 91110000600037341L", "代码 ［信用代码1］"),
        ("代码 91110000600037341A", "代码 91110000600037341A"),
        ("回乡证 H12345678", "回乡证 ［通行证号1］"),
        ("台胞证号 12345678", "台胞证号 ［通行证号1］"),
        ("订单 H12345678", "订单 H12345678"),
        ("地址 192.168.1.1，", "地址 ［IP地址1］，"),
        ("版本 1.2.3.4.5 与 256.1.1.1", "版本 1.2.3.4.5 与 256.1.1.1"),
        ("微信号：abc_123", "微信号：［微信号1］"),
        ("加V abc-123-x", "加V ［微信号1］"),
        ("用微信支付 alipay2", "用微信支付 alipay2"),
        ("ＱＱ：１２３４５６", "ＱＱ：［QQ号1］"),
        ("我的qq12345678", "我的qq［QQ号1］"),
        ("编号 12345678", "编号 12345678"),
        ("港澳台居民居住证 830000199001010020", "港澳台居民居住证 ［身份证号1］"),
    ],
)
def test_the_further_kinds_are_found_where_they_are_and_not_where_they_only_look_alike(
    keywords_only: Moderation, text: str, kept: str
) -> None:
    assert keywords_only.without_personal_information(text) == kept


@given(body=st.from_regex(r"9[1-3][0-9]{6}[0-9A-HJ-NPQRTUWXY]{9}", fullmatch=True))
def test_exactly_one_check_character_makes_a_credit_code(body: str) -> None:
    symbols = "0123456789abcdefghjklmnpqrtuwxy"
    assert sum(is_credit_code(body.lower() + last) for last in symbols) == 1


POLICY = """
detectors: {{personal_information: {{kinds: [{kinds}]}}}}
"""
TEXTS = st.lists(
    st.sampled_from(
        [
            "京A·12345",
            "京",
            "粤",
            "010-62345678",
            "qq12345678",
            "微信号:",
            "abc_12",
            "192.168.1.1",
            "·",
            " ",
            "1",
            "a",
            "好",
        ]
    ),
    max_size=12,
).map("".join)


@pytest.fixture(scope="session")
def every_kind(make_moderation: Callable[..., Moderation], policy_text: str) -> Moderation:
    return make_moderation(policy=policy_text + POLICY.format(kinds=", ".join(KINDS)))


@given(text=TEXTS, cuts=st.sets(st.integers(1, 100), max_size=30))
@settings(max_examples=400, deadline=None)
def test_the_further_kinds_are_found_alike_however_a_stream_is_cut(
    every_kind: Moderation, text: str, cuts: set[int]
) -> None:
    whole = every_kind.masked(text, every_kind.decide(text, Scope.OUTPUT))
    stream = every_kind.open_stream(Scope.OUTPUT)
    edges = [0, *sorted(cut for cut in cuts if cut < len(text)), len(text)]
    said = "".join(stream.push(text[low:high]).text for low, high in itertools.pairwise(edges))
    assert said + stream.finish().text == whole


def test_a_policy_that_names_no_kinds_looks_for_what_it_always_did(moderation: Moderation) -> None:
    assert moderation.policy.detectors["personal_information"].kinds == DEFAULT_KINDS
    assert moderation.open_vault() is None
    assert moderation.decide("座机 010-62345678，IP 192.168.1.1", Scope.OUTPUT).findings == ()


@pytest.mark.parametrize(
    ("section", "field"),
    [
        ("{upstream: hide}", "personal_information.upstream"),
        ("{logs: burn}", "personal_information.logs"),
        ("{kinds: [shoe_size]}", "personal_information.kinds"),
        ("{upstream: refuse}\ndetectors: {personal_information: {enabled: 'false'}}", "personal_information.upstream"),
    ],
)
def test_what_is_wrong_in_the_section_is_named(
    moderation: Moderation, policy_text: str, section: str, field: str
) -> None:
    checked = moderation.policy_check(f"{policy_text}personal_information: {section}\n".encode())
    assert checked.errors[0].text == field
