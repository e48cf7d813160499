"""What every response and POST of the web door carries: headers, bounded bodies, tokens against forged requests."""

import hashlib
import hmac
import secrets
from collections.abc import AsyncGenerator
from urllib.parse import parse_qsl, urlsplit

from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import MutableHeaders, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from guiju.kit.errors import InputError, RefusedError

LARGEST_FORM = 512 * 1024
LARGEST_CHAT = 1024 * 1024
LARGEST_UPLOAD = 64 * 1024 * 1024
_MOST_FIELDS = 100

_POLICY = (
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    "font-src 'self'",
    "connect-src 'self'",
    "form-action 'self'",
    "base-uri 'none'",
    "frame-ancestors 'none'",
)
_HEADERS = {
    "Content-Security-Policy": "; ".join(_POLICY),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), payment=(), usb=(), browsing-topics=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


class TooLargeError(InputError):
    """A request body beyond what the page takes."""

    code = "too_large"


class ForgedError(RefusedError):
    """A POST that does not come from a page of ours, or from one that is too old."""

    code = "forged_request"


class SecurityHeaders:
    """Puts the security headers on every response; what changes per person is never cached."""

    def __init__(self, app: ASGIApp, *, is_https: bool) -> None:
        """Wrap `app`; `is_https` adds HSTS."""
        self._app = app
        self._headers = dict(_HEADERS)
        if is_https:
            self._headers["Strict-Transport-Security"] = "max-age=31536000"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                headers.setdefault("Cache-Control", "no-store")
            await send(message)

        await self._app(scope, receive, send_with_headers)


async def read_bounded(request: Request, limit: int) -> bytes:
    """Read the body, up to `limit` bytes.

    Raises:
        TooLargeError: there is more.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit:
            raise _too_large(limit)
    return bytes(body)


async def read_upload(request: Request, limit: int) -> tuple[dict[str, str], UploadFile | None]:
    """Read a form with at most one file, up to `limit` bytes together; the file lies on disk past a megabyte.

    Raises:
        TooLargeError: there is more.
        InputError: it is no such form.
    """
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit:
        raise _too_large(limit)

    async def pieces() -> AsyncGenerator[bytes, None]:
        size = 0
        async for piece in request.stream():
            size += len(piece)
            if size > limit:
                raise _too_large(limit)
            yield piece

    try:
        parser = MultiPartParser(request.headers, pieces(), max_files=1, max_fields=_MOST_FIELDS)
        form = await parser.parse()
    except (MultiPartException, MultipartParseError, UnicodeDecodeError) as error:
        raise _bad_form() from error
    fields = {name: value for name, value in form.multi_items() if isinstance(value, str)}
    return fields, next((value for _, value in form.multi_items() if isinstance(value, UploadFile)), None)


def parse_form(body: bytes, content_type: str) -> dict[str, str]:
    """Read a form as the browser sends it; the last value of a repeated field counts.

    Raises:
        InputError: it is no URL-encoded UTF-8 form, or has too many fields.
    """
    if not body:
        return {}
    if content_type.split(";", maxsplit=1)[0].strip().lower() != "application/x-www-form-urlencoded":
        raise _bad_form()
    try:
        return dict(
            parse_qsl(body.decode("ascii"), keep_blank_values=True, max_num_fields=_MOST_FIELDS, errors="strict")
        )
    except ValueError as error:
        raise _bad_form() from error


def csrf_token(secret: str) -> str:
    """Return the token for forms shown to the holder of the session or visitor cookie `secret`."""
    return hmac.new(secret.encode(), b"guiju csrf", hashlib.sha256).hexdigest()


def check_origin(request: Request) -> None:
    """Refuse a POST that a browser says comes from another site.

    Raises:
        ForgedError: it does.
    """
    origin = request.headers.get("origin", "")
    is_foreign = request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
    if is_foreign or (origin and urlsplit(origin).netloc != request.headers.get("host", "")):
        raise _forged()


def check_csrf(given: str, secret: str) -> None:
    """Refuse a POST whose token is not the one of its cookie.

    Raises:
        ForgedError: it is not.
    """
    if not secret or not hmac.compare_digest(given.encode(), csrf_token(secret).encode()):
        raise _forged()


def new_secret() -> str:
    """Make the value of a visitor cookie."""
    return secrets.token_urlsafe(24)


def person_of(visitor: str) -> str:
    """Return the pseudonym under which a visitor's exchanges are kept; the cookie itself is never kept."""
    return "visitor-" + hashlib.sha256(visitor.encode()).hexdigest()[:32]


def set_cookie(response: Response, name: str, value: str, *, is_https: bool, seconds: int | None = None) -> None:
    """Set a cookie that scripts cannot read and other sites cannot send along with a POST."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=is_https, httponly=True, samesite="lax")


def _too_large(limit: int) -> TooLargeError:
    kib = limit // 1024
    return TooLargeError(
        f"提交的内容超过 {kib} KB。请缩短后重试。", f"What was sent is larger than {kib} KB. Shorten it and try again."
    )


def _bad_form() -> InputError:
    return InputError(
        "表单无法读取。请返回上一页，重新填写后提交。",
        "The form cannot be read. Go back, fill it in again and send it.",
    )


def _forged() -> ForgedError:
    return ForgedError(
        "页面已过期，或请求不是从本站页面发出。请刷新页面后重试。",
        "The page is too old, or the request did not come from a page of this site. Reload the page and try again.",
    )
