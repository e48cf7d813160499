"""How many tokens a conversation may be: an estimate, which says that it is one; no model server is asked."""

import orjson

from guiju.gateway.exchange import Exchange
from guiju.gateway.prices import estimated_tokens
from guiju.gateway.stages.closing import Made, close, told
from guiju.gateway.stages.desk import Desk


async def release_count(desk: Desk, exchange: Exchange) -> Made:
    """Return the body that may leave, in Anthropic's shape; both entries are durable by then.

    Model servers that speak the OpenAI protocol have no endpoint that counts. The estimate is the one that limits and
    budgets take ahead for the same text.

    Raises:
        EvidenceUnavailableError: it cannot be evidenced.
    """
    octets = sum(len(turn.text.encode(errors="replace")) for turn in exchange.request.turns)
    facts = {**told(exchange, is_labelled=False), "is_estimated": True}
    await close(desk, exchange)
    return Made(orjson.dumps({"input_tokens": max(1, estimated_tokens(octets)), "guiju": facts}))
