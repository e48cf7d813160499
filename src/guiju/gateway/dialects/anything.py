"""Endpoints that the operator lets pass and that nobody here knows: their texts are moderated, both ways."""

from guiju.gateway.dialects.forms import not_streamed
from guiju.gateway.dialects.interface import OpenAIShaped, Reading
from guiju.gateway.dialects.translation import unmoderated
from guiju.gateway.models import ChatCall, Turn
from guiju.gateway.wire.fields import end_user, model_of, parse_body, strings_in
from guiju.gateway.wire.request import ChatRequest

_PLAIN = frozenset(("model", "user", "safety_identifier", "metadata", "store", "stream"))


class AnythingDialect(OpenAIShaped):
    """JSON in and JSON out, each text of it moderated; no media, no streams."""

    input_field = ""

    def __init__(self, path: str) -> None:
        """Be asked at `path` of a model server."""
        self._path = path

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the body; see the interface."""
        fields = parse_body(call.body, reading.limits.depth)
        not_streamed(fields, "stream")
        turns: list[Turn] = []
        for name in sorted(fields.keys() - _PLAIN):
            words = strings_in(fields[name])
            if any(word[:5].lower() == "data:" for word in words):
                raise unmoderated("data:", name[:40])
            turns += [Turn(name[:40], "\n".join(words))] if words else []
        return ChatRequest(
            fields=fields,
            model=model_of(fields),
            user=end_user(fields),
            turns=tuple(turns),
            is_stream=False,
            wants_usage=False,
            is_structured=False,
            path=self._path,
            is_conversation=False,
            plain=_PLAIN,
        )
