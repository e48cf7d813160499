"""`guiju corpus`: samples that prove the 5 % rule of a source; duplicates, each with its survivor."""

import hashlib
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from guiju.cli.evidence import writing_ledger
from guiju.cli.inputs import must_be_new, read_settings, step_of, today
from guiju.cli.terminal import note, say, table, working
from guiju.corpus.documents import find_sources, read_documents
from guiju.corpus.duplicates.finding import METHOD, Wishes, find_duplicates
from guiju.corpus.sampling.drawing import Wish, draw
from guiju.corpus.sampling.models import Phase, Proof
from guiju.corpus.sampling.service import Judged, Sampling, size_of, standard_of
from guiju.corpus.sampling.sheet import MOST_BYTES, digest_of, read_decisions, read_plan, write_plan, write_sheet
from guiju.corpus.writing import write_whole
from guiju.kit.errors import InputError
from guiju.law.service import load_law
from guiju.ledger.models import Draft

if TYPE_CHECKING:
    from guiju.corpus.sampling.models import SamplePlan, Standard
    from guiju.kit.canonical_json import JsonObject

app = typer.Typer(
    help="训练数据：抽样、判定来源、查重 / training data: sample and judge a source, find duplicates",
    no_args_is_help=True,
)

_SEED_BYTES = 16
_QUALITY = ("cn/genai-measures-2023/art-7/para-1/item-4",)
_ACTOR = typer.Option(help="谁在操作 / who does it: system, staff:<id>")
_PROOFS = {
    Proof.WITHIN: ("已证明不超过", "proven within", "green"),
    Proof.ABOVE: ("已证明超过", "proven above", "red"),
    Proof.INSUFFICIENT: ("证据不足", "not enough evidence", "yellow"),
}


@app.command("sample")
def sample(  # noqa: PLR0913 - the options of one command
    files: Annotated[list[Path], typer.Argument(help=".jsonl、.jsonl.gz、.txt 或文件夹 / files or folders")],
    *,
    out: Annotated[Path, typer.Option(help="写到的 CSV / the CSV to write")],
    source: Annotated[str, typer.Option(help="来源名称 / the name of the source")],
    n: Annotated[int, typer.Option("--n", min=0, help="样本量，0 为默认 / how many; 0: the default")] = 0,
    phase: Annotated[Phase, typer.Option(help="采集前或采集后 / before or after collection")] = Phase.BEFORE,
    seed: Annotated[str, typer.Option(help="十六进制种子，默认随机 / hexadecimal; random when empty")] = "",
    field: Annotated[str, typer.Option(help="JSONL 中的文本字段 / the field with the text")] = "text",
    actor: Annotated[str, _ACTOR] = "system",
) -> None:
    """随机抽取一个来源的样本，供人工判定。/ Draw a random sample of a source for people to judge."""
    plan_path = _plan_path(out)
    for path in (out, plan_path):
        must_be_new(path)
    paths = find_sources(files)
    total = sum(path.stat().st_size for path in paths)
    wish = Wish(source, phase, n or size_of(load_law(), today()), seed or secrets.token_hex(_SEED_BYTES))
    with working("抽样 / sampling") as tell:
        plan = draw(read_documents(paths, field=field, step=step_of(tell, total)), wish)
    with writing_ledger(read_settings()) as ledger:
        draws = Sampling(ledger, actor).record_draw(plan)
    write_whole(out, write_sheet(plan.drawn))
    # The plan goes last: without it the sheet cannot be judged, and with it the sheet is whole.
    write_whole(plan_path, write_plan(plan))
    _tell_plan(plan, draws)
    note(f"已写出 / written: {out}, {plan_path}")
    note("请在 verdict 列写 合规 或 违规，在 reviewer 列写 staff:<编号>。")
    note("Write lawful or illegal under verdict, and staff:<id> under reviewer; then: guiju corpus judge.")


@app.command("judge")
def judge(
    sheet: Annotated[Path, typer.Argument(help="判定后的 CSV / the CSV with verdicts")],
    *,
    plan: Annotated[Path | None, typer.Option(help="抽样计划 / the plan; SHEET.plan.json")] = None,
    actor: Annotated[str, _ACTOR] = "system",
) -> None:
    """按精确置信界判定来源是否超过上限。/ Rule on a source by the exact bound. Status 0 only where proven within."""
    place = plan or _plan_path(sheet)
    wanted = read_plan(_read(place), str(place))
    decisions = read_decisions(_read(sheet), wanted, str(sheet))
    standard = standard_of(load_law(), wanted.phase, today())
    with writing_ledger(read_settings()) as ledger:
        judged = Sampling(ledger, actor).judge(wanted, decisions, standard)
    _tell_ruling(wanted, judged, standard)
    if judged.ruling.proof is not Proof.WITHIN:
        raise typer.Exit(1)


@app.command("duplicates")
def duplicates(  # noqa: PLR0913 - the options of one command
    files: Annotated[list[Path], typer.Argument(help=".jsonl、.jsonl.gz、.txt 或文件夹 / files or folders")],
    *,
    out: Annotated[Path, typer.Option(help="写到的 JSONL，每篇一行 / the JSONL to write, a line a document")],
    threshold: Annotated[float, typer.Option(help="Jaccard 相似度下限 / from which similarity on")] = 0.8,
    prefer_source: Annotated[list[str], typer.Option(help="优先保留的来源 / sources to keep first")] = [],  # noqa: B006
    prefer_licence: Annotated[list[str], typer.Option(help="优先保留的许可 / licences to keep first")] = [],  # noqa: B006
    field: Annotated[str, typer.Option(help="JSONL 中的文本字段 / the field with the text")] = "text",
    actor: Annotated[str, _ACTOR] = "system",
) -> None:
    """找出重复与近似重复，每个移除都指明保留者。/ Find duplicates; every removal names its survivor."""
    must_be_new(out)
    paths = find_sources(files)
    wishes = Wishes(threshold, tuple(prefer_source), tuple(prefer_licence))
    total = sum(path.stat().st_size for path in paths)
    with working("查重 / duplicates") as tell:
        found = find_duplicates(read_documents(paths, field=field, step=step_of(tell, total)), wishes, tell)
    content = b"".join(orjson.dumps(one.facts()) + b"\n" for one in found.decisions)
    facts: JsonObject = {
        "read": len(found.decisions),
        **{kind: found.counts().get(kind, 0) for kind in ("kept", "exact", "near")},
        "not_compared": found.left_out,
        "threshold": str(threshold),
        "method": METHOD,
        "decisions_sha256": hashlib.sha256(content).hexdigest(),
    }
    with writing_ledger(read_settings()) as ledger:
        ledger.append(Draft("corpus.duplicates_decided", actor, "corpus:duplicates", facts, provisions=_QUALITY))
    write_whole(out, content)
    say(
        f"读取 {facts['read']}：保留 {facts['kept']}，完全重复 {facts['exact']}，近似重复 {facts['near']}"
        f" / {facts['read']} read: {facts['kept']} kept, {facts['exact']} exact, {facts['near']} near"
    )
    if found.left_out:
        say(
            f"有 {found.left_out} 处因同组过大未再比较。/ Left uncompared in crowded groups: {found.left_out}.",
            style="yellow",
        )


def _plan_path(sheet: Path) -> Path:
    return sheet.with_name(f"{sheet.name}.plan.json")


def _read(path: Path) -> bytes:
    if path.is_file() and path.stat().st_size > MOST_BYTES:
        raise InputError(f"文件超过 {MOST_BYTES} 字节。", f"Longer than {MOST_BYTES} bytes.", where=str(path))
    return path.read_bytes()


def _tell_plan(plan: "SamplePlan", draws: int) -> None:
    drawn: dict[str, int] = {}
    for one in plan.drawn:
        drawn[one.stratum] = drawn.get(one.stratum, 0) + 1
    rows = [(name, str(number), str(drawn.get(name, 0))) for name, number in sorted(plan.strata.items())]
    rows.append(("合计 / in all", str(plan.population), str(len(plan.drawn))))
    table(("分层 / stratum", "#文档 / documents", "#样本 / drawn"), rows)
    say(f"种子 / seed: {plan.seed}   计划 / plan: {digest_of(plan)}   第 {draws} 次抽样 / draw no. {draws}")


def _tell_ruling(plan: "SamplePlan", judged: Judged, standard: "Standard") -> None:
    tally, ruling = judged.tally, judged.ruling
    zh, en, style = _PROOFS[ruling.proof]
    say(f"{zh} {standard.limit:.1%} / {en} {standard.limit:.1%}   {plan.source} · {plan.phase.value}", style=style)
    say(
        f"  {tally.population} 篇中抽 {tally.drawn}：违规 {tally.illegal}，合规 {tally.lawful}，"
        f"未判定 {tally.undecided}"
        f" / of {tally.population}, {tally.drawn} drawn: {tally.illegal} illegal, {tally.lawful} lawful, "
        f"{tally.undecided} undecided"
    )
    say(
        f"  单侧 {standard.confidence:.0%} 置信：下界 {ruling.lower:.3%}，上界 {ruling.upper:.3%}"
        f" / one-sided bounds at {standard.confidence:.0%}: {ruling.lower:.3%} and {ruling.upper:.3%}"
    )
    if judged.draws > 1:
        say(f"  这是该来源在此阶段的第 {judged.draws} 次抽样。/ Draws of this source in this phase: {judged.draws}.")
    if tally.undecided:
        say("  请先判定其余各条。/ Decide the rest first.")
    elif ruling.more is not None:
        say(
            f"  比例若不变，约再抽 {ruling.more} 篇可判定。"
            f"/ If the rate stays as seen, about {ruling.more} more documents would decide."
        )
