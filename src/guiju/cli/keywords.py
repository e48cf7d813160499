"""`guiju keywords`: changes of an operator's own terms, and whether the library is as large as the standard wants."""

from collections.abc import Iterable
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from guiju.bootstrap import House, keywords_folder
from guiju.cli.inputs import read_file, read_settings, today
from guiju.cli.people import house_as, opened_house
from guiju.cli.terminal import say, table
from guiju.law.models import Parameter
from guiju.law.service import load_law
from guiju.moderation.importing import MAX_BYTES, ImportDefaults, import_terms
from guiju.moderation.library import LibrarySources, check_library
from guiju.moderation.models import LibraryCheck, LibraryStats, Refusal
from guiju.moderation.service import builtin_folder
from guiju.moderation.writing import TermEntry
from guiju.review.models import ChangeState, Op, ProposalDraft, TermProposal
from guiju.review.rules import OPEN_STATES
from guiju.review.service import LONGEST_TITLE, imported
from guiju.staff.models import StaffMember

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_LIBRARY = "gb-t-45654/keyword-library"
_SHOWN = 50
_SHOWN_HITS = 10


class Stage(StrEnum):
    """Where a change may be moved to."""

    OBSERVE = "observe"
    REVIEW = "review"
    BLOCK = "block"


By = Annotated[str, typer.Option("--by", help="控制台账号名；口令另问，或取自 GUIJU_STAFF_PASSWORD / console account")]
Why = Annotated[str, typer.Option(help="理由，记入证据 / why; recorded")]
ChangeId = Annotated[str, typer.Argument(help="变更编号 / id of the change")]
Samples = Annotated[Path | None, typer.Option(help="另在这个文件夹的文本上预览 / preview on this folder of texts too")]


@app.command("import")
def import_file(  # noqa: PLR0913 - one option a field
    file: Annotated[Path, typer.Argument(help="每行一词、CSV、TSV 或 YAML / one term a line, CSV, TSV or YAML")],
    risk: Annotated[str, typer.Option(help="附录 A 的风险，如 A.1-f / risk of Appendix A, such as A.1-f")],
    by: By,
    *,
    level: Annotated[str, typer.Option(help="high、medium、low")] = "medium",
    action: Annotated[str, typer.Option(help="block、review、observe；空为由级别定 / empty: by level")] = "",
    reason: Why = "运营者导入",
    samples: Samples = None,
) -> None:
    """把词表作为一项变更提出：查重、查冲突、预览误伤。/ Propose a list as one change, with its preview."""
    content = read_file(file, MAX_BYTES)
    defaults = ImportDefaults(level=level, action=action, reason=reason)
    report = import_terms(content, file.name, risk, updated=today().isoformat(), defaults=defaults)
    say(
        f"读入 / read {report.lines} 行（{report.format}, {report.encoding}）：收入 / taken {report.taken}，"
        f"重复 / duplicate {report.duplicates}，空行 / blank {report.blank}，拒收 / refused {len(report.refusals)}"
    )
    if not report.taken:
        _show_refusals(report.refusals)
        raise typer.Exit(1)
    draft = imported(report, title=f"导入 {file.name}"[:LONGEST_TITLE], reason=reason)
    with house_as(by, "propose_keywords") as (house, member):
        refusals = _propose(house, member, draft, samples=samples)
    if refusals:
        raise typer.Exit(1)


@app.command()
def propose(  # noqa: PLR0913 - one option a field
    terms: Annotated[list[str], typer.Argument(help="词，可多个 / terms")],
    risk: Annotated[str, typer.Option(help="附录 A 的风险，如 A.1-f / risk of Appendix A, such as A.1-f")],
    by: By,
    *,
    reason: Why,
    title: Annotated[str, typer.Option(help="标题 / title")] = "",
    level: Annotated[str, typer.Option(help="high、medium、low")] = "high",
    action: Annotated[str, typer.Option(help="正式生效后：block、review、observe / in full force")] = "block",
    samples: Samples = None,
) -> None:
    """提出新增词条，并在近期对话上预览误伤。/ Propose new terms, previewed on recent exchanges."""
    entries = [TermEntry(risk, term, reason, level=level, action=action) for term in terms]
    proposals = tuple(TermProposal(Op.ADD, entry) for entry in entries)
    draft = ProposalDraft(title or f"新增 {'、'.join(terms)}"[:LONGEST_TITLE], reason, proposals)
    with house_as(by, "propose_keywords") as (house, member):
        refusals = _propose(house, member, draft, samples=samples)
    if refusals:
        raise typer.Exit(1)


@app.command()
def changes() -> None:
    """列出进行中和生效的变更。/ List the changes that are open or in force."""
    with opened_house() as house:
        found = house.review.changes.changes((*OPEN_STATES, ChangeState.BLOCK), limit=200)
        names = {member.id: member.name for member in house.staff.members()}
        due = house.review.updates.due()
    table(
        ("编号 / id", "状态 / state", "#词 / terms", "标题 / title", "提出 / by", "批准 / approved"),
        [
            (
                change.id,
                change.state.value,
                str(change.term_count),
                change.title,
                names.get(change.author, change.author),
                names.get(change.approver or "", "—"),
            )
            for change in found
        ],
    )
    if due.due is not None:
        say(f"下次更新不晚于 / next update by: {due.due}（{due.days_left} 天 / days）")


@app.command()
def approve(change: ChangeId, by: By, *, reason: Why) -> None:
    """以第二人身份批准。/ Approve, as the second person."""
    with house_as(by, "manage_keywords") as (house, member):
        house.review.changes.approve(change, member.id, reason)
    say("已批准，尚未启用。 / Approved, not in force yet.")


@app.command()
def stage(
    change: ChangeId,
    to: Annotated[Stage, typer.Argument(help="observe 观察，review 复核，block 生效")],
    by: By,
    *,
    reason: Why,
    sure: Annotated[bool, typer.Option("--sure", help="有提醒仍要推进 / go on in spite of cautions")] = False,
) -> None:
    """推进或退到一个阶段。/ Put in force in a stage, forward or back."""
    with house_as(by, "manage_keywords") as (house, member):
        house.review.changes.stage(change, ChangeState(to.value), member.id, reason=reason, is_sure=sure)
        effects = house.review.changes.effects(change)
    for effect in effects.values():
        say(
            f"{effect.stage}: 命中 / texts {effect.texts}，有害 / harmful {effect.harmful}，"
            f"无害 / harmless {effect.harmless}，待判 / waiting {effect.waiting}"
        )
    say(f"已启用 / in force: {to.value}。运行中的服务几秒内跟上。 / A running service follows within seconds.")


@app.command()
def revert(change: ChangeId, by: By, *, reason: Why) -> None:
    """撤回，词库回到此前的状态。/ Take a change back; the library is what it was before."""
    with house_as(by, "manage_keywords") as (house, member):
        house.review.changes.revert(change, member.id, reason)
    say("已撤回。运行中的服务几秒内跟上。 / Taken back; a running service follows within seconds.")


def _propose(house: House, member: StaffMember, draft: ProposalDraft, *, samples: Path | None) -> tuple[Refusal, ...]:
    """Propose and preview; show what came of it, and return what was not taken."""
    desk = house.review.changes
    done = desk.propose(draft, member.id)
    previews = [desk.preview(done.change.id, member.id)]
    if samples is not None:
        previews.append(desk.preview(done.change.id, member.id, folder=samples))
    _show_refusals(done.refusals)
    count = len(done.change.terms)
    say(f"已提出，等另一人批准 / proposed, for a second person to approve: {done.change.id} · {count} 词 / terms")
    for preview in previews:
        say(
            f"预览 / preview ({preview.source}): {preview.texts} 条 / texts，新增拦截 / blocked {preview.blocked}，"
            f"新增复核 / reviewed {preview.reviewed}，不再拦截 / let through {preview.passed}"
        )
        for term, count in preview.by_term[:_SHOWN_HITS]:
            say(f"  · {term} × {count}")
        for example in preview.examples[:_SHOWN_HITS]:
            where = example.place or f"对话 / exchange {example.exchange_id}"
            say(f"  · {where}: {example.was} → {example.would_be} {example.snippet}")
    return done.refusals


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
