"""The OpenAI chat shape that most guards are served behind."""

import orjson

from guiju.moderation.guards.interface import NonsenseError, Question
from guiju.moderation.models import Scope

PATH = "/chat/completions"


def conversation(question: Question) -> list[dict[str, str]]:
    """Return the messages: what the user said, and the answer where that is to be judged."""
    if question.scope is Scope.INPUT:
        return [{"role": "user", "content": question.text}]
    return [{"role": "user", "content": question.prompt}, {"role": "assistant", "content": question.text}]


def chat_request(model: str, messages: list[dict[str, str]], most_tokens: int) -> dict[str, object]:
    """Return the body of a call that answers the same each time."""
    return {"model": model, "messages": messages, "temperature": 0, "max_tokens": most_tokens, "stream": False}


def chat_text(body: bytes) -> str:
    """Return what the model said.

    Raises:
        NonsenseError: the body has not the chat shape, or the answer was cut off.
    """
    try:
        choice = orjson.loads(body)["choices"][0]
        text, reason = choice["message"]["content"], choice.get("finish_reason")
    except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
        raise NonsenseError("回答不是 chat completions 格式") from None
    if not isinstance(text, str):
        raise NonsenseError("回答没有文字")
    if reason == "length":
        raise NonsenseError("回答被截断")
    return text
