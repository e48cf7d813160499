"""Labels for other services: hand in a file, get it back marked and labelled, or learn what stands in it.

`POST /v1/labels/export` and `…/inspect`: the file is the body, its media type the `Content-Type`, the key of an app the
credentials. What is exported has its entry in the ledger before its first byte leaves.
"""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from pathlib import Path
from typing import Any

import orjson

from guiju.gateway.errors import CallError, EvidenceUnavailableError, InternalError, RequestTooLargeError
from guiju.gateway.flow import error_reply
from guiju.gateway.models import ChatCall, ChatReply
from guiju.kit.errors import ConfigurationError, GuijuError, StorageError
from guiju.labelling.exporting import Exported
from guiju.web.caller_headers import CONTENT_TYPE, Known, authorization_of
from guiju.web.house import WebHouse
from guiju.web.views.labels import inspected_view

EXPORT, INSPECT = "/v1/labels/export", "/v1/labels/inspect"
LABEL_PATHS = frozenset((EXPORT, INSPECT))
MOST_BYTES = 64 << 20
_AT_ONCE = 2
_BODY_SECONDS = 120.0
_LONGEST_TYPE = 100

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Admit = Callable[[ChatCall], Awaitable[ChatReply | None]]


class ContentNotLabelledError(CallError):
    """What was handed in cannot be marked or labelled; the message says why."""

    code = "content_not_labelled"
    status = 422


class LabelsDoor:
    """Answers the two addresses; a few files at a time, since each costs a core."""

    def __init__(self, house: WebHouse) -> None:
        """Label as `house` does."""
        self._house = house
        self._turns = asyncio.Semaphore(_AT_ONCE)

    async def answer(self, path: str, found: Known, receive: Receive, *, admit: Admit) -> ChatReply:
        """Answer one call; errors come back as replies of the OpenAI shape.

        Args:
            path: which address.
            found: the headers.
            receive: gives the body.
            admit: tells why a caller may not come in.
        """
        refusal = await admit(ChatCall(b"", authorization_of(found, takes_api_key=False), endpoint="labels"))
        if refusal is not None:
            return refusal
        mime = found.get(CONTENT_TYPE, b"").decode("latin-1")[:_LONGEST_TYPE]
        async with self._turns:
            with tempfile.TemporaryDirectory(prefix="guiju-label-") as folder:
                file = Path(folder, f"content{await asyncio.to_thread(self._house.labels.suffix_of, mime)}")
                try:
                    async with asyncio.timeout(_BODY_SECONDS):
                        await _to_disk(receive, file)
                    work = self._export if path == EXPORT else self._inspect
                    return await asyncio.to_thread(work, file, mime)
                except TimeoutError:
                    return error_reply(_slow())
                except CallError as error:
                    return error_reply(error)
                except GuijuError as error:
                    return error_reply(_as_call_error(error, str(file)))

    def _export(self, file: Path, mime: str) -> ChatReply:
        target = file.with_name(f"labelled{file.suffix}")
        number, done = self._house.labels.export(file, target, actor="system")
        headers = (
            ("content-type", mime or "application/octet-stream"),
            ("x-produce-id", number),
            ("x-content-sha256", done.labelled.sha256_after),
            ("x-label", orjson.dumps(_facts(done)).decode("ascii", "backslashreplace")),
        )
        return ChatReply(200, headers, target.read_bytes())

    def _inspect(self, file: Path, _mime: str) -> ChatReply:
        view = inspected_view(self._house, file, "", is_declared=False)
        return ChatReply(200, (("content-type", "application/json"),), view.model_dump_json().encode())


def _facts(done: Exported) -> dict[str, object]:
    """Return what a header can hold of what was done: ASCII alone."""
    place = done.labelled.place.encode("ascii", "ignore").decode().strip()
    return {"format": done.labelled.format, "place": place, "measured": done.marked.facts}


async def _to_disk(receive: Receive, file: Path) -> None:
    """Write the body to a file.

    Raises:
        RequestTooLargeError: there is more than we take.
    """
    size = 0
    with file.open("wb") as target:
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise asyncio.CancelledError
            piece: bytes = message.get("body", b"")
            size += len(piece)
            if size > MOST_BYTES:
                raise RequestTooLargeError(
                    f"文件超过 {MOST_BYTES >> 20} MiB；请用命令行 guiju label 处理大文件。",
                    f"The file has more than {MOST_BYTES >> 20} MiB; label large files with `guiju label`.",
                )
            target.write(piece)
            if not message.get("more_body", False):
                return


def _slow() -> CallError:
    return ContentNotLabelledError(
        f"文件在 {_BODY_SECONDS:.0f} 秒内没有传完；请重试。",
        f"The file did not arrive within {_BODY_SECONDS:.0f} s; try again.",
    )


def _as_call_error(error: GuijuError, hidden: str) -> CallError:
    """Return an error for a caller, who is told no path of this machine and none of the operator's settings."""
    if isinstance(error, StorageError):
        return EvidenceUnavailableError(error.zh, error.en)
    if isinstance(error, ConfigurationError):
        return InternalError(
            "本服务目前不能给这种内容加标识；请联系运营方。",
            "This service cannot label such content at present; ask the operator.",
        )
    where = "" if error.where in (hidden, "") else error.where
    return ContentNotLabelledError(error.zh, error.en, where=where)
