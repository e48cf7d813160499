"""The real `openai` client on the endpoints besides chat completions."""

import base64
from typing import Any

import openai
import pytest
from langchain_openai import OpenAIEmbeddings
from pydantic import SecretStr
from tests.e2e.clients.conftest import RunningServer
from tests.factories.labeller import label_of
from tests.flows.gateway.house import BANNED, REPLY
from tests.flows.gateway.samples import PNG, WAV

pytestmark = pytest.mark.clients
TEXT = "你好，这是一个回答。"
FUNCTION: Any = {
    "type": "function",
    "name": "weather",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
    "strict": False,
}


@pytest.fixture
def client(server: RunningServer) -> openai.OpenAI:
    server.upstream.text, server.upstream.whole, server.upstream.events = TEXT, None, []
    server.upstream.seen.clear()
    return openai.OpenAI(base_url=server.base_url, api_key=server.key, max_retries=0)


def test_completions_whole_and_streamed(client: openai.OpenAI, server: RunningServer) -> None:
    answer = client.completions.create(model="m", prompt="从前", echo=True, suffix="。", logprobs=1)
    assert answer.choices[0].text == f"从前{TEXT}"
    assert answer.choices[0].logprobs is not None
    assert answer.choices[0].logprobs.tokens == list(f"从前{TEXT}")
    assert answer.usage is not None
    assert answer.usage.total_tokens == 8
    chunks = list(
        client.completions.create(model="m", prompt=["从前"], stream=True, stream_options={"include_usage": True})
    )
    assert "".join(chunk.choices[0].text for chunk in chunks if chunk.choices) == TEXT
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "stop"
    assert chunks[-1].usage is not None
    server.upstream.text = f"前{BANNED}"
    held = client.completions.create(model="m", prompt="从前")
    assert (held.choices[0].text, held.choices[0].finish_reason) == (REPLY, "content_filter")
    with pytest.raises(openai.BadRequestError) as numbers:
        client.completions.create(model="m", prompt=[1, 2, 3])
    assert numbers.value.param == "prompt"
    with pytest.raises(openai.BadRequestError):
        client.completions.create(model="m", prompt=["一"] * 5, n=2)


def test_a_response(client: openai.OpenAI, server: RunningServer) -> None:
    answer = client.responses.create(
        model="m", instructions="你是助手", input="你好", include=["message.output_text.logprobs"], store=False
    )
    assert answer.output_text == TEXT
    assert (answer.status, answer.store if hasattr(answer, "store") else False) == ("completed", False)
    assert answer.usage is not None
    assert (answer.usage.input_tokens, answer.usage.output_tokens, answer.usage.total_tokens) == (3, 5, 8)
    assert answer.model_extra is not None
    assert answer.model_extra["guiju"]["decision"] == "allow"
    (seen,) = server.upstream.seen
    assert [message["role"] for message in seen.body["messages"]] == ["system", "user"]
    assert seen.body["logprobs"] is True


def test_a_streamed_response_has_the_events_in_their_order(client: openai.OpenAI) -> None:
    with client.responses.stream(model="m", input=[{"role": "user", "content": "你好"}]) as stream:
        events = list(stream)
        final = stream.get_final_response()
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert set(kinds[4:-4]) == {"response.output_text.delta"}
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert final.output_text == TEXT


@pytest.mark.parametrize("stream", [False, True])
def test_a_withheld_response_is_incomplete(client: openai.OpenAI, server: RunningServer, stream: bool) -> None:  # noqa: FBT001 - a table
    server.upstream.text = f"前{BANNED}后"
    if stream:
        events = list(client.responses.create(model="m", input="你好", stream=True))
        assert "禁" not in "".join(event.delta for event in events if event.type == "response.output_text.delta")
        assert events[-1].type == "response.incomplete"
        answer = events[-1].response
    else:
        answer = client.responses.create(model="m", input="你好")
    assert answer.output_text.endswith(REPLY)
    assert answer.status == "incomplete"
    assert answer.incomplete_details is not None
    assert answer.incomplete_details.reason == "content_filter"


@pytest.mark.parametrize("stream", [False, True])
def test_functions_are_called_and_their_results_come_back(
    client: openai.OpenAI,
    server: RunningServer,
    stream: bool,  # noqa: FBT001 - a table
) -> None:
    function = {"name": "weather", "arguments": '{"city": "北京"}'}
    call = {"index": 0, "id": "c1", "type": "function", "function": function}
    server.upstream.whole = {"choices": [{"message": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    server.upstream.events = [
        {"choices": [{"index": 0, "delta": {"tool_calls": [call]}, "finish_reason": "tool_calls"}]}
    ]
    model = "events" if stream else "m"
    if stream:
        with client.responses.stream(model=model, input="天气", tools=[FUNCTION], tool_choice="required") as running:
            answer: Any = running.get_final_response()
    else:
        answer = client.responses.create(model=model, input="天气", tools=[FUNCTION], tool_choice="required")
    (item,) = answer.output
    assert (item.type, item.name, item.arguments, item.call_id) == (
        "function_call",
        "weather",
        '{"city": "北京"}',
        "c1",
    )
    server.upstream.whole = None
    talk: Any = [
        {"role": "user", "content": [{"type": "input_text", "text": "天气"}]},
        {"type": "function_call", "call_id": "c1", "name": "weather", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "c1", "output": "晴"},
    ]
    assert client.responses.create(model="m", input=talk, tools=[FUNCTION]).output_text == TEXT
    user, said, told = server.upstream.seen[-1].body["messages"]
    assert user == {"role": "user", "content": "天气"}
    assert said["tool_calls"][0]["function"]["name"] == "weather"
    assert told == {"role": "tool", "content": "晴", "tool_call_id": "c1"}


def test_json_and_what_needs_a_memory(client: openai.OpenAI, server: RunningServer) -> None:
    server.upstream.text = '{"a": 1}'
    form: Any = {"format": {"type": "json_schema", "name": "s", "schema": {"type": "object"}}}
    assert client.responses.create(model="m", input="给我", text=form).output_text == '{"a": 1}'
    assert server.upstream.seen[0].body["response_format"]["json_schema"]["name"] == "s"
    asks: list[tuple[str, Any]] = [
        ("store", {"store": True}),
        ("previous_response_id", {"previous_response_id": "resp_1"}),
        ("background", {"background": True}),
        ("tools[0].type", {"tools": [{"type": "web_search"}]}),
        ("input[0].content[0]", {"input": [{"role": "user", "content": [{"type": "input_file", "file_id": "f"}]}]}),
    ]
    for place, more in asks:
        with pytest.raises(openai.BadRequestError) as bad:
            client.responses.create(**{"model": "m", "input": "你好", **more})
        assert bad.value.param == place
    assert len(server.upstream.seen) == 1


def test_a_response_that_breaks_raises_in_the_client(client: openai.OpenAI) -> None:
    with pytest.raises(openai.APIError, match="断开"):
        list(client.responses.create(model="die", input="你好", stream=True))


def test_embeddings_and_moderations(client: openai.OpenAI, server: RunningServer) -> None:
    vectors = client.embeddings.create(model="m", input=["一", "二"], encoding_format="float")
    assert [row.embedding for row in vectors.data] == [[0.25, -1.0]] * 2
    assert vectors.usage.total_tokens == 3
    verdict = client.moderations.create(input=["你好", BANNED])
    assert [row.flagged for row in verdict.results] == [False, True]
    assert verdict.results[1].categories.violence
    assert verdict.results[1].category_scores.violence == 1.0
    assert verdict.results[1].category_applied_input_types.violence == ["text"]
    assert [seen.path for seen in server.upstream.seen] == ["/v1/embeddings"]


def test_pictures_are_made_and_changed(client: openai.OpenAI, server: RunningServer) -> None:
    server.upstream.medium = PNG
    for answer in (
        client.images.generate(model="m", prompt="一只猫"),
        client.images.edit(model="m", prompt="一只猫", image=("a.png", PNG, "image/png")),
        client.images.edit(model="m", prompt="一只猫", image=[("a.png", PNG), ("b.png", PNG)], n=1),
    ):
        assert answer.data is not None
        assert label_of(base64.b64decode(answer.data[0].b64_json or ""))["Label"] == "1"
    assert server.upstream.seen[-1].raw.count(b'name="image[]"; filename=') == 2
    with pytest.raises(openai.BadRequestError) as refused:
        client.images.generate(model="m", prompt=BANNED)
    assert refused.value.code == "content_filter"
    with pytest.raises(openai.BadRequestError) as streamed:
        list(client.images.generate(model="m", prompt="猫", stream=True))
    assert streamed.value.param == "stream"


def test_speech_and_its_way_back(client: openai.OpenAI, server: RunningServer) -> None:
    server.upstream.medium = WAV
    spoken = client.audio.speech.create(model="m", voice="alloy", input="你好", response_format="wav")
    assert label_of(spoken.read())["Label"] == "1"
    sound = ("a.wav", WAV, "audio/wav")
    assert client.audio.transcriptions.create(model="m", file=sound, language="zh").text == TEXT
    assert client.audio.translations.create(model="m", file=sound).text == TEXT
    assert str(client.audio.transcriptions.create(model="m", file=sound, response_format="text")).strip() == TEXT
    verbose = client.audio.transcriptions.create(
        model="m", file=sound, response_format="verbose_json", timestamp_granularities=["segment"]
    )
    assert [segment.text for segment in verbose.segments or ()] == list(TEXT)
    assert server.upstream.seen[-1].body["timestamp_granularities[]"] == "segment"
    server.upstream.text = f"前{BANNED}"
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.transcriptions.create(model="m", file=sound)
    assert refused.value.code == "content_filter"


def test_langchains_embeddings(server: RunningServer) -> None:
    vectors = OpenAIEmbeddings(
        model="m", base_url=server.base_url, api_key=SecretStr(server.key), check_embedding_ctx_length=False
    )
    assert vectors.embed_query("你好") == [0.25, -1.0]


def test_a_path_that_the_operator_lets_pass(client: openai.OpenAI) -> None:
    answer = client.post("/rerank", body={"model": "m", "query": "问", "documents": ["甲"]}, cast_to=object)
    assert isinstance(answer, dict)
    assert answer["results"][0]["text"] == TEXT
    with pytest.raises(openai.NotFoundError, match="/v1/responses"):
        client.post("/score", body={"model": "m"}, cast_to=object)
