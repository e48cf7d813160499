"""`guiju media`: blocked pictures, and what would be decided about a picture, sound or video."""

import hashlib
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import typer

from guiju.bootstrap import block_list_path, open_media, open_moderation
from guiju.cli.inputs import read_file, read_settings, today
from guiju.cli.terminal import say, table
from guiju.kit.errors import InputError
from guiju.moderation.media.blocklist import BlockedPicture, add_to_block_list, read_block_list
from guiju.moderation.media.errors import MissingExtraError
from guiju.moderation.media.hashing import PictureHash, hash_with_crops
from guiju.moderation.media.models import MediaKind, MediaReport, Medium
from guiju.moderation.media.settings import MediaBounds
from guiju.moderation.models import RISK_IDS, WISHES, Scope

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_MOST_BYTES = 64 * 1024 * 1024


@app.command("hash")
def show_hash(file: Annotated[Path, typer.Argument(help="PNG、JPEG、GIF 或 WebP 图片 / a picture")]) -> None:
    """显示图片的感知哈希，以及最接近的已屏蔽图片。/ Show a picture's perceptual hash and the nearest blocked one."""
    content = read_file(file, _MOST_BYTES)
    hashes = _hashes(content, file)
    say(f"SHA-256 {hashlib.sha256(content).hexdigest()}\npHash {hashes[0].phash:016x} · dHash {hashes[0].dhash:016x}")
    nearest = read_block_list(block_list_path(read_settings())).nearest(hashes[0], 64)
    if nearest is not None:
        picture, distance = nearest
        say(f"最接近 / nearest: {picture.sha256[:16]} · {distance}/64 · {picture.risk} · {picture.reason}")


@app.command()
def block(
    file: Annotated[Path, typer.Argument(help="要屏蔽的图片 / the picture to block")],
    risk: Annotated[str, typer.Option(help="附录 A 的风险，如 A.1-f / risk of Appendix A, such as A.1-f")],
    reason: Annotated[str, typer.Option(help="屏蔽理由 / why")],
    by: Annotated[str, typer.Option(help="屏蔽人 / who blocks it")],
    action: Annotated[str, typer.Option(help="block、review、observe")] = "block",
) -> None:
    """把图片加入屏蔽名单；名单只存哈希，不存图片。/ Put a picture on the block list, which holds hashes only."""
    if risk not in RISK_IDS or action not in WISHES:
        raise InputError(
            f"risk 应为 A.1-a 到 A.5-b 之一，action 应为 {'、'.join(WISHES)} 之一。",
            f"The risk must be one of A.1-a to A.5-b, the action one of {', '.join(WISHES)}.",
            where="--risk / --action",
        )
    content = read_file(file, _MOST_BYTES)
    path = block_list_path(read_settings())
    picture = BlockedPicture(
        sha256=hashlib.sha256(content).hexdigest(),
        hashes=_hashes(content, file),
        risk=risk,
        wish=action,
        reason=reason.strip(),
        added=today().isoformat(),
        by=by.strip(),
    )
    if add_to_block_list(path, picture):
        say(
            f"已加入 / added: {picture.sha256[:16]} → {path}\n"
            "运行中的服务随即生效。 / A running service takes it up at once."
        )
    else:
        say(f"已在名单中 / on the list already: {picture.sha256[:16]}")


@app.command("list")
def show_list() -> None:
    """列出已屏蔽的图片。/ List the blocked pictures."""
    path = block_list_path(read_settings())
    pictures = read_block_list(path).pictures
    say(f"{path}: {len(pictures)}")
    rows = [(one.sha256[:16], one.risk, one.wish, one.added, one.by, one.reason) for one in pictures]
    if rows:
        table(("SHA-256", "风险 / risk", "动作 / action", "日期 / added", "屏蔽人 / by", "理由 / reason"), rows)


@app.command()
def check(
    file: Annotated[Path, typer.Argument(help="图片、声音或视频 / a picture, sound or video")],
    kind: Annotated[MediaKind, typer.Option(help="image、audio、video")] = MediaKind.IMAGE,
    scope: Annotated[Scope, typer.Option(help="input、output")] = Scope.INPUT,
) -> None:
    """试判：按在用的策略会怎样处理。/ Try what the policy in force would decide about a file."""
    settings = read_settings()
    media = open_media(settings, open_moderation(settings))
    medium = Medium(kind, read_file(file, _MOST_BYTES), str(file))
    refusal = media.refusal(kind)
    if refusal is not None:
        say(f"网关不接收 / the gateway does not take it: {refusal.zh} / {refusal.en}")
    _tell(media.check(medium, scope))


def _tell(report: MediaReport) -> None:
    shape = report.shape
    say(f"{shape.mime or '?'} · {shape.width}×{shape.height} · {shape.frames} · {report.size} bytes · {report.sha256}")
    say(f"→ {report.decision.action} {' '.join(report.decision.risks)}\n  {report.decision.reason}")
    for found in report.findings:
        place = "" if found.region is None else f" {found.region.facts()}"
        say(f"  {found.finding.wish} {found.finding.detector} {found.finding.term_id}{place} {found.excerpt}")
        say(f"    {found.finding.reason}")
    for read in report.texts:
        say(f"  {read.source}: {read.text}")
    for one in report.unchecked:
        say(f"  ✗ {one.checker} ({one.why}): {one.zh} / {one.en}", style="red")
    say("  " + "，".join(f"{name} {spent} ms" for name, spent in report.spent_ms))


def _hashes(content: bytes, file: Path) -> tuple[PictureHash, ...]:
    if find_spec("PIL") is None:
        raise MissingExtraError("Pillow", "media")
    from guiju.moderation.media.decoding import PictureFile  # noqa: PLC0415 - the extra may be missing

    picture = next(PictureFile(content, MediaBounds(frames=200)).pictures())
    hashes = hash_with_crops(picture.pixels)
    if not hashes:
        raise InputError(
            "图片过于单调，感知哈希无法把它与别的图片区分开。",
            "The picture is too plain: no perceptual hash could tell it from others.",
            where=str(file),
        )
    return hashes
