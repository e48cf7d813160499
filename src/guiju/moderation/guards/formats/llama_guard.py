r"""Llama Guard: a chat model that answers `safe`, or `unsafe` and a line of codes, such as `S1,S10`.

Source: model card meta-llama/Llama-Guard-3-8B.
"""

import re
from collections.abc import Mapping

from guiju.moderation.guards.formats.chat import PATH, chat_request, chat_text, conversation
from guiju.moderation.guards.interface import NonsenseError, Question, Said, Verdict

_ANSWER = re.compile(r"(?P<safe>safe)|unsafe[ \t]*\n[ \t]*(?P<codes>S[0-9]{1,2}(?:[ \t]*,[ \t]*S[0-9]{1,2}){0,30})")


class LlamaGuard:
    """The format of Llama Guard 2, 3 and 4."""

    path = PATH

    def __init__(self, model: str) -> None:
        """Ask `model`."""
        self._model = model

    def request(self, question: Question) -> Mapping[str, object]:
        """Return the body; the model's own chat template asks the question."""
        return chat_request(self._model, conversation(question), 64)

    def verdict(self, body: bytes, question: Question) -> Verdict:  # noqa: ARG002 - the interface has it
        """Read the one or two lines."""
        answer = _ANSWER.fullmatch(chat_text(body).strip())
        if answer is None:
            raise NonsenseError("回答不是 Llama Guard 的格式")
        if answer["safe"]:
            return ()
        return tuple(Said(code.strip()) for code in answer["codes"].split(","))
