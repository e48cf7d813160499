"""`POST /v1/moderations`: what the gateway's own engine thinks of texts and pictures; no model server is asked."""

from guiju.gateway.dialects.embeddings import texts_of
from guiju.gateway.dialects.interface import OpenAIShaped, Reading
from guiju.gateway.dialects.translation import Conversation, object_at, text_at, unmoderated
from guiju.gateway.models import ChatCall, Turn
from guiju.gateway.wire.fields import end_user, model_of, parse_body
from guiju.gateway.wire.request import ChatRequest

MODEL = "guiju-moderation"


class ModerationsDialect(OpenAIShaped):
    """OpenAI's moderations."""

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the body; see the interface. An array of parts is one thing to judge, an array of texts are several."""
        fields = parse_body(call.body, reading.limits.depth)
        given = fields.get("input")
        talk = Conversation(reading)
        if isinstance(given, list) and given and isinstance(given[0], dict):
            texts = [_part(talk, part, f"input[{at}]") for at, part in enumerate(given[: reading.limits.messages])]
            turns = [Turn("parts", "\n".join(text for text in texts if text))]
        else:
            turns = [Turn("input", text) for text in texts_of(given, reading.limits.messages)]
        return ChatRequest(
            fields=fields,
            model=model_of({"model": MODEL, **fields}),
            user=end_user(fields),
            turns=tuple(turns),
            is_stream=False,
            wants_usage=False,
            is_structured=False,
            media=tuple(talk.media),
            is_conversation=False,
            plain=frozenset(fields),
        )


def _part(talk: Conversation, part: object, where: str) -> str:
    fields = object_at(part, where)
    if fields.get("type") == "text":
        return text_at(fields.get("text"), f"{where}.text")
    if fields.get("type") != "image_url":
        raise unmoderated(fields.get("type"), where)
    place = f"{where}.image_url"
    talk.picture(text_at(object_at(fields.get("image_url"), place).get("url"), f"{place}.url"), f"{place}.url")
    return ""
