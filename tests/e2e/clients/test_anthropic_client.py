"""The real `anthropic` client talks to a model server that speaks the OpenAI protocol."""

import base64
from typing import Any, TypeAlias

import pytest
from tests.e2e.clients.conftest import RunningServer
from tests.factories.pictures import encoded, scene
from tests.flows.gateway.house import BANNED, REPLY

anthropic = pytest.importorskip("anthropic")
pytestmark = pytest.mark.clients
Client: TypeAlias = Any  # its union types would ask for a cast at every block
TEXT = "你好，这是一个回答。"
ASK: list[Any] = [{"role": "user", "content": "你好"}]
TOOL: dict[str, Any] = {
    "name": "weather",
    "description": "查天气",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}},
}


@pytest.fixture
def client(server: RunningServer) -> Client:
    server.upstream.text, server.upstream.whole, server.upstream.events = TEXT, None, []
    server.upstream.seen.clear()
    return anthropic.Anthropic(base_url=server.base_url.removesuffix("/v1"), api_key=server.key, max_retries=0)


def test_a_whole_message_with_the_upstreams_count_of_tokens(client: Client, server: RunningServer) -> None:
    answer = client.messages.create(
        model="m", max_tokens=50, system="你是助手", messages=ASK, stop_sequences=["完"], metadata={"user_id": "u-1"}
    )
    assert [block.text for block in answer.content] == [TEXT]
    assert (answer.stop_reason, answer.role, answer.model) == ("end_turn", "assistant", "m")
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (3, 5)
    assert answer.model_extra["guiju"]["decision"] == "allow"
    (seen,) = server.upstream.seen
    assert seen.body["messages"] == [{"role": "system", "content": "你是助手"}, *ASK]
    assert (seen.body["max_tokens"], seen.body["stop"]) == (50, ["完"])
    assert "user" not in seen.body
    raw = client.messages.with_raw_response.create(model="m", max_tokens=50, messages=ASK)
    assert '"Label":"1"' in raw.headers["x-aigc-label"]


def test_a_streamed_message_has_the_events_in_their_order(client: Client) -> None:
    kinds: list[str] = []
    with client.messages.stream(model="m", max_tokens=50, messages=ASK) as stream:
        kinds += [event.type for event in stream if event.type != "text"]
        final = stream.get_final_message()
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert set(kinds[2:-3]) == {"content_block_delta"}
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert final.content[0].text == TEXT
    assert (final.stop_reason, final.usage.input_tokens, final.usage.output_tokens) == ("end_turn", 3, 5)


@pytest.mark.parametrize("stream", [False, True])
def test_a_withheld_answer_is_a_refusal(client: Client, server: RunningServer, stream: bool) -> None:  # noqa: FBT001 - a table
    server.upstream.text = f"前{BANNED}后"
    if stream:
        with client.messages.stream(model="m", max_tokens=50, messages=ASK) as running:
            answer = running.get_final_message()
    else:
        answer = client.messages.create(model="m", max_tokens=50, messages=ASK)
    said = "".join(block.text for block in answer.content)
    assert said.endswith(REPLY)
    assert "禁" not in said
    assert answer.stop_reason == "refusal"
    refused = client.messages.create(model="m", max_tokens=50, messages=[{"role": "user", "content": BANNED}])
    assert (refused.content[0].text, refused.stop_reason) == (REPLY, "refusal")


def test_a_tool_is_called_and_its_result_comes_back(client: Client, server: RunningServer) -> None:
    function = {"name": "weather", "arguments": '{"city": "北京"}'}
    message = {
        "role": "assistant",
        "content": "我查一下",
        "tool_calls": [{"id": "c1", "type": "function", "function": function}],
    }
    server.upstream.whole = {"choices": [{"message": message, "finish_reason": "tool_calls"}]}
    answer = client.messages.create(
        model="m", max_tokens=50, messages=ASK, tools=[TOOL], tool_choice={"type": "tool", "name": "weather"}
    )
    assert answer.stop_reason == "tool_use"
    text, call = answer.content
    assert (text.text, call.name, call.input, call.id) == ("我查一下", "weather", {"city": "北京"}, "c1")
    assert server.upstream.seen[0].body["tools"][0]["function"]["name"] == "weather"
    assert server.upstream.seen[0].body["tool_choice"] == {"type": "function", "function": {"name": "weather"}}
    server.upstream.whole = None
    result = {"type": "tool_result", "tool_use_id": "c1", "content": [{"type": "text", "text": "晴"}]}
    talk = [*ASK, {"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}]
    assert client.messages.create(model="m", max_tokens=50, messages=talk, tools=[TOOL]).content[0].text == TEXT
    _, said, told = server.upstream.seen[1].body["messages"]
    assert said["content"] == "我查一下"
    assert said["tool_calls"][0]["function"] == {"name": "weather", "arguments": '{"city":"北京"}'}
    assert told == {"role": "tool", "content": "晴", "tool_call_id": "c1"}
    bad = {**result, "content": BANNED}
    refused = client.messages.create(model="m", max_tokens=50, messages=[*talk[:2], {"role": "user", "content": [bad]}])
    assert refused.stop_reason == "refusal"
    assert len(server.upstream.seen) == 2


def test_a_tool_is_called_in_a_stream(client: Client, server: RunningServer) -> None:
    call = {"index": 0, "id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city": '}}
    more = {"index": 0, "function": {"arguments": '"北京"}'}}
    deltas: list[Any] = [{"reasoning_content": "想"}, {"content": "查"}, {"tool_calls": [call]}, {"tool_calls": [more]}]
    server.upstream.events = [
        *({"choices": [{"index": 0, "delta": delta}]} for delta in deltas),
        {"choices": [{"index": 0, "delta": {}, "finish_reason": "tool_calls"}]},
    ]
    with client.messages.stream(model="events", max_tokens=50, messages=ASK, tools=[TOOL]) as stream:
        answer = stream.get_final_message()
    assert [block.type for block in answer.content] == ["thinking", "text", "tool_use"]
    assert answer.content[0].thinking == "想"
    assert answer.content[2].input == {"city": "北京"}
    assert answer.stop_reason == "tool_use"


def test_errors_are_the_clients_own_errors_and_name_the_place(client: Client, server: RunningServer) -> None:
    with pytest.raises(anthropic.NotFoundError):
        client.messages.create(model="nobody", max_tokens=5, messages=ASK)
    stranger = anthropic.Anthropic(base_url=server.base_url.removesuffix("/v1"), api_key="wrong", max_retries=0)
    with pytest.raises(anthropic.AuthenticationError) as wrong:
        stranger.messages.create(model="m", max_tokens=5, messages=ASK)
    assert wrong.value.body["error"]["type"] == "authentication_error"
    with pytest.raises(anthropic.InternalServerError):
        client.messages.create(model="error-500", max_tokens=5, messages=ASK)
    with (
        pytest.raises(anthropic.APIStatusError, match="断开"),
        client.messages.stream(model="die", max_tokens=5, messages=ASK) as stream,
    ):
        list(stream)
    source = {"type": "base64", "media_type": "image/png", "data": "no base64"}
    places: dict[str, Any] = {
        "messages[0].content[1].source.data": [{"type": "text", "text": "看"}, {"type": "image", "source": source}],
        "messages[0].content[0]": [{"type": "document", "source": {"type": "text", "data": "文"}}],
        "messages[0].content[0].text": [{"type": "text", "text": 5}],
        "messages[0].content[0].tool_use_id": [{"type": "tool_result"}],
    }
    for place, content in places.items():
        with pytest.raises(anthropic.BadRequestError) as bad:
            client.messages.create(model="m", max_tokens=5, messages=[{"role": "user", "content": content}])
        assert bad.value.body["error"]["param"] == place
    assert [seen.body["model"] for seen in server.upstream.seen] == ["error-500", "die"]


def test_a_picture_is_looked_at_and_sent_on(client: Client, server: RunningServer) -> None:
    data = base64.b64encode(encoded(scene(1))).decode()
    source = {"type": "base64", "media_type": "image/png", "data": data}
    content = [{"type": "text", "text": "看"}, {"type": "image", "source": source}]
    client.messages.create(model="m", max_tokens=5, system="s", messages=[{"role": "user", "content": content}])
    _, user = server.upstream.seen[0].body["messages"]
    assert user["content"][1]["image_url"]["url"] == f"data:image/png;base64,{data}"


def test_tokens_are_counted_without_asking_the_model_and_what_is_banned_is_refused(
    client: Client, server: RunningServer
) -> None:
    short = client.messages.count_tokens(model="m", messages=ASK)
    long = client.messages.count_tokens(
        model="m", system="你是助手", messages=[{"role": "user", "content": "你好" * 50}]
    )
    assert 0 < short.input_tokens < long.input_tokens
    assert server.upstream.seen == []
    with pytest.raises(anthropic.BadRequestError):
        client.messages.count_tokens(model="m", messages=[{"role": "user", "content": BANNED}])
    with pytest.raises(anthropic.NotFoundError):
        client.messages.count_tokens(model="nobody", messages=ASK)
