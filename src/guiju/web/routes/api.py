"""The JSON twin: what each page shows, under `/api/`, behind the same sessions and roles, described by OpenAPI."""

from collections.abc import Callable
from datetime import date
from typing import Annotated

from fastapi import Depends, FastAPI, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException

from guiju import __version__
from guiju.gateway.models import ApiKey, App, ModelInfo, UpstreamState
from guiju.kit.errors import GuijuError, NotFoundError, RefusedError
from guiju.law.models import Outcome
from guiju.ledger.models import Head, InclusionProof, SignedCheckpoint, Verification
from guiju.moderation.models import Explanation
from guiju.staff.models import StaffMember
from guiju.supervision.models import ArticleState
from guiju.web import security
from guiju.web.door import Door, Visit, not_allowed, status_of, unexpected
from guiju.web.routes.api_admission import add_admission
from guiju.web.routes.api_review import add_changes, add_review
from guiju.web.routes.labels import add_labels
from guiju.web.routes.ledger import entry_named, entry_query
from guiju.web.tables import PAGE_ROWS
from guiju.web.views.exchanges import ExchangesView, ExchangeView, exchange_view, exchanges_view
from guiju.web.views.law import LawView, article_view, assessment_on, law_view
from guiju.web.views.live import LiveView, live_view
from guiju.web.views.overview import OverviewView, overview_view
from guiju.web.views.policy import LONGEST_TRIAL, LibraryView, TermsView, explain_trial, library_view, terms_view


class LedgerView(BaseModel):
    """The ledger's state and a page of its entries, newest first."""

    size: int
    root: str
    verification: Verification | None
    checkpoints: list[SignedCheckpoint]
    entries: list[Head]


class EntryView(BaseModel):
    """One entry with the proof that it stands in the tree."""

    entry: Head
    proof: InclusionProof


class AppView(BaseModel):
    """An app with its keys; secrets are never shown again."""

    app: App
    keys: list[ApiKey]


class SystemView(BaseModel):
    """How the upstreams do."""

    version: str
    upstreams: list[UpstreamState]
    models: list[ModelInfo]


class TrialRequest(BaseModel):
    """A text to try on the policy; `scope` is input or output."""

    text: str = Field(min_length=1, max_length=LONGEST_TRIAL)
    scope: str = "input"


class NotSignedInError(RefusedError):
    """There is no session."""

    code = "not_signed_in"


def api_app(door: Door) -> FastAPI:
    """Return the application under `/api/`."""
    app = FastAPI(
        title="Guiju console",
        version=__version__,
        description="The console's pages as JSON. Sign in at /console/login; the session cookie opens these too.",
        docs_url=None,
        redoc_url=None,
    )
    _add_standing(app, door)
    _add_exchanges(app, door)
    _add_policy(app, door)
    add_review(app, door, _only)
    add_changes(app, door, _only)
    add_labels(app, door, _only)
    add_admission(app, door, _only)
    _add_ledger(app, door)
    _add_house(app, door)
    _add_errors(app, door)
    return app


def _only(door: Door, action: str) -> Callable[[Request], Visit]:
    """Return a dependency that opens a visit for a person who may do `action`."""

    def visit(request: Request) -> Visit:
        found = door.visit_of(request)
        if found.member is None:
            raise NotSignedInError("请先在 /console/login 登录。", "Sign in at /console/login first.")
        if not found.may(action):
            raise not_allowed()
        if request.method != "GET":
            security.check_origin(request)
            security.check_csrf(request.headers.get("x-csrf-token", ""), found.secret)
        return found

    return visit


def _add_standing(app: FastAPI, door: Door) -> None:
    @app.get("/overview", tags=["overview"])
    def overview(visit: Annotated[Visit, Depends(_only(door, "view_overview"))]) -> OverviewView:
        """Where the service stands and what needs someone."""
        return overview_view(visit.house, visit.house.supervision.assess(None))

    @app.get("/law", tags=["law"])
    def law(
        visit: Annotated[Visit, Depends(_only(door, "view_law"))],
        as_of: date | None = None,
        outcome: Outcome | None = None,
        chapter: Annotated[str, Query(max_length=64)] = "",
    ) -> LawView:
        """The articles of the Measures with their outcomes on a day."""
        return law_view(assessment_on(visit.house, as_of), outcome=outcome, chapter=chapter)

    @app.get("/law/{article}", tags=["law"])
    def article(
        visit: Annotated[Visit, Depends(_only(door, "view_law"))], article: str, as_of: date | None = None
    ) -> ArticleState:
        """One article: text, obligations, checks, evidence."""
        return article_view(assessment_on(visit.house, as_of), article)


def _add_exchanges(app: FastAPI, door: Door) -> None:
    @app.get("/exchanges", tags=["exchanges"])
    def exchanges(  # noqa: PLR0913 - one parameter a filter
        visit: Annotated[Visit, Depends(_only(door, "view_exchanges"))],
        *,
        outcome: str = "",
        risk: str = "",
        app: str = "",
        since: str = "",
        until: str = "",
        before: str = "",
    ) -> ExchangesView:
        """A page of exchanges, newest first; nothing that anybody said is in it. `since` and `until` are days."""
        values = {"outcome": outcome, "risk": risk, "app": app, "since": since, "until": until, "before": before}
        return exchanges_view(visit.house, values)

    @app.get("/live", tags=["exchanges"])
    def live(
        visit: Annotated[Visit, Depends(_only(door, "view_exchanges"))],
        window: str = "1h",
        outcome: str = "",
        app: str = "",
    ) -> LiveView:
        """What happens now: figures, decisions and latencies by bins, model servers, the newest exchanges."""
        return live_view(visit.house, {"window": window, "outcome": outcome, "app": app})

    @app.get("/exchanges/{exchange_id}", tags=["exchanges"])
    def exchange(visit: Annotated[Visit, Depends(_only(door, "view_exchanges"))], exchange_id: str) -> ExchangeView:
        """One exchange and the entries about it."""
        return exchange_view(visit.house, exchange_id)


def _add_policy(app: FastAPI, door: Door) -> None:
    @app.get("/policy", tags=["policy"])
    def policy(visit: Annotated[Visit, Depends(_only(door, "view_policy"))]) -> LibraryView:
        """The keyword library against the standard's minimum."""
        return library_view(visit.house)

    @app.get("/policy/terms", tags=["policy"])
    def terms(
        visit: Annotated[Visit, Depends(_only(door, "view_policy"))],
        q: Annotated[str, Query(max_length=64)] = "",
        risk: str = "",
        page: str = "",
    ) -> TermsView:
        """A page of terms."""
        return terms_view(visit.house, {"q": q, "risk": risk, "page": page})

    @app.post("/policy/trial", tags=["policy"])
    def dry_run(visit: Annotated[Visit, Depends(_only(door, "dry_run"))], request: TrialRequest) -> Explanation:
        """What a text would decide, and why; nothing is kept. Needs the header X-CSRF-Token from `/api/session`."""
        return explain_trial(visit.house, request.text, request.scope)


def _add_ledger(app: FastAPI, door: Door) -> None:
    @app.get("/ledger", tags=["ledger"])
    def ledger(  # noqa: PLR0913 - one parameter a filter
        visit: Annotated[Visit, Depends(_only(door, "view_ledger"))],
        *,
        action: str = "",
        provision: str = "",
        subject: str = "",
        since: str = "",
        until: str = "",
        before: str = "",
    ) -> LedgerView:
        """The ledger's state and a page of its entries."""
        room = visit.house.ledger
        values = {"action": action, "provision": provision, "subject": subject}
        values.update(since=since, until=until, before=before)
        return LedgerView(
            size=room.size(),
            root=room.root(),
            verification=room.last_verification(),
            checkpoints=room.checkpoints(10),
            entries=room.find(entry_query(values, PAGE_ROWS)),
        )

    @app.get("/ledger/entries/{entry_id}", tags=["ledger"])
    def entry(visit: Annotated[Visit, Depends(_only(door, "view_ledger"))], entry_id: str) -> EntryView:
        """One entry with its inclusion proof."""
        head = entry_named(visit.house, entry_id)
        return EntryView(entry=head, proof=visit.house.ledger.prove_inclusion(head.seq))


def _add_house(app: FastAPI, door: Door) -> None:
    @app.get("/apps", tags=["apps"])
    def apps(visit: Annotated[Visit, Depends(_only(door, "view_apps"))]) -> list[AppView]:
        """Every app with its keys."""
        gateway = visit.house.gateway
        return [AppView(app=item, keys=gateway.keys(item.id)) for item in gateway.apps()]

    @app.get("/system", tags=["system"])
    def system(visit: Annotated[Visit, Depends(_only(door, "view_system"))]) -> SystemView:
        """How the upstreams do."""
        gateway = visit.house.gateway
        return SystemView(version=__version__, upstreams=list(gateway.upstream_states()), models=list(gateway.models()))

    @app.get("/staff", tags=["staff"])
    def staff(visit: Annotated[Visit, Depends(_only(door, "manage_staff"))]) -> list[StaffMember]:
        """Every account."""
        return visit.house.staff.members()

    @app.get("/session", tags=["session"])
    def session(visit: Annotated[Visit, Depends(_only(door, "view_law"))]) -> dict[str, str]:
        """Who is signed in, and the token that POSTs carry in X-CSRF-Token."""
        return {"name": visit.person.name, "role": visit.person.role, "csrf": visit.csrf}


def _add_errors(app: FastAPI, door: Door) -> None:
    def answer(request: Request, error: GuijuError, status: int) -> JSONResponse:
        message = error.text(door.bare_visit(request).language)
        return JSONResponse({"error": {"code": error.code, "message": message}}, status)

    def on_known(request: Request, error: Exception) -> JSONResponse:
        known = error if isinstance(error, GuijuError) else unexpected(error)
        return answer(request, known, 401 if isinstance(known, NotSignedInError) else status_of(known))

    def on_http(request: Request, error: Exception) -> JSONResponse:
        status = error.status_code if isinstance(error, HTTPException) else 500
        text = NotFoundError("没有这个接口，见 /openapi.json。", "There is no such endpoint; see /openapi.json.")
        response = answer(request, text, status)
        response.headers.update((error.headers if isinstance(error, HTTPException) else None) or {})
        return response

    def on_invalid(_request: Request, error: Exception) -> JSONResponse:
        details = error.errors() if isinstance(error, RequestValidationError) else []
        places = [".".join(str(part) for part in item["loc"]) + ": " + item["msg"] for item in details[:10]]
        return JSONResponse({"error": {"code": "input_error", "message": "; ".join(places)}}, 400)

    app.add_exception_handler(GuijuError, on_known)
    app.add_exception_handler(HTTPException, on_http)
    app.add_exception_handler(RequestValidationError, on_invalid)
    app.add_exception_handler(Exception, on_known)
