"""The model server and the guard of the faults, on a loop in a thread; the way to a database, with a tap."""

import asyncio
import contextlib
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from tests.simulators.guard import GuardSimulator
from tests.simulators.upstream import UpstreamSimulator

_Got = TypeVar("_Got")


class Background:
    """An event loop in a thread."""

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self._thread.start()

    def run(self, work: Coroutine[Any, Any, _Got]) -> _Got:
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(20)

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(10)
        self.loop.close()


class Servers:
    """The simulators; tests set their plain values, which are read at each call."""

    def __init__(self) -> None:
        self.background = Background()
        self.upstream = UpstreamSimulator()
        self.guard = GuardSimulator()
        self.background.run(self.upstream.start())
        self.background.run(self.guard.start())

    def reset(self) -> None:
        self.upstream.text, self.upstream.pause_seconds, self.upstream.busy_seconds = "你好，这是一个回答。", 0.0, 0
        self.upstream.pieces = None
        self.upstream.seen.clear()
        self.guard.trouble = ""

    def stop(self) -> None:
        self.background.run(self.upstream.stop())
        self.background.run(self.guard.stop())
        self.background.stop()


class Tap:
    """Stands between the house and PostgreSQL on a socket of its own: can be shut, and can be slow."""

    def __init__(self, background: Background, folder: Path, target: str) -> None:
        self._background = background
        self.folder = folder
        self._path = str(folder / ".s.PGSQL.5432")
        self._target = target
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.delay_seconds = 0.0
        self.open()

    def open(self) -> None:
        self._background.run(self._open())

    def shut(self) -> None:
        """Drop every connection and take none: the database is down."""
        self._background.run(self._shut())

    async def _open(self) -> None:
        self._server = await asyncio.start_unix_server(self._serve, self._path)

    async def _shut(self) -> None:
        assert self._server is not None
        self._server.close()
        self._unlink()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _unlink(self) -> None:
        Path(self._path).unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        there, back = await asyncio.open_unix_connection(self._target)
        try:
            ways = asyncio.gather(self._pass(reader, back), self._pass(there, writer))
            await ways
        except asyncio.CancelledError:
            ways.cancel()
        finally:
            self._tasks.discard(task)
            for end in (writer, back):
                end.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await source.read(65536):
                if self.delay_seconds:
                    await asyncio.sleep(self.delay_seconds)
                sink.write(data)
                await sink.drain()
        sink.close()
