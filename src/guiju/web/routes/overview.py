"""The overview, the console's first page."""

import orjson
from starlette.responses import Response
from starlette.routing import Route

from guiju.law.models import OUTCOME_ZH
from guiju.web.door import Door, Visit
from guiju.web.rendering import chars
from guiju.web.views.overview import DUTIES, hours_chart, overview_view, risks_chart

_SHOWN_NEEDS = 12


def overview_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [door.get("/console", show_overview, "view_overview")]


def show_overview(visit: Visit) -> Response:
    """Show where the service stands and what needs someone."""
    t = visit.t
    view = overview_view(visit.house, visit.house.supervision.assess(None))
    names = (t("已回答"), t("未放行"), t("其他"))
    titles = [chars(t.pick(item.risk.title, item.risk.title_en), 22) for item in view.risks]
    return visit.render(
        "overview.html",
        view=view,
        needs=view.needs[:_SHOWN_NEEDS],
        more_needs=max(0, len(view.needs) - _SHOWN_NEEDS),
        hours=orjson.dumps(hours_chart(view, names)).decode(),
        risks=orjson.dumps(risks_chart(view, titles, t("次数"))).decode(),
        upstreams=visit.house.gateway.upstream_states(),
        verification=visit.house.ledger.last_verification(),
        outcome_titles=OUTCOME_ZH,
        duties=[duty for duty in view.duties if visit.may(duty.action)],
        duty_titles=DUTIES,
    )
