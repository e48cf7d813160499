"""`POST /v1/audio/speech`, `/v1/audio/transcriptions` and `/v1/audio/translations`: text to sound, and back."""

from guiju.gateway.dialects.forms import fields_of, not_streamed
from guiju.gateway.dialects.interface import OpenAIShaped, Reading
from guiju.gateway.dialects.translation import choice_at
from guiju.gateway.models import ChatCall, Turn
from guiju.gateway.wire.audio import SPEECH, TRANSCRIPTS
from guiju.gateway.wire.fields import end_user, model_of, parse_body, strings_in, wrong
from guiju.gateway.wire.forms import read_form
from guiju.gateway.wire.media import MediaPart
from guiju.gateway.wire.request import ChatRequest
from guiju.moderation.media.models import MediaKind

_PLAIN = frozenset(("model", "user", "safety_identifier", "metadata", "store", "voice", "response_format", "speed"))
_OF_SPEECH = _PLAIN | {"stream_format"}
_OF_SOUND = _PLAIN | {"language", "temperature", "timestamp_granularities", "stream"}


class SpeechDialect(OpenAIShaped):
    """OpenAI's speech."""

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the body; see the interface."""
        fields = parse_body(call.body, reading.limits.depth)
        not_streamed({"stream_format": fields.get("stream_format") == "sse"}, "stream_format")
        text = fields.get("input")
        if not isinstance(text, str) or not text:
            raise wrong("input", "非空文本", "a text that is not empty")
        form = choice_at(fields.get("response_format") or "mp3", "response_format", tuple(SPEECH))
        fields = {**fields, "response_format": form}
        others = {name: strings_in(fields[name]) for name in sorted(fields.keys() - _OF_SPEECH - {"input"})}
        return ChatRequest(
            fields=fields,
            model=model_of(fields),
            user=end_user(fields),
            turns=(
                Turn("input", text),
                *(Turn(name[:40], "\n".join(words)) for name, words in others.items() if words),
            ),
            is_stream=False,
            wants_usage=False,
            is_structured=False,
            path="/audio/speech",
            is_conversation=False,
            plain=_OF_SPEECH,
        )


class TranscriptDialect(OpenAIShaped):
    """OpenAI's texts from sound."""

    input_field = "file"

    def __init__(self, path: str) -> None:
        """Be asked at `path` of a model server."""
        self._path = path

    def read(self, call: ChatCall, reading: Reading) -> ChatRequest:
        """Read the form; see the interface.

        Where nothing can listen to sound, it goes on all the same: whatever is said in it comes back as the text, which
        is moderated.
        """
        parts = read_form(call.body, call.content_type)
        files = [part for part in parts if part.filename]
        if [part.name for part in files] != ["file"]:
            raise wrong("file", "恰好一个文件", "exactly one file")
        fields = fields_of(parts)
        not_streamed(fields, "stream")
        choice_at(fields.get("response_format") or "json", "response_format", TRANSCRIPTS)
        hears = reading.refusing(MediaKind.AUDIO) is None
        others = {name: strings_in(fields[name]) for name in sorted(fields.keys() - _OF_SOUND)}
        return ChatRequest(
            fields=fields,
            model=model_of(fields),
            user=end_user(fields),
            turns=tuple(Turn(name[:40], "\n".join(words)) for name, words in others.items() if words),
            is_stream=False,
            wants_usage=False,
            is_structured=False,
            media=tuple(MediaPart(MediaKind.AUDIO, "file", "", part.content, part.mime) for part in files if hears),
            path=self._path,
            is_conversation=False,
            plain=_OF_SOUND,
            form=tuple(files),
        )
