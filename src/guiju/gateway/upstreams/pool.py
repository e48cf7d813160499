"""Chooses the upstream for a model, falls over to the next before the first byte, and watches who is well.

A call that was not answered may be asked anywhere else: nothing of it has reached anybody. Once the first event of an
answer is here, no other upstream is asked.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime
from math import ceil
from typing import TypeVar

from guiju.gateway.errors import (
    UnknownModelError,
    UpstreamBusyError,
    UpstreamDiedError,
    UpstreamError,
    UpstreamRestingError,
    UpstreamStatusError,
)
from guiju.gateway.models import ModelInfo, UpstreamState
from guiju.gateway.upstreams.breaker import Breaker
from guiju.gateway.upstreams.interface import Event, Source, Upstream, UpstreamCall
from guiju.gateway.wire.request import ChatRequest
from guiju.kit.clock import Clock, SystemClock

_TRIES_SECONDS = 120.0
_log = logging.getLogger(__name__)
_Got = TypeVar("_Got")


@dataclass(slots=True)
class Route:
    """An upstream with the models that go to it (public name → its own name; None for all it has) and how it does.

    Attributes:
        weight: its share of the calls among those that have a weight; those without (0) are reserves, in their order.
        is_healthy: whether it did well when it was last asked, by a call or by the health check.
    """

    upstream: Upstream
    models: dict[str, str] | None
    weight: int = 0
    breaker: Breaker = field(default_factory=lambda: Breaker(SystemClock()))
    is_healthy: bool = True
    last_failure: str = ""
    checked_at: datetime | None = None

    @property
    def is_first_choice(self) -> bool:
        """Whether to ask it before those that do badly: well when last asked, and its circuit would let a call go."""
        return self.is_healthy and self.breaker.is_askable

    def own_name(self, model: str) -> str | None:
        """Return what the upstream calls `model`; None when it does not serve it."""
        if self.models is not None:
            return self.models.get(model)
        known = self.upstream.models()
        return model if known is None or model in known else None

    def public_names(self) -> tuple[str, ...]:
        """Return the public names of the models, as far as they are known."""
        return tuple(self.models) if self.models is not None else self.upstream.models() or ()


@dataclass(slots=True)
class Opened:
    """A streamed answer that has begun: who sends it, its first events, the rest."""

    upstream: str
    first: list[Event]
    source: Source


class UpstreamPool:
    """Every upstream, in the operator's order."""

    def __init__(
        self,
        routes: list[Route],
        clock: Clock,
        *,
        health_seconds: float = 15.0,
        tries_seconds: float = _TRIES_SECONDS,
        on_failure: Callable[[str, str], None] | None = None,
    ) -> None:
        """Share calls among `routes` with a weight, then try those without in order; after `tries_seconds` no more.

        `on_failure` hears (upstream, error code).
        """
        self._routes = routes
        self._clock = clock
        self._health_seconds = health_seconds
        self._tries_seconds = tries_seconds
        self._turns: dict[tuple[str, ...], dict[str, int]] = {}
        self.on_failure = on_failure or (lambda _upstream, _code: None)
        self._watch: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to ask the upstreams how they do."""
        self._watch = asyncio.create_task(self._watch_health())

    async def stop(self) -> None:
        """Stop asking and give back every connection."""
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.gather(self._watch, return_exceptions=True)
        for route in self._routes:
            await route.upstream.close()

    def models(self) -> tuple[ModelInfo, ...]:
        """Return the models that can be asked for."""
        found: dict[str, list[str]] = {}
        for route in self._routes:
            for model in route.public_names():
                found.setdefault(model, []).append(route.upstream.name)
        return tuple(ModelInfo(model, tuple(names)) for model, names in found.items())

    def states(self) -> tuple[UpstreamState, ...]:
        """Return how each upstream does."""
        return tuple(
            UpstreamState(
                name=route.upstream.name,
                kind=route.upstream.kind,
                models=route.public_names(),
                is_healthy=route.is_healthy,
                weight=route.weight,
                circuit=route.breaker.state.value,
                failures=route.breaker.failures,
                wait_seconds=round(route.breaker.wait_seconds, 1),
                last_failure=route.last_failure,
                checked_at=route.checked_at,
            )
            for route in self._routes
        )

    def check_model(self, model: str) -> None:
        """Make sure that somebody serves `model`.

        Raises:
            UnknownModelError: nobody does.
        """
        if not any(route.own_name(model) for route in self._routes):
            known = [info.id for info in self.models()]
            raise UnknownModelError(
                f"没有名为 {model[:64]!r} 的模型；可用的模型：{'、'.join(known[:20])}。",
                f"There is no model {model[:64]!r}; available are: {', '.join(known[:20])}.",
                where="model",
            )

    async def open(self, request: ChatRequest) -> Opened:
        """Begin a streamed answer: the first upstream that sends events has it.

        Raises:
            UpstreamError: none did; the error is the last one's.
            UnknownModelError: nobody serves the model.
        """

        async def begin(route: Route, call: UpstreamCall) -> Opened:
            source = await route.upstream.open(call)
            try:
                first = await source.read()
            except BaseException:
                await source.close()
                raise
            if first is None:
                await source.close()
                raise UpstreamDiedError(
                    f"模型服务 {route.upstream.name} 没有给出任何内容就结束了回答；请重试。",
                    f"The model server {route.upstream.name} ended its answer without a word; try again.",
                )
            return Opened(route.upstream.name, first, source)

        return await self._first(request, begin)

    async def complete(self, request: ChatRequest) -> tuple[str, Event]:
        """Get a whole answer from the first upstream that gives one; returns its name too.

        Raises:
            UpstreamError: none did; the error is the last one's.
            UnknownModelError: nobody serves the model.
        """

        async def ask(route: Route, call: UpstreamCall) -> tuple[str, Event]:
            return route.upstream.name, await route.upstream.complete(call)

        return await self._first(request, ask)

    async def _first(self, request: ChatRequest, act: Callable[[Route, UpstreamCall], Awaitable[_Got]]) -> _Got:
        served = self._in_order(request.model)
        began = self._clock.monotonic()
        last: UpstreamError | None = None
        for route, name in served:
            if last is not None and self._clock.monotonic() - began > self._tries_seconds:
                break
            if not route.breaker.may_ask():
                continue
            try:
                return await self._ask(route, UpstreamCall(request, name), act)
            except UpstreamError as error:
                if isinstance(error, UpstreamStatusError) and error.is_callers_fault:
                    raise
                last = error
        if not served:
            self.check_model(request.model)
        raise last or _resting(served)

    async def _ask(
        self, route: Route, call: UpstreamCall, act: Callable[[Route, UpstreamCall], Awaitable[_Got]]
    ) -> _Got:
        try:
            got = await act(route, call)
        except UpstreamError as error:
            self._note_failure(route, error)
            raise
        except BaseException:
            route.breaker.gave_up()
            raise
        route.is_healthy = True
        route.breaker.succeeded()
        return got

    def _in_order(self, model: str) -> list[tuple[Route, str]]:
        """Return who serves `model` in the order in which to ask: whose turn it is, others with weight, reserves.

        Those that did badly come last, all the same.
        """
        served = [(route, name) for route in self._routes if (name := route.own_name(model))]
        if len(served) > 1:
            served.sort(key=lambda pair: (not pair[0].is_first_choice, -pair[0].weight))
            sharing = [route for route, _ in served if route.weight and route.is_first_choice]
            if len(sharing) > 1:
                turn = self._whose_turn(sharing)
                served.sort(key=lambda pair: pair[0] is not turn)
        return served

    def _whose_turn(self, sharing: list[Route]) -> Route:
        """Share by weight, as evenly as it goes: each gains its weight, the richest is asked and pays for all."""
        credit = self._turns.setdefault(tuple(route.upstream.name for route in sharing), {})
        for route in sharing:
            credit[route.upstream.name] = credit.get(route.upstream.name, 0) + route.weight
        turn = max(sharing, key=lambda route: credit[route.upstream.name])
        credit[turn.upstream.name] -= sum(route.weight for route in sharing)
        return turn

    def note_failure(self, upstream: str, error: UpstreamError) -> None:
        """Hear that the answer of `upstream` failed after its first byte."""
        for route in self._routes:
            if route.upstream.name == upstream:
                self._note_failure(route, error)

    def _note_failure(self, route: Route, error: UpstreamError) -> None:
        route.last_failure = error.code
        route.checked_at = self._clock.now()
        if isinstance(error, UpstreamBusyError):
            route.breaker.rest(error.asks_to_wait_seconds)  # well, and full
        elif isinstance(error, UpstreamStatusError) and error.is_callers_fault:
            route.breaker.succeeded()  # it answered, and rightly
        else:
            route.is_healthy = False
            route.breaker.failed()
        self.on_failure(route.upstream.name, error.code)
        _log.warning(
            "upstream failed",
            extra={"upstream": route.upstream.name, "code": error.code, "circuit": route.breaker.state.value},
        )

    async def check_health(self) -> None:
        """Ask every upstream once how it does."""
        answers = await asyncio.gather(*(route.upstream.is_healthy() for route in self._routes))
        for route, is_healthy in zip(self._routes, answers, strict=True):
            if route.is_healthy != is_healthy:
                _log.warning("upstream health", extra={"upstream": route.upstream.name, "is_healthy": is_healthy})
            route.is_healthy = is_healthy
            route.checked_at = self._clock.now()
            if not is_healthy:
                route.last_failure = route.last_failure or "health_check_failed"

    async def _watch_health(self) -> None:
        while True:
            await self.check_health()
            await asyncio.sleep(self._health_seconds)


def _resting(served: list[tuple[Route, str]]) -> UpstreamRestingError:
    seconds = max(1, ceil(min((route.breaker.wait_seconds for route, _ in served), default=0.0)))
    return UpstreamRestingError(
        f"模型服务连续失败，暂停调用；请在 {seconds} 秒后重试。",
        f"The model servers kept failing or are full, and are left alone for now; try again in {seconds} seconds.",
        seconds,
    )
