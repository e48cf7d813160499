"""What happens now (articles 13 and 14): refreshes itself; nothing that anybody said is on it."""

import orjson
from starlette.responses import Response
from starlette.routing import Route

from guiju.web.door import Door, Visit
from guiju.web.tables import link
from guiju.web.views.exchanges import EXCHANGE_OUTCOMES
from guiju.web.views.live import WINDOWS, decisions_chart, latency_chart, live_view

_FILTERS = ("window", "outcome", "app")


def live_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [door.get("/console/live", show_live, "view_exchanges")]


def show_live(visit: Visit) -> Response:
    """Show the newest exchanges, latencies, decisions and model servers."""
    t = visit.t
    view = live_view(visit.house, visit.query)
    filters = {name: visit.query[name] for name in _FILTERS if visit.query.get(name)}
    decisions = (t("已回答"), t("输入被拦截"), t("输出被停止"), t("未能判定"), t("其他"))
    percentiles = ("p50", "p95", "p99", t("首字 p50"))
    return visit.render(
        "live.html",
        view=view,
        windows=WINDOWS,
        outcomes=EXCHANGE_OUTCOMES,
        apps={app.id: app.name for app in visit.house.gateway.apps()},
        filters=filters,
        here=link("/console/live", filters),
        decision_names=decisions,
        latency=orjson.dumps(latency_chart(view, percentiles)).decode(),
        decisions=orjson.dumps(decisions_chart(view, decisions)).decode(),
    )
