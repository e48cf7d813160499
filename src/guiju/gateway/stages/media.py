"""Pictures, sound and video in a request: received, looked at, decided on with the texts, sent on as checked."""

import asyncio
import base64
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from guiju.gateway import rules
from guiju.gateway.errors import MalformedRequestError
from guiju.gateway.evidence import EvidenceDesk
from guiju.gateway.exchange import Exchange
from guiju.gateway.fetching import Fetcher
from guiju.gateway.ports import MediaChecking
from guiju.gateway.wire.media import MediaPart, address_of, inline_bytes, no_media, with_media
from guiju.gateway.wire.request import ChatRequest
from guiju.ledger.models import Draft
from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.models import MediaKind, MediaReport, Medium
from guiju.moderation.models import Decision, Scope

_FETCHERS = 8
_MOST_WAITING = 32
_UNKNOWN_TYPE = "application/octet-stream"


class MediaStage:
    """Does for media what moderation does for texts. A thread of its own looks, so that streams go on meanwhile."""

    def __init__(self, media: MediaChecking | None, evidence: EvidenceDesk, fetcher: Fetcher | None = None) -> None:
        """Check with `media`; without, no media are taken."""
        self._media = media
        self._evidence = evidence
        self._fetcher = fetcher or Fetcher()
        self._receiving = ThreadPoolExecutor(_FETCHERS, "media-receive")
        self._looking = ThreadPoolExecutor(1, "media-look")
        self._waiting = 0

    def refusal(self, kind: MediaKind) -> CannotCheckError | None:
        """Return why media of a kind are not taken; None when they are."""
        return no_media(kind) if self._media is None else self._media.refusal(kind)

    def stop(self) -> None:
        """Give the threads back; what they still look at, nobody waits for."""
        self._receiving.shutdown(wait=False, cancel_futures=True)
        self._looking.shutdown(wait=False, cancel_futures=True)

    async def receive(self, request: ChatRequest) -> ChatRequest:
        """Return `request` with the bytes of its media.

        Raises:
            MalformedRequestError: they are too many, or are not what a request may hold.
            MediaFetchError: one may not be fetched, or cannot be.
        """
        assert self._media is not None  # noqa: S101 - without it, reading the request had refused
        most = self._media.settings.bounds.parts
        if len(request.media) > most:
            raise MalformedRequestError(
                f"一次请求最多 {most} 个图片或声音；请减少。",
                f"A request may hold {most} pictures and sounds at most; send fewer.",
                where=request.media[most].where,
            )
        loop = asyncio.get_running_loop()
        received = [loop.run_in_executor(self._receiving, self._received, part) for part in request.media]
        return replace(request, media=tuple(await asyncio.gather(*received)))

    def _received(self, part: MediaPart) -> MediaPart:
        assert self._media is not None  # noqa: S101 - see receive
        if part.content:
            return part
        if part.is_remote:
            content, mime = self._fetcher.fetch(address_of(part), self._media.settings, where=part.where), ""
        else:
            content, mime = inline_bytes(part)
        return replace(part, content=content, mime=mime, source="")

    async def decide(self, exchange: Exchange, of_texts: Decision) -> Decision:
        """Decide about the media of an exchange whose texts were decided on; the strictest decision governs.

        Where the texts do not go on, nobody looks at the media: they go nowhere. Where all go on, the upstream gets the
        very bytes that were checked.

        Raises:
            EvidenceUnavailableError: policy wants the media kept, and they cannot be.
        """
        if not rules.may_go_on(of_texts):
            return of_texts
        parts = exchange.request.media
        exchange.media = tuple([await self.report(part, Scope.INPUT) for part in parts])
        governing = rules.strictest([of_texts, *(report.decision for report in exchange.media)]) or of_texts
        exchange.input_decision = governing
        if rules.may_go_on(governing):
            pairs = zip(parts, exchange.media, strict=True)
            sent = iter([(report.shape.mime or part.mime or _UNKNOWN_TYPE, part.content) for part, report in pairs])
            request = exchange.for_upstream
            exchange.sent = replace(request, fields=with_media(request.fields, sent))
        if self._media is not None and self._media.settings.keeps:
            for part, report in zip(parts, exchange.media, strict=True):
                await self._evidence.keep(_kept(exchange, part, report))
        return governing

    async def fetch(self, part: MediaPart) -> bytes:
        """Return what stands at the address of a part that the model server names instead of sending it.

        Raises:
            CallError: it may not be fetched, or cannot be.
        """
        loop = asyncio.get_running_loop()
        return (await loop.run_in_executor(self._receiving, self._received, part)).content

    async def report(self, part: MediaPart, scope: Scope) -> MediaReport:
        """Look at a medium that goes in or out; only where `refusal` has nothing against it."""
        media = self._media
        assert media is not None  # noqa: S101 - `refusal` says so
        medium = Medium(part.kind, part.content, part.where)
        if self._waiting >= _MOST_WAITING:
            return media.unchecked(medium, scope, _busy())
        self._waiting += 1
        try:
            return await self._looked_at(lambda: media.check(medium, scope), media.settings.bounds.budget_ms)
        except TimeoutError:
            return media.unchecked(medium, scope, _late(media.settings.bounds.budget_ms))
        finally:
            self._waiting -= 1

    async def _looked_at(self, look: Callable[[], MediaReport], budget_ms: int) -> MediaReport:
        """Wait for a look; a look that outlives its time goes on alone, and its result is nobody's."""
        loop = asyncio.get_running_loop()
        return await asyncio.wait_for(loop.run_in_executor(self._looking, look), budget_ms / 1000 * 2)


def _kept(exchange: Exchange, part: MediaPart, report: MediaReport) -> Draft:
    """Make the entry that keeps a medium, under the person's key as all that a person sends."""
    return Draft(
        action="exchange.media",
        actor=f"app:{exchange.app.id}",
        subject=f"exchange:{exchange.id}",
        person=exchange.person,
        provisions=(rules.CONTENT_DUTY,),
        policy_hash=exchange.policy_hash,
        model=exchange.request.model,
        body={
            "place": part.where,
            "sha256": report.sha256,
            "type": report.shape.mime,
            "base64": base64.b64encode(part.content).decode("ascii"),
        },
    )


def _busy() -> CannotCheckError:
    return CannotCheckError(
        "busy",
        "等待检查的图片和声音太多；请稍后重试。",
        "Too many pictures and sounds wait to be checked; try again in a moment.",
    )


def _late(budget_ms: int) -> CannotCheckError:
    return CannotCheckError(
        "timeout",
        f"在 {budget_ms * 2} 毫秒内没有轮到或没有检查完；请稍后重试。",
        f"Its turn did not come, or its check did not end, within {budget_ms * 2} ms; try again in a moment.",
    )
