"""Any server that speaks the OpenAI protocol: vLLM, Ollama, DashScope, DeepSeek, another gateway."""

import asyncio
import contextlib
import io
import re

import aiohttp
import orjson
from yarl import URL

from guiju.gateway.errors import (
    UpstreamDiedError,
    UpstreamError,
    UpstreamGarbageError,
    UpstreamStatusError,
    UpstreamTimeoutError,
    UpstreamTooLargeError,
    UpstreamUnreachableError,
)
from guiju.gateway.models import Patience
from guiju.gateway.upstreams.interface import Event, UpstreamCall
from guiju.gateway.upstreams.sse import EventParser

_OK = 200
_ERROR_BODY_BYTES = 16 * 1024
_EVENT_BYTES = 1024 * 1024
_HEALTH_SECONDS = 5.0
_CODE = re.compile(r"[a-z0-9_]{1,64}")
# Below the five seconds after which the usual Python servers drop an idle connection, so that we drop it first.
_KEEP_ALIVE_SECONDS = 4.0
_END_SECONDS = 0.1
_LARGE_BYTES = 1024 * 1024
NETWORK_ERRORS = (TimeoutError, aiohttp.ClientError, OSError)


class OpenAICompatible:
    """A model server over HTTP, with a pool of connections."""

    kind = "openai"

    def __init__(
        self, name: str, base_url: str, *, api_key: str = "", patience: Patience | None = None, answer_bytes: int
    ) -> None:
        """Speak to the server at `base_url`, with or without `/v1` at its end; connections are made when needed."""
        self.name = name
        base = base_url.rstrip("/")
        self._base = base if re.search(r"/v\d+$", base) else f"{base}/v1"
        self._chat_url = URL(f"{self._base}/chat/completions")
        self._headers = {"Content-Type": "application/json", "Accept-Encoding": "identity"}
        if api_key:
            self._headers["Authorization"] = f"Bearer {api_key}"
        self._patience = patience or Patience()
        self._answer_bytes = answer_bytes
        self._session: aiohttp.ClientSession | None = None
        self._models: tuple[str, ...] | None = None

    def models(self) -> tuple[str, ...] | None:
        """Return what `GET /models` said at the last health check."""
        return self._models

    async def complete(self, call: UpstreamCall) -> Event:
        """Ask for a whole answer; see the interface."""
        payload = call.request.upstream_payload(call.model)
        try:
            async with asyncio.timeout(self._patience.whole):
                payload["stream"] = False
                response = await self._post(payload)
                try:
                    body = await self._bounded(response, self._answer_bytes)
                finally:
                    response.close()  # one that was read to its end has gone back to the pool already
        except NETWORK_ERRORS as error:
            raise self.failure(error, self._patience.whole) from None
        try:
            answer = orjson.loads(body)
        except orjson.JSONDecodeError:
            raise self._garbage() from None
        if not isinstance(answer, dict):
            raise self._garbage()
        return answer

    async def open(self, call: UpstreamCall) -> "HttpSource":
        """Ask for a streamed answer; see the interface."""
        payload = call.request.upstream_payload(call.model)
        try:
            async with asyncio.timeout(self._patience.first_byte):
                payload["stream"] = True
                response = await self._post(payload)
        except NETWORK_ERRORS as error:
            raise self.failure(error, self._patience.first_byte) from None
        if response.content_type != "text/event-stream":
            response.close()
            raise self._garbage()
        return HttpSource(self, response, patience=self._patience, answer_bytes=self._answer_bytes)

    async def is_healthy(self) -> bool:
        """Ask for the list of models, which also tells which there are."""
        try:
            async with asyncio.timeout(_HEALTH_SECONDS):
                async with self._client().get(f"{self._base}/models") as response:
                    body = await self._bounded(response, self._answer_bytes)
                    status = response.status
        except (UpstreamError, *NETWORK_ERRORS):
            return False
        if status == _OK:
            self._models = _model_names(body)
        return status < 500 and status not in {401, 403}  # noqa: PLR2004 - any other answer is a sign of life

    async def close(self) -> None:
        """Close every connection."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    def failure(self, error: BaseException, seconds: float) -> UpstreamError:
        """Say as an error of ours how the network failed."""
        if isinstance(error, TimeoutError):
            return UpstreamTimeoutError(
                f"模型服务 {self.name} 在 {seconds:g} 秒内没有响应；请稍后重试。",
                f"The model server {self.name} kept silent for {seconds:g} seconds; try again later.",
            )
        if isinstance(error, aiohttp.ClientConnectorError):
            return UpstreamUnreachableError(
                f"无法连接模型服务 {self.name}；请运营方检查它是否在运行以及地址是否正确。",
                f"The model server {self.name} cannot be reached; the operator should check that it runs there.",
            )
        return UpstreamDiedError(
            f"模型服务 {self.name} 在回答完成之前断开了连接；请重试。",
            f"The model server {self.name} closed the connection before its answer was whole; try again.",
        )

    async def _post(self, payload: dict[str, object]) -> aiohttp.ClientResponse:
        data = orjson.dumps(payload)
        try:
            response = await self._send(data)
        except aiohttp.ServerDisconnectedError:
            # A kept connection that the server had just dropped: nothing was answered, so once more on a new one.
            response = await self._send(data)
        if response.status != _OK:
            try:
                raise UpstreamStatusError(self.name, response.status, await self._error_code(response))
            finally:
                response.close()
        return response

    async def _send(self, data: bytes) -> aiohttp.ClientResponse:
        body = data if len(data) < _LARGE_BYTES else io.BytesIO(data)  # aiohttp sends large bodies piece by piece
        return await self._client().post(self._chat_url, data=body, allow_redirects=False)

    async def _error_code(self, response: aiohttp.ClientResponse) -> str:
        """Return the server's error code where it is a plain name; its message is text that nobody moderated."""
        try:
            error = orjson.loads(await self._bounded(response, _ERROR_BODY_BYTES))["error"]
            code = error["code"] if isinstance(error, dict) else ""
        except (orjson.JSONDecodeError, UpstreamTooLargeError, KeyError, TypeError):
            return ""
        return code if isinstance(code, str) and _CODE.fullmatch(code) else ""

    async def _bounded(self, response: aiohttp.ClientResponse, most: int) -> bytes:
        length = response.content_length
        if length is not None and length <= most and "Content-Encoding" not in response.headers:
            return await response.read()
        parts: list[bytes] = []
        size = 0
        while part := await response.content.readany():
            size += len(part)
            if size > most:
                response.close()
                raise too_large(self.name, most)
            parts.append(part)
        return b"".join(parts) if len(parts) != 1 else parts[0]

    def _client(self) -> aiohttp.ClientSession:
        if self._session is None:
            connector = aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEP_ALIVE_SECONDS)
            timeout = aiohttp.ClientTimeout(total=None, sock_connect=self._patience.connect)
            self._session = aiohttp.ClientSession(
                connector=connector,
                timeout=timeout,
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                trust_env=False,
            )
        return self._session

    def _garbage(self) -> UpstreamGarbageError:
        return UpstreamGarbageError(
            f"模型服务 {self.name} 的回答不是 OpenAI 格式；请运营方检查该服务。",
            f"The answer of the model server {self.name} is not in the OpenAI format; the operator should check it.",
        )


class HttpSource:
    """A streamed answer over HTTP."""

    def __init__(
        self, upstream: OpenAICompatible, response: aiohttp.ClientResponse, *, patience: Patience, answer_bytes: int
    ) -> None:
        """Read `response`, at most `answer_bytes` of it."""
        self._upstream = upstream
        self._seconds = patience.first_byte
        self._idle_seconds = patience.idle
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
            try:
                async with asyncio.timeout(self._seconds):
                    chunk = await self._response.content.readany()
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
        """Close the connection; one whose answer was read to its end goes back to the pool by itself."""
        if self._parser.is_done and not self._response.content.at_eof():
            # The end of the body comes with [DONE] or just after it; a connection read to its end is kept.
            with contextlib.suppress(*NETWORK_ERRORS):
                async with asyncio.timeout(_END_SECONDS):
                    await self._response.content.readany()
        self._response.close()


def too_large(name: str, most: int) -> UpstreamTooLargeError:
    """Say that the answer of upstream `name` is larger than `most` bytes."""
    return UpstreamTooLargeError(
        f"模型服务 {name} 的回答超过 {most} 字节；请缩短要求的长度。",
        f"The answer of the model server {name} is larger than {most} bytes; ask for less.",
    )


def _model_names(body: bytes) -> tuple[str, ...] | None:
    try:
        rows = orjson.loads(body)["data"]
        return tuple(row["id"] for row in rows if isinstance(row["id"], str))
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
