"""`POST /v1/completions`: texts that are to be gone on with."""

from guiju.gateway.dialects.interface import OpenAIShaped, Reading
from guiju.gateway.errors import UnsupportedContentError
from guiju.gateway.models import ChatCall, Turn
from guiju.gateway.wire.completions import CompletionWriter, as_conversation
from guiju.gateway.wire.fields import (
    check_choices,
    check_types,
    end_user,
    model_of,
    parse_body,
    strings_in,
    wants_usage,
    wrong,
)
from guiju.gateway.wire.request import PLAIN_FIELDS, ChatRequest

_PLAIN = PLAIN_FIELDS | {"best_of", "echo"}
_NUMBER = (int, float)
_TYPES: dict[str, tuple[type, ...]] = {
    "stream": (bool,),
    "echo": (bool,),
    "suffix": (str,),
    "best_of": (int,),
    "logprobs": (int,),
    "max_tokens": (int,),
    "temperature": _NUMBER,
    "top_p": _NUMBER,
    "presence_penalty": _NUMBER,
    "frequency_penalty": _NUMBER,
    "seed": (int,),
    "stop": (str, list),
    "stream_options": (dict,),
    "logit_bias": (dict,),
    "metadata": (dict,),
}


class CompletionsDialect(OpenAIShaped):
    """OpenAI's older completions."""

    input_field = "prompt"

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the body; see the interface."""
        fields = parse_body(call.body, reading.limits.depth)
        check_types(fields, _TYPES)
        prompts = _prompts(fields.get("prompt"))
        many, most = check_choices(fields, reading.limits.choices) * len(prompts), reading.limits.choices
        if many > most:
            raise wrong("prompt", f"与 n 相乘不超过 {most} 个的文本", f"at most {most} texts, counted n times")
        # Several prompts are several questions, which must not be read as turns of one.
        role = "user" if len(prompts) == 1 else "prompt"
        turns = [Turn(role, prompt) for prompt in prompts]
        others = {name: strings_in(fields[name]) for name in sorted(fields.keys() - _PLAIN - {"prompt"})}
        turns += [Turn(name[:40], "\n".join(texts)) for name, texts in others.items() if texts]
        return ChatRequest(
            fields=fields,
            model=model_of(fields),
            user=end_user(fields),
            turns=tuple(turns),
            is_stream=fields.get("stream") is True,
            wants_usage=wants_usage(fields),
            is_structured=False,
            wants_logprobs=fields.get("logprobs") is not None,
            path="/completions",
            reshape=as_conversation,
            plain=_PLAIN,
        )

    def writer(self, exchange_id: str, request: ChatRequest, created: int) -> CompletionWriter:
        """Write completions."""
        return CompletionWriter(exchange_id, request.model, created)


def _prompts(prompt: object) -> list[str]:
    if isinstance(prompt, str):
        return [prompt]
    if isinstance(prompt, list) and prompt and all(isinstance(one, str) for one in prompt):
        return list(prompt)
    if isinstance(prompt, list) and prompt and isinstance(prompt[0], int | list):
        raise UnsupportedContentError(
            "prompt 是词元编号，无法审核，因此不予放行；请发送文本。",
            "The prompt is token numbers, which nobody can moderate, so it is not let through; send text.",
            where="prompt",
        )
    raise wrong("prompt", "文本或非空的文本数组", "a text, or an array of texts that is not empty")
