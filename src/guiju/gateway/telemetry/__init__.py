"""Traces and metrics for the operator's own OpenTelemetry collector; what anybody said is never in them."""
