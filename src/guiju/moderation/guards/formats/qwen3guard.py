"""Qwen3Guard-Gen: a chat model that answers in two or three lines.

    Safety: Safe | Controversial | Unsafe
    Categories: None | name, name
    Refusal: Yes | No            (only about answers)

Source: model card Qwen/Qwen3Guard-Gen-4B; arXiv:2510.14276.
"""

import re
from collections.abc import Mapping

from guiju.moderation.guards.formats.chat import PATH, chat_request, chat_text, conversation
from guiju.moderation.guards.interface import NonsenseError, Question, Said, Verdict

_ANSWER = re.compile(r"Safety: (Safe|Controversial|Unsafe)\nCategories: ([^\n]{1,400})(?:\nRefusal: (?:Yes|No))?")
_SCORES = {"Unsafe": 1.0, "Controversial": 0.5}


class Qwen3Guard:
    """The generative format."""

    path = PATH

    def __init__(self, model: str) -> None:
        """Ask `model`."""
        self._model = model

    def request(self, question: Question) -> Mapping[str, object]:
        """Return the body; the model's own chat template asks the question."""
        return chat_request(self._model, conversation(question), 128)

    def verdict(self, body: bytes, question: Question) -> Verdict:  # noqa: ARG002 - the interface has it
        """Read the lines."""
        answer = _ANSWER.fullmatch(re.sub(r"[ \t]*\n[ \t]*", "\n", chat_text(body).strip()))
        if answer is None:
            raise NonsenseError("回答不是 Qwen3Guard 的格式")
        label, names = answer[1], [name.strip() for name in answer[2].split(",")]
        if label == "Safe":
            return ()
        named = [name for name in names if name and name != "None"] or [""]
        return tuple(Said(name, label.lower(), _SCORES[label]) for name in named)
