"""`guiju policy`: whether a policy can be used, which is in force, and what it would make of a text."""

from pathlib import Path
from typing import Annotated

import typer

from guiju.bootstrap import keywords_folder, open_moderation, policy_path
from guiju.cli.inputs import read_file, read_settings
from guiju.cli.terminal import say, table
from guiju.kit.errors import InputError
from guiju.moderation.library import LibrarySources, load_library
from guiju.moderation.models import Action, Scope
from guiju.moderation.policy import MAX_POLICY_BYTES, read_policy
from guiju.moderation.service import builtin_folder, builtin_policy

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

LONGEST_TRIAL = 20_000
_ACTIONS = {
    Action.ALLOW: "放行 / allow",
    Action.REPLACE: "替换 / replace",
    Action.REFUSE: "拒绝 / refuse",
    Action.HOLD: "暂扣 / hold",
    Action.UNDETERMINED: "无法判定 / undetermined",
}


@app.command()
def check(
    file: Annotated[
        Path | None, typer.Argument(help="策略文件；不写则为在用的 / a policy; the one in use if none")
    ] = None,
) -> None:
    """检查策略文件，列出每一处错误。/ Check a policy file and list everything that is wrong."""
    settings = read_settings()
    path = file or policy_path(settings) or builtin_policy()
    library = load_library(LibrarySources(builtin_folder(), keywords_folder(settings)))
    bundle, errors = read_policy(read_file(path, MAX_POLICY_BYTES), str(path), library.content_hash)
    if bundle is not None:
        say(f"✓ {path}：可用 / can be used · {bundle.name} · SHA-256 {bundle.hash}")
        return
    for error in errors:
        line = f":{error.line}" if error.line else ""
        say(f"✗ {error.where}{line} {error.text}\n  {error.zh}\n  {error.en}", style="red")
    raise typer.Exit(1)


@app.command()
def show() -> None:
    """显示在用的策略。/ Show the policy in force."""
    settings = read_settings()
    bundle = open_moderation(settings).policy
    say(f"{bundle.name} {bundle.version} · {bundle.updated} · {policy_path(settings) or builtin_policy()}")
    say(f"SHA-256 {bundle.hash}\n词库 / library {bundle.library_hash}")
    for scope, rule in bundle.scopes.items():
        wishes = "，".join(f"{wish} → {_ACTIONS[action]}" for wish, action in rule.action_of_wish.items())
        fails = "失效放行 / fails open" if rule.fails_open else "失效拦截 / fails closed"
        say(f"{scope}: {wishes}；{fails}")
    for name, detector in bundle.detectors.items():
        state = "启用 / on" if detector.enabled else "停用 / off"
        say(f"检测器 / detector {name}: {state}，{detector.budget_ms} ms {' '.join(detector.kinds)}".rstrip())
    table(
        (
            "#序 / no",
            "风险 / risks",
            "方向 / scopes",
            "级别 / levels",
            "意愿 / wishes",
            "检测器 / detectors",
            "动作 / action",
        ),
        [
            (
                str(number),
                *(
                    " ".join(part) or "*"
                    for part in (rule.risks, rule.scopes, rule.levels, rule.wishes, rule.detectors)
                ),
                _ACTIONS[rule.action],
            )
            for number, rule in enumerate(bundle.rules, 1)
        ],
        title="例外规则，先到先用 / exceptions, the first that fits decides",
    )


@app.command("try")
def try_text(
    text: Annotated[str, typer.Argument(help="要试判的文本 / the text")],
    scope: Annotated[Scope, typer.Option(help="input 为输入，output 为输出 / which way it goes")] = Scope.INPUT,
) -> None:
    """试判一段文本：会怎样，为什么。不留证据。/ Say what a text would decide, and why; nothing is recorded."""
    if not 0 < len(text) <= LONGEST_TRIAL:
        raise InputError(
            f"请写入 1 至 {LONGEST_TRIAL} 个字符的文本。",
            f"Write a text of 1 to {LONGEST_TRIAL} characters.",
            where="TEXT",
        )
    explained = open_moderation(read_settings()).explain(text, scope)
    decision = explained.decision
    say(f"决定 / decision: {_ACTIONS[decision.action]} {' '.join(decision.risks)}".rstrip(), style="bold")
    if decision.reason:
        say(f"原因 / reason: {decision.reason}")
    if decision.reply:
        say(f"代答 / reply: {decision.reply}\n  {decision.reply_en}")
    say(f"归一化 / normalised: {explained.normalised}")
    say(f"流式放出 / a stream would release: {explained.released!r}")
    if explained.findings:
        table(
            (
                "位置 / place",
                "原文 / found",
                "词条 / term",
                "风险 / risks",
                "级别 / level",
                "动作 / action",
                "理由 / reason",
            ),
            [
                (
                    f"{one.finding.start}–{one.finding.end}",
                    one.found,
                    one.term or one.finding.term_id,
                    " ".join(one.finding.risks),
                    one.finding.level,
                    _ACTIONS[one.action],
                    one.finding.reason,
                )
                for one in explained.findings
            ],
        )
