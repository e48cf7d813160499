"""Sends spans and metrics to a collector over OTLP/HTTP, from threads of their own; a call only fills a queue.

Spans are made when an exchange is over, with the times that it kept: while it runs, tracing costs nothing but its ids.
"""

import logging
import random
import socket
import threading
import time
from dataclasses import dataclass
from urllib.parse import unquote

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http import Compression
from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, Status, StatusCode, TraceFlags

from guiju.gateway.exchange import Exchange
from guiju.gateway.telemetry.facts import SpanFacts, model_attributes, spans_of
from guiju.kit.correlation import CURRENT, Correlation, derived_span

_log = logging.getLogger(__name__)
_SECONDS = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_TOKENS = (1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576)
_FLUSH_MILLISECONDS = 3000
_STOP_SECONDS = 4.0
_METRICS_MILLISECONDS = 15_000
_SPANS_MILLISECONDS = 2000
_EXPORT_SECONDS = 5
# The conventions' attributes of a metric; the others of a span would make a series for every exchange.
_DIMENSIONS = ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model")


@dataclass(frozen=True, slots=True)
class TelemetrySettings:
    """Where to send what, and how much.

    Attributes:
        endpoint: base address of the collector, without `/v1/traces`.
        headers: as `name=value,name=value`, values percent-encoded where they must be.
        share: of the calls that bring no decision of their own, from 0 to 1.
        instance: the name of this process; the host's when empty.
        version: of Guiju.
    """

    endpoint: str
    headers: str = ""
    share: float = 1.0
    instance: str = ""
    version: str = ""


class _GivenIds(IdGenerator):
    """Gives the span ids that follow from the exchange's: the model server was told them before there was a span."""

    def __init__(self) -> None:
        self.trace_id = 0
        self.span_id = 0

    def generate_trace_id(self) -> int:
        return self.trace_id or random.getrandbits(128)

    def generate_span_id(self) -> int:
        return self.span_id or random.getrandbits(64)


class OtlpTelemetry:
    """Hears of closed exchanges and exports them."""

    def __init__(self, settings: TelemetrySettings) -> None:
        """Begin to export to `settings.endpoint`; nothing is connected before there is something to send."""
        self.share = settings.share
        base = settings.endpoint.rstrip("/")
        headers = _headers(settings.headers)
        resource = Resource.create(
            {
                "service.name": "guiju-gateway",
                "service.version": settings.version,
                "service.instance.id": settings.instance or socket.gethostname(),
            }
        )
        self._ids = _GivenIds()
        self._tracers = TracerProvider(resource=resource, id_generator=self._ids, shutdown_on_exit=False)
        spans = OTLPSpanExporter(
            endpoint=f"{base}/v1/traces", headers=headers, timeout=_EXPORT_SECONDS, compression=Compression.Gzip
        )
        self._tracers.add_span_processor(BatchSpanProcessor(spans, schedule_delay_millis=_SPANS_MILLISECONDS))
        self._tracer = self._tracers.get_tracer("guiju.gateway", settings.version)
        metrics = OTLPMetricExporter(
            endpoint=f"{base}/v1/metrics", headers=headers, timeout=_EXPORT_SECONDS, compression=Compression.Gzip
        )
        reader = PeriodicExportingMetricReader(metrics, export_interval_millis=_METRICS_MILLISECONDS)
        self._meters = MeterProvider(metric_readers=[reader], resource=resource, shutdown_on_exit=False)
        meter = self._meters.get_meter("guiju.gateway", settings.version)
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            "s",
            "From the question to the end of the model's answer.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._first = meter.create_histogram(
            "gen_ai.client.operation.time_to_first_chunk",
            "s",
            "To the model's first word.",
            explicit_bucket_boundaries_advisory=_SECONDS,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            "{token}",
            "Tokens as the model server counted them.",
            explicit_bucket_boundaries_advisory=_TOKENS,
        )
        self._exchanges = meter.create_counter("guiju.exchanges", "{exchange}", "Exchanges that were closed.")

    def closed(self, exchange: Exchange, outcome: str, now: float) -> None:
        """Hear of an exchange whose closing entry is durable."""
        try:
            self._measure(exchange, outcome, now)
            correlation = CURRENT.get()
            if correlation is None or correlation.id != exchange.id:
                # Closed by another task than the call's own: its trace is not known here, its id is.
                correlation = Correlation(exchange.id, exchange.id.replace("-", ""), is_traced=self.share >= 1)
            if correlation.is_traced:
                self._record(correlation, spans_of(exchange, outcome, now))
        except Exception:  # noqa: BLE001 - whatever a library does here, the answer goes on its way
            _log.exception("an exchange could not be traced")

    def stop(self) -> None:
        """Send what is waiting; blocks for four seconds at most, also where the collector is gone."""
        worker = threading.Thread(target=self._send_the_rest, name="telemetry-stop", daemon=True)
        worker.start()
        worker.join(_STOP_SECONDS)

    def _send_the_rest(self) -> None:
        self._tracers.force_flush(_FLUSH_MILLISECONDS)
        self._tracers.shutdown()
        self._meters.shutdown(_FLUSH_MILLISECONDS)

    def flush(self) -> None:
        """Send what is waiting now; blocks."""
        self._tracers.force_flush(_FLUSH_MILLISECONDS)
        self._meters.force_flush(_FLUSH_MILLISECONDS)

    def _record(self, correlation: Correlation, spans: list[SpanFacts]) -> None:
        zero = time.time_ns() - round(time.monotonic() * 1e9)
        trace_id = int(correlation.trace_id, 16)
        whole = _remote(trace_id, int(correlation.span_id, 16))
        above = _remote(trace_id, int(correlation.parent_id, 16)) if correlation.parent_id else None
        for facts in spans:
            is_whole = not facts.part
            self._ids.trace_id = trace_id
            self._ids.span_id = int(correlation.span_id if is_whole else derived_span(correlation.id, facts.part), 16)
            parent = above if is_whole else whole
            span = self._tracer.start_span(
                facts.name,
                context=trace.set_span_in_context(parent) if parent is not None else Context(),
                kind=_kind(facts.part),
                attributes=facts.attributes,
                start_time=zero + round(facts.begin * 1e9),
            )
            if facts.error:
                span.set_attribute("error.type", facts.error)
                span.set_status(Status(StatusCode.ERROR))
            span.end(zero + round(facts.end * 1e9))

    def _measure(self, exchange: Exchange, outcome: str, now: float) -> None:
        self._exchanges.add(1, {"guiju.outcome": outcome})
        if not exchange.upstream:
            return
        told = model_attributes(exchange)
        same = {name: told[name] for name in _DIMENSIONS}
        for stage, begin, end in exchange.stages(now):
            if stage == "upstream":
                last = now if exchange.request.is_stream else end
                failed = {"error.type": exchange.failure} if exchange.failure else {}
                self._duration.record(last - begin, {**same, **failed})
                if exchange.request.is_stream:
                    self._first.record(end - begin, same)
        for direction in ("input", "output"):
            tokens = told.get(f"gen_ai.usage.{direction}_tokens")
            if isinstance(tokens, int):
                self._tokens.record(tokens, {**same, "gen_ai.token.type": direction})


def _remote(trace_id: int, span_id: int) -> NonRecordingSpan:
    return NonRecordingSpan(SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)))


def _kind(part: str) -> SpanKind:
    if not part:
        return SpanKind.SERVER
    return SpanKind.CLIENT if part == "call" else SpanKind.INTERNAL


def _headers(text: str) -> dict[str, str]:
    pairs = (pair.partition("=") for pair in text.split(",") if pair.strip())
    return {name.strip().lower(): unquote(value.strip()) for name, _, value in pairs}
