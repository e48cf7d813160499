"""`guiju keywords`: an operator's own terms, and whether the library is as large as the standard wants it."""

from collections.abc import Iterable
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from guiju.bootstrap import keywords_folder
from guiju.cli.inputs import read_file, read_settings, today
from guiju.cli.terminal import say, table
from guiju.law.models import Parameter
from guiju.law.service import load_law
from guiju.moderation.importing import MAX_BYTES, ImportDefaults, import_terms, save_import
from guiju.moderation.library import LibrarySources, check_library
from guiju.moderation.models import LibraryCheck, LibraryStats, Refusal
from guiju.moderation.service import builtin_folder

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_LIBRARY = "gb-t-45654/keyword-library"
_SHOWN = 50


@app.command("import")
def import_file(
    file: Annotated[Path, typer.Argument(help="每行一词、CSV、TSV 或 YAML / one term a line, CSV, TSV or YAML")],
    risk: Annotated[str, typer.Option(help="附录 A 的风险，如 A.1-f / risk of Appendix A, such as A.1-f")],
    level: Annotated[str, typer.Option(help="high、medium、low")] = "medium",
    action: Annotated[str, typer.Option(help="block、review、observe；空为由级别定 / empty: by level")] = "",
    reason: Annotated[str, typer.Option(help="入库理由 / why these terms")] = "运营者导入",
) -> None:
    """导入词表到运营者词库；同名文件再次导入即替换。/ Import terms; importing a file of the same name replaces it."""
    folder = keywords_folder(read_settings())
    content = read_file(file, MAX_BYTES)
    defaults = ImportDefaults(level=level, action=action, reason=reason)
    report = import_terms(content, file.name, risk, updated=today().isoformat(), defaults=defaults)
    paths = save_import(report, folder)
    say(
        f"读入 / read {report.lines} 行（{report.format}, {report.encoding}）：收入 / taken {report.taken}，"
        f"重复 / duplicate {report.duplicates}，空行 / blank {report.blank}，拒收 / refused {len(report.refusals)}"
    )
    _show_refusals(report.refusals)
    for path in paths:
        say(f"已写入 / written: {path}")
    checked = check_library(LibrarySources(builtin_folder(), folder))
    _show_errors(checked)
    if report.refusals or not report.taken or checked.errors:
        raise typer.Exit(1)
    say("运行中的服务：在控制台重新加载，或发送 SIGHUP。 / A running service: reload in the console, or send SIGHUP.")


@app.command()
def check() -> None:
    """检查词库能否启用。/ Check whether the library can be put in force."""
    checked = _checked()
    if checked.stats is None:
        _show_errors(checked)
        raise typer.Exit(1)
    stats = checked.stats
    say(
        f"词条 / terms {stats.terms}，合并的重复 / duplicates {stats.duplicates}，冲突 / conflicts {stats.conflicts}，"
        f"停用 / disabled {stats.disabled}，拒收 / refused {len(stats.refusals)}，更新 / updated {stats.updated or '—'}"
    )
    _show_refusals(stats.conflict_notes)
    _show_refusals(stats.refusals)
    if stats.refusals:
        raise typer.Exit(1)


@app.command()
def stats() -> None:
    """按风险统计，并与标准的最低数比较。/ Count by risk, beside the least that the standard asks for."""
    checked = _checked()
    if checked.stats is None:
        _show_errors(checked)
        raise typer.Exit(1)
    _show_stats(checked.stats, today())


def _checked() -> LibraryCheck:
    return check_library(LibrarySources(builtin_folder(), keywords_folder(read_settings())))


def _show_stats(found: LibraryStats, on: date) -> None:
    law = load_law()
    parameters = {item.id: item for item in law.parameters(on) if item.id.startswith(_LIBRARY)}
    counts = {item.risk: item for item in found.by_risk}
    rows = []
    for risk in law.risks():
        count = counts[risk.id]
        minimum = parameters.get(f"{_LIBRARY}/per-class/{risk.group}")
        numbers = (count.terms, count.builtin, count.operator, count.block, count.review, count.observe)
        rows.append((risk.id, risk.title, *map(str, numbers), _against(count.terms, minimum)))
    table(
        (
            "风险 / risk", "名称 / title", "#词条 / terms", "#内置 / builtin", "#自有 / own",
            "#拦截 / block", "#复核 / review", "#观察 / observe", "标准 / standard",
        ),
        rows,
    )  # fmt: skip
    say(f"合计 / total: {found.terms} · {_against(found.terms, parameters.get(f'{_LIBRARY}/total'))}")
    update = parameters.get(f"{_LIBRARY}/update-days")
    if found.updated:
        age = (on - date.fromisoformat(found.updated)).days
        say(f"最近更新 / updated: {found.updated}（{age} 天前 / days ago） · {_against(age, update)}")
    else:
        say("最近更新 / updated: —")


def _against(count: int, wanted: Parameter | None) -> str:
    """Say whether a number is what a parameter asks for; `—` where the standard names none."""
    if wanted is None or not isinstance(wanted.value, int) or wanted.operator not in {">=", "<="}:
        return "—"
    is_met = count >= wanted.value if wanted.operator == ">=" else count <= wanted.value
    sign = {">=": "≥", "<=": "≤"}[wanted.operator]
    modality = {"shall": "应", "should": "宜"}[wanted.modality]
    return f"{modality} {sign} {wanted.value}：{'达到 / met' if is_met else '未达到 / not met'}"


def _show_errors(checked: LibraryCheck) -> None:
    for error in checked.errors:
        say(f"✗ {error.where}\n  {error.zh}\n  {error.en}", style="red")


def _show_refusals(refusals: Iterable[Refusal]) -> None:
    listed = list(refusals)
    for refusal in listed[:_SHOWN]:
        place = f"{refusal.where}:{refusal.line}" if refusal.where else f"第 {refusal.line} 行 / line {refusal.line}"
        say(f"· {place} {refusal.text!r} {refusal.zh} / {refusal.en}")
    if len(listed) > _SHOWN:
        say(f"… 另有 {len(listed) - _SHOWN} 条 / and {len(listed) - _SHOWN} more")
