"""Server-sent events as model servers send them, one `data:` line an event, parsed a network read at a time."""

import orjson

from guiju.gateway.errors import UpstreamError, UpstreamGarbageError, UpstreamTooLargeError
from guiju.gateway.upstreams.interface import Event

_DONE = b"[DONE]"


class EventParser:
    """Turns bytes, cut anywhere, into parsed events."""

    def __init__(self, name: str, *, most_bytes: int) -> None:
        """Parse for the upstream `name`; an event longer than `most_bytes` is refused."""
        self._name = name
        self._most_bytes = most_bytes
        self._rest = b""
        self.is_done = False
        self.failure: UpstreamError | None = None

    def feed(self, chunk: bytes) -> list[Event]:
        """Return the events that are whole with `chunk`; `is_done` is set when the upstream says so.

        What is wrong (a line that is no event, data that is no JSON object, an event longer than the bound) is left in
        `failure`, so that the events before it are not lost; nothing after it is read.
        """
        if self.failure is not None:
            return []
        lines = (self._rest + chunk).split(b"\n") if self._rest else chunk.split(b"\n")
        self._rest = lines.pop()
        if len(self._rest) > self._most_bytes:
            self.failure = UpstreamTooLargeError(
                f"模型服务 {self._name} 的单个事件超过 {self._most_bytes} 字节。",
                f"The model server {self._name} sent an event of more than {self._most_bytes} bytes.",
            )
        events: list[Event] = []
        try:
            for line in lines:
                if line.startswith(b"data: {"):
                    events.append(self._object(line[6:]))
                elif line and line != b"\r":
                    self._other(line, events)
                    if self.is_done:
                        break
        except UpstreamGarbageError as error:
            self.failure = error
        return events

    def _other(self, line: bytes, events: list[Event]) -> None:
        line = line.rstrip(b"\r")
        if line.startswith(b"data:"):
            data = line[5:].strip()
            if data == _DONE:
                self.is_done = True
            elif data:
                events.append(self._object(data))
        elif not line.startswith((b":", b"event:", b"id:", b"retry:")):
            raise self._garbage(line)

    def _object(self, data: bytes) -> Event:
        try:
            event = orjson.loads(data)
        except orjson.JSONDecodeError:
            raise self._garbage(data) from None
        if type(event) is not dict:
            raise self._garbage(data)
        return event

    def _garbage(self, data: bytes) -> UpstreamGarbageError:
        # Only its length is told: what a model server says is not moderated.
        return UpstreamGarbageError(
            f"模型服务 {self._name} 发送了无法解析的事件（{len(data)} 字节）；请运营方检查该服务是否兼容 OpenAI 接口。",
            f"The model server {self._name} sent an event that cannot be parsed ({len(data)} bytes); the operator "
            "should check that it speaks the OpenAI protocol.",
        )
