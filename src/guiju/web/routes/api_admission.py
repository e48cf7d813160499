"""The JSON twin of the pages about apps and sanctions."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Request

from guiju.web.door import Door, Visit
from guiju.web.tables import plain
from guiju.web.views.apps import AppDetail, app_detail
from guiju.web.views.sanctions import SanctionsView, sanctions_view

Only = Callable[[Door, str], Callable[[Request], Visit]]


def add_admission(app: FastAPI, door: Door, only: Only) -> None:
    """Add the routes."""

    @app.get("/apps/{app_id}", tags=["apps"])
    def one_app(visit: Annotated[Visit, Depends(only(door, "view_apps"))], app_id: str, days: str = "7") -> AppDetail:
        """One app: its keys, what is left of its limits, and what it used in the last 1, 7, 30 or 90 days."""
        return app_detail(visit.house, plain(app_id, 64), days)

    @app.get("/sanctions", tags=["sanctions"])
    def sanctions(
        visit: Annotated[Visit, Depends(only(door, "view_sanctions"))],
        *,
        state: str = "",
        person: str = "",
        before: str = "",
    ) -> SanctionsView:
        """A page of measures; `state` is in_force, waiting or empty. Nothing that a user wrote is in it."""
        return sanctions_view(visit.house, {"state": state, "person": person, "before": before})
