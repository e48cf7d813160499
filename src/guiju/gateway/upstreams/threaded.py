"""An answer that a thread of this process makes, read by the event loop as if it came over the network."""

import asyncio
import logging
import threading
from collections.abc import Callable, Iterator

from guiju.gateway.errors import UpstreamDiedError, UpstreamError, UpstreamStatusError
from guiju.gateway.upstreams.interface import Event

_log = logging.getLogger(__name__)
_TOO_LONG = 400
Starting = Callable[[], Iterator[Event]]


class ThreadedSource:
    """Chunk events, from the thread that calls `produce` to the loop that calls `read`."""

    def __init__(self, name: str) -> None:
        """Wait for tokens of the model `name`."""
        self._name = name
        self._loop = asyncio.get_running_loop()
        self._events: asyncio.Queue[Event | UpstreamError | None] = asyncio.Queue()
        self._first: list[Event] = []
        self._is_unwanted = threading.Event()
        self.is_done = False

    def produce(self, start: Starting) -> None:
        """Make the answer; runs in the thread of the model."""
        try:
            for event in start():
                if self._is_unwanted.is_set():
                    return
                self._tell(event)
            self._tell(None)
        except ValueError as error:  # llama.cpp says so when the conversation does not fit into the context
            _log.warning("a local model refused a conversation", extra={"upstream": self._name, "reason": str(error)})
            self._tell(UpstreamStatusError(self._name, _TOO_LONG, "context_length_exceeded"))
        except Exception:  # noqa: BLE001 - whatever native code reports, the caller gets an error and not silence
            _log.exception("a local model failed", extra={"upstream": self._name})
            self._tell(_broken(self._name))

    async def begun(self) -> None:
        """Wait for the first event.

        Raises:
            UpstreamError: the model could not answer.
        """
        if (events := await self.read()) is not None:
            self._first = events

    async def read(self) -> list[Event] | None:
        """Wait for the next tokens; see the interface."""
        if self._first:
            first, self._first = self._first, []
            return first
        if self.is_done:
            return None
        found: list[Event] = []
        item = await self._events.get()
        while isinstance(item, dict):
            found.append(item)
            if self._events.empty():
                return found
            item = self._events.get_nowait()
        if item is None:
            self.is_done = True
            return found or None
        if not found:
            raise item
        self._events.put_nowait(item)  # what came before it is handed out first
        return found

    async def close(self) -> None:
        """Stop the model at its next token."""
        self._is_unwanted.set()

    def _tell(self, item: Event | UpstreamError | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._events.put_nowait, item)
        except RuntimeError:
            self._is_unwanted.set()  # the loop is closed: nobody waits any more


def _broken(name: str) -> UpstreamDiedError:
    return UpstreamDiedError(
        f"本机模型 {name} 无法作答；请运营方查看日志，并检查模型文件是否完整、内存是否足够。",
        f"The local model {name} could not answer; the operator should look at the log, the file and the memory.",
    )
