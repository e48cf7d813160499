"""`POST /v1/images/generations` and `/v1/images/edits`: a text, and pictures, become pictures."""

from guiju.gateway.dialects.forms import fields_of, not_streamed
from guiju.gateway.dialects.interface import OpenAIShaped, Reading
from guiju.gateway.errors import UnsupportedContentError
from guiju.gateway.models import ChatCall, Turn
from guiju.gateway.wire.fields import check_choices, end_user, model_of, parse_body, strings_in, wrong
from guiju.gateway.wire.forms import Part, read_form
from guiju.gateway.wire.media import MediaPart
from guiju.gateway.wire.request import ChatRequest
from guiju.moderation.media.models import MediaKind

_PLAIN = frozenset(
    (
        *("model", "n", "user", "safety_identifier", "metadata", "store", "size", "quality", "background", "style"),
        *("response_format", "output_format", "output_compression", "moderation", "input_fidelity", "seed"),
    )
)
_FORMATS = (None, "url", "b64_json")


class GenerationsDialect(OpenAIShaped):
    """OpenAI's images from texts."""

    input_field = "prompt"

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the body; see the interface."""
        return _request(parse_body(call.body, reading.limits.depth), reading, path="/images/generations")


class EditsDialect(OpenAIShaped):
    """OpenAI's images from images."""

    input_field = "prompt"

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the form; see the interface."""
        parts = read_form(call.body, call.content_type)
        files = [part for part in parts if part.filename]
        if not any(part.name == "image" for part in files):
            raise wrong("image", "至少一个文件", "at least one file")
        why = reading.refusing(MediaKind.IMAGE)
        if why is not None:
            raise UnsupportedContentError(
                f"图片目前无法审核，因此不予放行：{why.zh}",
                f"Pictures cannot be moderated yet, so they are not let through: {why.en}",
                where="image",
            )
        fields = fields_of(parts, numbers=("n",))
        return _request(fields, reading, path="/images/edits", files=tuple(files))


def _request(fields: dict[str, object], reading: Reading, *, path: str, files: tuple[Part, ...] = ()) -> ChatRequest:
    not_streamed(fields, "stream", "partial_images")
    check_choices(fields, reading.limits.choices)
    prompt, form = fields.get("prompt"), fields.get("response_format")
    if not isinstance(prompt, str) or not prompt:
        raise wrong("prompt", "非空文本", "a text that is not empty")
    if form not in _FORMATS:
        raise wrong("response_format", " url、b64_json 之一", "one of url, b64_json")
    if form is not None:
        fields = {**fields, "response_format": "b64_json"}  # what is labelled here has no address elsewhere
    others = {name: strings_in(fields[name]) for name in sorted(fields.keys() - _PLAIN - {"prompt"})}
    return ChatRequest(
        fields=fields,
        model=model_of(fields),
        user=end_user(fields),
        turns=(
            Turn("prompt", prompt),
            *(Turn(name[:40], "\n".join(words)) for name, words in others.items() if words),
        ),
        is_stream=False,
        wants_usage=False,
        is_structured=False,
        media=tuple(MediaPart(MediaKind.IMAGE, part.name, "", part.content, part.mime) for part in files),
        path=path,
        is_conversation=False,
        plain=_PLAIN,
        form=files,
    )
