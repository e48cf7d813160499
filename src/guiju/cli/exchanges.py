"""What was said in recorded exchanges, for who may see it: that it was looked at is an entry itself."""

import re
from collections.abc import Iterator
from dataclasses import replace

from guiju.bootstrap import open_evidence
from guiju.cli.inputs import require_database
from guiju.kit.canonical_json import Json, JsonObject
from guiju.kit.errors import InputError
from guiju.ledger.models import Draft, EntryQuery, Erased
from guiju.ledger.service import Ledger
from guiju.moderation.models import Audience, Context, Origin, Refusal, Scope
from guiju.moderation.rules import MASK
from guiju.moderation.trials import Sample
from guiju.settings import Settings

_ACCESS = ("cn/genai-measures-2023/art-19/para-2",)
_ENDS = ("exchange.closed", "exchange.interrupted")
_PAGE = 500
_ORIGINS = {
    **dict.fromkeys(("tool", "function"), Origin.TOOL),
    **dict.fromkeys(("system", "developer"), Origin.SYSTEM),
    **dict.fromkeys(("documents", "context", "retrieved", "search_results"), Origin.RETRIEVED),
}


def recorded_samples(settings: Settings, most: int, actor: str) -> Iterator[Sample | Refusal | None]:
    """Give what came in and what the model made in the newest `most` exchanges; blocks.

    Raises:
        InputError: nobody like `actor` may look.
        GuijuError: the ledger cannot be read, or the looking not be recorded.
    """
    if not re.fullmatch(r"system|staff:[0-9a-zA-Z-]{1,64}", actor):
        raise InputError(
            "请写 system 或 staff:<编号>，不写姓名。", "Write system or staff:<id>, never a name.", where="--actor"
        )
    require_database(settings)
    ledger = open_evidence(settings)
    try:
        ledger.start()
        body: JsonObject = {"what": "exchanges", "via": "terminal", "most": most}
        ledger.append(Draft("staff.body_viewed", actor, "exchanges:newest", body, provisions=_ACCESS))
        yield from _samples(ledger, most)
    finally:
        ledger.stop()


def _samples(ledger: Ledger, most: int) -> Iterator[Sample | Refusal | None]:
    before: int | None = None
    left = most
    while left > 0:
        query = EntryQuery(actions=("exchange.opened",), before_seq=before, limit=min(_PAGE, left))
        heads = list(ledger.find(query))
        for head in heads:
            context = Context(app=(head.actor.removeprefix("app:"),))
            for entry_id in (head.id, *_ends(ledger, head.subject)):
                found = ledger.body(entry_id)
                if not isinstance(found, dict):
                    yield _unreadable(head.subject, is_erased=isinstance(found, Erased))
                    continue
                if found.get("audience") == "minor":
                    context = replace(context, audience=Audience.MINOR)
                yield from _said(found, head.subject, context)
        left -= len(heads)
        if len(heads) < query.limit:
            return
        before = heads[-1].seq


def _ends(ledger: Ledger, subject: str) -> list[str]:
    return [head.id for head in ledger.find(EntryQuery(actions=_ENDS, subject=subject, limit=1))]


def _said(body: JsonObject, where: str, context: Context) -> Iterator[Sample]:
    for turn in _rows(body.get("input")):
        origin = _ORIGINS.get(str(turn.get("role")), Origin.PERSON)
        yield Sample(str(turn.get("text", "")), Scope.INPUT, replace(context, origin=origin), where)
    for choice in _rows(body.get("output")):
        released, withheld = _texts(choice.get("released")), _texts(choice.get("withheld"))
        for name in dict.fromkeys((*released, *withheld)):
            if name not in {"reply", "mark"}:
                yield Sample(_made(released.get(name, ""), withheld.get(name, "")), Scope.OUTPUT, context, where)


def _made(released: str, withheld: str) -> str:
    """Return what the model made: what left and what did not, or all of it where some left masked."""
    return withheld if withheld and MASK in released else released + withheld


def _rows(value: Json) -> list[JsonObject]:
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []


def _texts(value: Json) -> dict[str, str]:
    return {name: text for name, text in value.items() if isinstance(text, str)} if isinstance(value, dict) else {}


def _unreadable(where: str, *, is_erased: bool) -> Refusal:
    if is_erased:
        return Refusal(where, 0, "", "正文已删除。", "The body was erased.")
    return Refusal(where, 0, "", "没有正文。", "There is no body.")
