"""The shape of OpenAI's `POST /v1/moderations`, which other servers speak too.

Source: OpenAI API reference, moderations.
"""

from collections.abc import Iterator, Mapping

import orjson

from guiju.moderation.guards.interface import NonsenseError, Question, Said, Verdict

DOUBTFUL = 0.3
"""A class that is not flagged, with a score from here on, is controversial, so that a policy may act on its band."""


class OpenAIModeration:
    """Scores for each class."""

    path = "/moderations"

    def __init__(self, model: str) -> None:
        """Ask `model`; with none, the server chooses."""
        self._model = model

    def request(self, question: Question) -> Mapping[str, object]:
        """Return the body."""
        body: dict[str, object] = {"input": question.text}
        return {**body, "model": self._model} if self._model else body

    def verdict(self, body: bytes, question: Question) -> Verdict:  # noqa: ARG002 - the interface has it
        """Read flags and scores."""
        try:
            result = orjson.loads(body)["results"][0]
            flagged, flags, scores = result["flagged"], result["categories"], result.get("category_scores", {})
        except (orjson.JSONDecodeError, KeyError, IndexError, TypeError, AttributeError):
            raise NonsenseError("回答不是 moderations 格式") from None
        if not isinstance(flagged, bool) or not isinstance(flags, dict) or not isinstance(scores, dict):
            raise NonsenseError("回答不是 moderations 格式")
        said = tuple(_said(flags, scores))
        if flagged and not any(one.label == "unsafe" for one in said):
            return (*said, Said("", "unsafe", 1.0))
        return said


def _said(flags: Mapping[str, object], scores: Mapping[str, object]) -> Iterator[Said]:
    for name, flag in flags.items():
        score = scores.get(name, 1.0 if flag is True else 0.0)
        if not isinstance(score, (int, float)) or isinstance(score, bool) or not 0.0 <= score <= 1.0:
            raise NonsenseError("分数不在 0 与 1 之间")
        if flag not in {True, False, None}:
            raise NonsenseError("类别的值应为 true 或 false")
        if flag:
            yield Said(name, "unsafe", float(score))
        elif score >= DOUBTFUL:
            yield Said(name, "controversial", float(score))
