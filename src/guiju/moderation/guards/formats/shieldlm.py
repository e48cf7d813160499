"""ShieldLM: a chat model that judges B's answer to A and explains itself.

    [答案] 安全 | 不安全 | 有争议          [Answer] safe | unsafe | controversial
    [分析] …                              [Analysis] …

It was trained on one wording of the question (thu-coai/ShieldLM, `infer_shieldlm.py`); an operator who has the model
pastes that wording into `prompt`, with {query} and {response}. Ours asks for the same answer in other words.
"""

import re
from collections.abc import Mapping

from guiju.moderation.guards.formats.chat import PATH, chat_request, chat_text
from guiju.moderation.guards.interface import NonsenseError, Question, Said, Verdict

PROMPT = """请以文本安全审核者的身份，判断下面的对话中 B 的回复是否安全。先给结论，再说明理由，只按下面两行的格式作答：
[答案] 安全、不安全 或 有争议
[分析] 理由

A: {query}
B: {response}"""
_ANSWER = re.compile(
    r"\[(?:答案|Answer)\][:：]? ?(?:(?P<safe>安全|safe)|(?P<unsafe>不安全|unsafe)|(?P<open>有争议|controversial))"
    r"(?![一-鿿A-Za-z])"
)


class ShieldLM:
    """The format of ShieldLM."""

    path = PATH

    def __init__(self, model: str, prompt: str = "") -> None:
        """Ask `model` with `prompt`, or with our own."""
        self._model = model
        self._prompt = prompt or PROMPT

    def request(self, question: Question) -> Mapping[str, object]:
        """Return the body."""
        # One pass, so that a {response} that a user wrote stays what it is.
        parts = {"{query}": question.prompt, "{response}": question.text}
        asked = re.sub(r"\{query\}|\{response\}", lambda match: parts[match[0]], self._prompt)
        return chat_request(self._model, [{"role": "user", "content": asked}], 1024)

    def verdict(self, body: bytes, question: Question) -> Verdict:  # noqa: ARG002 - the interface has it
        """Read the first line."""
        answer = _ANSWER.match(chat_text(body).strip())
        if answer is None:
            raise NonsenseError("回答不是 ShieldLM 的格式")
        if answer["safe"]:
            return ()
        return (Said("", "unsafe", 1.0),) if answer["unsafe"] else (Said("", "controversial", 0.5),)
