"""The operator's YAML is taken, or the place that is wrong is named."""

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from guiju.gateway.admission_settings import SECTIONS, read_admission
from guiju.gateway.configuration import BUILT_IN, load_configuration, read_configuration
from guiju.gateway.configuration_schema import configuration_schema
from guiju.gateway.models import BreakerSettings, Patience
from guiju.kit.errors import ConfigurationError

EXAMPLE = """
provider_code: "001191440300708461136T1WFUO"
upstreams:
  - name: vllm-1
    base_url: http://127.0.0.1:8001/v1
    api_key_env: VLLM_KEY
    models: {qwen: Qwen/Qwen3-8B}
  - name: deepseek
    base_url: https://api.example.invalid
    models: "*"
    weight: 3
    patience: {first_byte: 7}
  - {name: echo, kind: echo}
limits: {body_bytes: 1000}
patience: {idle: 3.5}
breaker: {failures: 5, open_seconds: 2}
"""


def test_no_file_means_the_two_built_in_models(tmp_path: Path) -> None:
    settings = load_configuration(tmp_path / "none.yaml")
    assert settings == BUILT_IN
    assert [upstream.kind for upstream in settings.upstreams] == ["law-assistant", "echo"]


def test_the_example_is_read(tmp_path: Path) -> None:
    path = tmp_path / "guiju.yaml"
    path.write_text(EXAMPLE, encoding="utf-8")
    settings = load_configuration(path, {"VLLM_KEY": "secret"})
    first, second, third = settings.upstreams
    assert (first.name, first.kind, first.api_key) == ("vllm-1", "openai", "secret")
    assert first.models == (("qwen", "Qwen/Qwen3-8B"),)
    assert second.models is None
    assert third.models == (("echo", "echo"),)
    assert settings.limits.body_bytes == 1000
    assert settings.patience.idle == 3.5
    assert (first.weight, second.weight, first.patience) == (0, 3, None)
    assert second.patience == Patience(first_byte=7, idle=3.5)
    assert settings.breaker == BreakerSettings(failures=5, open_seconds=2)
    assert "secret" not in repr(settings)


def test_the_schema_takes_the_example_and_knows_every_key_that_the_reader_knows() -> None:
    schema: Any = configuration_schema()
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(yaml.safe_load(EXAMPLE))
    assert not Draft202012Validator(schema).is_valid({"upstreams": [{"name": "x", "weight": -1}]})
    with pytest.raises(ConfigurationError) as caught:
        read_configuration({"?": 1}, {}, "x")
    known = str(caught.value).rsplit("known are ", 1)[1].rstrip(".").split(", ")
    assert sorted(known) == sorted(schema["properties"])
    for section in SECTIONS:
        with pytest.raises(ConfigurationError) as caught:
            read_admission({section: {"?": 1}}, "x")
        known = str(caught.value).rsplit("known are ", 1)[1].rstrip(".").split(", ")
        assert sorted(known) == sorted(schema["properties"][section]["properties"])
    with pytest.raises(ConfigurationError) as caught:
        read_configuration({"upstreams": [{"?": 1}]}, {}, "x")
    known = str(caught.value).rsplit("known are ", 1)[1].rstrip(".").split(", ")
    assert sorted(known) == sorted(schema["properties"]["upstreams"]["items"]["properties"])


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("upstreams: []", "upstreams"),
        ("upstreams: 5", "upstreams"),
        ("[]", "guiju.yaml"),
        ("a: b", "'a'"),
        ("upstreams: [{name: x}]", "base_url"),
        ("upstreams: [{name: x, base_url: ftp://x}]", "base_url"),
        ("upstreams: [{name: x, base_url: 'http://x:port'}]", "base_url"),
        ("upstreams: [{name: x, kind: gguf}]", "path"),
        ("upstreams: [{name: x, kind: gguf, path: /there/is/no/such.gguf}]", "path"),
        ("upstreams: [{name: x, base_url: 'http://me:secret@x'}]", "base_url"),
        ("upstreams: [{name: x, base_url: 'http://x/ y'}]", "base_url"),
        ("upstreams: [{name: x, base_url: 'http://x', api_key: '钥匙'}]", "api_key"),
        ("upstreams: [{name: 'a b', kind: echo}]", "name"),
        ("upstreams: [{name: x, kind: magic}]", "kind"),
        ("upstreams: [{name: x, kind: echo}, {name: x, kind: echo}]", "upstreams"),
        ("upstreams: [{name: x, base_url: 'http://x', api_key_env: NOT_SET}]", "NOT_SET"),
        ("upstreams: [{name: x, base_url: 'http://x', models: 5}]", "models"),
        ("upstreams: [{name: x, base_url: 'http://x', modles: '*'}]", "modles"),
        ("limits: {body_bytes: -1}", "body_bytes"),
        ("limits: {body_bytes: many}", "body_bytes"),
        ("limits: {body_bytes: true}", "body_bytes"),
        ("limits: {n: 1}", "'n'"),
        ("limits: {answer_bytes: 99999999}", "answer_bytes"),
        ("patience: [1]", "patience"),
        ("provider_code: 5", "provider_code"),
        ("health_seconds: 0", "health_seconds"),
        ("breaker: {failures: 0}", "failures"),
        ("breaker: {seconds: 1}", "'seconds'"),
        ("upstreams: [{name: x, kind: echo, weight: -1}]", "weight"),
        ("upstreams: [{name: x, kind: echo, weight: true}]", "weight"),
        ("upstreams: [{name: x, kind: echo, patience: {idle: 1}}]", "patience"),
        ("upstreams: [{name: x, base_url: 'http://x', patience: {tries: 1}}]", "tries"),
        ("upstreams: [", "YAML"),
    ],
)
def test_what_is_wrong_is_named_in_both_languages(tmp_path: Path, text: str, named: str) -> None:
    path = tmp_path / "guiju.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigurationError) as caught:
        load_configuration(path, {})
    assert named in str(caught.value)
    assert caught.value.zh
    assert caught.value.en


def test_a_file_that_is_no_text_is_a_clear_error(tmp_path: Path) -> None:
    path = tmp_path / "guiju.yaml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError):
        load_configuration(path)


YAML = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["upstreams", "limits", "name", "kind", "models", "base_url", "idle"]), inner)
    ),
    max_leaves=12,
)


@given(YAML)
def test_any_tree_is_taken_or_refused_clearly(tree: object) -> None:
    try:
        read_configuration(tree, {}, "x")
    except ConfigurationError as error:
        assert error.where  # noqa: PT017 - either outcome is right


def test_no_endpoint_passes_unless_it_is_named() -> None:
    assert BUILT_IN.pass_through == ()
    assert read_configuration({}, {}, "x").pass_through == ()
    named = read_configuration({"pass_through": ["/v1/rerank", "/v1/a/b-c.d"]}, {}, "x")
    assert named.pass_through == ("/v1/rerank", "/v1/a/b-c.d")


@pytest.mark.parametrize(
    "value",
    ["*", ["*"], ["/v1/*"], ["/v2/x"], ["/v1/"], ["/v1/../x"], ["/v1/messages"], ["/v1/models"], [5], {}, True],
)
def test_a_path_that_cannot_be_let_pass_is_refused(value: object) -> None:
    with pytest.raises(ConfigurationError, match=r"pass_through|端点"):
        read_configuration({"pass_through": value}, {}, "guiju.yaml")
