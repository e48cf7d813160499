"""Makes the upstreams that the operator described."""

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path

from guiju.gateway.configuration import GatewaySettings, UpstreamSettings
from guiju.gateway.upstreams.breaker import Breaker
from guiju.gateway.upstreams.builtin import Answerer, LawAssistantUpstream
from guiju.gateway.upstreams.echo import Echo
from guiju.gateway.upstreams.interface import Upstream
from guiju.gateway.upstreams.openai_compatible import OpenAICompatible
from guiju.gateway.upstreams.pool import Route, UpstreamPool
from guiju.kit.clock import Clock
from guiju.kit.errors import ConfigurationError


def build_upstreams(settings: GatewaySettings, clock: Clock, law_assistant: Callable[[], Answerer]) -> UpstreamPool:
    """Build the pool; `law_assistant` is only called where the settings name that kind."""
    routes = [
        Route(
            _build(row, settings, law_assistant),
            None if row.models is None else dict(row.models),
            weight=row.weight,
            breaker=Breaker(clock, settings.breaker),
        )
        for row in settings.upstreams
    ]
    tries = settings.patience.tries
    return UpstreamPool(routes, clock, health_seconds=settings.health_seconds, tries_seconds=tries)


def _build(row: UpstreamSettings, settings: GatewaySettings, law_assistant: Callable[[], Answerer]) -> Upstream:
    if row.kind == "echo":
        return Echo(row.name)
    if row.kind == "law-assistant":
        return LawAssistantUpstream(law_assistant(), name=row.name)
    if row.kind == "gguf":
        return _local(row)
    return OpenAICompatible(
        row.name,
        row.base_url,
        api_key=row.api_key,
        patience=row.patience or settings.patience,
        answer_bytes=settings.limits.answer_bytes,
    )


def _local(row: UpstreamSettings) -> Upstream:
    if find_spec("llama_cpp") is None:
        raise ConfigurationError(
            "本机运行模型文件需要 llama.cpp；请安装附加项：pip install 'guiju[local]'（需要编译器，约六分钟）。",
            "Running a model file here needs llama.cpp; install the extra: pip install 'guiju[local]' (it is compiled, "
            "in about six minutes).",
            where=f"upstreams: {row.name}",
        )
    from guiju.gateway.upstreams.gguf import LocalModel  # noqa: PLC0415 - the extra may be missing on this machine

    return LocalModel(row.name, Path(row.path))
