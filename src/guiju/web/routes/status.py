"""The published page of availability: for anybody, without an account (article 13)."""

from dataclasses import dataclass
from datetime import date

from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from guiju.gateway.availability import Availability, Day, Served
from guiju.gateway.publishing import DAYS
from guiju.kit.clock import to_iso
from guiju.kit.errors import NotFoundError
from guiju.web.door import Door, Visit

_WELL, _WEAK = 0.995, 0.95
_WIDTH, _GAP, _HEIGHT = 7, 2, 46


@dataclass(frozen=True, slots=True)
class Bar:
    """One day in the picture: where it stands, how it is drawn, and what it says."""

    x: int
    on: date
    kind: str
    served: Served


def status_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [door.get("/status", show_status), door.get("/status.json", status_facts)]


def show_status(visit: Visit) -> Response:
    """Show ninety days, what failed, and how the service does now."""
    found = _published(visit)
    bars = [Bar(at * (_WIDTH + _GAP), day.on, kind_of(day), day.served) for at, day in enumerate(found.days)]
    return visit.render(
        "status.html",
        found=found,
        bars=bars,
        days=DAYS,
        now=_now(visit),
        measure={"width": len(bars) * (_WIDTH + _GAP) - _GAP, "height": _HEIGHT, "bar": _WIDTH},
    )


def status_facts(visit: Visit) -> Response:
    """Return the same as JSON."""
    found = _published(visit)
    return JSONResponse(
        {
            "now": _now(visit),
            "share": found.whole.share,
            "answered": found.whole.answered,
            "failed": found.whole.failed,
            "days": [{"date": day.on.isoformat(), "state": kind_of(day), **_facts(day.served)} for day in found.days],
            "incidents": [
                {"since": to_iso(one.since), "until": to_iso(one.until), **_facts(one.served)}
                for one in found.incidents
            ],
        },
        headers={"Cache-Control": "public, max-age=60"},
    )


def kind_of(day: Day) -> str:
    """Return how a day went: `well`, `weak`, `bad`, or `unknown` where nobody called."""
    share = day.served.share
    if share is None:
        return "unknown"
    return "well" if share >= _WELL else "weak" if share >= _WEAK else "bad"


def _facts(served: Served) -> dict[str, object]:
    return {"share": served.share, "answered": served.answered, "failed": served.failed}


def _published(visit: Visit) -> Availability:
    if not visit.house.settings.publish_status:
        raise NotFoundError("运营方没有公布可用性。", "The operator does not publish availability.", where="path")
    return visit.house.gateway.availability()


def _now(visit: Visit) -> str:
    """Return how the service does at this moment: `well`, `weak` where a model server is out, or `bad`."""
    if not all(visit.house.gateway.readiness().values()):
        return "bad"
    return "well" if all(state.is_healthy for state in visit.house.gateway.upstream_states()) else "weak"
