"""The JSON twin of the review room's pages; nothing that anybody said is in it."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request

from guiju.review.models import AgreementReport
from guiju.web.door import Door, Visit
from guiju.web.views.changes import ChangesView, ChangeView, change_view, changes_view
from guiju.web.views.review import ItemView, QueueView, agreement_view, item_view, queue_view

Only = Callable[[Door, str], Callable[[Request], Visit]]


def add_review(app: FastAPI, door: Door, only: Only) -> None:
    """Add the queue, its items and the agreement."""

    @app.get("/review", tags=["review"])
    def queue(
        visit: Annotated[Visit, Depends(only(door, "view_review"))],
        *,
        state: str = "",
        reason: str = "",
        risk: str = "",
        page: str = "",
    ) -> QueueView:
        """A page of what waits for people, the most urgent first."""
        return queue_view(visit.house, visit.person, {"state": state, "reason": reason, "risk": risk, "page": page})

    @app.get("/review/agreement", tags=["review"])
    def agreement(
        visit: Annotated[Visit, Depends(only(door, "view_review"))], since: str = "", until: str = ""
    ) -> AgreementReport:
        """How far independent verdicts agree, raw and beyond chance, with 95 % intervals."""
        return agreement_view(visit.house, {"since": since, "until": until})

    @app.get("/review/{item_id}", tags=["review"])
    def item(visit: Annotated[Visit, Depends(only(door, "view_review"))], item_id: str) -> ItemView:
        """One item; the verdicts on it only once both are in."""
        return item_view(visit.house, visit.person, item_id)


def add_changes(app: FastAPI, door: Door, only: Only) -> None:
    """Add the changes of the keyword library."""

    @app.get("/changes", tags=["changes"])
    def changes(
        visit: Annotated[Visit, Depends(only(door, "view_policy"))],
        wanted: Annotated[str, Query(alias="list")] = "open",
        page: str = "",
    ) -> ChangesView:
        """A page of changes, and when the library must be updated next."""
        return changes_view(visit.house, {"list": wanted, "page": page})

    @app.get("/changes/{change_id}", tags=["changes"])
    def change(visit: Annotated[Visit, Depends(only(door, "view_policy"))], change_id: str) -> ChangeView:
        """One change with its terms, previews, steps and measured effect."""
        return change_view(visit.house, change_id)
