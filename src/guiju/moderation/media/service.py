"""Decides about pictures, sound and video by the policy in force."""

import hashlib
import logging
import os
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from guiju.kit.clock import Clock, SystemClock
from guiju.moderation.media.blocklist import BlockList, read_block_list
from guiju.moderation.media.build import DECODER, EXTRA, Tools, build_tools, is_installed
from guiju.moderation.media.checkers.blocked import NAME as BLOCKED
from guiju.moderation.media.containers import sniff_sound, sniff_video
from guiju.moderation.media.errors import CannotCheckError, MissingExtraError
from guiju.moderation.media.interface import Picture, PictureChecker, TextModeration
from guiju.moderation.media.models import (
    MediaFinding,
    MediaKind,
    MediaReport,
    MediaShape,
    Medium,
    ReadText,
    Sighting,
    Unchecked,
)
from guiju.moderation.media.reading import find_in_lines
from guiju.moderation.media.settings import MediaSettings
from guiju.moderation.media.speech import wav_milliseconds
from guiju.moderation.media.video import take_apart
from guiju.moderation.models import Action, Decision, Finding, Scope

logger = logging.getLogger(__name__)

MEDIUM = "medium"
_REMEMBERED = 512


@dataclass(slots=True)
class _Work:
    """What is known of one medium while it is looked at."""

    medium: Medium
    scope: Scope
    ends_at: float = 0.0
    shape: MediaShape = field(default_factory=MediaShape)
    findings: list[MediaFinding] = field(default_factory=list)
    texts: list[ReadText] = field(default_factory=list)
    unchecked: list[Unchecked] = field(default_factory=list)
    spent: dict[str, float] = field(default_factory=dict)
    decided: set[tuple[str, ...]] = field(default_factory=set)

    def fails(self, checker: str, error: CannotCheckError) -> None:
        """Note what could not be checked; once, however many pictures it was tried on."""
        one = Unchecked(checker, error.why, error.zh, error.en)
        if one not in self.unchecked:
            self.unchecked.append(one)


class MediaModerator:
    """Looks at media with the checkers that policy wants. Safe to call from several threads; one medium at a time."""

    def __init__(
        self,
        moderation: TextModeration,
        block_list: Path,
        *,
        clock: Clock | None = None,
        environment: Mapping[str, str] | None = None,
        build: Callable[[MediaSettings, BlockList, Mapping[str, str]], Tools] = build_tools,
    ) -> None:
        """Decide with `moderation`; nothing is loaded before the first medium.

        Args:
            moderation: the text moderation, which knows the policy in force.
            block_list: the operator's list of blocked pictures; read anew when it changes.
            clock: the time.
            environment: where keys of endpoints stand.
            build: makes the checkers.
        """
        self._moderation = moderation
        self._block_list = block_list
        self._clock = clock or SystemClock()
        self._environment = os.environ if environment is None else environment
        self._build = build
        self._looking = threading.Lock()
        self._tools: Tools | None = None
        self._made_for: tuple[str, int] | None = None
        self._known: dict[tuple[str, MediaKind, Scope], MediaReport] = {}

    @property
    def settings(self) -> MediaSettings:
        """The section `media` of the policy in force."""
        return self._moderation.policy.media

    def refusal(self, kind: MediaKind) -> CannotCheckError | None:
        """Return why media of a kind are not taken at all; None when they are."""
        settings = self.settings
        if not settings.enabled:
            return CannotCheckError(
                "switched_off",
                f"运营方没有启用图片与声音审核；启用方法：pip install 'guiju[{EXTRA}]'，"
                '并在策略中写 media.enabled: "true"。',
                "The operator has not switched the moderation of pictures and sound on; to do so: "
                f"pip install 'guiju[{EXTRA}]' and media.enabled: \"true\" in the policy.",
            )
        if kind is MediaKind.IMAGE and not is_installed(DECODER):
            return MissingExtraError("Pillow", EXTRA)
        if kind is MediaKind.AUDIO and not settings.transcription.base_url:
            return CannotCheckError(
                "no_transcription",
                "没有配置语音转写服务；请在策略 media.transcription 中填写 base_url。",
                "No transcription endpoint is set; write its base_url under media.transcription in the policy.",
            )
        return None

    def check(self, medium: Medium, scope: Scope) -> MediaReport:
        """Look at a medium and decide (GenAI Measures art. 4 and 14); what cannot be checked is undetermined.

        A conversation is sent anew with each of its turns, its pictures too: a report in which nothing is unchecked is
        remembered for a while, by the SHA-256 of the medium, as long as policy and block list stay.
        """
        key = (hashlib.sha256(medium.content).hexdigest(), medium.kind, scope)
        with self._looking:
            work = _Work(medium, scope)
            try:
                tools = self._tools_in_force()
                known = self._known.get(key)
                if known is not None:
                    return replace(known, place=medium.place)
                work.ends_at = self._clock.monotonic() + tools.settings.bounds.budget_ms / 1000
                self._look_at(work, tools)
            except CannotCheckError as error:
                work.fails(MEDIUM, error)
            except Exception as error:  # whatever it dies of, it has not seen the medium: fail as policy says
                logger.exception("a medium could not be looked at")
                work.fails(MEDIUM, _died(error))
            report = self._report(work)
            if not report.unchecked:
                if len(self._known) >= _REMEMBERED:
                    del self._known[next(iter(self._known))]
                self._known[key] = report
        return report

    def unchecked(self, medium: Medium, scope: Scope, error: CannotCheckError) -> MediaReport:
        """Decide about a medium that nobody could look at."""
        work = _Work(medium, scope)
        work.fails(MEDIUM, error)
        return self._report(work)

    # --- looking ----------------------------------------------------------------------------------------------------

    def _look_at(self, work: _Work, tools: Tools) -> None:
        bounds, medium = tools.settings.bounds, work.medium
        if len(medium.content) > bounds.bytes:
            raise CannotCheckError(
                "too_large",
                f"文件为 {len(medium.content)} 字节，上限 {bounds.bytes}；请压缩后再发送。",
                f"The file has {len(medium.content)} bytes, at most {bounds.bytes} are taken; make it smaller.",
            )
        if medium.kind is MediaKind.IMAGE:
            self._look_at_image(work, tools)
        elif medium.kind is MediaKind.AUDIO:
            self._listen(work, tools, medium)
        else:
            self._look_at_video(work, tools)

    def _look_at_image(self, work: _Work, tools: Tools) -> None:
        if not is_installed(DECODER):
            raise MissingExtraError("Pillow", EXTRA)
        from guiju.moderation.media.decoding import PictureFile  # noqa: PLC0415 - the extra may be missing

        file = PictureFile(work.medium.content, tools.settings.bounds)
        work.shape = file.shape
        if file.shape.trailing_bytes and not tools.settings.tolerates_trailing:
            work.fails(MEDIUM, _trailing(file.shape.trailing_bytes))
        if BLOCKED in tools.settings.enabled_checkers:
            self._look_up(work, tools.blocked)
        self._look_at_pictures(work, tools, file.pictures())

    def _look_at_video(self, work: _Work, tools: Tools) -> None:
        medium = work.medium
        mime = sniff_video(medium.content)
        parts = take_apart(medium.content, mime, ffmpeg=tools.settings.ffmpeg, bounds=tools.settings.bounds)
        work.shape = parts.shape
        self._look_at_pictures(work, tools, parts.pictures)
        if parts.sound:
            try:
                self._listen(work, tools, Medium(MediaKind.AUDIO, parts.sound, medium.place))
            except CannotCheckError as error:
                work.fails(tools.transcriber.name, error)

    def _look_at_pictures(self, work: _Work, tools: Tools, pictures: Iterable[Picture]) -> None:
        for picture in pictures:
            for checker in tools.checkers:
                if self._clock.monotonic() > work.ends_at:
                    raise _timeout(tools.settings.bounds.budget_ms)
                self._look(work, checker, picture, settings=tools.settings)
        if self._clock.monotonic() > work.ends_at:
            raise _timeout(tools.settings.bounds.budget_ms)

    def _look(self, work: _Work, checker: PictureChecker, picture: Picture, *, settings: MediaSettings) -> None:
        began = self._clock.monotonic()
        try:
            sighting = checker.look(picture)
        except CannotCheckError as error:
            work.fails(checker.name, error)
            return
        except Exception as error:  # whatever a checker dies of, it has not seen the picture
            logger.exception("media checker %s failed", checker.name)
            work.fails(checker.name, _died(error))
            return
        finally:
            work.spent[checker.name] = work.spent.get(checker.name, 0.0) + self._clock.monotonic() - began
        self._take(work, picture, sighting, settings=settings)

    def _take(self, work: _Work, picture: Picture, sighting: Sighting, *, settings: MediaSettings) -> None:
        found = [MediaFinding(seen.finding, seen.region, score=seen.score) for seen in sighting.seen]
        written = [read for read in sighting.texts if read.source != "code"]
        groups = [written, *([read] for read in sighting.texts if read.source == "code")]
        for lines in groups:
            found += self._read(work, lines, settings)
        work.findings += [replace(one, frame=picture.frame, at_ms=picture.at_ms) for one in found]

    def _read(self, work: _Work, lines: list[ReadText], settings: MediaSettings) -> list[MediaFinding]:
        said = tuple(line.text for line in lines)
        if not any(said) or said in work.decided:
            return []
        work.decided.add(said)
        work.texts += lines
        found, open_ones = find_in_lines(
            lines, lambda text: self._moderation.decide(text, work.scope), settings.text_wishes
        )
        for decision in open_ones:
            reason = decision.reason
            work.fails("text", CannotCheckError("text_undetermined", reason, f"the text in it: {reason}"))
        return found

    def _listen(self, work: _Work, tools: Tools, medium: Medium) -> None:
        mime = sniff_sound(medium.content)
        duration = wav_milliseconds(medium.content) if mime == "audio/wav" else None
        if medium is work.medium:
            work.shape = MediaShape(mime, duration_ms=duration)
        seconds = tools.settings.bounds.seconds
        if duration is not None and duration > seconds * 1000:
            raise CannotCheckError(
                "too_large",
                f"声音为 {duration // 1000} 秒，上限 {seconds} 秒；请剪短后再发送。",
                f"The sound lasts {duration // 1000} s, at most {seconds} s are taken; make it shorter.",
            )
        began = self._clock.monotonic()
        text = tools.transcriber.transcribe(medium, mime)
        work.spent[tools.transcriber.name] = self._clock.monotonic() - began
        work.findings += self._read(work, [ReadText("speech", text)], tools.settings)

    def _look_up(self, work: _Work, blocked: BlockList) -> None:
        entry = blocked.file(hashlib.sha256(work.medium.content).hexdigest())
        if entry is not None:
            finding = Finding(
                detector=BLOCKED,
                risks=(entry.risk,),
                level="high" if entry.wish == "block" else "medium",
                wish=entry.wish,
                start=0,
                end=0,
                term_id=f"{BLOCKED}:{entry.sha256[:16]}",
                view="file",
                reason=f"与已屏蔽文件相同：{entry.reason}",
            )
            work.findings.append(MediaFinding(finding, score=1.0))

    # --- deciding ---------------------------------------------------------------------------------------------------

    def _report(self, work: _Work) -> MediaReport:
        medium = work.medium
        return MediaReport(
            kind=medium.kind,
            place=medium.place,
            sha256=hashlib.sha256(medium.content).hexdigest(),
            size=len(medium.content),
            shape=work.shape,
            decision=self._decide(work),
            findings=tuple(work.findings),
            texts=tuple(work.texts),
            unchecked=tuple(work.unchecked),
            spent_ms=tuple((name, round(seconds * 1000)) for name, seconds in work.spent.items()),
        )

    def _decide(self, work: _Work) -> Decision:
        found = [one.finding for one in work.findings]
        failures = [f"{one.checker}（{one.why}）：{one.zh}" for one in work.unchecked]
        decision = self._moderation.decide_found(found, work.scope, failures)
        if decision.action is not Action.REPLACE:
            return decision
        # What policy would mask cannot be masked in a picture or in sound: it is as if it had not been checked.
        return self._moderation.decide_found(found, work.scope, [*failures, "图片和声音中的内容无法遮盖"])

    def _tools_in_force(self) -> Tools:
        policy = self._moderation.policy
        try:
            changed = self._block_list.stat().st_mtime_ns
        except OSError:
            changed = 0
        if self._tools is None or self._made_for != (policy.hash, changed):
            blocked = read_block_list(self._block_list)
            self._known.clear()
            self._tools = self._build(policy.media, blocked, self._environment)
            self._made_for = (policy.hash, changed)
        return self._tools


def _trailing(count: int) -> CannotCheckError:
    return CannotCheckError(
        "trailing_data",
        f"图片结束之后还有 {count} 字节没有人检查过；请重新保存图片后再发送。",
        f"After the picture's end there are {count} bytes that nobody has looked at; save the picture again.",
    )


def _timeout(budget_ms: int) -> CannotCheckError:
    return CannotCheckError(
        "timeout",
        f"在 {budget_ms} 毫秒内没有检查完；请缩小后再发送。",
        f"The check took longer than {budget_ms} ms; make it smaller.",
    )


def _died(error: Exception) -> CannotCheckError:
    name = type(error).__name__
    return CannotCheckError(
        "died", f"检查出错（{name}）；请运营方查看日志。", f"The check failed ({name}); look at the log."
    )
