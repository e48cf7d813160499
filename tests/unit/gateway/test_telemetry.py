"""Traces are off unless they are asked for, and say what to install where they cannot be on."""

import sys

import pytest

from guiju.gateway.telemetry.build import build_telemetry
from guiju.kit.errors import ConfigurationError


def test_without_an_address_there_is_nothing_and_nothing_is_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "guiju.gateway.telemetry.otlp", None)
    assert build_telemetry("") is None


def test_where_the_libraries_are_missing_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "guiju.gateway.telemetry.otlp", raising=False)
    monkeypatch.setitem(sys.modules, "opentelemetry.sdk.trace", None)
    with pytest.raises(ConfigurationError, match=r"guiju\[otel\]"):
        build_telemetry("http://127.0.0.1:4318")
