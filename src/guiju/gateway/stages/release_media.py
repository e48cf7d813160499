"""Pictures and sound that a model made: looked at, labelled, evidenced, and only then sent."""

import asyncio
import base64
import binascii
import hashlib

import orjson

from guiju.gateway import rules
from guiju.gateway.errors import CallError, UnlabelledMediaError
from guiju.gateway.exchange import Exchange
from guiju.gateway.ports import MediaLabelling
from guiju.gateway.stages.closing import Made, close, let_text, refuse, told
from guiju.gateway.stages.desk import Desk
from guiju.gateway.stages.media import MediaStage
from guiju.gateway.stages.moderate import decide
from guiju.gateway.upstreams.interface import MEDIUM, Event
from guiju.gateway.wire.answer import plain_usage
from guiju.gateway.wire.audio import SPEECH
from guiju.gateway.wire.events import garbage
from guiju.gateway.wire.media import MediaPart
from guiju.kit.errors import GuijuError
from guiju.moderation.media.models import MediaKind
from guiju.moderation.models import Scope


class MediaRelease:
    """The last stage of answers that are pictures or sound."""

    def __init__(self, media: MediaStage, labelling: MediaLabelling | None) -> None:
        """Look with `media` and label with `labelling`; without either, nothing is made in the first place."""
        self._media = media
        self._labelling = labelling

    def check_pictures(self) -> None:
        """Make sure that pictures can be let out at all, before any is made.

        Raises:
            UnlabelledMediaError: nothing can look at pictures, or label them.
        """
        why = self._media.refusal(MediaKind.IMAGE)
        if why is not None:
            raise UnlabelledMediaError(
                f"生成的图片目前无法审核，因此不生成：{why.zh}",
                f"A picture that is made cannot be moderated, so none is made: {why.en}",
            )
        self.check_type("image/png")

    def check_type(self, mime: str) -> None:
        """Make sure that media of a type can be labelled.

        Raises:
            UnlabelledMediaError: they cannot, so they may not leave.
        """
        if self._labelling is None or not self._labelling.can_label(mime):
            raise _unlabelled(mime)

    async def release_pictures(self, desk: Desk, exchange: Exchange, answer: Event) -> Made:
        """Return the body that may leave, its pictures in base64; both entries are durable by then.

        Raises:
            CallError: they may not leave, or cannot be labelled; the exchange is closed.
            UpstreamGarbageError: the answer has no pictures.
        """
        rows = answer.get("data")
        if not isinstance(rows, list) or not 0 < len(rows) <= desk.limits.choices:
            raise garbage()
        exchange.usage = plain_usage(answer.get("usage"))
        try:
            data = [
                await self._picture(desk, exchange, row, place=place, of=len(rows)) for place, row in enumerate(rows)
            ]
        except (UnlabelledMediaError, MediaUnfetchedError) as error:
            await _close_unlabelled(desk, exchange, error)
            raise
        body = {"created": int(exchange.opened_at.timestamp()), "data": data, "guiju": told(exchange)}
        await close(desk, exchange)
        return Made(orjson.dumps(body))

    async def _picture(self, desk: Desk, exchange: Exchange, row: object, *, place: int, of: int) -> dict[str, object]:
        if not isinstance(row, dict):
            raise garbage()
        content = await self._content(row, f"data[{place}]")
        choice = exchange.choice(place)
        part = MediaPart(MediaKind.IMAGE, f"data[{place}]", "", content)
        report = await self._media.report(part, Scope.OUTPUT)
        exchange.made += (report,)
        if not report.decision.may_pass:
            # A picture is not masked: what may not leave as it is does not leave.
            exchange.output_decision = report.decision
            await refuse(desk, exchange)
        exchange.observe(report.decision)
        labelled = await self._labelled(content, report.shape.mime, _content_id(exchange, place, of))
        sent: dict[str, object] = {"b64_json": base64.b64encode(labelled).decode("ascii")}
        revised = row.get("revised_prompt")
        if isinstance(revised, str) and revised:
            sent["revised_prompt"] = await let_text(desk, exchange, choice, name="content", text=revised)
        choice.released["medium"] = [_facts(labelled, report.shape.mime)]
        return sent

    async def _content(self, row: dict[str, object], where: str) -> bytes:
        packed, url = row.get("b64_json"), row.get("url")
        if isinstance(packed, str):
            try:
                content = base64.b64decode(packed, validate=True)
            except (binascii.Error, ValueError):
                raise garbage() from None
        elif isinstance(url, str):
            try:
                content = await self._media.fetch(MediaPart(MediaKind.IMAGE, f"{where}.url", url))
            except CallError as error:
                raise MediaUnfetchedError(error.zh, error.en, where=error.where) from error
        else:
            raise garbage()
        if not content:
            raise garbage()
        return content

    async def release_speech(self, desk: Desk, exchange: Exchange, answer: Event) -> Made:
        """Return the sound that may leave; what it says was the input, which is decided about as an output too.

        Raises:
            CallError: it may not leave, or cannot be labelled; the exchange is closed.
            UpstreamGarbageError: the answer is no sound.
        """
        content = answer.get(MEDIUM)
        if not isinstance(content, bytes) or not content:
            raise garbage()
        mime = SPEECH[str(exchange.request.fields["response_format"])]
        choice = exchange.choice(0)
        decision = await decide(desk.moderation, exchange.request.turns[0].text, Scope.OUTPUT, context=exchange.context)
        if not decision.may_pass:
            exchange.output_decision = decision
            await refuse(desk, exchange)
        exchange.observe(decision)
        try:
            labelled = await self._labelled(content, mime, exchange.id)
        except UnlabelledMediaError as error:
            await _close_unlabelled(desk, exchange, error)
            raise
        choice.released["medium"] = [_facts(labelled, mime)]
        await close(desk, exchange)
        return Made(labelled, mime)

    async def _labelled(self, content: bytes, mime: str, content_id: str) -> bytes:
        self.check_type(mime)
        labelling = self._labelling
        assert labelling is not None  # noqa: S101 - check_type says so
        try:
            return await asyncio.to_thread(labelling.label, content, mime, content_id=content_id)
        except GuijuError as error:
            raise UnlabelledMediaError(
                f"生成的媒体无法加上标识，因此不予放行：{error.zh}",
                f"What was made cannot be given its label, so it does not leave: {error.en}",
            ) from error


class MediaUnfetchedError(UnlabelledMediaError):
    """The model server named an address from which the picture may not be fetched, or cannot be."""


async def _close_unlabelled(desk: Desk, exchange: Exchange, error: CallError) -> None:
    """Close an exchange whose media were made and do not leave."""
    exchange.failure = error.code
    for choice in exchange.choices.values():
        choice.released.clear()
    await desk.evidence.close(exchange, rules.OUTPUT_STOPPED)


def _content_id(exchange: Exchange, place: int, of: int) -> str:
    return exchange.id if of == 1 else f"{exchange.id}.{place}"


def _facts(content: bytes, mime: str) -> str:
    return f"{mime} {len(content)} bytes sha256:{hashlib.sha256(content).hexdigest()}"


def _unlabelled(mime: str) -> UnlabelledMediaError:
    return UnlabelledMediaError(
        f"目前无法给 {mime or '未知类型'} 加上人工智能生成标识，因此不予放行；请换一种格式，或请运营方启用标识。",
        f"Media of the type {mime or 'unknown'} cannot be given the label that they are AI-generated, so they do not "
        "leave; ask for another format, or ask the operator to switch labelling on.",
    )
