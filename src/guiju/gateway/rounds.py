"""Small work that is done again and again beside the calls: what fails is said, and tried again in the next round."""

import asyncio
import logging
from collections.abc import Awaitable, Callable

from guiju.kit.errors import GuijuError

_log = logging.getLogger(__name__)


class Rounds:
    """Runs each piece of work in its own rhythm until it is stopped."""

    def __init__(self) -> None:
        """Begin with nothing to do."""
        self._work: list[tuple[str, float, Callable[[], Awaitable[None]]]] = []
        self._tasks: list[asyncio.Task[None]] = []

    def every(self, seconds: float, name: str, work: Callable[[], Awaitable[None]]) -> None:
        """Do `work` with pauses of `seconds`, from `start` on; `name` is for the log."""
        self._work.append((name, seconds, work))

    def start(self) -> None:
        """Begin."""
        self._tasks = [asyncio.create_task(self._repeat(*work)) for work in self._work]

    async def stop(self) -> None:
        """End the pauses, and do everything one last time."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._tasks = []
        for name, _, work in self._work:
            await self._once(name, work)

    async def _repeat(self, name: str, seconds: float, work: Callable[[], Awaitable[None]]) -> None:
        while True:
            await asyncio.sleep(seconds)
            await self._once(name, work)

    async def _once(self, name: str, work: Callable[[], Awaitable[None]]) -> None:
        try:
            await work()
        except GuijuError as error:
            _log.warning("%s: %s", name, error.en, extra={"code": error.code})
        except Exception:  # noqa: BLE001 - the work of the next round must not depend on the faults of this one
            _log.exception("%s: a fault of our own", name)
