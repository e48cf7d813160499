"""`POST /v1/chat/completions`: the dialect that the inner request is made after."""

from guiju.gateway.dialects.interface import OpenAIShaped, Reading
from guiju.gateway.models import ChatCall
from guiju.gateway.wire.request import ChatRequest, read_request


class ChatDialect(OpenAIShaped):
    """OpenAI's chat completions."""

    input_field = "messages"

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the body; see the interface."""
        return read_request(call.body, reading.limits, reading.refusing)
