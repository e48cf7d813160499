"""Labels (article 12): how this service marks, what the standard asks, and what stands in a file that is handed in."""

from collections.abc import Callable
from typing import Annotated

from fastapi import Depends, FastAPI, Request, UploadFile
from pydantic import BaseModel
from starlette.responses import Response
from starlette.routing import Route

from guiju.web import security
from guiju.web.door import Door, Visit
from guiju.web.views.labels import InspectedView, inspect_upload, labels_view


class LabelsTwin(BaseModel):
    """How this service labels; `asked` names parameters of the law by medium."""

    producer: str
    is_provider_code: bool
    text: str
    position: str
    moment: str
    cue: str
    watermark: bool
    asked: dict[str, list[str]]


VERDICTS = {
    "conforming": ("合规", "met"),
    "nonconforming": ("不合规", "not_met"),
    "absent": ("没有隐式标识", "insufficient"),
    "inconclusive": ("无法判定", "needs_review"),
}
STATES = {
    "is": ("属于生成合成内容", "needs_review"),
    "possibly": ("可能为生成合成内容", "partial"),
    "suspected": ("疑似为生成合成内容", "stale"),
    "none": ("未发现生成合成的迹象", "met"),
    "inconclusive": ("无法判定", "insufficient"),
}
SIGNS = {"found": ("发现", "partial"), "none": ("未发现", "not_run"), "inconclusive": ("无法判定", "insufficient")}
KINDS = {"text": "标识文字", "rhythm": "节奏标识", "watermark": "隐形水印", "c2pa": "C2PA 声明"}
MANIFESTS = {
    "trusted": ("有效，签名者受信任", "met"),
    "valid": ("有效，签名者未列入信任", "partial"),
    "invalid": ("已失效", "not_met"),
    "absent": ("没有", "not_run"),
    "unreadable": ("读不出", "insufficient"),
    "unsupported": ("此格式不核验", "insufficient"),
    "not_looked": ("未安装 guiju[c2pa]，没有核验", "insufficient"),
}
UNITS = {"second": "秒", "month": "个月", "character_per_minute": "字/分钟"}
SIGNATURES = {"valid": "签名有效", "invalid": "签名无效", "unknown_scheme": "未知的签名方案", "absent": "没有签名"}


def labels_routes(door: Door) -> list[Route]:
    """Make the routes of this group."""
    return [
        door.get("/console/labels", show_labels, "view_labels"),
        door.post_file("/console/labels/inspect", inspect_file, "view_labels"),
    ]


def show_labels(visit: Visit) -> Response:
    """Show how this service marks, and where to hand in a file."""
    return _page(visit)


def inspect_file(visit: Visit) -> Response:
    """Show what stands in a file; nothing of it is kept."""
    upload = visit.upload
    if upload is None or not upload.filename:
        return _page(visit, problem=visit.t("请先选择一个文件。"))
    is_declared = visit.form.get("declared") == "yes"
    return _page(visit, inspect_upload(visit.house, upload.filename, upload.file, is_declared=is_declared))


def add_labels(app: FastAPI, door: Door, only: Callable[[Door, str], Callable[[Request], Visit]]) -> None:
    """Add the JSON twins of the page and of looking at a file."""

    @app.get("/labels", tags=["labels"])
    def labels(visit: Annotated[Visit, Depends(only(door, "view_labels"))]) -> LabelsTwin:
        """How this service labels, and which numbers of the standard bind it."""
        view = labels_view(visit.house)
        asked = {title: [one.id for one in rows] for title, rows in view.asked}
        return LabelsTwin(
            producer=view.producer,
            is_provider_code=view.is_code,
            text=view.text,
            position=view.position,
            moment=view.moment,
            cue=view.cue,
            watermark=view.watermark,
            asked=asked,
        )

    @app.post("/labels/inspect", tags=["labels"])
    def inspect(
        visit: Annotated[Visit, Depends(only(door, "view_labels"))], file: UploadFile, *, declared: bool = False
    ) -> InspectedView:
        """What stands in a file; nothing is kept. Needs the header X-CSRF-Token from `/api/session`."""
        return inspect_upload(visit.house, file.filename or "", file.file, is_declared=declared)


def _page(visit: Visit, found: InspectedView | None = None, *, problem: str = "") -> Response:
    return visit.render(
        "labels.html",
        400 if problem else 200,
        view=labels_view(visit.house),
        found=found,
        problem=problem,
        half=lambda text: _half(text, visit.language),
        most_mib=security.LARGEST_UPLOAD >> 20,
        verdicts=VERDICTS,
        states=STATES,
        signs=SIGNS,
        kinds=KINDS,
        signatures=SIGNATURES,
        manifests=MANIFESTS,
        units=UNITS,
        signs_of={">=": "≥", "<=": "≤"},
    )


def _half(text: str, language: str) -> str:
    """Return one half of what is told in Chinese and, behind a stroke, in English."""
    chinese, _, english = text.partition(" / ")
    return english if language == "en" and english else chinese
