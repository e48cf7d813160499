"""The real `openai` client and LangChain's ChatOpenAI talk to a running gateway."""

import openai
import pytest
from langchain_openai import ChatOpenAI
from pydantic import SecretStr
from tests.e2e.clients.conftest import RunningServer
from tests.flows.gateway.house import BANNED, REPLY

pytestmark = pytest.mark.clients
TEXT = "你好，这是一个回答。"


@pytest.fixture
def client(server: RunningServer) -> openai.OpenAI:
    server.upstream.text = TEXT
    return openai.OpenAI(base_url=server.base_url, api_key=server.key, max_retries=0)


def test_models_are_listed(client: openai.OpenAI) -> None:
    assert {"echo", "m"} <= {model.id for model in client.models.list()}


def test_a_whole_answer(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "你好"}], user="u")
    assert answer.choices[0].message.content == TEXT
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage is not None
    assert answer.usage.total_tokens == 8
    assert answer.model_extra is not None
    assert answer.model_extra["guiju"]["decision"] == "allow"


def test_the_label_is_in_the_header(client: openai.OpenAI) -> None:
    raw = client.chat.completions.with_raw_response.create(model="m", messages=[{"role": "user", "content": "你好"}])
    assert '"Label":"1"' in raw.headers["x-aigc-label"]


def test_a_streamed_answer(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(
        model="m", messages=[{"role": "user", "content": "你好"}], stream=True, stream_options={"include_usage": True}
    )
    chunks = list(stream)
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == TEXT
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None


@pytest.mark.parametrize("stream", [False, True])
def test_a_withheld_answer_says_content_filter(client: openai.OpenAI, server: RunningServer, stream: bool) -> None:  # noqa: FBT001 - a table
    server.upstream.text = f"前{BANNED}后"
    if stream:
        chunks = list(
            client.chat.completions.create(model="m", messages=[{"role": "user", "content": "你好"}], stream=True)
        )
        said = "".join(chunk.choices[0].delta.content or "" for chunk in chunks)
        reason = chunks[-1].choices[0].finish_reason
    else:
        answer = client.chat.completions.create(model="m", messages=[{"role": "user", "content": "你好"}])
        said, reason = answer.choices[0].message.content or "", answer.choices[0].finish_reason
    assert said.endswith(REPLY)
    assert "禁" not in said
    assert reason == "content_filter"


def test_the_echo_drill_is_held_back(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(model="echo", messages=[{"role": "user", "content": "回声"}])
    assert answer.choices[0].message.content == "回声"


def test_errors_are_the_clients_own_errors(client: openai.OpenAI, server: RunningServer) -> None:
    with pytest.raises(openai.NotFoundError) as missing:
        client.chat.completions.create(model="nobody", messages=[{"role": "user", "content": "x"}])
    assert missing.value.code == "model_not_found"
    with pytest.raises(openai.BadRequestError):
        client.chat.completions.create(model="m", messages=[])
    stranger = openai.OpenAI(base_url=server.base_url, api_key="wrong", max_retries=0)
    with pytest.raises(openai.AuthenticationError):
        stranger.chat.completions.create(model="m", messages=[{"role": "user", "content": "x"}])
    with pytest.raises(openai.AuthenticationError):
        stranger.models.list()
    with pytest.raises(openai.InternalServerError):
        client.chat.completions.create(model="error-500", messages=[{"role": "user", "content": "x"}])


def test_a_stream_that_breaks_raises_in_the_client(client: openai.OpenAI) -> None:
    stream = client.chat.completions.create(model="die", messages=[{"role": "user", "content": "x"}], stream=True)
    with pytest.raises(openai.APIError, match="断开"):
        list(stream)


def test_tool_calls_arrive_whole(client: openai.OpenAI, server: RunningServer) -> None:
    pieces = ['{"city"', ': "北京"}']
    deltas: list[object] = [
        {
            "tool_calls": [
                {"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": ""}}
            ]
        },
        *({"tool_calls": [{"index": 0, "function": {"arguments": piece}}]} for piece in pieces),
    ]
    events: list[object] = [{"choices": [{"index": 0, "delta": delta, "finish_reason": None}]} for delta in deltas]
    server.upstream.events = [*events, {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]}]
    with client.chat.completions.stream(model="events", messages=[{"role": "user", "content": "天气"}]) as stream:
        final = stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert calls is not None
    assert calls[0].function.name == "weather"
    assert calls[0].function.arguments == '{"city": "北京"}'


@pytest.mark.parametrize("streaming", [False, True])
def test_langchain_invokes_and_streams(server: RunningServer, streaming: bool) -> None:  # noqa: FBT001 - a table
    server.upstream.text = TEXT
    model = ChatOpenAI(
        model="m", base_url=server.base_url, api_key=SecretStr(server.key), max_retries=0, streaming=streaming
    )
    answer = model.invoke("你好")
    assert answer.content == TEXT
    assert answer.response_metadata["finish_reason"] == "stop"
    parts = [str(chunk.content) for chunk in model.stream("你好")]
    assert "".join(parts) == TEXT
    assert not streaming or len(parts) > 2
    server.upstream.text = f"前{BANNED}"
    assert model.invoke("你好").response_metadata["finish_reason"] == "content_filter"
