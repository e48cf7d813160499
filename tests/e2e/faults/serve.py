"""Serves the house as `python -m guiju.web` does, with a small library, a detector that fails, and a clock to move.

The detector raises at 「雷」 and takes too long at 「慢」. The clock is behind the machine's by the seconds in the file
that GUIJU_TEST_CLOCK names.
"""

import asyncio
import functools
import os
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from guiju import bootstrap
from guiju.kit.clock import SystemClock
from guiju.moderation.detectors.interface import DetectorStream, Tape
from guiju.moderation.models import Finding, Scope
from guiju.moderation.service import Moderation
from guiju.settings import Settings
from guiju.web import server
from guiju.web.supervisor import Supervisor
from guiju.web.worker import Worker

RAISES, TAKES_LONG = "雷", "慢"
_TOO_LONG_SECONDS = 0.3


def behind() -> float:
    """Return by how many seconds the clock is behind."""
    try:
        return float(Path(os.environ["GUIJU_TEST_CLOCK"]).read_text(encoding="utf-8"))
    except (KeyError, OSError, ValueError):
        return 0.0


def fail_at(symbol: str) -> None:
    """Fail as the symbol says."""
    if symbol == RAISES:
        raise RuntimeError("the detector failed")
    if symbol == TAKES_LONG:
        time.sleep(_TOO_LONG_SECONDS)


class MovedClock(SystemClock):
    def now(self) -> datetime:
        return datetime.now(UTC) - timedelta(seconds=behind())


class TroubledStream:
    def __init__(self) -> None:
        self._at = 0

    def step(self, symbol: str) -> Sequence[Finding]:
        self._at += 1
        fail_at(symbol)
        return ()

    def finish(self) -> Sequence[Finding]:
        return ()

    def held_from(self) -> int:
        return self._at


class TroubledDetector:
    name = "troubled"

    def find(self, tape: Tape, scope: Scope) -> Sequence[Finding]:
        del scope
        for symbol in tape.symbols:
            fail_at(symbol)
        return ()

    def open_stream(self, tape: Tape, scope: Scope) -> DetectorStream:
        del tape, scope
        return TroubledStream()


def serve_alone() -> int:
    """Serve in this process."""
    real_ns = time.time_ns
    time.time_ns = lambda: real_ns() - int(behind() * 10**9)
    rooms: Any = bootstrap
    rooms.SystemClock = MovedClock
    rooms.Moderation = functools.partial(Moderation, further_detectors=(TroubledDetector(),))
    rooms.builtin_folder = lambda: Path(os.environ["GUIJU_VAR"]) / "small"
    return server.main()


def main() -> int:
    """Serve as the environment says."""
    settings = Settings()
    if settings.workers == 1 or Worker.of(os.environ) is not None:
        return serve_alone()
    return asyncio.run(Supervisor(settings, (sys.executable, __file__)).run())


if __name__ == "__main__":
    sys.exit(main())
