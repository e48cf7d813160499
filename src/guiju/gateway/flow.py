"""One call through the stages: authenticate, read, moderate the input, open, call, moderate the output, release."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace

import orjson

from guiju.gateway import rules
from guiju.gateway.admission import Admission
from guiju.gateway.dialects.interface import Reading
from guiju.gateway.draining import stopping
from guiju.gateway.endpoints import Answer, Endpoint
from guiju.gateway.entrance.asking import asking, with_usage
from guiju.gateway.entrance.models import Asking
from guiju.gateway.entrance.service import Admission as Entrance
from guiju.gateway.entrance.tickets import Admitted, Guest
from guiju.gateway.errors import (
    CallError,
    EvidenceUnavailableError,
    InputRefusedError,
    InternalError,
    MalformedRequestError,
    OutputRefusedError,
    OverloadedError,
    StoppingError,
    UnauthenticatedError,
    UnlabelledMediaError,
    UpstreamError,
)
from guiju.gateway.exchange import Exchange
from guiju.gateway.models import App, ChatCall, ChatReply
from guiju.gateway.ports import MediaLabelling
from guiju.gateway.stages.answers import OtherAnswers
from guiju.gateway.stages.authenticate import Callers, check_model_scope
from guiju.gateway.stages.desk import Desk
from guiju.gateway.stages.media import MediaStage
from guiju.gateway.stages.moderate import InputModeration
from guiju.gateway.stages.release_stream import StreamRelease
from guiju.gateway.stages.release_whole import refuse_input, release_whole
from guiju.gateway.wire.request import ChatRequest
from guiju.kit.clock import to_iso
from guiju.kit.correlation import take_id
from guiju.kit.errors import GuijuError
from guiju.labelling.models import Producer
from guiju.labelling.rules import LabelWriter
from guiju.ledger.models import SYSTEM_PERSON
from guiju.moderation.models import ANYONE, Audience, Context

_log = logging.getLogger(__name__)
_JSON = ("content-type", "application/json")
_STREAM_HEADERS = (("content-type", "text/event-stream; charset=utf-8"), ("cache-control", "no-cache"))
_LABEL_HEADER = "x-aigc-label"
_ERRORS = 400


_NO_CALL = ChatCall(b"")


class ChatFlow:
    """The ordered stages of an exchange."""

    def __init__(  # noqa: PLR0913 - what it joins is told apart by name
        self,
        desk: Desk,
        callers: Callers,
        producer: Producer,
        *,
        media: MediaStage,
        endpoints: Mapping[str, Endpoint],
        labelling: MediaLabelling | None = None,
        entrance: Entrance | None = None,
    ) -> None:
        """Serve `endpoints`.

        Args:
            desk: what the stages work with.
            callers: who may call.
            producer: whom the implicit label names.
            media: looks at what is no text.
            endpoints: what is served, by path.
            labelling: labels media that are made; without, none leave.
            entrance: decides who comes in beyond having a key; without it, whoever has a key does.
        """
        self._desk = desk
        self._endpoints = endpoints
        self._others = OtherAnswers(desk, media, labelling)
        self._callers = callers
        self._label = LabelWriter(producer)
        self._input = InputModeration(desk.moderation)
        self._media = media
        self.admission = Admission(desk.limits, desk.clock, desk.metrics, keep=desk.evidence.keep)
        self._reading = Reading(desk.limits, media.refusal)
        self._entrance = entrance

    async def chat(self, call: ChatCall) -> ChatReply:
        """Answer one call to the endpoint `call.endpoint`; errors come back as replies in its own shape.

        The caller iterates `pieces`, when there are any, and always ends with `aclose`.
        """
        endpoint = self._endpoints[f"/v1/{call.endpoint}"]
        try:
            reply = await self._served(call, endpoint)
        except asyncio.CancelledError:
            if not self._desk.drain.takes_back_cancelling():
                raise
            reply = error_reply(stopping())
        return reply if reply.status < _ERRORS else endpoint.dialect.shaped(reply)

    async def _served(self, call: ChatCall, endpoint: Endpoint) -> ChatReply:
        try:
            app = await self._authenticate(call)
        except CallError as error:
            return error_reply(error)
        try:
            _audience(call)
            request = endpoint.dialect.read(call, self._reading)
            check_model_scope(app, request.model)
            if endpoint.answer is Answer.CONVERSATION:
                self._desk.pool.check_model(request.model)
            else:
                self._others.check(endpoint.answer, request)
            if request.media:
                request = await self._media.receive(request)
        except CallError as error:
            return await self._reject(app, error, size=len(call.body))
        try:
            return await self._exchange(app, call, request, endpoint=endpoint)
        except CallError as error:
            return error_reply(error)
        except GuijuError as error:
            _log.error("a call failed", extra={"code": error.code, "reason": str(error)})
            return error_reply(internal_error())

    async def admit(self, call: ChatCall) -> ChatReply | None:
        """Return why a caller may not come in; None when it may."""
        caller = await self.identify(call)
        return caller if isinstance(caller, ChatReply) else None

    async def identify(self, call: ChatCall) -> App | ChatReply:
        """Return whose call it is, or why it may not come in, as a reply."""
        try:
            return await self._authenticate(call)
        except CallError as error:
            return error_reply(error)

    async def let_in(self, call: ChatCall) -> Guest | ChatReply:
        """Let a call in that is no exchange, past sanctions and limits; or return why not, as a reply."""
        try:
            app = await self._authenticate(call)
            if self._entrance is None:
                return Guest(app, Admitted(SYSTEM_PERSON))
            asked = Asking(app, call, uses_model=False)
            return Guest(app, await self._entrance.enter(asked, self._callers.person_of))
        except CallError as error:
            return error_reply(error)

    async def declare_identity(self, call: ChatCall) -> ChatReply:
        """Take what an app declares of the real identity of one of its users."""
        try:
            app = await self._authenticate(call)
            if self._entrance is None:
                raise _unavailable()
            person, kept = await self._entrance.declare(app, call.body, self._callers.person_of)
        except CallError as error:
            return error_reply(error)
        facts = {"person": person, "state": kept.state.value, "entry_id": kept.entry_id}
        return ChatReply(200, (_JSON,), orjson.dumps(facts))

    async def refuse(self, call: ChatCall, error: CallError, *, size: int) -> ChatReply:
        """Answer a call that the door could not take whole; a known app's is evidenced, anybody else's only counted."""
        try:
            app = await self._authenticate(call)
        except CallError as unknown:
            return error_reply(unknown)
        return await self._reject(app, error, size=size)

    async def _authenticate(self, call: ChatCall) -> App:
        try:
            return await self._callers.app(call)
        except UnauthenticatedError:
            self._desk.metrics.count("guiju_calls_unauthenticated_total")
            raise
        except CallError:
            raise
        except GuijuError as error:
            _log.error("keys cannot be looked up", extra={"code": error.code, "reason": str(error)})
            raise _unavailable() from error

    async def _reject(self, app: App, error: CallError, *, size: int) -> ChatReply:
        self._desk.metrics.count("guiju_calls_rejected_total", code=error.code)
        try:
            if self._entrance is not None:
                await self._entrance.enter_bare(Asking(app, _NO_CALL))
            rejected = await self._desk.evidence.reject(app, error, size=size, person=SYSTEM_PERSON)
        except CallError as worse:
            return error_reply(worse)
        return error_reply(error, rejected)

    async def _exchange(self, app: App, call: ChatCall, request: ChatRequest, *, endpoint: Endpoint) -> ChatReply:
        desk = self._desk
        exchange, ticket = await self._admitted(app, call, request, endpoint=endpoint)
        outcome = rules.INTERRUPTED
        reply: ChatReply | None = None
        try:
            decision = await self._input.decide_request(exchange)
            if request.media:
                decision = await self._media.decide(exchange, decision)
            desk.evidence.open(exchange)
            goes_on = rules.may_go_on(decision) or not endpoint.gates_input
            reply = await (self._answer(exchange, endpoint) if goes_on else self._refused(exchange, endpoint))
        except asyncio.CancelledError:
            outcome = rules.INTERRUPTED if desk.drain.is_cut else rules.CLIENT_LEFT
            raise
        finally:
            if reply is None or reply.pieces is None:
                self._leave(exchange)
            if reply is None and exchange.opened is not None and not exchange.outcome:
                desk.evidence.close_later(exchange, outcome)
        headers = ticket.headers
        return replace(reply, headers=reply.headers + headers) if headers else reply

    async def _admitted(
        self, app: App, call: ChatCall, request: ChatRequest, *, endpoint: Endpoint
    ) -> tuple[Exchange, Admitted]:
        """Begin an exchange once there is a place for it; `_leave` gives the place back."""
        desk = self._desk
        try:
            await self.admission.enter()
        except OverloadedError as error:
            self.admission.turned_away(app, error)
            raise
        ticket = None
        try:
            is_apart = call.audience or desk.moderation.policy.tells_contexts
            context = Context(_audience(call), (app.id, app.name)) if is_apart else ANYONE
            ticket = await self._ticket(app, call, request)
            if ticket.counts_tokens and request.is_stream and endpoint.answer is Answer.CONVERSATION:
                request = with_usage(request)
            exchange = self._new_exchange(app, ticket.person, request, context=context, endpoint=endpoint)
            exchange.on_closed, exchange.on_over = ticket.closed, ticket.leave
            desk.drain.enter(exchange.id)
        except BaseException as error:
            self.admission.leave()
            if ticket is not None:
                ticket.leave()
            if isinstance(error, StoppingError):
                self.admission.turned_away(app, error)
            raise
        desk.metrics.add("guiju_exchanges_open", 1)
        return exchange, ticket

    async def _ticket(self, app: App, call: ChatCall, request: ChatRequest) -> Admitted:
        if self._entrance is not None:
            return await self._entrance.enter(asking(app, call, request), self._callers.person_of)
        try:
            return Admitted(await self._callers.person(app, call.end_user or request.user), is_known=False)
        except GuijuError as error:
            _log.error("persons cannot be looked up", extra={"code": error.code, "reason": str(error)})
            raise _unavailable() from error

    def _new_exchange(
        self, app: App, person: str, request: ChatRequest, *, context: Context, endpoint: Endpoint
    ) -> Exchange:
        exchange_id = take_id()
        now = self._desk.clock.now()
        return Exchange(
            id=exchange_id,
            closing_id=rules.closing_id(exchange_id),
            app=app,
            person=person,
            request=request,
            context=context,
            policy_hash=self._desk.moderation.policy.hash,
            opened_at=now,
            opened_iso=to_iso(now),
            started=self._desk.clock.monotonic(),
            label=self._label.first(exchange_id),
            writer=endpoint.dialect.writer(exchange_id, request, int(now.timestamp())),
            endpoint=endpoint.path,
        )

    async def _refused(self, exchange: Exchange, endpoint: Endpoint) -> ChatReply:
        body = await refuse_input(self._desk, exchange)
        decision = exchange.input_decision
        is_error = exchange.app.refuses_with_error or endpoint.answer is not Answer.CONVERSATION
        if is_error and decision is not None:
            where = endpoint.dialect.input_field
            error = InputRefusedError(decision.reply, decision.reply_en or decision.reply, where=where)
            return error_reply(error, exchange.id, extension=exchange.extension(decision))
        if not exchange.request.is_stream:
            return ChatReply(200, (_JSON, (_LABEL_HEADER, exchange.label)), body)
        return ChatReply(200, (*_STREAM_HEADERS, (_LABEL_HEADER, exchange.label)), body)

    async def _answer(self, exchange: Exchange, endpoint: Endpoint) -> ChatReply:
        if endpoint.answer is not Answer.CONVERSATION:
            return await self._other(exchange, endpoint)
        return await (self._stream(exchange) if exchange.request.is_stream else self._whole(exchange))

    async def _whole(self, exchange: Exchange) -> ChatReply:
        desk = self._desk
        try:
            exchange.upstream, answer = await self._desk.pool.complete(exchange.for_upstream)
            exchange.upstream_first_ms = self._elapsed_ms(exchange)
            body = await release_whole(desk, exchange, answer)
        except UpstreamError as error:
            return await self._failed(exchange, error)
        return ChatReply(200, (_JSON, (_LABEL_HEADER, exchange.label)), body)

    async def _other(self, exchange: Exchange, endpoint: Endpoint) -> ChatReply:
        try:
            made = await self._others.answer(exchange, endpoint.answer)
        except UpstreamError as error:
            return await self._failed(exchange, error)
        except OutputRefusedError as error:
            return error_reply(error, exchange.id, extension=exchange.extension(exchange.output_decision))
        except UnlabelledMediaError as error:
            return error_reply(error, exchange.id)
        labels = ((_LABEL_HEADER, exchange.label),) if endpoint.is_labelled else ()
        return ChatReply(200, (("content-type", made.content_type), *labels), made.body)

    async def _stream(self, exchange: Exchange) -> ChatReply:
        desk = self._desk
        try:
            opened = await self._desk.pool.open(exchange.for_upstream)
        except UpstreamError as error:
            return await self._failed(exchange, error)
        exchange.upstream = opened.upstream
        exchange.upstream_first_ms = self._elapsed_ms(exchange)
        try:
            await desk.evidence.opened(exchange)
        except BaseException:
            await opened.source.close()
            raise
        pieces = StreamRelease(desk, exchange, opened, on_over=lambda: self._leave(exchange))
        return ChatReply(200, (*_STREAM_HEADERS, (_LABEL_HEADER, exchange.label)), pieces=pieces)

    async def _failed(self, exchange: Exchange, error: UpstreamError) -> ChatReply:
        exchange.failure = error.code
        exchange.choices.clear()  # nothing of it left
        await self._desk.evidence.close(exchange, rules.UPSTREAM_FAILED)
        return error_reply(error, exchange.id)

    def _elapsed_ms(self, exchange: Exchange) -> int:
        return round((self._desk.clock.monotonic() - exchange.started) * 1000)

    def _leave(self, exchange: Exchange) -> None:
        self._desk.drain.leave(exchange.id)
        self.admission.leave()
        self._desk.metrics.add("guiju_exchanges_open", -1)
        exchange.on_over()


def _audience(call: ChatCall) -> Audience:
    if not call.audience:
        return Audience.ADULT
    try:
        return Audience(call.audience)
    except ValueError:
        raise MalformedRequestError(
            "X-Guiju-Audience 应为 adult 或 minor。",
            "X-Guiju-Audience must be adult or minor.",
            where="X-Guiju-Audience",
        ) from None


def error_reply(error: CallError, exchange_id: str = "", *, extension: dict[str, object] | None = None) -> ChatReply:
    """Make the reply that says `error`."""
    headers: tuple[tuple[str, str], ...] = (_JSON,)
    if isinstance(error, StoppingError):
        headers += (("connection", "close"),)  # the next call goes to somebody else
    if error.retry_after_seconds:
        headers += (("retry-after", str(error.retry_after_seconds)),)
    if extension is None:
        return ChatReply(error.status, headers, error.body(exchange_id))
    return ChatReply(error.status, headers, error.body_with(extension))


def internal_error() -> InternalError:
    """Say that the fault is ours, and no more."""
    return InternalError(
        "网关内部错误；请重试，若持续出现请联系运营方查看日志。",
        "A fault inside the gateway; try again, and ask the operator to look at the log if it goes on.",
    )


def _unavailable() -> EvidenceUnavailableError:
    return EvidenceUnavailableError(
        "网关的数据库目前不可用，因此不放行任何内容；请稍后重试。",
        "The gateway's database is not available, so nothing is let out; try again later.",
    )


NOT_RUNNING = error_reply(
    EvidenceUnavailableError(
        "网关尚未启动或正在停止；请稍后重试。", "The gateway is starting or stopping; try again later."
    )
)
