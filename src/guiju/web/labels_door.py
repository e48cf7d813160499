"""Labels for other services: hand in a file, get it back marked and labelled, or learn what stands in it.

`POST /v1/labels/export` and `…/inspect`: the file is the body, its media type the `Content-Type`, the key of an app the
credentials. What is exported has its entry in the ledger before its first byte leaves.
"""

import asyncio
import logging
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import orjson

from guiju.gateway.entrance.tickets import Guest
from guiju.gateway.errors import CallError, EvidenceUnavailableError, InternalError, RequestTooLargeError
from guiju.gateway.flow import error_reply
from guiju.gateway.models import ChatCall, ChatReply
from guiju.gateway.wire.fields import wrong
from guiju.kit.errors import ConfigurationError, GuijuError, StorageError
from guiju.labelling.exporting import Exported
from guiju.web.caller_headers import CONTENT_TYPE, USER, Known, authorization_of, user_headers
from guiju.web.house import WebHouse
from guiju.web.views.labels import inspected_view

_log = logging.getLogger(__name__)
EXPORT, INSPECT = "/v1/labels/export", "/v1/labels/inspect"
LABEL_PATHS = frozenset((EXPORT, INSPECT))
MOST_BYTES = 64 << 20
_AT_ONCE, _UPLOADS = 2, 16
_BODY_SECONDS = 120.0
_LONGEST_TYPE, _LONGEST_USER = 100, 512

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
LetIn = Callable[[ChatCall], Awaitable[Guest | ChatReply]]


class ContentNotLabelledError(CallError):
    """What was handed in cannot be marked or labelled; the message says why."""

    code = "content_not_labelled"
    status = 422


class LabelsDoor:
    """Answers the two addresses; a few files at a time, since each costs a core."""

    def __init__(self, house: WebHouse) -> None:
        """Label as `house` does."""
        self._house = house
        self._turns, self._uploads = asyncio.Semaphore(_AT_ONCE), asyncio.Semaphore(_UPLOADS)

    async def answer(self, path: str, found: Known, receive: Receive, *, let_in: LetIn) -> ChatReply | None:
        """Answer one call; errors come back as replies of the OpenAI shape, None for a client that left.

        Args:
            path: which address.
            found: the headers.
            receive: gives the body.
            let_in: lets the call in, past the limits of its app and the sanctions of its user, or says why not.
        """
        try:
            guest = await let_in(_call(found))
        except CallError as error:
            return error_reply(error)
        if isinstance(guest, ChatReply):
            return guest
        mime = found.get(CONTENT_TYPE, b"").decode("latin-1")[:_LONGEST_TYPE]
        try:
            async with self._uploads:
                reply = await self._handled(path, receive, mime=mime, actor=f"app:{guest.app.id}")
        except (GuijuError, OSError) as error:
            reply = error_reply(_as_call_error(error))
        finally:
            guest.ticket.over()
        return replace(reply, headers=reply.headers + guest.ticket.headers) if reply is not None else None

    async def _handled(self, path: str, receive: Receive, *, mime: str, actor: str) -> ChatReply | None:
        with tempfile.TemporaryDirectory(prefix="guiju-label-") as folder:
            file = Path(folder, f"content{await asyncio.to_thread(self._house.labels.suffix_of, mime)}")
            async with asyncio.timeout(_BODY_SECONDS):
                if not await _to_disk(receive, file):
                    return None
            async with self._turns:  # who sends slowly keeps nobody's turn
                return await asyncio.to_thread(self._work, path, file, mime=mime, actor=actor)

    def _work(self, path: str, file: Path, *, mime: str, actor: str) -> ChatReply:
        return self._export(file, mime, actor) if path == EXPORT else self._inspect(file)

    def _export(self, file: Path, mime: str, actor: str) -> ChatReply:
        target = file.with_name(f"labelled{file.suffix}")
        number, done = self._house.labels.export(file, target, actor=actor)
        headers = (
            ("content-type", mime or "application/octet-stream"),
            ("x-produce-id", number),
            ("x-content-sha256", done.labelled.sha256_after),
            ("x-label", orjson.dumps(_facts(done)).decode("ascii", "backslashreplace")),
        )
        return ChatReply(200, headers, target.read_bytes())

    def _inspect(self, file: Path) -> ChatReply:
        view = inspected_view(self._house, file, "", is_declared=False)
        return ChatReply(200, (("content-type", "application/json"),), view.model_dump_json().encode())


def _call(found: Known) -> ChatCall:
    """Return the call as admission hears of it.

    Raises:
        CallError: the user's name is too long.
    """
    token, identity = user_headers(found)
    user = found.get(USER, b"").decode("utf-8", "replace")
    if len(user) > _LONGEST_USER:
        raise wrong("X-Guiju-User", f"不超过 {_LONGEST_USER} 字", f"of at most {_LONGEST_USER} characters")
    return ChatCall(
        b"",
        authorization_of(found, takes_api_key=False),
        end_user=user,
        endpoint="labels",
        user_token=token,
        real_identity=identity,
    )


def _facts(done: Exported) -> dict[str, object]:
    """Return what a header can hold of what was done: ASCII alone."""
    place = done.labelled.place.encode("ascii", "ignore").decode().strip()
    seal = done.labelled.sealed
    c2pa = seal.outcome.value if seal is not None else None
    return {"format": done.labelled.format, "place": place, "measured": done.marked.facts, "c2pa": c2pa}


async def _to_disk(receive: Receive, file: Path) -> bool:
    """Write the body to a file; False where the client left before its end.

    Raises:
        RequestTooLargeError: there is more than we take.
        ContentNotLabelledError: there is nothing.
    """
    size = 0
    with file.open("wb") as target:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return False
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > MOST_BYTES:
                raise RequestTooLargeError(
                    f"文件超过 {MOST_BYTES >> 20} MiB；请用命令行 guiju label 处理大文件。",
                    f"The file has more than {MOST_BYTES >> 20} MiB; label large files with `guiju label`.",
                )
            target.write(piece)
            if not message.get("more_body", False):
                break
    if size == 0:
        raise ContentNotLabelledError(
            "请求体是空的；请把文件内容作为请求体发送。", "The body is empty; send the file's bytes as the body."
        )
    return True


def _as_call_error(error: GuijuError | OSError) -> CallError:
    """Return an error for a caller, who is told no path of this machine and none of the operator's settings."""
    if isinstance(error, CallError):
        return error
    if isinstance(error, TimeoutError):
        return ContentNotLabelledError(
            f"文件在 {_BODY_SECONDS:.0f} 秒内没有传完；请重试。",
            f"The file did not arrive within {_BODY_SECONDS:.0f} s; try again.",
        )
    if isinstance(error, OSError | StorageError):
        _log.error("a file that was handed in cannot be kept or recorded", extra={"reason": str(error)})
        return EvidenceUnavailableError(
            "服务器目前存不下或记不下这个文件；请稍后重试。",
            "The server cannot keep or record the file at present; try again later.",
        )
    if isinstance(error, ConfigurationError):
        _log.error("what was handed in cannot be labelled here", extra={"reason": str(error)})
        return InternalError(
            "本服务目前不能给这种内容加标识；请联系运营方。",
            "This service cannot label such content at present; ask the operator.",
        )
    return ContentNotLabelledError(error.zh, error.en)
