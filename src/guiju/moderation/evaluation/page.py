# ruff: noqa: E501 - lines of HTML, CSS and SVG are clearer whole
"""The page of an evaluation: one file that needs nothing else, with charts drawn here as SVG; and the same as JSON."""

import html
import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict

from guiju.moderation.evaluation.models import CurvePoint, Interval, Quality, Report

_WIDTH, _ROW, _LEFT = 720, 26, 210
_STYLE = """
:root{--ink:#1c2733;--soft:#5b6b7b;--line:#dfe5ea;--bar:#2f6f9f;--bar2:#c9772b;--ground:#fff}
*{box-sizing:border-box}body{margin:0;background:#f4f6f8;color:var(--ink);
font:15px/1.6 "Noto Sans CJK SC","Source Han Sans SC","PingFang SC","Microsoft YaHei",system-ui,sans-serif}
main{max-width:1140px;margin:24px auto;padding:0 20px}h1{font-size:24px;margin:0 0 4px}h2{font-size:17px;margin:32px 0 8px}
section{background:var(--ground);border:1px solid var(--line);border-radius:8px;padding:4px 20px 18px;margin:16px 0}
p,.soft{color:var(--soft);margin:4px 0}table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:5px 8px;border-bottom:1px solid var(--line);text-align:right;white-space:nowrap}
th:first-child,td:first-child{text-align:left;white-space:normal;min-width:11em}th{font-weight:600;color:var(--soft);font-size:13px}
.tiles{display:flex;flex-wrap:wrap;gap:12px;margin:16px 0}.tile{flex:1 1 150px;background:var(--ground);
border:1px solid var(--line);border-radius:8px;padding:10px 14px}.tile b{display:block;font-size:24px;line-height:1.3}
.tile span{color:var(--soft);font-size:13px}svg{max-width:100%;height:auto;display:block}svg text{font-size:12px;fill:#1c2733}
@media print{body{background:#fff}section,.tile{break-inside:avoid}}
"""


def json_of(report: Report) -> str:
    """Return the report as JSON; what could not be counted is null."""
    return json.dumps(_without_nan(asdict(report)), ensure_ascii=False, indent=1) + "\n"


def _without_nan(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_nan(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def page_of(report: Report, made_at: str) -> str:
    """Return the report as a page; `made_at` is when, as a reader in Beijing writes it."""
    parts = [
        f"<h1>审核评测 · {_safe(report.name)}</h1>",
        f"<p>Moderation evaluation · {_safe(report.engine)} · {_safe(made_at)}</p>",
        _tiles(report),
        _section("总体 / Overall", _table("", {"全部 / all": report.overall}) + _notes(report)),
        _section("精确率与召回率 / Precision and recall", _curve(report.curve)) if report.curve else "",
        _named("各风险 / By risk", report.by_risk, "f1"),
        _named("变体之后 / After evasion", report.by_evasion, "recall", note="只改写有风险的文本 / only risky texts are rewritten"),
        _named(
            "提及的群体 / By mentioned group", report.by_group, "false_alarms",
            note="图为误报率：某一群体明显更高，即对其不公 / bars are false alarms: a group far above the others is treated unfairly",
        ),
        _mistakes(report),
    ]  # fmt: skip
    return (
        '<!doctype html><html lang="zh-CN"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">'
        f"<title>审核评测 {_safe(report.name)}</title><style>{_STYLE}</style></head><body><main>"
        f"{''.join(parts)}</main></body></html>\n"
    )


def _safe(text: str) -> str:
    return html.escape(text, quote=True)


def _number(value: float, digits: int = 3) -> str:
    return f"{value:.{digits}f}" if math.isfinite(value) else "—"


def _spread(interval: Interval) -> str:
    if not math.isfinite(interval.value):
        return "—"
    return f"{interval.value:.3f} <span class=soft>[{interval.low:.3f}, {interval.high:.3f}]</span>"


def _tiles(report: Report) -> str:
    overall = report.overall
    tiles = (
        ("宏平均 F1 / macro-F1", _number(overall.macro_f1.value)),
        ("精确率 / precision", _number(overall.precision.value)),
        ("召回率 / recall", _number(overall.recall.value)),
        ("误报率 / false alarms", _number(overall.false_alarms.value)),
        ("误命中 / 10 万字", _number(report.false_hits_per_100k, 1)),
        ("毫秒 / text, p50 · p95", f"{_number(report.latency.median_ms, 2)} · {_number(report.latency.p95_ms, 2)}"),
    )
    return f"<div class=tiles>{''.join(f'<div class=tile><b>{v}</b><span>{_safe(k)}</span></div>' for k, v in tiles)}</div>"


def _section(title: str, body: str) -> str:
    return f"<section><h2>{_safe(title)}</h2>{body}</section>"


def _notes(report: Report) -> str:
    skipped = "；".join(f"{_safe(reason)}: {count}" for reason, count in report.skipped.items()) or "0"
    return (
        f"<p>文本 / texts {report.texts:,} · 字符 / characters {report.characters:,} · 未用的行 / rows not used: {skipped} · "
        f"引擎失败 / engine failed: {report.failed}</p>"
        "<p>方括号内为 95% 区间：比例用 Wilson，F1 用自助法。/ In brackets the 95 % interval: Wilson for shares, bootstrap for F1.</p>"
    )


def _table(title: str, rows: Mapping[str, Quality]) -> str:
    head = (
        title or "文本 / texts", "应 / 不应标出", "精确率 / precision", "召回率 / recall", "误报率 / false alarms", "F1",
        "宏平均 F1",
    )  # fmt: skip
    lines = [
        "".join(
            f"<td>{cell}</td>"
            for cell in (
                _safe(name),
                f"{_wanted(one):,} / {one.counts.total - _wanted(one):,}",
                *map(_spread, (one.precision, one.recall, one.false_alarms, one.f1)),
                _number(one.macro_f1.value),
            )
        )
        for name, one in rows.items()
    ]
    heads = "".join(f"<th>{_safe(one)}</th>" for one in head)
    return f"<div style='overflow-x:auto'><table><tr>{heads}</tr>{''.join(f'<tr>{line}</tr>' for line in lines)}</table></div>"


def _wanted(one: Quality) -> int:
    return one.counts.true_positives + one.counts.false_negatives


def _named(title: str, rows: Mapping[str, Quality], figure: str, *, note: str = "") -> str:
    if not rows:
        return ""
    bars = [(name, _figure(one, figure)) for name, one in rows.items()]
    said = f"<p>{_safe(note)}</p>" if note else ""
    return _section(title, said + _bars(bars) + _table("", rows))


def _figure(one: Quality, name: str) -> Interval:
    return {"f1": one.f1, "recall": one.recall, "false_alarms": one.false_alarms}[name]


def _bars(rows: Sequence[tuple[str, Interval]]) -> str:
    """Return a bar a row with its interval as a whisker, on an axis from 0 to 1."""
    height = _ROW * len(rows) + 30
    room = _WIDTH - _LEFT - 60
    parts = [
        f'<line x1="{_LEFT + room * tick / 4}" y1="0" x2="{_LEFT + room * tick / 4}" y2="{height - 26}" stroke="#dfe5ea"/>'
        f'<text x="{_LEFT + room * tick / 4}" y="{height - 10}" text-anchor="middle">{tick / 4:.2f}</text>'
        for tick in range(5)
    ]
    for at, (name, one) in enumerate(rows):
        y = at * _ROW + 4
        parts.append(f'<text x="{_LEFT - 8}" y="{y + 13}" text-anchor="end">{_safe(name)}</text>')
        if math.isfinite(one.value):
            low, high = _LEFT + room * one.low, _LEFT + room * one.high
            parts.append(
                f'<rect x="{_LEFT}" y="{y}" width="{max(1.0, room * one.value):.1f}" height="16" fill="#2f6f9f" rx="2"/>'
                f'<path d="M{low:.1f} {y + 8}H{high:.1f}M{low:.1f} {y + 4}v8M{high:.1f} {y + 4}v8" stroke="#1c2733" '
                f'stroke-width="1.2"/><text x="{_LEFT + room + 10}" y="{y + 13}">{one.value:.3f}</text>'
            )
    return _svg(height, parts)


def _curve(points: Sequence[CurvePoint]) -> str:
    """Return recall along x and precision along y."""
    size, left, top = 300, 50, 10
    path = " ".join(
        f"{'M' if at == 0 else 'L'}{left + size * point.recall:.1f} {top + size * (1 - point.precision):.1f}"
        for at, point in enumerate(points)
    )
    grid = [
        f'<path d="M{left} {top + size * tick / 4}h{size}M{left + size * tick / 4} {top}v{size}" stroke="#dfe5ea"/>'
        f'<text x="{left - 6}" y="{top + size * (4 - tick) / 4 + 4}" text-anchor="end">{tick / 4:.2f}</text>'
        f'<text x="{left + size * tick / 4}" y="{top + size + 16}" text-anchor="middle">{tick / 4:.2f}</text>'
        for tick in range(5)
    ]
    words = (
        f'<text x="{left + size / 2}" y="{top + size + 34}" text-anchor="middle">召回率 / recall</text>'
        f'<text x="14" y="{top + size / 2}" text-anchor="middle" transform="rotate(-90 14 {top + size / 2})">'
        "精确率 / precision</text>"
    )
    return _svg(top + size + 44, [*grid, f'<path d="{path}" fill="none" stroke="#2f6f9f" stroke-width="2"/>', words])


def _svg(height: float, parts: Iterable[str]) -> str:
    return f'<svg viewBox="0 0 {_WIDTH} {height}" width="{_WIDTH}" role="img">{"".join(parts)}</svg>'


def _mistakes(report: Report) -> str:
    """Return the lines that were judged wrong, the surest mistakes first; their text stands in the data only."""
    if not report.mistakes:
        return ""
    missed = sorted((score, line) for line, wanted, score in report.mistakes if wanted)
    alarms = sorted(((score, line) for line, wanted, score in report.mistakes if not wanted), reverse=True)
    lists = "".join(
        f"<p><b>{title}</b> {', '.join(f'{line} <span class=soft>({_number(score, 2)})</span>' for score, line in rows)}</p>"
        for title, rows in (("漏判 / missed", missed), ("误报 / false alarms", alarms))
        if rows
    )
    note = "<p>行号（得分），最有把握的错误在前；文本请在数据中看 / line (score), surest first; the texts stand in the data</p>"
    return _section(
        "判错的行 / Mistakes", f"{note}<details><summary>{len(report.mistakes)} 行 / lines</summary>{lists}</details>"
    )
