"""The evidence ledger (article 19): its verdicts, its checkpoints, its entries, each with its proof."""

from dataclasses import replace
from datetime import timedelta

from starlette.background import BackgroundTask
from starlette.responses import FileResponse, RedirectResponse, Response
from starlette.routing import Route

from guiju.kit.clock import BEIJING, to_iso
from guiju.kit.errors import NotFoundError
from guiju.kit.ids import new_id
from guiju.ledger.models import Draft, EntryQuery, Erased, Head
from guiju.web.door import Door, Visit
from guiju.web.house import WebHouse
from guiju.web.tables import PAGE_ROWS, beijing_midnight, csv_response, link, plain, read_date

_EXPORT_ROWS = 5000
_BATCH_ROWS = 500
_INSPECTION = ("cn/genai-measures-2023/art-19/para-1",)
_SHOWN_CHECKPOINTS = 10
_FILTERS = ("action", "provision", "subject", "since", "until")


def ledger_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [
        door.get("/console/ledger", show_ledger, "view_ledger"),
        door.post("/console/ledger/verify", verify, "verify_ledger"),
        door.post("/console/ledger/export", export_bundle, "export_ledger"),
        door.get("/console/ledger/entries/{entry_id}", show_entry, "view_ledger"),
        door.post("/console/ledger/entries/{entry_id}/body", show_body, "view_bodies"),
    ]


def entry_query(values: dict[str, str], limit: int) -> EntryQuery:
    """Read a search for entries from query values; days are days in Beijing.

    Raises:
        InputError: a date cannot be read.
    """
    since, until = read_date(values.get("since", ""), "since"), read_date(values.get("until", ""), "until")
    before = values.get("before", "")
    return EntryQuery(
        actions=(plain(values["action"], 200),) if values.get("action") else (),
        provisions=(plain(values["provision"], 200),) if values.get("provision") else (),
        subject=plain(values.get("subject", ""), 200),
        since=beijing_midnight(since) if since else None,
        until=beijing_midnight(until + timedelta(days=1)) if until else None,
        before_seq=int(before) if before.isascii() and before.isdigit() and len(before) < 16 else None,  # noqa: PLR2004
        limit=limit,
    )


def entry_named(house: WebHouse, entry_id: str) -> Head:
    """Return the entry with this id.

    Raises:
        NotFoundError: there is none.
    """
    found = house.ledger.entry_by_id(plain(entry_id, 64))
    if found is None:
        raise NotFoundError(
            "没有这条证据。请从证据页的列表进入。", "There is no such entry. Choose one from the list of evidence."
        )
    return found


def show_ledger(visit: Visit) -> Response:
    """Show the ledger's state and a page of its entries."""
    query, ledger = visit.query, visit.house.ledger
    if query.get("format") == "csv":
        return _csv(visit)
    found = ledger.find(entry_query(query, PAGE_ROWS + 1))
    shown = found[:PAGE_ROWS]
    filters = {name: query[name] for name in _FILTERS if query.get(name)}
    has_more = len(found) > PAGE_ROWS
    return visit.render(
        "ledger.html",
        size=ledger.size(),
        root=ledger.root(),
        verification=ledger.last_verification(),
        checkpoints=ledger.checkpoints(_SHOWN_CHECKPOINTS),
        broken=ledger.broken,
        verifier_keys=ledger.verifier_keys,
        entries=shown,
        filters=filters,
        articles=visit.house.law.articles(visit.house.clock.now().date()),
        csv_link=link("/console/ledger", filters, format="csv"),
        next_link=link("/console/ledger", filters, before=str(shown[-1].seq)) if has_more else "",
        is_first="before" not in query,
    )


def verify(visit: Visit) -> Response:
    """Verify the whole ledger now."""
    visit.house.ledger.verify()
    return RedirectResponse("/console/ledger", 303)


def export_bundle(visit: Visit) -> Response:
    """Hand out the whole log as a bundle that verifies without us; bodies stay in the house."""
    at = visit.house.clock.now()
    folder = visit.house.settings.var / "bundles"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{new_id()}.zip"
    bundle = visit.house.ledger.export(path)
    draft = Draft(
        "ledger.exported",
        f"staff:{visit.person.id}",
        f"bundle:{bundle.sha256}",
        {"entries": bundle.entries, "bodies": bundle.bodies, "size": bundle.size, "root": bundle.root},
        provisions=_INSPECTION,
    )
    visit.house.ledger.append(draft)
    name = f"guiju-{at.astimezone(BEIJING):%Y%m%d-%H%M%S}.zip"
    # The bundle can be made again at any time, so it is not kept once it was sent.
    return FileResponse(path, filename=name, media_type="application/zip", background=BackgroundTask(path.unlink))


def show_entry(visit: Visit) -> Response:
    """Show one entry: what can never be erased of it, and the proof that it stands in the tree."""
    return _entry_page(visit)


def show_body(visit: Visit) -> Response:
    """Show what an entry holds; that this person looks is itself an entry, made before anything is shown."""
    entry = entry_named(visit.house, visit.request.path_params["entry_id"])
    visit.house.staff.note_viewing(visit.person, f"entry:{entry.id}", "body")
    return _entry_page(visit, with_body=True)


def _entry_page(visit: Visit, *, with_body: bool = False) -> Response:
    ledger, law = visit.house.ledger, visit.house.law
    entry = entry_named(visit.house, visit.request.path_params["entry_id"])
    proof = ledger.prove_inclusion(entry.seq)
    body = ledger.body(entry.id) if with_body else None
    return visit.render(
        "entry.html",
        entry=entry,
        proof=proof,
        provisions=[(item, law.cite(item, visit.language)) for item in entry.provisions if law.has(item)],
        with_body=with_body,
        body=None if isinstance(body, Erased) else body,
        erased=body if isinstance(body, Erased) else None,
    )


def _newest_entries(visit: Visit) -> list[Head]:
    found: list[Head] = []
    query = entry_query(visit.query, _BATCH_ROWS)
    while len(found) < _EXPORT_ROWS:
        batch = visit.house.ledger.find(query)
        found += batch
        if len(batch) < _BATCH_ROWS:
            break
        query = replace(query, before_seq=batch[-1].seq)
    return found


def _csv(visit: Visit) -> Response:
    t = visit.t
    titles = (
        "序号",
        "编号",
        "发生时间（UTC）",
        "写入时间（UTC）",
        "动作",
        "行为者",
        "对象",
        "条款",
        "策略哈希",
        "模型",
        "承诺",
    )
    rows = (
        (
            item.seq,
            item.id,
            to_iso(item.occurred_at),
            to_iso(item.received_at),
            item.action,
            item.actor,
            item.subject,
            " ".join(item.provisions),
            item.policy_hash,
            item.model,
            item.commitment,
        )
        for item in _newest_entries(visit)
    )
    return csv_response("ledger", [t(title) for title in titles], rows)
