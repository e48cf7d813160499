"""What admission hears of a chat request."""

from dataclasses import replace

from guiju.gateway.entrance.models import Asking
from guiju.gateway.models import App, ChatCall
from guiju.gateway.wire.request import ChatRequest


def asking(app: App, call: ChatCall, request: ChatRequest) -> Asking:
    """Tell admission of a request."""
    functions = {
        name
        for name, is_used in (
            ("stream", request.is_stream),
            ("tools", bool(request.fields.get("tools"))),
            ("media", bool(request.media)),
        )
        if is_used
    }
    octets = sum(len(turn.text.encode(errors="replace")) for turn in request.turns)
    return Asking(app, call, request.user, request.model, octets, frozenset(functions))


def with_usage(request: ChatRequest) -> ChatRequest:
    """Return a streamed request that asks the model server to say how many tokens there were.

    Whether the client hears it still depends on what the client asked.
    """
    options = request.fields.get("stream_options")
    known = options if isinstance(options, dict) else {}
    return replace(request, fields={**request.fields, "stream_options": {**known, "include_usage": True}})
