"""Meters and slots in a Redis or Valkey: each step is one script there, so that nobody comes between."""

import math
import threading
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import TypeVar

from guiju.gateway.entrance.meters.interface import IDLE_SECONDS, SLOT_SECONDS
from guiju.gateway.entrance.meters.models import Grant, SlotWish, Take
from guiju.kit.errors import ConfigurationError, StorageError

_Answer = TypeVar("_Answer")
_SECONDS = 2.0
_PREFIX = "guiju:"

# The same arithmetic as in `rules.py`; a test holds the two against each other on drawn sequences.
_SETTLE = """
local kept = redis.call('HMGET', KEYS[1], 'used', 'at', 'period')
local now, charge, want, least = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local capacity, per_second, period = tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local used, at = 0, now
if kept[1] then
  if period ~= '' then
    if kept[3] == period then used = tonumber(kept[1]); at = tonumber(kept[2]) end
  else
    at = tonumber(kept[2])
    used = math.max(0, tonumber(kept[1]) - math.max(0, now - at) * per_second)
    at = math.max(now, at)
  end
end
used = math.max(0, used + charge)
local room = capacity - used
local granted = 0
if want > 0 and room >= least then
  granted = math.min(want, math.floor(room))
  if granted > 0 then granted = math.max(granted, least) else granted = 0 end
end
local text = string.format
redis.call('HSET', KEYS[1], 'used', text('%.17g', used + granted), 'at', text('%.17g', at), 'period', period)
redis.call('EXPIRE', KEYS[1], ARGV[8])
return {text('%.17g', granted), text('%.17g', room)}
"""
_HOLD = """
local by, limit, now, process = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3]), ARGV[4]
local all, mine = 0, 0
local rows = redis.call('HGETALL', KEYS[1])
for i = 1, #rows, 2 do
  local held, till = string.match(rows[i + 1], '^(%d+) (.+)$')
  if rows[i] == process then mine = tonumber(held); all = all + mine
  elseif tonumber(till) > now then all = all + tonumber(held)
  else redis.call('HDEL', KEYS[1], rows[i]) end
end
local got = by
if by > 0 then got = math.max(0, math.min(by, limit - all)) end
mine = math.max(0, mine + got)
if mine == 0 then redis.call('HDEL', KEYS[1], process)
else redis.call('HSET', KEYS[1], process, mine .. ' ' .. string.format('%.17g', now + tonumber(ARGV[5]))) end
redis.call('EXPIRE', KEYS[1], 3600)
return got
"""
_RENEW = """
local kept = redis.call('HGET', KEYS[1], ARGV[1])
if kept then
  local held = string.match(kept, '^(%d+) ')
  redis.call('HSET', KEYS[1], ARGV[1], held .. ' ' .. ARGV[2])
end
"""


class RedisMeters:
    """Meters and slots in a Redis."""

    def __init__(self, url: str) -> None:
        """Connect to `url` at the first call.

        Raises:
            ConfigurationError: the client is not installed, or the address is none.
        """
        if find_spec("redis") is None:
            raise ConfigurationError(
                "配置了 Redis，但没有安装客户端；请安装 guiju[redis]。",
                "Redis is configured, but its client is not installed; install guiju[redis].",
                where="counters.redis",
            )
        import redis  # noqa: PLC0415 - an extra, of which only who configures it has need

        self._redis = redis
        try:
            self._client: redis.Redis = redis.Redis.from_url(
                url, socket_timeout=_SECONDS, socket_connect_timeout=_SECONDS, decode_responses=True
            )
        except ValueError as error:
            raise ConfigurationError(
                "应为 redis:// 或 rediss:// 地址。",
                "This must be a redis:// or rediss:// address.",
                where="counters.redis",
            ) from error
        self._settle = self._client.register_script(_SETTLE)
        self._hold = self._client.register_script(_HOLD)
        self._renew = self._client.register_script(_RENEW)
        self._slot_keys: set[str] = set()
        self._lock = threading.Lock()

    def settle(self, takes: Sequence[Take], now: float) -> list[Grant]:
        """Do all takes; see the interface."""
        return self._asked(lambda: self._settle_all(takes, now))

    def hold(self, process: str, wishes: Sequence[SlotWish], now: float) -> list[int]:
        """Hold slots; see the interface."""
        return self._asked(lambda: self._hold_all(process, wishes, now))

    def renew(self, process: str, now: float) -> None:
        """Keep the slots of a process."""
        self._asked(lambda: self._renew_all(process, f"{now + SLOT_SECONDS:.6f}"))

    def prune(self, now: float) -> None:
        """Do nothing: what nobody uses ends there by itself."""

    def _settle_all(self, takes: Sequence[Take], now: float) -> list[Grant]:
        pipe = self._client.pipeline(transaction=False)
        for take in takes:
            meter = take.meter
            arguments: list[str | float | int] = [
                *(repr(now), take.charge, take.want, take.least),
                *(meter.capacity, meter.per_second, meter.period, int(IDLE_SECONDS)),
            ]
            self._settle(keys=[f"{_PREFIX}meter:{meter.key}"], args=arguments, client=pipe)
        return [
            _grant(take, float(granted), float(room), now=now)
            for take, (granted, room) in zip(takes, pipe.execute(), strict=True)
        ]

    def _hold_all(self, process: str, wishes: Sequence[SlotWish], now: float) -> list[int]:
        pipe = self._client.pipeline(transaction=False)
        for wish in wishes:
            self._remember(wish.key)
            arguments: list[str | float | int] = [wish.by, wish.limit, repr(now), process, SLOT_SECONDS]
            self._hold(keys=[f"{_PREFIX}slot:{wish.key}"], args=arguments, client=pipe)
        return [int(got) for got in pipe.execute()]

    def _renew_all(self, process: str, until: str) -> None:
        with self._lock:
            keys, self._slot_keys = self._slot_keys, set()
        pipe = self._client.pipeline(transaction=False)
        for key in sorted(keys):
            pipe.hexists(f"{_PREFIX}slot:{key}", process)
        held = [key for key, is_held in zip(sorted(keys), pipe.execute(), strict=True) if is_held]
        for key in held:
            self._remember(key)
            self._renew(keys=[f"{_PREFIX}slot:{key}"], args=[process, until], client=pipe)
        pipe.execute()

    def _remember(self, key: str) -> None:
        with self._lock:
            self._slot_keys.add(key)

    def _asked(self, ask: Callable[[], _Answer]) -> _Answer:
        try:
            return ask()
        except (self._redis.RedisError, OSError) as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
            raise StorageError(
                f"Redis 没有回答：{reason}。请检查它是否在运行、地址是否正确。",
                f"Redis did not answer: {reason}. Check that it runs and that its address is right.",
                where="counters.redis",
            ) from error


def _grant(take: Take, granted: float, room: float, *, now: float) -> Grant:
    wait = 0.0
    if granted <= 0 and take.want > 0:
        meter = take.meter
        if take.least > meter.capacity or (not meter.period and meter.per_second <= 0):
            wait = math.inf
        else:
            wait = max(0.0, meter.ends_at - now) if meter.period else (take.least - room) / meter.per_second
    return Grant(granted, room - granted, wait)
