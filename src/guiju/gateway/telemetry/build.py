"""Makes the telemetry that the settings ask for; the libraries for it are only needed then."""

import importlib
from typing import Protocol

from guiju.gateway.metrics import Observing
from guiju.kit.errors import ConfigurationError


class Telemetry(Observing, Protocol):
    """What hears of exchanges and can be stopped."""

    def flush(self) -> None:
        """Send what is waiting now; blocks."""
        ...

    def stop(self) -> None:
        """Send what is waiting, for a few seconds at most; blocks."""
        ...


def build_telemetry(
    endpoint: str, *, headers: str = "", share: float = 1.0, instance: str = "", version: str = ""
) -> Telemetry | None:
    """Return what exports to `endpoint`; None where that is empty.

    Raises:
        ConfigurationError: the libraries for it are not installed.
    """
    if not endpoint:
        return None
    try:
        module = importlib.import_module("guiju.gateway.telemetry.otlp")
    except ModuleNotFoundError as error:
        raise ConfigurationError(
            f"设置了 GUIJU_OTLP_ENDPOINT，但缺少 {error.name}；请安装：pip install 'guiju[otel]'，或去掉该设置。",
            f"GUIJU_OTLP_ENDPOINT is set, but {error.name} is missing; run pip install 'guiju[otel]', or unset it.",
            where="GUIJU_OTLP_ENDPOINT",
        ) from None
    settings = module.TelemetrySettings(endpoint, headers, share, instance, version)
    telemetry: Telemetry = module.OtlpTelemetry(settings)
    return telemetry
