"""Qwen3Guard-Stream behind a bridge: one risk level and one category for each token of the last message.

The model's authors publish a Python call, no HTTP protocol; neither vLLM's nor SGLang's server loads it. The bridge
takes `POST {base}/guard` with `{"model", "messages"}` and answers one line of JSON for each group of tokens that it has
judged, `{"risk_level": [...], "category": [...]}` (the fields of the model's `stream_moderate_from_ids`), and ends with
`{"done": true}`. Each call carries the conversation so far: a session kept over many calls is reported to slow down
without bound (QwenLM/Qwen3Guard#29).

A user's message is judged by its last token; of an answer, two tokens in a row must agree, as the authors evaluate it
(eval/eval_stream.py of the same project).
"""

import itertools
from collections.abc import Mapping

import orjson

from guiju.moderation.guards.formats.chat import conversation
from guiju.moderation.guards.interface import NonsenseError, Question, Said, Verdict
from guiju.moderation.models import Scope

_LEVELS = {"Safe": 0.0, "Controversial": 0.5, "Unsafe": 1.0}
_MOST_TOKENS = 1_000_000


class Qwen3GuardStream:
    """The token-level variant."""

    path = "/guard"

    def __init__(self, model: str) -> None:
        """Ask `model`."""
        self._model = model

    def request(self, question: Question) -> Mapping[str, object]:
        """Return the body."""
        return {"model": self._model, "messages": conversation(question)}

    def verdict(self, body: bytes, question: Question) -> Verdict:
        """Read the lines; without the last one the answer was cut, and nobody knows what it would have said."""
        tokens: list[tuple[str, str]] = []
        is_done = False
        for line in body.splitlines():
            if line.strip():
                if is_done:
                    raise NonsenseError("结束之后还有内容")
                is_done = _take(line, tokens)
        if not is_done or not tokens:
            raise NonsenseError("回答在结束之前中断")
        if question.scope is Scope.INPUT:
            return _said(tokens[-1:])
        agreed = [later for earlier, later in itertools.pairwise(tokens) if earlier[0] == later[0]]
        return _said(agreed if len(tokens) > 1 else tokens)


def _take(line: bytes, tokens: list[tuple[str, str]]) -> bool:
    """Read one line; whether it is the last."""
    try:
        said = orjson.loads(line)
    except orjson.JSONDecodeError:
        raise NonsenseError("回答不是逐行的 JSON") from None
    if not isinstance(said, dict):
        raise NonsenseError("回答不是逐行的 JSON 对象")
    if said.get("done") is True:
        return True
    levels, categories = said.get("risk_level"), said.get("category")
    if not isinstance(levels, list) or not isinstance(categories, list) or len(levels) != len(categories):
        raise NonsenseError("risk_level 与 category 应为等长的列表")
    for level, category in zip(levels, categories, strict=True):
        if level not in _LEVELS or not isinstance(category, str) or len(tokens) >= _MOST_TOKENS:
            raise NonsenseError("不认识的风险级别")
        tokens.append((level, category))
    return False


def _said(tokens: list[tuple[str, str]]) -> Verdict:
    gravest = max((level for level, _ in tokens), key=_LEVELS.__getitem__, default="Safe")
    if gravest == "Safe":
        return ()
    names = dict.fromkeys(category for level, category in tokens if level == gravest)
    return tuple(Said(name, gravest.lower(), _LEVELS[gravest]) for name in names)
