"""Texts that are no conversation: transcripts of sound, and the JSON of endpoints that nobody here knows."""

import re
from collections.abc import Callable

import orjson

from guiju.gateway.exchange import ChoiceOutput, Exchange
from guiju.gateway.stages.closing import Made, close, let_text, told
from guiju.gateway.stages.desk import Desk
from guiju.gateway.upstreams.interface import MEDIUM, MIME, Event
from guiju.gateway.wire.answer import plain_usage
from guiju.gateway.wire.events import garbage
from guiju.gateway.wire.fields import strings_in

_PLAIN = "text/plain; charset=utf-8"
_CUE = re.compile(r"^(?:WEBVTT.*|(?:\d+\r?\n)?(?:\d+:)?\d+:\d+[.,]\d+ --> .*)$", re.MULTILINE)
"""The lines of subtitles that are no text: the head, times, and the number just before a time."""
_TEXT_TYPES = frozenset(("text/plain", "text/vtt", "text/srt", "application/x-subrip", ""))


async def release_transcript(desk: Desk, exchange: Exchange, answer: Event) -> Made:
    """Return the body that may leave; both entries are durable by then.

    Raises:
        UpstreamGarbageError: the answer is no transcript.
        OutputRefusedError: what was said may not leave; the exchange is closed.
        EvidenceUnavailableError: it cannot be evidenced.
    """
    choice = exchange.choice(0)
    medium = answer.get(MEDIUM)
    if isinstance(medium, bytes):
        made = Made((await _subtitles(desk, exchange, choice, medium=medium, mime=str(answer[MIME]))).encode(), _PLAIN)
    else:
        made = Made(orjson.dumps({**await _spoken(desk, exchange, choice, answer=answer), "guiju": told(exchange)}))
    await close(desk, exchange)
    return made


async def _subtitles(desk: Desk, exchange: Exchange, choice: ChoiceOutput, *, medium: bytes, mime: str) -> str:
    if mime not in _TEXT_TYPES:
        raise garbage()
    try:
        text = medium.decode()
    except UnicodeDecodeError:
        raise garbage() from None
    spoken = "".join(line.strip() for line in _CUE.sub("", text).splitlines())
    if spoken != text.strip():
        # A term may run over two subtitles, where their times would hide it.
        if await let_text(desk, exchange, choice, name="spoken", text=spoken) != spoken:
            return "".join(choice.released["spoken"])
        del choice.released["spoken"], choice.generated["spoken"]
    return await let_text(desk, exchange, choice, name="content", text=text)


async def _spoken(desk: Desk, exchange: Exchange, choice: ChoiceOutput, *, answer: Event) -> Event:
    text = answer.get("text")
    if not isinstance(text, str):
        raise garbage()
    exchange.usage = plain_usage(answer.get("usage"))
    left = await let_text(desk, exchange, choice, name="content", text=text)
    rest = {key: value for key, value in answer.items() if key not in {"text", "usage"}}
    words = "".join(strings_in([rest.get("segments"), rest.get("words")]))
    further = "\n".join(strings_in(rest))
    if left != text or not further:
        return {"text": left}  # the pieces would say what the whole may not
    for more in (words, further):
        if more and await let_text(desk, exchange, choice, name="pieces", text=more) != more:
            return {"text": left}
    del choice.released["pieces"], choice.generated["pieces"]
    return {"text": left, **rest}


async def release_anything(desk: Desk, exchange: Exchange, answer: Event) -> Made:
    """Return the body that may leave: JSON of which every text was moderated.

    Raises:
        UpstreamGarbageError: the answer is no JSON.
        OutputRefusedError: it may not leave; the exchange is closed.
        EvidenceUnavailableError: it cannot be evidenced.
    """
    if isinstance(answer.get(MEDIUM), bytes):
        raise garbage()
    choice = exchange.choice(0)
    exchange.usage = plain_usage(answer.get("usage"))
    texts = strings_in(answer)
    joined = "\n".join(texts)
    left: Event = answer
    if joined and await let_text(desk, exchange, choice, name="content", text=joined) != joined:
        choice.released["content"] = []
        masked = {text: await let_text(desk, exchange, choice, name="content", text=text) for text in set(texts)}
        left = _object(_mapped(answer, lambda text: masked[text]))
    body = orjson.dumps({**left, "guiju": told(exchange)})
    await close(desk, exchange)
    return Made(body)


def _object(value: object) -> Event:
    assert isinstance(value, dict)  # noqa: S101 - it was one before
    return value


def _mapped(value: object, change: Callable[[str], str]) -> object:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, list):
        return [_mapped(item, change) for item in value]
    if isinstance(value, dict):
        return {change(key): _mapped(item, change) for key, item in value.items()}
    return value
