"""Speech becomes text at an OpenAI-compatible endpoint, `POST {base_url}/audio/transcriptions`."""

import http.client
import json
import logging
import secrets
import ssl
from collections.abc import Mapping
from urllib.parse import SplitResult, urlsplit

from guiju.moderation.media.errors import CannotCheckError
from guiju.moderation.media.models import Medium
from guiju.moderation.media.settings import TranscriptionSettings

NAME = "speech"
_MAX_ANSWER = 4 * 1024 * 1024
_OK = 200
_SUFFIX = {
    "audio/wav": "wav",
    "audio/mpeg": "mp3",
    "audio/flac": "flac",
    "audio/ogg": "ogg",
}


class EndpointTranscriber:
    """Asks the operator's transcription server; one connection a question, bounded in time and size."""

    name = NAME

    def __init__(self, settings: TranscriptionSettings, environment: Mapping[str, str]) -> None:
        """Ask the server of `settings`; its key, if it wants one, stands in the named variable of `environment`."""
        self._settings = settings
        self._parts: SplitResult = urlsplit(settings.base_url)
        self._key = environment.get(settings.key_env, "") if settings.key_env else ""

    def transcribe(self, medium: Medium, mime: str) -> str:
        """Return what is said.

        Raises:
            CannotCheckError: the server did not answer in time, or not with a transcription.
        """
        boundary = secrets.token_hex(16)
        body = _form(boundary, medium.content, mime, model=self._settings.model)
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}", "Accept": "application/json"}
        if self._key:
            headers["Authorization"] = f"Bearer {self._key}"
        try:
            status, answer = self._post(body, headers)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise _failed(type(error).__name__) from error
        if status != _OK:
            raise _failed(f"HTTP {status}")
        return _text_of(answer)

    def _post(self, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        parts, seconds = self._parts, self._settings.timeout_ms / 1000
        host = parts.hostname or ""
        connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=ssl.create_default_context())
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, parts.port, timeout=seconds)
        )
        try:
            connection.request("POST", f"{parts.path.rstrip('/')}/audio/transcriptions", body, headers)
            response = connection.getresponse()
            return response.status, response.read(_MAX_ANSWER + 1)
        finally:
            connection.close()


class NullTranscriber:
    """Stands where there is no endpoint: speech is unchecked."""

    name = NAME

    def __init__(self) -> None:
        """Warn that nobody listens."""
        logging.getLogger(__name__).warning("no transcription endpoint is set; what is spoken is undetermined")

    def transcribe(self, medium: Medium, mime: str) -> str:  # noqa: ARG002 - the interface has these parameters
        """Say that nobody listens.

        Raises:
            CannotCheckError: always.
        """
        raise CannotCheckError(
            "no_transcription",
            "没有配置语音转写服务；请在策略 media.transcription 中填写 base_url。",
            "No transcription endpoint is set; write its base_url under media.transcription in the policy.",
        )


def _form(boundary: str, content: bytes, mime: str, *, model: str) -> bytes:
    fields = "".join(
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in (("model", model), ("response_format", "json"))
    )
    name = f"sound.{_SUFFIX.get(mime, 'wav')}"
    head = (
        f'{fields}--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="{name}"\r\n'
        f"Content-Type: {mime}\r\n\r\n"
    )
    return head.encode() + content + f"\r\n--{boundary}--\r\n".encode()


def _text_of(answer: bytes) -> str:
    if len(answer) > _MAX_ANSWER:
        raise _failed("too long")
    try:
        said = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise _failed("no JSON") from error
    text = said.get("text") if isinstance(said, dict) else None
    if not isinstance(text, str):
        raise _failed("no text")
    return text


def _failed(why: str) -> CannotCheckError:
    return CannotCheckError(
        "transcription_failed",
        f"语音转写服务没有给出结果（{why}）；请检查该服务。",
        f"The transcription server gave no result ({why}); check it.",
    )


def wav_milliseconds(content: bytes) -> int | None:
    """Return how long a WAV lasts by its header and its real length; None where the header cannot be read."""
    at = content.find(b"fmt ", 12, 4096)
    if at < 0 or at + 20 > len(content):
        return None
    a_second = int.from_bytes(content[at + 16 : at + 20], "little")
    return len(content) * 1000 // a_second if a_second else None
