"""Several processes on one port: one that supervises, starts them, and starts again whichever dies.

The listening socket is made here and passed on, so that all accept from one queue: a connection that waits in it
outlives the death of a worker, and whoever has nothing to do takes the next.
"""

import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from guiju.kit.errors import ConfigurationError
from guiju.settings import Settings
from guiju.web.worker import Worker

_log = logging.getLogger(__name__)
_BACKLOG = 2048
_STARTING_SECONDS = 120.0
_STOPPING_SECONDS = 30.0
_STEADY_SECONDS = 30.0
_PAUSE_SECONDS, _PAUSE_MOST = 0.25, 30.0


class Supervisor:
    """Keeps the workers alive, and passes on what it is told: to stop, and to read the policy again."""

    def __init__(self, settings: Settings, command: Sequence[str] = (sys.executable, "-m", "guiju.web")) -> None:
        """Bind the port; nothing runs before `run`, which starts each worker with `command`.

        Raises:
            ConfigurationError: the port is taken, or is not ours to take.
        """
        self._settings = settings
        self._command = tuple(command)
        self._listener = _bound(settings.host, settings.port)
        self._folder = Path(tempfile.mkdtemp(prefix="guiju-"))  # short: a socket's path must stay under 108 bytes
        self._life, self._alive = os.pipe()
        self._running: dict[int, asyncio.subprocess.Process] = {}
        self._stopping = asyncio.Event()
        self._failed = False

    async def run(self) -> int:
        """Serve until SIGTERM or SIGINT; return the exit status."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._stop)
        loop.add_signal_handler(signal.SIGHUP, self._tell, signal.SIGHUP)
        try:
            # The first alone: it brings the database to the newest schema and makes the first key.
            first = await self._start(self._worker(0, greets=True))
            if first is None:
                return 0 if self._stopping.is_set() else 2
            await asyncio.gather(
                self._keep(0, first), *(self._keep(number, None) for number in range(1, self._settings.workers))
            )
            return 1 if self._failed else 0
        finally:
            self._listener.close()
            os.close(self._alive)
            os.close(self._life)
            shutil.rmtree(self._folder, ignore_errors=True)

    def _worker(self, number: int, *, greets: bool = False) -> Worker:
        return Worker(
            number=number,
            count=self._settings.workers,
            folder=self._folder,
            listener=self._listener.fileno(),
            ready=-1,
            life=self._life,
            greets=greets,
        )

    async def _keep(self, number: int, process: asyncio.subprocess.Process | None) -> None:
        """Keep one worker alive until it is time to stop; one that keeps dying is started later and later."""
        pause = _PAUSE_SECONDS
        while not self._stopping.is_set():
            began = time.monotonic()
            process = process or await self._start(self._worker(number))
            if process is not None:
                status = await process.wait()
                self._running.pop(number, None)
                self._failed = self._failed or (self._stopping.is_set() and status != 0)
                process = None
                if self._stopping.is_set():
                    return
                _log.error("a worker died and is started again", extra={"worker": number, "status": status})
            pause = _PAUSE_SECONDS if time.monotonic() - began > _STEADY_SECONDS else min(_PAUSE_MOST, pause * 2)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._stopping.wait()

    async def _start(self, worker: Worker) -> asyncio.subprocess.Process | None:
        """Start one and wait until it serves; None where it does not come up, which it has said itself."""
        ready, told = os.pipe()
        try:
            worker = replace(worker, ready=told)
            process = await asyncio.create_subprocess_exec(
                *self._command,
                env={**os.environ, **worker.environment()},
                pass_fds=(worker.listener, worker.life, told),
                process_group=0,  # Ctrl-C reaches the workers once, through us
            )
        finally:
            os.close(told)
        self._running[worker.number] = process
        if self._stopping.is_set():
            process.terminate()
        is_ready = await _is_told(ready)
        if not is_ready:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            self._running.pop(worker.number, None)
            return None
        return process

    def _stop(self) -> None:
        self._stopping.set()
        self._tell(signal.SIGTERM)
        asyncio.get_running_loop().call_later(
            self._settings.drain_seconds + _STOPPING_SECONDS, self._tell, signal.SIGKILL
        )

    def _tell(self, number: signal.Signals) -> None:
        for process in self._running.values():
            with contextlib.suppress(ProcessLookupError):
                process.send_signal(number)


async def _is_told(ready: int) -> bool:
    """Wait until a worker says that it serves; False when it ended, or took too long."""
    loop = asyncio.get_running_loop()
    heard: asyncio.Future[bool] = loop.create_future()

    def on_heard() -> None:
        if not heard.done():
            heard.set_result(os.read(ready, 1) == b".")

    loop.add_reader(ready, on_heard)
    try:
        async with asyncio.timeout(_STARTING_SECONDS):
            return await heard
    except TimeoutError:
        return False
    finally:
        loop.remove_reader(ready)
        os.close(ready)


def _bound(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise ConfigurationError(
            f"无法监听 {host}:{port}：{error.strerror}。请换一个端口，或停止占用它的程序。",
            f"Cannot listen on {host}:{port}: {error.strerror}. Take another port, or stop what holds this one.",
            where="GUIJU_PORT",
        ) from error
    return listener
