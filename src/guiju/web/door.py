"""The way from a request to a handler: language, session, role, token, bounded form; and from an error to a page."""

import inspect
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from guiju.kit.errors import GuijuError, InputError, NotFoundError, RefusedError, StorageError
from guiju.kit.i18n import Translator, choose_language
from guiju.kit.ids import new_id
from guiju.staff.models import StaffMember
from guiju.web import security
from guiju.web.house import WebHouse
from guiju.web.navigation import NAVIGATION
from guiju.web.rendering import Renderer
from guiju.web.security import ForgedError, TooLargeError

_logger = logging.getLogger(__name__)
_YEAR_SECONDS = 365 * 86400
_NO_FORM: dict[str, str] = {}


@dataclass(frozen=True, slots=True)
class Visit:
    """One request as a handler sees it.

    Attributes:
        door: where it came in.
        request: Starlette's request; its body is read already.
        language: `zh` or `en`.
        member: who is signed in, or None.
        secret: the session or visitor cookie, to which form tokens are bound.
        form: the fields of a POST.
        upload: the file of a POST that takes one.
        csrf: the token for forms on the answer.
    """

    door: "Door"
    request: Request
    language: str
    member: StaffMember | None
    secret: str
    form: Mapping[str, str] = field(default_factory=dict)
    upload: UploadFile | None = None

    @property
    def house(self) -> WebHouse:
        """The rooms."""
        return self.door.house

    @property
    def t(self) -> Translator:
        """Who speaks the visitor's language."""
        return self.door.renderer.translator(self.language)

    @property
    def csrf(self) -> str:
        """The token for forms on the answer."""
        return security.csrf_token(self.secret)

    @property
    def person(self) -> StaffMember:
        """Who is signed in, on a page that asked for an action.

        Raises:
            RefusedError: nobody is.
        """
        if self.member is None:
            raise RefusedError("请先登录。", "Sign in first.")
        return self.member

    @property
    def query(self) -> dict[str, str]:
        """The query values, each cut to what any filter of ours could mean."""
        return {name: value[:200] for name, value in self.request.query_params.items() if len(name) <= 32}  # noqa: PLR2004

    def may(self, action: str) -> bool:
        """Return whether the person may do it."""
        return self.member is not None and self.house.staff.may(self.member, action)

    def render(self, template: str, status: int = 200, **values: object) -> Response:
        """Fill a template with what every page needs and `values`."""
        text = self.door.renderer.page(
            template,
            self.language,
            {
                "visit": self,
                "member": self.member,
                "csrf": self.csrf,
                "path": self.request.url.path,
                "query": self.query,
                "navigation": NAVIGATION,
                "flash": "",
                **self._role(),
                **values,
            },
        )
        return HTMLResponse(text, status)

    def _role(self) -> dict[str, object]:
        role = self.house.staff.matrix.roles.get(self.member.role) if self.member else None
        return {"role": role, "allowed": role.actions if role else frozenset()}

    def error(self, error: GuijuError, status: int) -> Response:
        """Show what is wrong and what to do next, as a page or as JSON."""
        if self.request.url.path.startswith("/api/"):
            body = {"error": {"code": error.code, "message": error.text(self.language)}}
            return JSONResponse(body, status)
        return self.render("error.html", status, error=error, status_code=status)


Handler = Callable[[Visit], Response] | Callable[[Visit], Awaitable[Response]]


class Door:
    """Makes routes of handlers."""

    def __init__(self, house: WebHouse) -> None:
        """Open onto `house`."""
        self.house = house
        self.renderer = Renderer()
        self.is_https = house.settings.secure_cookies
        prefix = "__Host-" if self.is_https else ""
        self.session_cookie = f"{prefix}gj_session"
        self.visitor_cookie = f"{prefix}gj_visitor"

    def get(self, path: str, handler: Handler, action: str = "") -> Route:
        """Make a page; with `action`, only for people who may do it."""
        return Route(path, self._endpoint(handler, action), methods=["GET"])

    def post(self, path: str, handler: Handler, action: str = "") -> Route:
        """Make a form's target; with `action`, only for people who may do it."""
        return Route(path, self._endpoint(handler, action), methods=["POST"])

    def post_file(self, path: str, handler: Handler, action: str) -> Route:
        """Make the target of a form that hands in a file, for people who may do `action`."""
        return Route(path, self._endpoint(handler, action, takes_file=True), methods=["POST"])

    def visit_of(self, request: Request) -> Visit:
        """Read language, session and visitor of a request (reads the database)."""
        language = choose_language(request.query_params.get("lang"), request.cookies.get("gj_lang"))
        token = request.cookies.get(self.session_cookie, "")[:200]
        member = self.house.staff.member_of(token) if token else None
        secret = token if member else request.cookies.get(self.visitor_cookie, "")[:200]
        return Visit(self, request, language, member, secret or security.new_secret())

    def bare_visit(self, request: Request) -> Visit:
        """Read the language only: for error pages, which must not fail themselves."""
        language = choose_language(request.query_params.get("lang"), request.cookies.get("gj_lang"))
        return Visit(self, request, language, None, security.new_secret())

    def _endpoint(
        self, handler: Handler, action: str, *, takes_file: bool = False
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            visit = await run_in_threadpool(self.visit_of, request)
            try:
                response = await self._answer(visit, handler, action, takes_file=takes_file)
            except GuijuError as error:
                response = visit.error(error, status_of(error))
            return self._with_cookies(visit, response)

        return endpoint

    async def _answer(self, visit: Visit, handler: Handler, action: str, *, takes_file: bool) -> Response:
        request = visit.request
        if action and visit.member is None:
            return sign_in_first(visit)
        if action and not visit.may(action):
            raise not_allowed()
        if request.method == "POST":
            visit = await self._posted(visit, takes_file=takes_file)
        if inspect.iscoroutinefunction(handler):
            answer: Response = await handler(visit)
            return answer
        return await run_in_threadpool(handler, visit)  # type: ignore[arg-type]

    async def _posted(self, visit: Visit, *, takes_file: bool) -> Visit:
        request = visit.request
        security.check_origin(request)
        cookie = request.cookies.get(self.session_cookie if visit.member else self.visitor_cookie, "")[:200]
        if takes_file and request.headers.get("content-type", "").startswith("multipart/form-data"):
            form, upload = await security.read_upload(request, security.LARGEST_UPLOAD)
            security.check_csrf(form.pop("csrf", ""), cookie)
            return Visit(self, request, visit.language, visit.member, visit.secret, form, upload)
        is_json = request.headers.get("content-type", "").startswith("application/json")
        body = await security.read_bounded(request, security.LARGEST_CHAT if is_json else security.LARGEST_FORM)
        if is_json:
            form, given = {"json": body.decode("utf-8", "replace")}, request.headers.get("x-csrf-token", "")
        else:
            form = security.parse_form(body, request.headers.get("content-type", ""))
            given = form.pop("csrf", "")
        security.check_csrf(given, cookie)
        return Visit(self, request, visit.language, visit.member, visit.secret, form)

    def _with_cookies(self, visit: Visit, response: Response) -> Response:
        cookies = visit.request.cookies
        if visit.member is None and cookies.get(self.visitor_cookie) != visit.secret:
            security.set_cookie(
                response, self.visitor_cookie, visit.secret, is_https=self.is_https, seconds=_YEAR_SECONDS
            )
        wish = visit.request.query_params.get("lang")
        if wish in {"zh", "en"} and wish != cookies.get("gj_lang"):
            security.set_cookie(response, "gj_lang", wish, is_https=self.is_https, seconds=_YEAR_SECONDS)
        return response

    async def on_guiju_error(self, request: Request, error: Exception) -> Response:
        """Answer an error that was raised outside a handler."""
        known = error if isinstance(error, GuijuError) else unexpected(error)
        return self.bare_visit(request).error(known, status_of(known))

    async def on_not_found(self, request: Request, _error: Exception) -> Response:
        """Answer an address that is none of ours."""
        error = NotFoundError(
            "没有这个页面。请检查地址，或从导航重新进入。",
            "There is no such page. Check the address, or start again from the navigation.",
        )
        return self.bare_visit(request).error(error, 404)

    async def on_wrong_method(self, request: Request, _error: Exception) -> Response:
        """Answer a method that the address does not take."""
        error = RefusedError(
            "这个地址不接受此种请求。请从页面上的按钮操作。",
            "This address does not take such a request. Use the buttons on the pages.",
        )
        return self.bare_visit(request).error(error, 405)


def sign_in_first(visit: Visit) -> Response:
    """Send a person to the login page, and back afterwards."""
    target = visit.request.url.path if visit.request.method == "GET" else "/console"
    return RedirectResponse(f"/console/login?next={target}", 303)


def not_allowed() -> RefusedError:
    """Return the error for a role that may not."""
    return RefusedError(
        "你的角色不能进行此操作。如确有需要，请联系负责人调整角色。",
        "Your role does not allow this. If you need it, ask an owner to change your role.",
    )


def status_of(error: GuijuError) -> int:
    """Return the HTTP status of an error."""
    if isinstance(error, TooLargeError):
        return 413
    if isinstance(error, ForgedError | RefusedError):
        return 403
    if isinstance(error, InputError):
        return 400
    if isinstance(error, NotFoundError):
        return 404
    if isinstance(error, StorageError):
        return 503
    return 500


def unexpected(error: Exception) -> GuijuError:
    """Log an error that nobody expected, and return what the visitor may know: a number to ask about."""
    number = new_id()
    _logger.error("unexpected error in a page", exc_info=error, extra={"error_id": number})
    return GuijuError(
        f"出现未预期的错误。请稍后重试；若仍出现，请把编号 {number} 告诉管理员，日志中有详情。",
        f"Something unexpected went wrong. Try again later; if it stays, tell the administrator the number {number}.",
    )
