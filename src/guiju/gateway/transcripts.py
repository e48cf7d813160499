"""What was said in an exchange, read back from the ledger."""

from guiju.gateway.models import ExchangeRecord, Transcript, Turn
from guiju.gateway.ports import Recording
from guiju.kit.canonical_json import Json, JsonObject
from guiju.kit.errors import NotFoundError
from guiju.ledger.models import Erased

_TEXTS_APART = ("input", "output")


def read_transcript(record: ExchangeRecord, ledger: Recording) -> Transcript:
    """Return the texts of `record` as far as the ledger still has them."""
    opening, is_there = _body(ledger, record.opened_entry)
    closing, has_closing = _body(ledger, record.closed_entry) if record.closed_entry else (None, False)
    if not is_there and not has_closing:
        return Transcript(record, "missing", (), (), (), {})
    if (is_there and opening is None) or (has_closing and closing is None):
        return Transcript(record, "erased", (), (), (), {})
    opening, closing = opening or {}, closing or {}
    output = closing.get("output")
    choices = [choice for choice in output if isinstance(choice, dict)] if isinstance(output, list) else []
    facts: JsonObject = {f"input_{key}": value for key, value in opening.items() if key not in _TEXTS_APART}
    facts.update({key: value for key, value in closing.items() if key not in _TEXTS_APART})
    return Transcript(
        record=record,
        state="kept",
        input=_turns(opening.get("input")),
        output=tuple(_said(choice.get("released")) for choice in choices),
        withheld=tuple(_said(choice["withheld"]) for choice in choices if choice.get("withheld")),
        facts=facts,
    )


def _body(ledger: Recording, entry_id: str) -> "tuple[JsonObject | None, bool]":
    try:
        body = ledger.body(entry_id)
    except NotFoundError:
        return None, False
    return (None, True) if isinstance(body, Erased) else (body, body is not None)


def _turns(turns: Json) -> tuple[Turn, ...]:
    if not isinstance(turns, list):
        return ()
    return tuple(Turn(str(turn.get("role")), str(turn.get("text"))) for turn in turns if isinstance(turn, dict))


def _said(fields: Json) -> Turn:
    if not isinstance(fields, dict):
        return Turn("assistant", "")
    order = (
        "reasoning_content",
        "reasoning",
        "content",
        "refusal",
        "tool_calls",
        "spoken",
        "pieces",
        "medium",
        "reply",
        "mark",
    )
    return Turn("assistant", "".join(str(fields[name]) for name in order if name in fields))
