"""What admission hears of a chat request."""

from guiju.gateway.admission.models import Asking
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
    characters = sum(len(turn.text) for turn in request.turns)
    return Asking(app, call, request.user, request.model, characters, frozenset(functions))
