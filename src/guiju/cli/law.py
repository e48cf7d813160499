"""`guiju law`: the Measures as dated data, whether the code covers them, and where this service stands."""

from collections.abc import Sequence
from typing import Annotated

import typer

from guiju.bootstrap import build_house
from guiju.cli.inputs import day_or_today, read_settings, require_database, today
from guiju.cli.law_coverage import find_gaps
from guiju.cli.terminal import beijing, say, table, working
from guiju.law.models import OUTCOME_ZH, FactValue, Obligation, Outcome, Provision
from guiju.law.service import Law, load_law
from guiju.supervision.models import ArticleState, Assessment

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_TITLE = 40

AsOf = Annotated[
    str, typer.Option(help="按哪一天的法律，如 2026-01-31；不写为今天 / the law of that day; today if none")
]


@app.command("list")
def list_articles(as_of: AsOf = "") -> None:
    """列出有效的规范和办法各条。/ List the instruments in force and the articles of the Measures."""
    on = day_or_today(as_of)
    law = load_law()
    table(
        ("编号 / id", "规范 / instrument", "效力 / binding", "生效 / in force from"),
        [(item.id, item.title, item.binding, item.effective_from.isoformat()) for item in law.instruments(on)],
        title=f"{on}",
    )
    table(
        ("编号 / id", "条 / article", "义务 / duties", "文字 / text"),
        [(item.id, item.label, _duties(law, item), _start(law.text_of(item.id))) for item in law.articles(on)],
    )


@app.command()
def show(provision: Annotated[str, typer.Argument(metavar="ID", help="条款或义务的编号 / its id")]) -> None:
    """显示一条：原文、义务、期限、参数。/ Show a provision: its words, obligations, deadlines, parameters."""
    law = load_law()
    found = law.provision(law.obligation(provision).provision_id if "#" in provision else provision)
    say(f"{law.cite(found.id)}  {found.id}", style="bold")
    say(f"{found.chapter} · {found.addressee} · {found.effective_from} – {found.effective_to or ''}")
    say(law.text_of(found.id))
    if found.informational_reason:
        say(f"不设义务 / no duty: {found.informational_reason}")
    for obligation in _obligations(law, found):
        if "#" not in provision or obligation.id == provision:
            _show_obligation(law, obligation)


def _show_obligation(law: Law, obligation: Obligation) -> None:
    say(f"\n义务 / obligation {obligation.id}", style="bold")
    say(f"  {obligation.summary}\n  {obligation.summary_en}")
    if obligation.deadline is not None:
        deadline = obligation.deadline
        say(f"  期限 / deadline: {deadline.n} {deadline.unit} ← {deadline.from_event}")
    for need in obligation.evidence_needs:
        age = f"≤ {need.freshness_days} 天 / days" if need.freshness_days is not None else "不限期 / any age"
        say(f"  证据 / evidence: {need.kind}（{age}）")
    for name in obligation.parameters:
        parameter = law.parameter(name, today())
        say(f"  参数 / parameter: {name} {parameter.operator} {_value(parameter.value)} {parameter.unit}")


@app.command()
def parameters(
    instrument: Annotated[str, typer.Option(help="只列此规范的 / of this instrument only")] = "", as_of: AsOf = ""
) -> None:
    """列出参数：数值、应或宜、出处、核实程度。/ List parameters: value, shall or should, source, confidence."""
    on = day_or_today(as_of)
    law = load_law()
    if instrument:
        law.instrument(instrument)
    table(
        ("编号 / id", "参数 / parameter", "值 / value", "应宜 / modality", "条款 / clause", "可信度 / confidence"),
        [
            (
                item.id,
                item.title,
                f"{item.operator} {_value(item.value)} {item.unit}",
                {"shall": "应 / shall", "should": "宜 / should"}[item.modality],
                item.clause,
                item.confidence if item.is_verified else f"{item.confidence} 未核实 / unverified",
            )
            for item in law.parameters(on, instrument or None)
        ],
    )


@app.command()
def check(as_of: AsOf = "") -> None:
    """检查法律数据，以及义务与代码互相覆盖。/ Check the law's data, and that duties and code cover each other."""
    on = day_or_today(as_of)
    law = load_law()
    duties = law.obligations(on)
    gaps = find_gaps(law, on)
    for gap in gaps:
        say(f"✗ {gap}", style="red")
    if gaps:
        say(f"覆盖有 {len(gaps)} 处缺口。 / Coverage has {len(gaps)} gaps.")
        raise typer.Exit(1)
    say(
        f"✓ {on}：{len(law.articles(on))} 条 / articles，{len(duties)} 项义务 / obligations，"
        f"{len(law.parameters(on))} 个参数 / parameters，无缺口 / no gap"
    )


@app.command()
def assess(as_of: AsOf = "") -> None:
    """逐条评估本服务。有不符合的，退出码为 1。/ Assess this service article by article; exit 1 if one is not met."""
    on = day_or_today(as_of) if as_of else None
    settings = read_settings()
    require_database(settings)
    with working("评估 / assessing"):
        house = build_house(settings)
        try:
            house.ledger.prepare()
            found = house.supervision.assess(on)
        finally:
            house.database.close()
    _show_assessment(found)
    if any(article.outcome is Outcome.NOT_MET for article in found.articles):
        raise typer.Exit(1)


def _show_assessment(found: Assessment) -> None:
    table(
        ("条 / article", "结论 / outcome", "义务 / duties", "原因 / reason"),
        [
            (item.article.label, _word(item.outcome), str(len(item.obligations)), _reason(item))
            for item in found.articles
        ],
        title=f"按 {found.as_of} 的法律 / by the law of that day · {beijing(found.assessed_at)} 北京时间",
    )
    say("只有运行中的服务才知道的状态，这里读不到；控制台里有。")
    say("What only a running service knows cannot be read here; the console shows it.")


def _word(outcome: Outcome | None) -> str:
    return f"{OUTCOME_ZH[outcome]} / {outcome.value}" if outcome is not None else "— 不评估 / informs only"


def _reason(article: ArticleState) -> str:
    """Return why the article stands as it stands: the first obligation with the article's own outcome."""
    telling = next((item for item in article.obligations if item.outcome is article.outcome), None)
    return f"{telling.reason}\n{telling.reason_en}" if telling is not None else ""


def _obligations(law: Law, provision: Provision) -> Sequence[Obligation]:
    below = [one for child in law.children(provision.id) for one in _obligations(law, child)]
    return [*provision.obligations, *below]


def _duties(law: Law, provision: Provision) -> str:
    return str(len(_obligations(law, provision))) if provision.is_assessable else "—"


def _start(text: str) -> str:
    line = text.partition("\n")[0]
    return line if len(line) <= _TITLE else f"{line[:_TITLE]}…"


def _value(value: FactValue) -> str:
    return ", ".join(value) if isinstance(value, tuple) else str(value)
