"""Vectors of texts that were moderated: passed on as numbers, under our public model name."""

import orjson

from guiju.gateway.exchange import Exchange
from guiju.gateway.stages.closing import Made, close, told
from guiju.gateway.stages.desk import Desk
from guiju.gateway.upstreams.interface import Event
from guiju.gateway.wire.answer import plain_usage
from guiju.gateway.wire.events import garbage


async def release_vectors(desk: Desk, exchange: Exchange, answer: Event) -> Made:
    """Return the body that may leave; both entries are durable by then.

    Raises:
        UpstreamGarbageError: the answer is none.
        EvidenceUnavailableError: it cannot be evidenced.
    """
    rows = answer.get("data")
    if not isinstance(rows, list) or len(rows) > desk.limits.messages:
        raise garbage()
    data = [_row(row, place) for place, row in enumerate(rows)]
    exchange.usage = plain_usage(answer.get("usage"))
    body = {
        "object": "list",
        "data": data,
        "model": exchange.request.model,
        "usage": exchange.usage,
        "guiju": told(exchange, is_labelled=False),
    }
    await close(desk, exchange)
    return Made(orjson.dumps(body))


def _row(row: object, place: int) -> dict[str, object]:
    vector = row.get("embedding") if isinstance(row, dict) else None
    is_packed = isinstance(vector, str) and vector.isascii() and not set(vector) - _BASE64
    is_plain = isinstance(vector, list) and all(type(number) is float or type(number) is int for number in vector)
    index = row.get("index", place) if isinstance(row, dict) else place
    if not (is_packed or is_plain) or type(index) is not int:
        raise garbage()
    return {"object": "embedding", "index": index, "embedding": vector}


_BASE64 = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=")
