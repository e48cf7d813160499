"""Keywords and policy (articles 4 and 14): the library against the standard, dry runs, reloading."""

from dataclasses import dataclass

from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from guiju.kit.errors import GuijuError, InputError
from guiju.ledger.models import Draft
from guiju.moderation.models import Explanation
from guiju.web.door import Door, Visit
from guiju.web.tables import csv_response, link
from guiju.web.views.policy import explain_trial, library_view, terms_view

WISH_TITLES = {"block": "拦截", "review": "复核", "observe": "观察"}
LEVEL_TITLES = {"high": "高", "medium": "中", "low": "低"}
SCOPE_TITLES = {"input": "输入", "output": "输出", "retrieved": "检索所得", "tool": "工具结果", "system": "系统提示"}


@dataclass(frozen=True, slots=True)
class Trial:
    """A dry run as the page shows it again."""

    text: str = ""
    scope: str = "input"
    explanation: Explanation | None = None


def policy_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [
        door.get("/console/policy", show_policy, "view_policy"),
        door.get("/console/policy/terms", show_terms, "view_policy"),
        door.post("/console/policy/trial", dry_run, "dry_run"),
        door.post("/console/policy/reload", reload_policy, "reload_policy"),
    ]


def show_policy(visit: Visit) -> Response:
    """Show the library against the standard, the policy, and the dry run."""
    return _page(visit)


def dry_run(visit: Visit) -> Response:
    """Show what a text would decide."""
    text, scope = visit.form.get("text", ""), visit.form.get("scope", "input")
    try:
        explanation = explain_trial(visit.house, text.replace("\r\n", "\n"), scope)
    except InputError as error:
        return _page(visit, Trial(text, scope), problem=error.text(visit.language))
    return _page(visit, Trial(text, scope, explanation))


def reload_policy(visit: Visit) -> Response:
    """Read library and policy again; on any fault the ones in force stay in force."""
    try:
        policy = visit.house.moderation.reload()
    except GuijuError as error:
        return _page(visit, problem=error.text(visit.language))
    actor, subject = f"staff:{visit.person.id}", f"policy:{policy.hash}"
    visit.house.ledger.append(Draft("policy.reloaded", actor, subject, policy_hash=policy.hash))
    return RedirectResponse("/console/policy?done=reloaded", 303)


def show_terms(visit: Visit) -> Response:
    """Show a page of terms, or all that match as CSV."""
    query = visit.query
    filters = {name: query[name] for name in ("q", "risk") if query.get(name)}
    if query.get("format") == "csv":
        return _csv(visit, filters)
    view = terms_view(visit.house, query)
    return visit.render(
        "terms.html",
        view=view,
        filters=filters,
        risks=visit.house.law.risks(),
        wishes=WISH_TITLES,
        levels=LEVEL_TITLES,
        scopes=SCOPE_TITLES,
        csv_link=link("/console/policy/terms", filters, format="csv"),
        earlier=link("/console/policy/terms", filters, page=str(view.paging.page - 1)),
        later=link("/console/policy/terms", filters, page=str(view.paging.page + 1)),
    )


def _page(visit: Visit, trial: Trial | None = None, *, problem: str = "") -> Response:
    done = visit.query.get("done") == "reloaded"
    return visit.render(
        "policy.html",
        400 if problem else 200,
        trial=trial or Trial(),
        library=library_view(visit.house),
        policy=visit.house.moderation.policy,
        risks={risk.id: risk for risk in visit.house.law.risks()},
        problem=problem,
        wishes=WISH_TITLES,
        levels=LEVEL_TITLES,
        scopes=SCOPE_TITLES,
        flash=visit.t("关键词库与策略已重新载入，新的哈希会写入此后每条证据。") if done else "",
    )


def _csv(visit: Visit, filters: dict[str, str]) -> Response:
    t = visit.t
    total = visit.house.moderation.search_terms("", limit=1).total
    found = visit.house.moderation.search_terms(filters.get("q", ""), filters.get("risk", ""), limit=max(total, 1))
    rows = (
        (
            term.id,
            term.text,
            " ".join(term.risks),
            term.level,
            term.wish,
            " ".join(term.scopes),
            term.reason,
            term.origin,
        )
        for term in found.terms
    )
    titles = ("编号", "词", "风险", "级别", "处置", "方向", "理由", "来源")
    return csv_response("keywords", [t(title) for title in titles], rows)
