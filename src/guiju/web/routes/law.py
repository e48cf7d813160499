"""The law page (article 19): twenty-four articles, their obligations, outcomes and evidence."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from guiju.kit.clock import BEIJING
from guiju.kit.errors import InputError
from guiju.law.models import OUTCOME_ZH, Outcome, Provision
from guiju.supervision.models import Assessment
from guiju.web.door import Door, Visit
from guiju.web.tables import csv_response, read_date
from guiju.web.views.law import (
    URGENCY,
    article_view,
    assessment_on,
    law_view,
    obligation_of,
    read_outcome,
    slug,
)

_LONGEST_REASON = 4000


@dataclass(frozen=True, slots=True)
class Link:
    """A clause of another instrument that has to do with an article."""

    title: str
    place: str
    note: str


# What a deadline counts from, in words.
EVENT_TITLES = {
    "complaint.received": "自收到投诉举报起",
    "content.found_illegal": "自发现违法内容起",
    "rights_request.received": "自收到个人信息请求起",
    "service.started": "自提供服务起",
}


def law_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [
        door.get("/console/law", show_law, "view_law"),
        door.post("/console/law/declare", declare, "declare_outcome"),
        door.get("/console/law/{article}", show_article, "view_law"),
    ]


def show_law(visit: Visit) -> Response:
    """Show the articles, filtered, on a day."""
    query = visit.query
    assessment = assessment_on(visit.house, read_date(query.get("as_of", ""), "as_of"))
    if query.get("format") == "csv":
        return _csv(visit, assessment)
    view = law_view(assessment, outcome=read_outcome(query.get("outcome", "")), chapter=query.get("chapter", ""))
    return visit.render("law.html", view=view, today=_today(visit), outcome_titles=OUTCOME_ZH, urgency=URGENCY)


def show_article(visit: Visit) -> Response:
    """Show one article: its text, its obligations, where they stand and by which evidence."""
    assessment = assessment_on(visit.house, read_date(visit.query.get("as_of", ""), "as_of"))
    state = article_view(assessment, visit.request.path_params["article"])
    members = visit.house.staff.members()
    names = {form: member.name for member in members for form in (member.id, f"staff:{member.id}")}
    controls = {control.id: control for control in visit.house.supervision.controls()}
    texts = [part for part in _below(visit, state.article) if part.text]
    return visit.render(
        "article.html",
        assessment=assessment,
        state=state,
        names=names,
        controls=controls,
        texts=texts,
        slug=slug(state.article),
        citation=visit.house.law.cite(state.article.id, visit.language),
        links=[link for part in _below(visit, state.article) for link in _links(visit, part)],
        events=EVENT_TITLES,
        today=_today(visit),
        outcome_titles=OUTCOME_ZH,
        declarable=[outcome for outcome in Outcome if outcome is not Outcome.NOT_RUN],
        done=visit.query.get("declared", ""),
    )


def declare(visit: Visit) -> Response:
    """Take a named person's own answer to an obligation, with the reason."""
    outcome, reason = read_outcome(visit.form.get("outcome", "")), visit.form.get("reason", "").strip()
    if outcome is None or not 0 < len(reason) <= _LONGEST_REASON:
        raise InputError(
            f"人工认定须选择一种结果并写明理由（不超过 {_LONGEST_REASON} 字）。",
            f"A declaration needs an outcome and a reason (up to {_LONGEST_REASON} characters).",
            where="reason",
        )
    state = obligation_of(visit.house.supervision.assess(None), visit.form.get("obligation", ""))
    override = visit.house.supervision.declare(state.obligation.id, outcome, person=visit.person.id, reason=reason)
    article = next(part for part in state.obligation.provision_id.split("/") if part.startswith("art-"))
    return RedirectResponse(f"/console/law/{article}?declared={override.entry_id}", 303)


def _below(visit: Visit, provision: Provision) -> list[Provision]:
    """Return a provision and everything under it, in the order of the law."""
    below = [part for child in visit.house.law.children(provision.id) for part in _below(visit, child)]
    return [provision, *below]


def _links(visit: Visit, provision: Provision) -> list[Link]:
    """Return the clauses that detail a provision and the penalties for breaking it."""
    law, t = visit.house.law, visit.t

    def title(instrument_id: str) -> str:
        found = law.instrument(instrument_id)
        return t.pick(found.title, found.title_en)

    details = [Link(title(item.instrument), item.clause, item.rationale) for item in provision.mappings]
    penalties = [
        Link(title(item.instrument), item.article, f"{item.note}（{item.version}）") for item in provision.penalties
    ]
    return details + penalties


def _today(visit: Visit) -> str:
    return visit.house.clock.now().astimezone(BEIJING).date().isoformat()


def _csv(visit: Visit, assessment: Assessment) -> Response:
    t = visit.t
    columns = [t(title) for title in ("条", "义务编号", "义务", "结果", "理由", "证据")]
    rows = [
        (
            state.article.label,
            item.obligation.id,
            t.pick(item.obligation.summary, item.obligation.summary_en),
            t(OUTCOME_ZH[item.outcome]),
            t.pick(item.reason, item.reason_en),
            " ".join(entry for check in item.checks for entry in check.evidence),
        )
        for state in assessment.articles
        for item in state.obligations
    ]
    return csv_response(f"law-{assessment.as_of}", columns, rows)
