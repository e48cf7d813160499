"""Makes the upstreams that the operator described."""

from collections.abc import Callable

from guiju.gateway.configuration import GatewaySettings, UpstreamSettings
from guiju.gateway.upstreams.builtin import Answerer, LawAssistantUpstream
from guiju.gateway.upstreams.echo import Echo
from guiju.gateway.upstreams.interface import Upstream
from guiju.gateway.upstreams.openai_compatible import OpenAICompatible
from guiju.gateway.upstreams.pool import Route, UpstreamPool
from guiju.kit.clock import Clock


def build_upstreams(settings: GatewaySettings, clock: Clock, law_assistant: Callable[[], Answerer]) -> UpstreamPool:
    """Build the pool; `law_assistant` is only called where the settings name that kind."""
    routes = [
        Route(_build(row, settings, law_assistant), None if row.models is None else dict(row.models))
        for row in settings.upstreams
    ]
    return UpstreamPool(routes, clock, health_seconds=settings.health_seconds)


def _build(row: UpstreamSettings, settings: GatewaySettings, law_assistant: Callable[[], Answerer]) -> Upstream:
    if row.kind == "echo":
        return Echo(row.name)
    if row.kind == "law-assistant":
        return LawAssistantUpstream(law_assistant(), name=row.name)
    return OpenAICompatible(
        row.name,
        row.base_url,
        api_key=row.api_key,
        patience=settings.patience,
        answer_bytes=settings.limits.answer_bytes,
    )
