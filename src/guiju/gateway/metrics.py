"""Counters and histograms of this process, written as Prometheus text (exposition format 0.0.4)."""

from bisect import bisect_left
from collections.abc import Iterable

from guiju.gateway.exchange import Exchange
from guiju.moderation.guards.interface import GuardLog

_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_LABEL_SETS_MOST = 2000
_HELP = {
    "guiju_exchanges_total": "Exchanges that were closed, by outcome.",
    "guiju_calls_rejected_total": "Calls of known apps that could not be taken, by error code.",
    "guiju_calls_unauthenticated_total": "Calls without a valid key.",
    "guiju_findings_total": "Decisions against a text, by scope and risk.",
    "guiju_guard_texts_total": "Texts that guard models were asked about, by guard and what came of it.",
    "guiju_upstream_failures_total": "Failures of model servers, by upstream and code.",
    "guiju_evidence_unavailable_total": "Times that evidence could not be written and nothing was let out.",
    "guiju_internal_errors_total": "Faults of our own.",
    "guiju_released_characters_total": "Characters of answers that were let out.",
    "guiju_exchanges_open": "Exchanges that are open now.",
    "guiju_exchanges_queued": "Exchanges that wait for a place now.",
    "guiju_first_byte_seconds": "From the request to the first byte of a streamed answer.",
    "guiju_exchange_seconds": "From the request to the closing entry.",
}

Labels = tuple[tuple[str, str], ...]


class Histogram:
    """Counts by upper bound, as Prometheus wants them."""

    def __init__(self) -> None:
        """Begin empty."""
        self.counts = [0] * (len(_BUCKETS) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Count `value`, in seconds."""
        self.counts[bisect_left(_BUCKETS, value)] += 1
        self.total += value

    def lines(self, name: str) -> Iterable[str]:
        """Return the lines of the exposition."""
        running = 0
        for bound, count in zip((*map(str, _BUCKETS), "+Inf"), self.counts, strict=True):
            running += count
            yield f'{name}_bucket{{le="{bound}"}} {running}'
        yield f"{name}_sum {self.total:.6f}"
        yield f"{name}_count {running}"


class Metrics:
    """All that this process counts; the number of label sets is bounded."""

    def __init__(self) -> None:
        """Begin at zero."""
        self._counters: dict[str, dict[Labels, int]] = {}
        self._gauges: dict[str, int] = {}
        self._histograms = {"guiju_first_byte_seconds": Histogram(), "guiju_exchange_seconds": Histogram()}

    def count(self, name: str, by: int = 1, **labels: str) -> None:
        """Add `by` to a counter."""
        series = self._counters.setdefault(name, {})
        key = tuple(sorted(labels.items()))
        if key in series or len(series) < _LABEL_SETS_MOST:
            series[key] = series.get(key, 0) + by

    def add(self, name: str, by: int) -> None:
        """Move a gauge."""
        self._gauges[name] = self._gauges.get(name, 0) + by

    def value(self, name: str, **labels: str) -> int:
        """Return a counter or gauge."""
        if name in self._gauges:
            return self._gauges[name]
        return self._counters.get(name, {}).get(tuple(sorted(labels.items())), 0)

    def closed(self, exchange: Exchange, outcome: str, now: float) -> None:
        """Count a closed exchange."""
        self.count("guiju_exchanges_total", outcome=outcome)
        self._histograms["guiju_exchange_seconds"].observe(now - exchange.started)
        if exchange.first_byte_ms is not None:
            self._histograms["guiju_first_byte_seconds"].observe(exchange.first_byte_ms / 1000)
        for decision in (exchange.input_decision, exchange.output_decision):
            if decision is not None and not decision.may_pass:
                for risk in decision.risks or ("undetermined",):
                    self.count("guiju_findings_total", scope=decision.scope.value, risk=risk)
        if exchange.guards is not None:
            self._count_guards(exchange.guards)
        left = sum(
            len(part) for choice in exchange.choices.values() for parts in choice.released.values() for part in parts
        )
        if left:
            self.count("guiju_released_characters_total", left)

    def _count_guards(self, log: GuardLog) -> None:
        for name, tally in log.tallies.items():
            for outcome in ("asked", "cached", "failed", "flagged"):
                if count := getattr(tally, outcome):
                    self.count("guiju_guard_texts_total", count, guard=name, outcome=outcome)

    def exposition(self) -> bytes:
        """Write everything as Prometheus text."""
        lines: list[str] = []
        for name, series in sorted(self._counters.items()):
            lines += [f"# HELP {name} {_HELP.get(name, '')}", f"# TYPE {name} counter"]
            lines += [f"{name}{_labels(labels)} {value}" for labels, value in sorted(series.items())]
        for name, value in sorted(self._gauges.items()):
            lines += [f"# HELP {name} {_HELP.get(name, '')}", f"# TYPE {name} gauge", f"{name} {value}"]
        for name, histogram in self._histograms.items():
            lines += [f"# HELP {name} {_HELP[name]}", f"# TYPE {name} histogram", *histogram.lines(name)]
        return ("\n".join(lines) + "\n").encode()


def _labels(labels: Labels) -> str:
    if not labels:
        return ""
    pairs = (f'{key}="{_escape(value)}"' for key, value in labels)
    return "{" + ",".join(pairs) + "}"


def _escape(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
