"""The event that tells a client to take back what it has shown of an answer.

In the OpenAI shape it is a chunk with an empty delta, which clients that do not know it pass over; what it means stands
in its `guiju` object. The texts that follow in the same choice stand in the place of what was taken back.
"""

from collections.abc import Mapping

import orjson

from guiju.gateway.wire.answer import AnswerWriter


def retract_event(writer: AnswerWriter, index: int, characters: Mapping[str, int]) -> bytes:
    """Write it for a choice; `characters`: how many of each field had left, counted in Unicode code points."""
    event = writer.delta(index, {})
    told = orjson.dumps({"guiju": {"event": "retract", "choice": index, "characters": dict(characters)}})
    return event.rstrip(b"\n")[:-1] + b"," + told[1:] + b"\n\n"
