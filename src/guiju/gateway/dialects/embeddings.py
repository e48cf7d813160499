"""`POST /v1/embeddings`: texts become vectors."""

from guiju.gateway.dialects.interface import OpenAIShaped, Reading
from guiju.gateway.errors import UnsupportedContentError
from guiju.gateway.models import ChatCall, Turn
from guiju.gateway.wire.fields import check_types, end_user, model_of, parse_body, strings_in, wrong
from guiju.gateway.wire.request import ChatRequest

_PLAIN = frozenset(("model", "user", "safety_identifier", "metadata", "store", "encoding_format", "dimensions"))
_TYPES: dict[str, tuple[type, ...]] = {"dimensions": (int,), "metadata": (dict,)}
_FORMATS = (None, "float", "base64")


class EmbeddingsDialect(OpenAIShaped):
    """OpenAI's embeddings."""

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the body; see the interface."""
        fields = parse_body(call.body, reading.limits.depth)
        check_types(fields, _TYPES)
        if fields.get("encoding_format") not in _FORMATS:
            raise wrong("encoding_format", " float、base64 之一", "one of float, base64")
        texts = texts_of(fields.get("input"), reading.limits.messages)
        others = {name: strings_in(fields[name]) for name in sorted(fields.keys() - _PLAIN - {"input"})}
        return ChatRequest(
            fields=fields,
            model=model_of(fields),
            user=end_user(fields),
            turns=(
                *(Turn("input", text) for text in texts),
                *(Turn(name[:40], "\n".join(words)) for name, words in others.items() if words),
            ),
            is_stream=False,
            wants_usage=False,
            is_structured=False,
            path="/embeddings",
            is_conversation=False,
            plain=_PLAIN,
        )


def texts_of(given: object, most: int) -> list[str]:
    """Return the texts of an `input` that is one or several.

    Raises:
        UnsupportedContentError: they are token numbers.
        MalformedRequestError: it is something else.
    """
    if isinstance(given, str):
        return [given]
    if isinstance(given, list) and 0 < len(given) <= most and all(isinstance(text, str) for text in given):
        return list(given)
    if isinstance(given, list) and given and isinstance(given[0], int | list):
        raise UnsupportedContentError(
            "input 是词元编号，无法审核，因此不予放行；请发送文本。",
            "The input is token numbers, which nobody can moderate, so it is not let through; send text.",
            where="input",
        )
    raise wrong("input", f"文本，或 1 到 {most} 段文本的数组", f"a text, or an array of 1 to {most} texts")
