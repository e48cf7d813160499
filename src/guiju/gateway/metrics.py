"""Counters, gauges and histograms of this process, written as Prometheus text (exposition format 0.0.4)."""

from bisect import bisect_left
from collections.abc import Callable, Iterable
from typing import Protocol, TypeAlias

from guiju.gateway.exchange import Exchange
from guiju.moderation.guards.interface import GuardLog
from guiju.moderation.models import Action, Decision

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_SHORT = (0.0001, 0.00025, 0.0005, 0.001, 0.0025, *_SECONDS)
_CHARACTERS = (0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 4096)
_LABEL_SETS_MOST = 2000
_COUNTERS = {
    "guiju_exchanges_total": "Exchanges that were closed, by outcome.",
    "guiju_calls_rejected_total": "Calls of known apps that could not be taken, by error code.",
    "guiju_calls_unauthenticated_total": "Calls without a valid key.",
    "guiju_decisions_total": "Decisions on inputs and answers, by scope and action.",
    "guiju_findings_total": "Decisions against a text or with something to observe in it, by scope, action and risk.",
    "guiju_guard_texts_total": "Texts that guard models were asked about, by guard and what came of it.",
    "guiju_upstream_failures_total": "Failures of model servers, by upstream and code.",
    "guiju_evidence_unavailable_total": "Times that evidence could not be written and nothing was let out.",
    "guiju_internal_errors_total": "Faults of our own.",
    "guiju_released_characters_total": "Characters of answers that were let out.",
    "guiju_tokens_total": "Tokens as the model servers counted them, by model, upstream and direction.",
}
_GAUGES = {
    "guiju_exchanges_open": "Exchanges that are open now.",
    "guiju_exchanges_queued": "Exchanges that wait for a place now.",
    "guiju_queue_depth": "What waits: entries for the ledger, closings that nobody waits for, notes for the index.",
    "guiju_evidence_writable": "Whether the last evidence could be written: 1 or 0.",
    "guiju_upstream_healthy": "Whether calls go to an upstream: 1 or 0.",
}
_HISTOGRAMS = {
    "guiju_first_byte_seconds": ("From the request to the first byte of a streamed answer (TTFT).", _SECONDS),
    "guiju_exchange_seconds": ("From the request to the closing entry.", _SECONDS),
    "guiju_stage_seconds": (
        "Time in a stage: moderate_input; upstream, to its first word; release, to the end; evidence, until durable.",
        _SHORT,
    ),
    "guiju_held_characters": ("The most characters that a streamed answer had held back at one time.", _CHARACTERS),
}

Labels: TypeAlias = tuple[tuple[str, str], ...]
Sample: TypeAlias = tuple[str, Labels, float]


class Observing(Protocol):
    """Who else hears of exchanges: the traces."""

    @property
    def share(self) -> float:
        """How many of the calls that do not say so themselves are traced, from 0 to 1."""
        ...

    def closed(self, exchange: Exchange, outcome: str, now: float) -> None:
        """Hear of an exchange whose closing entry is durable; must not block and never raises."""
        ...


class Histogram:
    """Counts by upper bound, as Prometheus wants them."""

    def __init__(self, buckets: tuple[float, ...] = _SECONDS) -> None:
        """Begin empty, with `buckets` in ascending order."""
        self._buckets = buckets
        self.counts = [0] * (len(buckets) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count `value`."""
        self.counts[bisect_left(self._buckets, value)] += 1
        self.total += value

    def lines(self, name: str, labels: Labels = ()) -> Iterable[str]:
        """Return the lines of the exposition."""
        running = 0
        for bound, count in zip((*map(str, self._buckets), "+Inf"), self.counts, strict=True):
            running += count
            yield f"{name}_bucket{_labels((*labels, ('le', bound)))} {running}"
        yield f"{name}_sum{_labels(labels)} {self.total:.6f}"
        yield f"{name}_count{_labels(labels)} {running}"


class Metrics:
    """All that this process counts; the number of label sets is bounded.

    Attributes:
        samples: asked for gauges at each exposition, so that nobody keeps them up to date in between.
        tracing: hears of closed exchanges; None where nothing is traced.
    """

    def __init__(self) -> None:
        """Begin at zero."""
        self.samples: list[Callable[[], Iterable[Sample]]] = []
        self.tracing: Observing | None = None
        self._counters: dict[str, dict[Labels, int]] = {}
        self._gauges: dict[str, int] = {}
        self._histograms: dict[str, dict[Labels, Histogram]] = {name: {} for name in _HISTOGRAMS}
        for name in ("guiju_first_byte_seconds", "guiju_exchange_seconds", "guiju_held_characters"):
            self._histograms[name][()] = Histogram(_HISTOGRAMS[name][1])

    @property
    def traced_share(self) -> float | None:
        """How many of the calls are traced that do not say so themselves; None where nothing is traced."""
        return None if self.tracing is None else self.tracing.share

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Add `by` to a counter."""
        self._add(name, tuple(sorted(labels.items())), by)

    def _add(self, name: str, labels: Labels, by: int = 1) -> None:
        """Add to a counter; `labels` in the order of their names."""
        series = self._counters.setdefault(name, {})
        known = series.get(labels)
        if known is not None:
            series[labels] = known + by
        elif len(series) < _LABEL_SETS_MOST:
            series[labels] = by

    def add(self, name: str, by: int) -> None:
        """Move a gauge."""
        self._gauges[name] = self._gauges.get(name, 0) + by

    def observe(self, name: str, value: float, labels: Labels = ()) -> None:
        """Count `value` in a histogram; `labels` in the order of their names."""
        series = self._histograms[name]
        histogram = series.get(labels)
        if histogram is None:
            if len(series) >= _LABEL_SETS_MOST:
                return
            histogram = series[labels] = Histogram(_HISTOGRAMS[name][1])
        histogram.observe(value)

    def value(self, name: str, **labels: str) -> int:
        """Return a counter or gauge."""
        if name in self._gauges:
            return self._gauges[name]
        return self._counters.get(name, {}).get(tuple(sorted(labels.items())), 0)

    def closed(self, exchange: Exchange, outcome: str, now: float) -> None:
        """Count a closed exchange; `now` is when its closing began to be written."""
        self._add("guiju_exchanges_total", (("outcome", outcome),))
        self.observe("guiju_exchange_seconds", now - exchange.started)
        if exchange.first_byte_ms is not None:
            self.observe("guiju_first_byte_seconds", exchange.first_byte_ms / 1000)
        self._count_stages(exchange, now)
        self._count_decisions(exchange)
        if exchange.guards is not None:
            self._count_guards(exchange.guards)
        if exchange.usage:
            self._count_tokens(exchange)
        if exchange.request.is_stream and exchange.upstream:
            self.observe("guiju_held_characters", exchange.held_most)
        if left := exchange.released_characters:
            self._add("guiju_released_characters_total", (), left)
        if self.tracing is not None:
            self.tracing.closed(exchange, outcome, now)

    def waited(self, seconds: float) -> None:
        """Count how long a closing entry took to be durable."""
        self.observe("guiju_stage_seconds", seconds, _STAGES["evidence"])

    def _count_stages(self, exchange: Exchange, now: float) -> None:
        for stage, begin, end in exchange.stages(now):
            if stage in _STAGES:
                self.observe("guiju_stage_seconds", end - begin, _STAGES[stage])

    def _count_decisions(self, exchange: Exchange) -> None:
        given = exchange.input_decision
        if given is not None:
            self._count_decision(given, "input")
        made = exchange.output_decision or exchange.observed
        if made is not None:
            self._count_decision(made, "output")
        elif exchange.upstream and not exchange.failure:
            self._add("guiju_decisions_total", _ALLOWED_OUTPUT)

    def _count_decision(self, decision: Decision, scope: str) -> None:
        action = decision.action.value
        self._add("guiju_decisions_total", (("action", action), ("scope", scope)))
        risks = decision.risks or (() if decision.may_pass else ("undetermined",))
        for risk in risks:
            self._add("guiju_findings_total", (("action", action), ("risk", risk), ("scope", scope)))

    def _count_guards(self, log: GuardLog) -> None:
        for name, tally in log.tallies.items():
            for outcome in ("asked", "cached", "failed", "flagged"):
                if count := getattr(tally, outcome):
                    self.count("guiju_guard_texts_total", count, guard=name, outcome=outcome)

    def _count_tokens(self, exchange: Exchange) -> None:
        served = (("model", exchange.answered_model), ("upstream", exchange.upstream))
        for direction, field in _DIRECTIONS:
            tokens = exchange.usage.get(field)
            if isinstance(tokens, int) and tokens > 0:
                self._add("guiju_tokens_total", (direction, *served), tokens)

    def exposition(self) -> bytes:
        """Write everything as Prometheus text."""
        lines: list[str] = []
        for name, series in sorted(self._counters.items()):
            lines += [f"# HELP {name} {_COUNTERS.get(name, '')}", f"# TYPE {name} counter"]
            lines += [f"{name}{_labels(labels)} {value}" for labels, value in sorted(series.items())]
        gauges: dict[str, dict[Labels, float]] = {name: {(): value} for name, value in self._gauges.items()}
        for sample in self.samples:
            for name, labels, value in sample():
                gauges.setdefault(name, {})[labels] = value
        for name, found in sorted(gauges.items()):
            lines += [f"# HELP {name} {_GAUGES.get(name, '')}", f"# TYPE {name} gauge"]
            lines += [f"{name}{_labels(labels)} {value:g}" for labels, value in sorted(found.items())]
        for name, histograms in self._histograms.items():
            lines += [f"# HELP {name} {_HISTOGRAMS[name][0]}", f"# TYPE {name} histogram"]
            for labels, histogram in sorted(histograms.items()):
                lines += histogram.lines(name, labels)
        return ("\n".join(lines) + "\n").encode()


_ALLOWED_OUTPUT: Labels = (("action", Action.ALLOW.value), ("scope", "output"))
_DIRECTIONS = (
    (("direction", "input"), "prompt_tokens"),
    (("direction", "output"), "completion_tokens"),
)
_STAGES: dict[str, Labels] = {
    name: (("stage", name),) for name in ("moderate_input", "upstream", "release", "evidence")
}


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{key}="{_escape(value)}"' for key, value in labels)
    return "{" + ",".join(pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
