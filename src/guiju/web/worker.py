"""What a process that serves hears from the one that supervises it: its number, and four open files."""

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

NUMBER, COUNT, FOLDER = "GUIJU_WORKER_NUMBER", "GUIJU_WORKER_COUNT", "GUIJU_WORKER_FOLDER"
LISTENER, READY, LIFE = "GUIJU_WORKER_LISTENER", "GUIJU_WORKER_READY", "GUIJU_WORKER_LIFE"
GREETS = "GUIJU_WORKER_GREETS"


@dataclass(frozen=True, slots=True)
class Worker:
    """One of several processes on one port.

    Attributes:
        number: from 0.
        count: how many there are.
        folder: where each has a socket of its own, by which they ask one another.
        listener: the descriptor of the socket that all of them accept from.
        ready: the descriptor to write to once it serves.
        life: the descriptor that ends when the supervisor is no more.
        greets: whether it is the first one of all, which makes the first key and says where the house is.
    """

    number: int
    count: int
    folder: Path
    listener: int
    ready: int
    life: int
    greets: bool

    @classmethod
    def of(cls, environment: Mapping[str, str]) -> "Worker | None":
        """Read what the supervisor has set; None in a process that stands alone."""
        if NUMBER not in environment:
            return None
        return cls(
            number=int(environment[NUMBER]),
            count=int(environment[COUNT]),
            folder=Path(environment[FOLDER]),
            listener=int(environment[LISTENER]),
            ready=int(environment[READY]),
            life=int(environment[LIFE]),
            greets=environment[GREETS] == "1",
        )

    def environment(self) -> dict[str, str]:
        """Write what `of` reads."""
        return {
            NUMBER: str(self.number),
            COUNT: str(self.count),
            FOLDER: str(self.folder),
            LISTENER: str(self.listener),
            READY: str(self.ready),
            LIFE: str(self.life),
            GREETS: "1" if self.greets else "0",
        }

    def sockets(self) -> list[socket.socket]:
        """Return what to accept from: the port that is shared, and a socket of its own."""
        own = self.own_address(self.number)
        own.unlink(missing_ok=True)
        mine = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        mine.bind(str(own))
        mine.listen()
        return [socket.socket(fileno=os.dup(self.listener)), mine]

    def own_address(self, number: int) -> Path:
        """Return where a worker can be asked by itself."""
        return self.folder / f"{number}.sock"

    def watch_life(self, leave: Callable[[], None]) -> None:
        """Call `leave` when the supervisor is gone."""
        loop = asyncio.get_running_loop()

        def gone() -> None:
            loop.remove_reader(self.life)
            leave()

        loop.add_reader(self.life, gone)

    def say_ready(self) -> None:
        """Tell the supervisor that calls are answered."""
        os.write(self.ready, b".")
        os.close(self.ready)
