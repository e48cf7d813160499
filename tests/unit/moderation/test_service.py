import threading
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from guiju.kit.clock import FixedClock
from guiju.moderation import service
from guiju.moderation.detectors.interface import Detector, DetectorStream, Tape
from guiju.moderation.errors import LibraryError, PolicyError
from guiju.moderation.library import LibrarySources
from guiju.moderation.models import Action, Finding, Scope
from guiju.moderation.policy.bundle import DETECTORS
from guiju.moderation.service import Moderation

HEAD = 'version: "1"\nrisk: A.1-f\nupdated: 2026-11-23\n'


class BreakingDetector:
    """A detector that dies at the symbol 坏 and dawdles at the symbol 慢."""

    name = "breaking"

    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock

    def find(self, tape: Tape, scope: Scope) -> Sequence[Finding]:
        stream = self.open_stream(tape, scope)
        return [found for symbol in tape.symbols for found in stream.step(symbol)]

    def open_stream(self, tape: Tape, scope: Scope) -> DetectorStream:
        del tape, scope
        return BreakingStream(self.clock)


class BreakingStream:
    def __init__(self, clock: FixedClock) -> None:
        self.clock = clock
        self.at = 0

    def step(self, symbol: str) -> Sequence[Finding]:
        self.at += 1
        if symbol == "坏":
            raise ZeroDivisionError("died")
        if symbol == "慢":
            self.clock.advance(60)
        return ()

    def finish(self) -> Sequence[Finding]:
        return ()

    def held_from(self) -> int:
        return self.at


@pytest.fixture
def breaking(make_moderation: Callable[..., Moderation], still: FixedClock) -> Callable[[str], Moderation]:
    def make(policy: str) -> Moderation:
        library = HEAD + "groups:\n- {reason: 好, terms: [甲乙]}\n"
        return make_moderation(library, policy=policy, clock=still, further_detectors=[BreakingDetector(still)])

    return make


def test_a_detector_that_dies_makes_the_text_undetermined_and_is_named(
    breaking: Callable[[str], Moderation], policy_text: str
) -> None:
    moderation = breaking(policy_text)
    decision = moderation.decide("好坏", Scope.INPUT)
    assert decision.action is Action.UNDETERMINED
    assert "breaking 出错（ZeroDivisionError）" in decision.reason
    assert decision.reply
    assert moderation.decide("甲乙坏", Scope.INPUT).action is Action.REFUSE
    assert moderation.decide("好", Scope.INPUT).action is Action.ALLOW


def test_a_detector_that_dies_stops_a_stream_and_nothing_more_leaves(
    breaking: Callable[[str], Moderation], policy_text: str
) -> None:
    stream = breaking(policy_text).open_stream(Scope.OUTPUT)
    assert stream.push("好").text == "好"
    released = stream.push("吗坏吗")
    assert released.text == ""
    assert released.decision is not None
    assert released.decision.action is Action.UNDETERMINED
    assert "breaking" in released.decision.reason
    assert stream.push("还") == stream.finish()


def test_a_policy_that_fails_open_lets_the_text_on_without_the_dead_detector_and_records_it(
    breaking: Callable[[str], Moderation], policy_text: str
) -> None:
    moderation = breaking(policy_text.replace("on_failure: closed", "on_failure: open"))
    stream = moderation.open_stream(Scope.OUTPUT)
    assert [stream.push(piece).text for piece in ("好坏", "吗坏")] == ["好坏", "吗坏"]
    assert stream.decision().action is Action.ALLOW
    assert "breaking 出错" in stream.decision().reason
    released = stream.push("甲乙")
    assert released.decision is not None
    assert released.decision.action is Action.REFUSE
    assert "breaking 出错" in moderation.decide("坏", Scope.INPUT).reason


def test_overrunning_counts_as_failing(breaking: Callable[[str], Moderation], policy_text: str) -> None:
    detectors = "detectors: {keywords: {budget_ms: 1000}}\n"
    moderation = breaking(policy_text + detectors)
    released = moderation.open_stream(Scope.OUTPUT).push("慢")
    assert released.decision is not None
    assert released.decision.action is Action.UNDETERMINED
    assert "超时" in released.decision.reason


@pytest.mark.parametrize(("slow", "quick"), [("input", "output"), ("output", "input")])
def test_each_way_has_a_budget_of_its_own(
    breaking: Callable[[str], Moderation], policy_text: str, slow: str, quick: str
) -> None:
    budget = f"{{budget_ms: {{{slow}: 600000, {quick}: 1000}}}}"
    named = ", ".join(f"{name}: {budget}" for name in DETECTORS)  # one that is not named has the shortest of all
    moderation = breaking(f"{policy_text}detectors: {{{named}}}\n")
    assert moderation.decide("慢", Scope(slow)).action is Action.ALLOW
    assert moderation.decide("慢", Scope(quick)).action is Action.UNDETERMINED
    assert moderation.open_stream(Scope(slow)).push("慢").decision is None
    stopped = moderation.open_stream(Scope(quick)).push("慢").decision
    assert stopped is not None
    assert stopped.action is Action.UNDETERMINED


def write_all(folder: Path, words: str, policy: str) -> Moderation:
    (folder / "builtin").mkdir(exist_ok=True)
    (folder / "builtin" / "a.yaml").write_text(
        HEAD + f"groups:\n- {{reason: 好, terms: [{words}]}}\n", encoding="utf-8"
    )
    (folder / "policy.yaml").write_text(policy, encoding="utf-8")
    return Moderation(LibrarySources(folder / "builtin"), folder / "policy.yaml")


def test_reloading_swaps_the_whole_and_open_streams_keep_what_they_began_with(tmp_path: Path, policy_text: str) -> None:
    moderation = write_all(tmp_path, "甲乙", policy_text)
    stream, old = moderation.open_stream(Scope.OUTPUT), moderation.policy
    write_all(tmp_path, "丙丁", policy_text)
    assert moderation.reload() is moderation.policy
    assert moderation.policy.hash != old.hash
    assert moderation.decide("甲乙", Scope.OUTPUT).action is Action.ALLOW
    assert moderation.decide("丙丁", Scope.OUTPUT).policy_hash == moderation.policy.hash
    assert stream.push("丙丁").text == "丙丁"
    stopped = stream.push("甲乙").decision
    assert stopped is not None
    assert stopped.policy_hash == old.hash


def test_a_reload_that_fails_changes_nothing_and_says_why(tmp_path: Path, policy_text: str) -> None:
    moderation = write_all(tmp_path, "甲乙", policy_text)
    before = moderation.policy
    (tmp_path / "builtin" / "b.yaml").write_text("risk: [", encoding="utf-8")
    with pytest.raises(LibraryError, match=r"b\.yaml"):
        moderation.reload()
    (tmp_path / "builtin" / "b.yaml").unlink()
    (tmp_path / "policy.yaml").write_text("version: '1'", encoding="utf-8")
    with pytest.raises(PolicyError, match="缺少"):
        moderation.reload()
    (tmp_path / "policy.yaml").unlink()
    with pytest.raises(PolicyError, match="无法读取"):
        moderation.reload()
    assert moderation.policy is before
    assert moderation.decide("甲乙", Scope.INPUT).action is Action.REFUSE


def test_texts_are_decided_while_others_reload(tmp_path: Path, policy_text: str) -> None:
    moderation = write_all(tmp_path, "甲乙", policy_text)
    done = threading.Event()
    wrong: list[object] = []

    def decide() -> None:
        while not done.is_set():
            decision = moderation.decide("说甲乙", Scope.INPUT)
            if decision.action is not Action.REFUSE:
                wrong.append(decision)

    threads = [threading.Thread(target=decide) for _ in range(2)]
    for thread in threads:
        thread.start()
    for _ in range(10):
        moderation.reload()
    done.set()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_policy_can_be_checked_without_putting_it_in_force(
    moderation: Moderation, policy_text: str, tmp_path: Path
) -> None:
    good = moderation.policy_check(policy_text.encode())
    assert good.is_usable
    assert good.hash == moderation.policy.hash
    bad = moderation.policy_check(policy_text.replace("block: refuse", "block: smile", 1).encode())
    assert not bad.is_usable
    assert [(error.line, error.text) for error in bad.errors] == [(6, "scopes.input.block")]
    assert not moderation.policy_check(tmp_path / "nowhere").is_usable


def test_an_explanation_shows_the_findings_in_the_original_text(moderation: Moderation) -> None:
    text = "看：甲\u200b乙丙丁，辰宿"
    explanation = moderation.explain(text, Scope.OUTPUT)
    assert explanation.decision.action is Action.REFUSE
    assert "".join(segment.text for segment in explanation.segments) == text
    assert [(one.found, one.term, one.action) for one in explanation.findings] == [
        ("甲\u200b乙", "甲乙", Action.REFUSE),
        ("甲\u200b乙丙丁", "甲乙丙丁", Action.REFUSE),
        ("辰宿", "辰宿", Action.REPLACE),
    ]
    assert [(segment.text, segment.findings) for segment in explanation.segments] == [
        ("看：", ()), ("甲\u200b乙", (0, 1)), ("丙丁", (1,)), ("，", ()), ("辰宿", (2,)),
    ]  # fmt: skip
    assert explanation.normalised == "看:甲乙丙丁,辰宿"
    assert explanation.released == "看："
    assert moderation.explain("", Scope.INPUT).segments == ()


def test_a_flood_of_hits_is_decided_and_explained_without_blowing_up(moderation: Moderation) -> None:
    text = "日月辰宿" * 5000
    decision = moderation.decide(text, Scope.OUTPUT)
    assert decision.action is Action.REPLACE
    assert moderation.masked(text, decision) == "日月＊＊" * 5000
    assert len(moderation.explain(text, Scope.OUTPUT).segments) < 2000


def test_being_ready_means_that_no_question_builds_a_detector(
    make_moderation: Callable[..., Moderation], monkeypatch: pytest.MonkeyPatch
) -> None:
    moderation = make_moderation()
    built: list[str] = []
    keywords = service.BUILDERS["keywords"]

    def counted(shop: service.Workshop) -> Detector:
        built.append("keywords")
        return keywords(shop)

    monkeypatch.setattr(service, "BUILDERS", {**service.BUILDERS, "keywords": counted})
    moderation.get_ready()
    assert built == ["keywords"]
    moderation.decide("你好", Scope.INPUT)
    moderation.open_stream(Scope.OUTPUT).push("你好")
    moderation.get_ready()
    assert built == ["keywords"]
