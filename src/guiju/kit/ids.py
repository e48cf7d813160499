"""Identifiers: UUIDv7 (RFC 9562 §5.7), so that ids sort by the time they were made."""

import io
import os
import threading
import time
from collections.abc import Callable

IdSource = Callable[[], str]

_RAND_B_BITS = 62
_COUNTER_BITS = 12
_POOL_BYTES = 2048
_lock = threading.Lock()
_last = (0, 0)
_pool = io.BytesIO(bytes(_POOL_BYTES))
_pool.seek(_POOL_BYTES)


def _refill() -> None:
    """Take randomness for many ids at once: the system call costs more than all the rest of an id."""
    _pool.seek(0)
    _pool.write(os.urandom(_POOL_BYTES))
    _pool.seek(0)


def _forget() -> None:
    _pool.seek(_POOL_BYTES)


os.register_at_fork(after_in_child=_forget)
"""A child never draws the same ids as its parent."""


def new_id() -> str:
    """Make a UUIDv7 as its canonical 36 characters; later ids of one process sort after earlier ones."""
    global _last  # noqa: PLW0603 - RFC 9562 §6.2 method 1 needs the last (millisecond, counter) of the process
    millisecond = time.time_ns() // 1_000_000
    with _lock:
        if _pool.tell() == _POOL_BYTES:
            _refill()
        random = int.from_bytes(_pool.read(8), "big")
        last_millisecond, counter = _last
        if millisecond > last_millisecond:
            counter = random >> (64 - _COUNTER_BITS + 1)  # half the range stays free for this millisecond
        else:
            millisecond, counter = last_millisecond, counter + 1
            if counter >> _COUNTER_BITS:
                millisecond, counter = millisecond + 1, 0
        _last = (millisecond, counter)
    value = (
        (millisecond & ((1 << 48) - 1)) << 80
        | 0x7 << 76
        | counter << 64
        | 0b10 << _RAND_B_BITS
        | random & ((1 << _RAND_B_BITS) - 1)
    )
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
