"""`guiju moderation`: measure on labelled texts, fit classes of one's own, say what the shipped weights are."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from guiju.cli.inputs import read_file
from guiju.cli.terminal import beijing, note, say, table
from guiju.kit.clock import SystemClock
from guiju.kit.errors import InputError
from guiju.moderation.classifier.adapt import Head, fit_head, write_head
from guiju.moderation.classifier.model import load_classifier
from guiju.moderation.classifier.risk_table import NEVER, read_risk_table
from guiju.moderation.evaluation.engines import classifier_engine, detector_engine
from guiju.moderation.evaluation.models import Interval, Quality, Report
from guiju.moderation.evaluation.page import json_of, page_of
from guiju.moderation.evaluation.reading import MAX_BYTES, Columns, Data, read_classes, read_labelled
from guiju.moderation.evaluation.running import EngineMaker, Evasion, Plan, evaluate
from guiju.moderation.models import RISK_IDS
from guiju.text.normalising import base_normaliser

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

ENGINES: Mapping[str, EngineMaker] = {
    "classifier": classifier_engine,
    "detector": detector_engine,
}
"""What can be measured: the classifier on whole texts, or as it runs in the gateway, sentence by sentence."""

EVASIONS: Mapping[str, Evasion] = {}
"""Name → evasion; filled where the generator of evasions is."""


@app.command("eval")
def evaluate_file(  # noqa: PLR0913 - options of a command line, each told by name
    data: Annotated[Path, typer.Option(help="带标签的 CSV、TSV 或 JSONL / labelled CSV, TSV or JSONL")],
    *,
    text: Annotated[str, typer.Option(help="文本列；空为自动 / column of the text; found out if empty")] = "",
    label: Annotated[str, typer.Option(help="标签列，1 为违规 / column of the label, 1 is risky")] = "",
    risk: Annotated[str, typer.Option(help="风险列，如 A.1-f / column of the risk")] = "",
    all_risky: Annotated[bool, typer.Option(help="全部当作违规 / every row is risky")] = False,
    all_honest: Annotated[bool, typer.Option(help="全部当作正常 / every row is honest")] = False,
    engine: Annotated[str, typer.Option(help=f"{'、'.join(ENGINES)}")] = "classifier",
    encoder: Annotated[bool, typer.Option(help="是否使用编码器 / whether the encoder is used")] = True,
    only: Annotated[str, typer.Option(help="只算这一风险或章，如 A.2 / count only this risk or chapter")] = "",
    evasions: Annotated[bool, typer.Option(help="再测每一种变体 / measure each evasion too")] = False,
    out: Annotated[Path, typer.Option(help="报告写到的目录 / folder for the report")] = Path("evaluation"),
) -> None:
    """在带标签的数据上测量，写出网页与 JSON。/ Measure on labelled data; writes a page and JSON."""
    if engine not in ENGINES:
        raise InputError(
            f"没有这样的引擎：{engine}；可选 {'、'.join(ENGINES)}。",
            f"There is no such engine: {engine}; choose from {', '.join(ENGINES)}.",
            where="--engine",
        )
    if evasions and not EVASIONS:
        raise InputError(
            "此安装没有变体生成器，不能用 --evasions。",
            "This installation has no generator of evasions.",
            where="--evasions",
        )
    if only and not any(risk.startswith(only) for risk in RISK_IDS):
        raise InputError(
            f"没有这样的风险或章：{only}。如 A.2 或 A.2-e。",
            f"No such risk or chapter: {only}. Say A.2 or A.2-e.",
            where="--only",
        )
    default = "1" if all_risky else "0" if all_honest else ""
    found = read_labelled(read_file(data, MAX_BYTES), data.name, Columns(text, label, risk, default))
    name, judge = ENGINES[engine](with_encoder=encoder, only=only)
    with _progress("评测 / evaluating") as progress:
        report = evaluate(
            found.texts,
            Plan(data.name, name, judge, EVASIONS if evasions else {}, skipped=found.skipped, progress=progress),
        )
    _show(report, found)
    out.mkdir(parents=True, exist_ok=True)
    for path, content in (
        (out / f"{data.stem}.html", page_of(report, beijing(SystemClock().now()))),
        (out / f"{data.stem}.json", json_of(report)),
    ):
        path.write_text(content, encoding="utf-8")
        note(f"已写入 / written: {path}")
    if report.failed:
        raise typer.Exit(1)


@app.command()
def adapt(
    data: Annotated[Path, typer.Option(help="示例：文本与类别两列，正常示例的类别写 none / examples: text and class")],
    out: Annotated[Path, typer.Option(help="写出的类别文件 / the head's file")],
    *,
    text: Annotated[str, typer.Option(help="文本列；空为自动 / column of the text")] = "",
    label: Annotated[str, typer.Option(help="类别列 / column of the class")] = "label",
    risk: Annotated[str, typer.Option(help="自定类别归入的风险 / risk that classes of your own belong to")] = "A.1-h",
) -> None:
    """用自己的示例（每类约 50 条）训练类别文件并交叉验证。/ Fit a head on examples of your own, cross-validated."""
    rows = read_classes(read_file(data, MAX_BYTES), data.name, text=text, label=label)
    classifier = load_classifier()
    normalise = base_normaliser().symbols_of
    hidden: list[np.ndarray[tuple[int], np.dtype[np.float32]]] = []
    with _progress("读入 / reading") as progress:
        for at, (words, _) in enumerate(rows, 1):
            hidden.append(classifier.hidden(normalise(words)))
            progress(at, len(rows))
    head = fit_head(np.array(hidden, np.float32), [name for _, name in rows], model=classifier.version, risk=risk)
    write_head(head, out)
    _show_head(head, out)


@app.command("train-info")
def train_info() -> None:
    """说明随附的权重：版本、各风险的阈值与已证明的精确率。/ What ships: version, thresholds, proven precision."""
    classifier = load_classifier()
    say(f"权重 / weights: SHA-256 {classifier.version}")
    rows = []
    for name, entry in read_risk_table().items():
        block = f"{entry.block:.2f}" if entry.block < NEVER else "—"
        proven = f"{entry.precision:.3f} ≥ {entry.lower:.3f}" if entry.findings else "—"
        rows.append((name, entry.wish, f"{entry.flag:.2f}", block, proven, str(entry.findings), entry.source or "—"))
    table(
        (
            "风险 / risk", "意愿 / wish", "#发现 / flag from", "#拦截 / block from", "精确率与下限 / precision",
            "#例 / n", "来源 / measured on",
        ),
        rows,
    )  # fmt: skip


@contextmanager
def _progress(says: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar with the time left on a terminal; nothing where nobody watches."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(says, total=None)

        def show(done: int, total: int) -> None:
            bar.update(task, completed=done, total=total)

        yield show


def _show(report: Report, found: Data) -> None:
    columns = f"{found.columns.text} / {found.columns.label or found.columns.risk or '—'}"
    say(f"{report.name} · {report.engine} · 列 / columns: {columns} · 文本 / texts {report.texts}")
    for reason, count in report.skipped.items():
        say(f"未用 / not used: {count} · {reason}")
    rows = [("全部 / all", report.overall)]
    rows += [
        (f"· {name}", one)
        for part in (report.by_risk, report.by_evasion, report.by_group)
        for name, one in part.items()
    ]
    table(
        (
            "",
            "#例 / n",
            "#精确率 / precision",
            "#召回率 / recall",
            "#误报率 / false alarms",
            "#F1",
            "#宏平均 F1 / macro-F1",
        ),
        [(name, str(one.counts.total), *_cells(one)) for name, one in rows],
    )
    say(
        f"误命中 / false hits: {report.false_hits_per_100k:.1f} / 10 万字 · 100,000 characters；"
        f"每条 / per text: p50 {report.latency.median_ms:.2f} ms, p95 {report.latency.p95_ms:.2f} ms；"
        f"失败 / failed: {report.failed}"
    )


def _cells(one: Quality) -> tuple[str, ...]:
    return tuple(map(_cell, (one.precision, one.recall, one.false_alarms, one.f1, one.macro_f1)))


def _cell(interval: Interval) -> str:
    return "—" if np.isnan(interval.value) else f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _show_head(head: Head, out: Path) -> None:
    table(
        ("类别 / class", "#例 / n", "#精确率 / precision", "#召回率 / recall", "#F1", "#阈值 / threshold"),
        [
            (
                one.name,
                str(one.examples),
                f"{one.precision:.3f}",
                f"{one.recall:.3f}",
                f"{one.f1:.3f}",
                f"{one.threshold:.2f}",
            )
            for one in head.figures
        ],
        title="五折交叉验证 / five-fold cross-validation",
    )
    say(f"已写入 / written: {out}。写进策略 detectors.classifier.heads 即启用 / name it in the policy to use it")
