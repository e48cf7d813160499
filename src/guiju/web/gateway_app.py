"""The gateway's door: raw ASGI, because a web framework would cost more here than the whole of the work behind it."""

import asyncio
import contextlib
import ctypes
import gc
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, MutableMapping
from dataclasses import replace
from typing import Any, Protocol

import orjson

from guiju.gateway.app_rules import CHAT
from guiju.gateway.endpoints import ENDPOINTS, Endpoint
from guiju.gateway.entrance.tickets import Guest
from guiju.gateway.errors import (
    CallError,
    RequestTooLargeError,
    SlowRequestError,
    UnknownPathError,
    UnsupportedEncodingError,
    WrongMethodError,
)
from guiju.gateway.flow import error_reply, internal_error
from guiju.gateway.metrics import Metrics
from guiju.gateway.models import ChatCall, ChatReply, Limits, ModelInfo
from guiju.kit.correlation import CURRENT, begin
from guiju.web.caller_headers import (
    AUDIENCE,
    CONTENT_ENCODING,
    CONTENT_TYPE,
    IDENTITY_ENDPOINT,
    IDENTITY_PATH,
    TRACEPARENT,
    TRACESTATE,
    Known,
    authorization_of,
    known_headers,
    user_headers,
)
from guiju.web.labels_door import LABEL_PATHS, LabelsDoor
from guiju.web.outlet import outlet_for
from guiju.web.stuck import GoneWatch, StuckWatch

_log = logging.getLogger(__name__)
_POSTS = LABEL_PATHS | {IDENTITY_PATH}
# What a client still sends after its body was found too large is read and dropped up to here, so that it can read why.
_DROPPED_BYTES = 64 * 1024 * 1024
_TRIM_SECONDS = 20.0
_M_ARENA_MAX = -8  # malloc.h of glibc
_YOUNG_OBJECTS = 20_000
_AS_IT_IS = frozenset((b"", b"identity"))

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class GatewayService(Protocol):
    """What the door needs of the gateway."""

    metrics: Metrics
    limits: Limits
    endpoints: Mapping[str, Endpoint]

    async def chat(self, call: ChatCall) -> ChatReply:
        """Answer one call."""
        ...

    async def declare_identity(self, call: ChatCall) -> ChatReply:
        """Take what an app declares of a user."""
        ...

    async def admit(self, call: ChatCall) -> ChatReply | None:
        """Return why a caller may not come in; None when it may."""
        ...

    async def let_in(self, call: ChatCall) -> Guest | ChatReply:
        """Let a call in that is no exchange, or return why not."""
        ...

    async def refuse(self, call: ChatCall, error: CallError, *, size: int) -> ChatReply:
        """Answer a call that could not be taken whole."""
        ...

    def models(self) -> tuple[ModelInfo, ...]:
        """Return the models that can be asked for."""
        ...

    def readiness(self) -> dict[str, bool]:
        """Return what must be true for calls to be answered."""
        ...


def settle_memory() -> None:
    """Tell the garbage collector that what was built so far stays, so that no request pays for looking at it again.

    To be called once, by the command that serves, after everything is started: a fifth of a call's CPU is saved.
    """
    gc.collect()
    trim_memory()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS, 20, 50)


async def trim_now_and_then() -> None:
    """Give memory back as long as the process serves: what a busy minute needed is not kept for the quiet hour."""
    while True:
        await asyncio.sleep(_TRIM_SECONDS)
        await asyncio.to_thread(trim_memory)


def share_memory_between_threads() -> None:
    """Let all threads allocate from the same place: each of its own would keep what it once needed.

    To be called before the first thread starts; where the C library knows nothing of it, nothing happens.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).mallopt(_M_ARENA_MAX, 1)


def trim_memory() -> None:
    """Give back to the system what building left free inside the process; where the C library cannot, nothing happens.

    Reading a library of 10,000 terms and indexing it leaves some 20 MB of holes.
    """
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


class GatewayApp:
    """The endpoints, `/v1/models`, `/healthz`, `/readyz`, `/metrics`."""

    paths = frozenset((*ENDPOINTS, "/v1/models", IDENTITY_PATH, "/healthz", "/readyz", "/metrics"))

    def __init__(self, gateway: GatewayService, labels: LabelsDoor | None = None) -> None:
        """Open the door to `gateway`, which whoever serves this app starts and stops; `labels` labels for others."""
        self._gateway = gateway
        self._labels = labels
        self._endpoints = gateway.endpoints
        self._gets = {
            "/healthz": lambda: _json(200, {"status": "ok"}),
            "/readyz": self._ready,
            "/metrics": self._metrics,
        }

    @property
    def addresses(self) -> frozenset[str]:
        """Every address that it answers for its gateway, for the OpenAPI document."""
        return self.paths | self._endpoints.keys() | (LABEL_PATHS if self._labels is not None else frozenset())

    def serves(self, path: str) -> bool:
        """Tell whether a path is this door's; everything under `/v1/` is, so that its errors have the OpenAI shape."""
        return path in self.paths or path.startswith("/v1/")

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """Answer one HTTP request."""
        found = known_headers(scope["headers"])
        trace = found.get(TRACEPARENT, b""), found.get(TRACESTATE, b"")
        begin(*trace, traced_share=self._gateway.metrics.traced_share)
        try:
            await self._answer(scope, found, receive=receive, send=send)
        except asyncio.CancelledError:
            raise
        except Exception:  # noqa: BLE001 - the door: whatever went wrong inside, the client gets an error, no traceback
            known = scope["path"] if scope["path"] in self.paths else "unknown"  # an address may hold anything
            _log.exception("a request failed", extra={"path": known})
            self._gateway.metrics.count("guiju_internal_errors_total")
            with contextlib.suppress(RuntimeError):  # the answer may have begun
                await _send_reply(send, error_reply(internal_error()))

    async def _answer(self, scope: Message, found: Known, *, receive: Receive, send: Send) -> None:
        path, method = scope["path"], scope["method"]
        if path in self._endpoints and method == "POST":
            await self._call(path, found, receive=receive, send=send)
        elif path == "/v1/models" and method in {"GET", "HEAD"}:
            call = ChatCall(b"", authorization_of(found, takes_api_key=False), endpoint="models")
            await _send_reply(send, await self._gateway.admit(call) or self._models())
        elif path == IDENTITY_PATH and method == "POST":
            await self._declare(found, receive, send)
        elif path in LABEL_PATHS and method == "POST" and self._labels is not None:
            await self._label(path, found, receive=receive, send=send)
        elif path in self._gets and method in {"GET", "HEAD"}:
            await _send_reply(send, self._gets[path]())
        elif path in self._endpoints:
            shaped = self._endpoints[path].dialect.shaped(error_reply(_wrong_method(method)))
            await _send_reply(send, replace(shaped, headers=(*shaped.headers, ("allow", "POST"))))
        elif path in self.addresses:
            reply = error_reply(_wrong_method(method))
            allowed = "POST" if path in _POSTS else "GET, HEAD"
            await _send_reply(send, replace(reply, headers=(*reply.headers, ("allow", allowed))))
        else:
            await _send_reply(send, error_reply(_unknown_path(path, self._endpoints)))

    async def _call(self, path: str, found: Known, *, receive: Receive, send: Send) -> None:
        body, size, problem = await self._body(receive)
        if body is None:
            return  # the client left before it had asked
        if found.get(CONTENT_ENCODING, b"") not in _AS_IT_IS and problem is None:
            problem = _unsupported_encoding()
        name = path.removeprefix("/v1/")
        token, identity = user_headers(found)
        call = ChatCall(
            body if problem is None else b"",
            authorization_of(found, takes_api_key=name != CHAT),
            audience=found.get(AUDIENCE, b"").decode("latin-1"),
            endpoint=name,
            content_type="" if name == CHAT else found.get(CONTENT_TYPE, b"").decode("latin-1"),
            user_token=token,
            real_identity=identity,
        )
        watch = GoneWatch(receive)
        try:
            if problem is None:
                reply = await self._gateway.chat(call)
            else:
                reply = self._endpoints[path].dialect.shaped(await self._gateway.refuse(call, problem, size=size))
            await _send_reply(send, reply, self._gateway.limits.send_seconds)
        except asyncio.CancelledError:
            # Nothing needs to be sent to a client that is gone; anything else that cancels us goes on.
            if not watch.is_gone or watch.task.uncancel() > 0:
                raise
        finally:
            watch.stop()

    async def _label(self, path: str, found: Known, *, receive: Receive, send: Send) -> None:
        assert self._labels is not None  # noqa: S101 - asked before
        reply = await self._labels.answer(path, found, receive, let_in=self._gateway.let_in)
        if reply is not None:
            await _send_reply(send, reply, self._gateway.limits.send_seconds)

    async def _declare(self, found: Known, receive: Receive, send: Send) -> None:
        body, size, problem = await self._body(receive)
        if body is None:
            return  # the client left before it had asked
        call = ChatCall(body, authorization_of(found, takes_api_key=False), endpoint=IDENTITY_ENDPOINT)
        if problem is not None:
            await _send_reply(send, await self._gateway.refuse(call, problem, size=size))
        else:
            await _send_reply(send, await self._gateway.declare_identity(call))

    async def _body(self, receive: Receive) -> tuple[bytes | None, int, CallError | None]:
        """Return (body, its size, what is wrong with it); None for a client that left."""
        message = await receive()
        if message["type"] == "http.disconnect":
            return None, 0, None
        body: bytes = message.get("body", b"")
        if not message.get("more_body", False):
            size = len(body)
            return (body, size, None) if size <= self._gateway.limits.body_bytes else (b"", size, self._too_large())
        try:
            async with asyncio.timeout(self._gateway.limits.body_seconds):
                return await self._long_body(receive, body)
        except TimeoutError:
            return b"", len(body), _too_slow(self._gateway.limits.body_seconds)

    async def _long_body(self, receive: Receive, first: bytes) -> tuple[bytes | None, int, CallError | None]:
        parts, size, most = [first], len(first), self._gateway.limits.body_bytes
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None, size, None
            part = message.get("body", b"")
            size += len(part)
            if size <= most:
                parts.append(part)
            else:
                parts.clear()
            if not message.get("more_body", False) or size > _DROPPED_BYTES:
                return (b"".join(parts), size, None) if size <= most else (b"", size, self._too_large())

    def _models(self) -> ChatReply:
        rows = [
            {"id": model.id, "object": "model", "created": 0, "owned_by": model.upstreams[0]}
            for model in self._gateway.models()
        ]
        return _json(200, {"object": "list", "data": rows})

    def _ready(self) -> ChatReply:
        checks = self._gateway.readiness()
        is_ready = all(checks.values())
        return _json(200 if is_ready else 503, {"status": "ready" if is_ready else "not_ready", "checks": checks})

    def _metrics(self) -> ChatReply:
        headers = (("content-type", "text/plain; version=0.0.4; charset=utf-8"),)
        return ChatReply(200, headers, self._gateway.metrics.exposition())

    def _too_large(self) -> RequestTooLargeError:
        most = self._gateway.limits.body_bytes
        return RequestTooLargeError(
            f"请求体超过上限 {most} 字节；请缩短内容。",
            f"The request body is larger than the limit of {most} bytes; shorten it.",
        )


async def _send_reply(send: Send, reply: ChatReply, seconds: float = 60.0) -> None:
    """Send a reply; a stream whose client takes nothing for `seconds` is left unfinished."""
    headers = [(name.encode(), value.encode("latin-1")) for name, value in reply.headers]
    correlation = CURRENT.get()
    if correlation is not None:
        headers.append((b"x-exchange-id", correlation.id.encode()))
    outlet = outlet_for(send, headers)
    pieces = reply.pieces
    if pieces is None:
        await outlet.whole(reply.status, headers, reply.body)
        return
    watch = StuckWatch(seconds)
    try:
        await outlet.start(reply.status, headers)
        async for piece in pieces:
            watch.begin()
            await outlet.piece(piece)
            watch.end()
        await outlet.end()
    except asyncio.CancelledError:
        if not watch.has_given_up:
            raise
        _log.warning("a client took nothing of its answer and was given up", extra={"seconds": seconds})
    finally:
        watch.stop()
        await pieces.aclose()  # type: ignore[attr-defined]


def _json(status: int, value: object) -> ChatReply:
    return ChatReply(status, (("content-type", "application/json"),), orjson.dumps(value))


def _wrong_method(method: str) -> WrongMethodError:
    return WrongMethodError(
        f"此地址不支持 {method} 方法。", f"This address does not take the method {method}.", where="method"
    )


def _unknown_path(path: str, endpoints: Iterable[str]) -> UnknownPathError:
    return UnknownPathError(
        f"没有这个地址：{path[:80]}。可用：POST {'、'.join(endpoints)}，GET /v1/models。",
        f"Nothing lives at {path[:80]}. Known are POST {', '.join(endpoints)} and GET /v1/models.",
    )


def _unsupported_encoding() -> UnsupportedEncodingError:
    return UnsupportedEncodingError(
        "不支持压缩的请求体；请去掉 Content-Encoding。",
        "Compressed request bodies are not taken; send it without Content-Encoding.",
    )


def _too_slow(seconds: float) -> SlowRequestError:
    return SlowRequestError(
        f"请求体在 {seconds:g} 秒内没有收完；请重试。",
        f"The request body did not arrive within {seconds:g} seconds; try again.",
    )
