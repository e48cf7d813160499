"""Closing time: no new calls; those under way finish, or are ended when time is up, and recorded as interrupted."""

import asyncio

from guiju.gateway.errors import StoppingError

_CUT_SECONDS = 5.0


class Drain:
    """Knows which exchanges are under way."""

    def __init__(self) -> None:
        """Begin open."""
        self.is_draining = False
        self.is_cut = False
        self._under_way: dict[str, asyncio.Task[object] | None] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._emptied = asyncio.Event()
        self._emptied.set()

    @property
    def count(self) -> int:
        """How many exchanges are under way."""
        return len(self._under_way)

    def enter(self, exchange_id: str) -> None:
        """Hear that an exchange begins, in the present task.

        Raises:
            StoppingError: no more are taken.
        """
        if self.is_draining:
            raise stopping()
        if self._loop is None:
            self._loop = asyncio.get_running_loop()
        self._under_way[exchange_id] = asyncio.current_task(self._loop)
        self._emptied.clear()

    def leave(self, exchange_id: str) -> None:
        """Hear that an exchange is over."""
        self._under_way.pop(exchange_id, None)
        if not self._under_way:
            self._emptied.set()

    async def close(self, seconds: float) -> bool:
        """Take no more, wait at most `seconds` for those under way, end the rest; whether all finished in time."""
        self.is_draining = True
        if await self._is_emptied(seconds):
            return True
        self.cut()
        await self._is_emptied(_CUT_SECONDS)
        return False

    def cut(self) -> None:
        """End at once what is under way."""
        self.is_draining = self.is_cut = True
        for task in list(self._under_way.values()):
            if task is not None:
                task.cancel()

    def takes_back_cancelling(self) -> bool:
        """Tell whether the present task was cancelled by `cut`; then it goes on, to say so to its client."""
        task = asyncio.current_task()
        if not self.is_cut or task is None:
            return False
        task.uncancel()
        return True

    async def _is_emptied(self, seconds: float) -> bool:
        try:
            async with asyncio.timeout(seconds):
                await self._emptied.wait()
        except TimeoutError:
            return False
        return True


def stopping() -> StoppingError:
    """Say that the gateway is closing."""
    return StoppingError(
        "网关正在停止，不再接受新的请求；请稍后重试。", "The gateway is stopping and takes no new calls; try again."
    )
