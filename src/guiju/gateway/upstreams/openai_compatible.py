"""Any server that speaks the OpenAI protocol: vLLM, Ollama, DashScope, DeepSeek, another gateway."""

import contextlib
import re
import time
from collections.abc import Callable

import orjson

from guiju.gateway.errors import (
    UpstreamBusyError,
    UpstreamDiedError,
    UpstreamError,
    UpstreamGarbageError,
    UpstreamStatusError,
    UpstreamTimeoutError,
    UpstreamTooLargeError,
    UpstreamUnreachableError,
)
from guiju.gateway.models import Patience
from guiju.gateway.upstreams.http.client import HttpClient
from guiju.gateway.upstreams.http.connection import HttpResponse
from guiju.gateway.upstreams.http.errors import ConnectFailedError, HttpError, MalformedError
from guiju.gateway.upstreams.interface import MEDIUM, MIME, Event, UpstreamCall
from guiju.gateway.upstreams.sse import EventParser
from guiju.gateway.wire.forms import write_form
from guiju.gateway.wire.request import ChatRequest
from guiju.kit.correlation import outgoing_headers
from guiju.kit.deadline import Deadline

_OK, _TOO_MANY = 200, 429
_JSON = "application/json"
_ERROR_BODY_BYTES = 16 * 1024
_EVENT_BYTES = 1024 * 1024
_HEALTH_SECONDS = 5.0
_CODE = re.compile(r"[a-z0-9_]{1,64}")
_END_SECONDS = 0.1
NETWORK_ERRORS = (TimeoutError, HttpError, OSError)


class OpenAICompatible:
    """A model server over HTTP, with a pool of connections."""

    kind = "openai"

    def __init__(
        self, name: str, base_url: str, *, api_key: str = "", patience: Patience | None = None, answer_bytes: int
    ) -> None:
        """Speak to the server at `base_url`, with or without `/v1` at its end; connections are made when needed."""
        self.name = name
        base = base_url.rstrip("/")
        base = base if re.search(r"/v\d+$", base) else f"{base}/v1"
        headers = {"Content-Type": "application/json", "Accept-Encoding": "identity", "User-Agent": "guiju"}
        if api_key:
            headers["Authorization"] = f"Bearer {api_key}"
        self._patience = patience or Patience()
        self._client = HttpClient(base, headers, connect_seconds=self._patience.connect)
        self._answer_bytes = answer_bytes
        self._models: tuple[str, ...] | None = None

    def models(self) -> tuple[str, ...] | None:
        """Return what `GET /models` said at the last health check."""
        return self._models

    async def complete(self, call: UpstreamCall) -> Event:
        """Ask for a whole answer; see the interface."""
        payload = call.request.upstream_payload(call.model)
        try:
            with Deadline(self._patience.whole):
                if call.request.is_conversation:
                    payload["stream"] = False
                response = await self._post(call.request, payload)
                try:
                    body = await self._bounded(response, self._answer_bytes)
                finally:
                    self._client.release(response)
        except NETWORK_ERRORS as error:
            raise self.failure(error, self._patience.whole) from None
        if not call.request.is_conversation and response.content_type != _JSON:
            return {MEDIUM: body, MIME: response.content_type}
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise self._garbage() from None
        if not isinstance(answer, dict):
            raise self._garbage()
        return answer if call.request.reshape is None else call.request.reshape(answer)

    async def open(self, call: UpstreamCall) -> "HttpSource | ReshapedSource":
        """Ask for a streamed answer; see the interface."""
        payload = call.request.upstream_payload(call.model)
        try:
            with Deadline(self._patience.first_byte):
                payload["stream"] = True
                response = await self._post(call.request, payload)
        except NETWORK_ERRORS as error:
            raise self.failure(error, self._patience.first_byte) from None
        if response.content_type != "text/event-stream":
            self._client.release(response)
            raise self._garbage()
        source = HttpSource(self, response, patience=self._patience, answer_bytes=self._answer_bytes)
        return source if call.request.reshape is None else ReshapedSource(source, call.request.reshape)

    async def is_healthy(self) -> bool:
        """Ask for the list of models, which also tells which there are."""
        try:
            with Deadline(_HEALTH_SECONDS):
                response = await self._client.get("/models")
                try:
                    body = await self._bounded(response, self._answer_bytes)
                finally:
                    self._client.release(response)
        except (UpstreamError, *NETWORK_ERRORS):
            return False
        if response.status == _OK:
            self._models = _model_names(body)
        return response.status < 500 and response.status not in {401, 403}  # noqa: PLR2004 - any other answer is a sign of life

    async def close(self) -> None:
        """Close every connection."""
        await self._client.close()

    def release(self, response: HttpResponse) -> None:
        """Give back the connection of an answer that is no longer needed."""
        self._client.release(response)

    def failure(self, error: BaseException, seconds: float) -> UpstreamError:
        """Say as an error of ours how the network failed."""
        if isinstance(error, TimeoutError):
            return UpstreamTimeoutError(
                f"模型服务 {self.name} 在 {seconds:g} 秒内没有响应；请稍后重试。",
                f"The model server {self.name} kept silent for {seconds:g} seconds; try again later.",
            )
        if isinstance(error, MalformedError):
            return self._garbage()
        if isinstance(error, ConnectFailedError):
            return UpstreamUnreachableError(
                f"无法连接模型服务 {self.name}；请运营方检查它是否在运行以及地址是否正确。",
                f"The model server {self.name} cannot be reached; the operator should check that it runs there.",
            )
        return UpstreamDiedError(
            f"模型服务 {self.name} 在回答完成之前断开了连接；请重试。",
            f"The model server {self.name} closed the connection before its answer was whole; try again.",
        )

    async def _post(self, request: ChatRequest, payload: dict[str, object]) -> HttpResponse:
        more = outgoing_headers()
        if request.form:
            response = await self._client.send(request.path, *write_form(request.upstream_form(payload)), more=more)
        else:
            response = await self._client.post(request.path, orjson.dumps(payload), more=more)
        if response.status != _OK:
            try:
                code = await self._error_code(response)
            finally:
                self._client.release(response)
            if response.status == _TOO_MANY:
                asked = response.headers.get(b"retry-after", b"")
                raise UpstreamBusyError(self.name, code, asks_to_wait_seconds=_whole_seconds(asked))
            raise UpstreamStatusError(self.name, response.status, code)
        return response

    async def _error_code(self, response: HttpResponse) -> str:
        """Return the server's error code where it is a plain name; its message is text that nobody moderated."""
        try:
            error = orjson.loads(await self._bounded(response, _ERROR_BODY_BYTES))["error"]
            code = error["code"] if isinstance(error, dict) else ""
        except (orjson.JSONDecodeError, UpstreamTooLargeError, KeyError, TypeError):
            return ""
        return code if isinstance(code, str) and _CODE.fullmatch(code) else ""

    async def _bounded(self, response: HttpResponse, most: int) -> bytes:
        parts: list[bytes] = []
        size = 0
        while part := await response.read_any():
            size += len(part)
            if size > most:
                raise too_large(self.name, most)
            parts.append(part)
        return b"".join(parts) if len(parts) != 1 else parts[0]

    def _garbage(self) -> UpstreamGarbageError:
        return UpstreamGarbageError(
            f"模型服务 {self.name} 的回答不是 OpenAI 格式；请运营方检查该服务。",
            f"The answer of the model server {self.name} is not in the OpenAI format; the operator should check it.",
        )


class HttpSource:
    """A streamed answer over HTTP."""

    def __init__(
        self, upstream: OpenAICompatible, response: HttpResponse, *, patience: Patience, answer_bytes: int
    ) -> None:
        """Read `response`, at most `answer_bytes` of it."""
        self._upstream = upstream
        self._seconds = patience.first_byte
        self._idle_seconds = patience.idle
        self._ends_at = time.monotonic() + patience.stream
        self._response = response
        self._left = answer_bytes
        self._most = answer_bytes
        self._parser = EventParser(upstream.name, most_bytes=min(_EVENT_BYTES, answer_bytes))

    @property
    def is_done(self) -> bool:
        """Whether `[DONE]` came."""
        return self._parser.is_done

    async def read(self) -> list[Event] | None:
        """Wait for the next events; see the interface."""
        while not self._parser.is_done:
            if self._parser.failure is not None:
                raise self._parser.failure
            seconds = min(self._seconds, max(0.0, self._ends_at - time.monotonic()))
            try:
                with Deadline(seconds):
                    chunk = await self._response.read_any()
            except NETWORK_ERRORS as error:
                raise self._upstream.failure(error, self._seconds) from None
            if not chunk:
                return None
            self._seconds = self._idle_seconds
            self._left -= len(chunk)
            if self._left < 0:
                raise too_large(self._upstream.name, self._most)
            if events := self._parser.feed(chunk):
                return events
        return None

    async def close(self) -> None:
        """Give the answer up; the connection of one that was read to its end is kept."""
        if self._parser.is_done and not self._response.is_at_end:
            # The end of the body comes with [DONE] or just after it.
            with contextlib.suppress(*NETWORK_ERRORS), Deadline(_END_SECONDS):
                await self._response.read_any()
        self._upstream.release(self._response)


class ReshapedSource:
    """A streamed answer whose events are made such of the chat-completions shape."""

    def __init__(self, source: HttpSource, reshape: Callable[[Event], Event]) -> None:
        """Read `source`."""
        self._source = source
        self._reshape = reshape

    @property
    def is_done(self) -> bool:
        """Whether `[DONE]` came."""
        return self._source.is_done

    async def read(self) -> list[Event] | None:
        """Wait for the next events; see the interface."""
        events = await self._source.read()
        return None if events is None else [self._reshape(event) for event in events]

    async def close(self) -> None:
        """Give the answer up."""
        await self._source.close()


def too_large(name: str, most: int) -> UpstreamTooLargeError:
    """Say that the answer of upstream `name` is larger than `most` bytes."""
    return UpstreamTooLargeError(
        f"模型服务 {name} 的回答超过 {most} 字节；请缩短要求的长度。",
        f"The answer of the model server {name} is larger than {most} bytes; ask for less.",
    )


def _whole_seconds(header: bytes) -> int:
    """Read a Retry-After in seconds; a date, or anything else, counts as none."""
    return int(header) if header.isdigit() and len(header) <= 6 else 0  # noqa: PLR2004 - eleven days are enough


def _model_names(body: bytes) -> tuple[str, ...] | None:
    try:
        rows = orjson.loads(body)["data"]
        return tuple(row["id"] for row in rows if isinstance(row["id"], str))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
