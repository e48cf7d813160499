import itertools
from collections.abc import Sequence

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from guiju.moderation.models import Action, Decision, Finding, Scope
from guiju.moderation.rules import STOPPING, masked
from guiju.moderation.service import Moderation

WORDS = """天地/玄黄/壬癸子/微信/千字文/天地/玄黄/壬癸子/微信/千字文/三黄片/三黄/片区/大黄片儿/丙甲乙/日月/乙戊/微信买
甲乙丙/乙丙丁戊/三 黄 片/黄片区/庚-辛/庚 ＊ 辛/庚***辛/庚****辛/t . m e/辰_宿/ＡＢ　ＣＤ/ѕЬс/сbс/Ⓢⓑⓒ/⒮⒝⒞/㍿/ﬁ/😀/1️⃣
13812345678/138-1234-5678/11010519491231002X/6222021234567890128/a.b@c.cn/护照E12345678/０１２/86 1"""
PIECES = [
    *"甲乙丙丁戊己庚辛壬癸子丑寅天地玄黄片区三大儿日月盈昃辰宿列张买卖",
    *"abcdsbt.mx 1@-*+，。！\n",
    *WORDS.replace("\n", "/").split("/"),
    *["\u200b", "\ufe0f", "\u0301", "\u0489", "\u200d", "\ud800"],
]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=24).map("".join)
CUTS = st.lists(st.integers(0, 120), max_size=40)


def cut(text: str, cuts: Sequence[int]) -> list[str]:
    edges = sorted({0, len(text), *(place for place in cuts if place < len(text))})
    return [text[low:high] for low, high in itertools.pairwise(edges)]


def run(moderation: Moderation, pieces: Sequence[str]) -> tuple[str, tuple[Finding, ...], Decision | None, list[int]]:
    stream = moderation.open_stream(Scope.OUTPUT)
    out, stopped, lengths = "", None, []
    for piece in pieces:
        released = stream.push(piece)
        out += released.text
        stopped = stopped or released.decision
        lengths.append(len(out))
    released = stream.finish()
    return out + released.text, stream.findings, stopped or released.decision, lengths


def check(moderation: Moderation, text: str, cuts: Sequence[int], *, each: bool = True) -> None:
    whole = moderation.decide(text, Scope.OUTPUT)
    policy = moderation.policy
    expected = run(moderation, [text])
    for pieces in (cut(text, cuts), list(text)) if each else (cut(text, cuts),):
        out, findings, stopped, lengths = run(moderation, pieces)
        assert (out, findings, stopped) == expected[:3]
        stops = [one.start for one in whole.findings if policy.action_for(one, Scope.OUTPUT) in STOPPING]
        assert all(length <= min(stops, default=len(text)) for length in [*lengths, len(out)])
        if stopped is None:
            assert not stops
            assert findings == whole.findings
            assert out == masked(text, whole.findings, policy, scope=Scope.OUTPUT)
        else:
            assert stopped.action is whole.action is Action.REFUSE
            assert masked(text, whole.findings, policy, scope=Scope.OUTPUT).startswith(out)


@settings(max_examples=2500, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS, cuts=CUTS)
def test_any_split_gives_the_same_findings_and_the_same_output_and_leaks_no_prefix(
    moderation: Moderation, text: str, cuts: list[int]
) -> None:
    check(moderation, text, cuts)


# Texts with few things in them: the conditions that look around a term get room to matter.
FEW = """天地/买/卖微信/微信/玄黄/千字文/千字/文/壬癸子/丑/寅/三/黄片/黄 片/区/大/儿区/子丑/宇宙/洪荒/。/x/甲乙/丙/戊
辰 宿/日月/天地甲乙卖微信"""
QUIET = st.lists(st.sampled_from(FEW.replace("\n", "/").split("/")), max_size=9).map("".join)


@settings(max_examples=1500, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=QUIET, cuts=CUTS)
def test_conditions_around_a_term_do_not_see_the_cuts(moderation: Moderation, text: str, cuts: list[int]) -> None:
    check(moderation, text, cuts)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=QUIET, filler=st.sampled_from(["宇宙", "ab ", "12 ", "x@", "庚-", "9"]), length=st.integers(4080, 4100))
def test_long_streams_forget_only_what_somebody_no_longer_needs(
    moderation: Moderation, text: str, filler: str, length: int
) -> None:
    stretch = (filler * length)[:length]
    tail = text + "辰宿千字文玄黄" + text
    cuts = [*range(4090, 4110), *range(length - 1, length + len(tail) + 1)]
    check(moderation, stretch + tail + stretch, cuts, each=False)


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=TEXTS)
def test_output_that_was_masked_piece_by_piece_never_shows_a_masked_character_first(
    moderation: Moderation, text: str
) -> None:
    whole = moderation.decide(text, Scope.OUTPUT)
    shown = masked(text, whole.findings, moderation.policy, scope=Scope.OUTPUT)
    stream = moderation.open_stream(Scope.OUTPUT)
    out = ""
    for character in text:
        out += stream.push(character).text
        assert shown.startswith(out)
