"""The state of the system: upstreams, models, versions, the declared profile."""

from starlette.responses import Response
from starlette.routing import Route

from guiju import __version__
from guiju.web.door import Door, Visit


def system_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [door.get("/console/system", show_system, "view_system")]


def show_system(visit: Visit) -> Response:
    """Show how the upstreams do and what was declared about the service."""
    house = visit.house
    return visit.render(
        "system.html",
        upstreams=house.gateway.upstream_states(),
        models=house.gateway.models(),
        profile=house.supervision.profile(),
        facts=house.law.facts(),
        version=__version__,
        ledger_hash=house.settings.ledger_hash,
        database="PostgreSQL" if house.settings.database_url.startswith("postgres") else "SQLite",
    )
