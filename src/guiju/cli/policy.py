"""`guiju policy`: check a policy, show the one in force, try a text, run test cases, compare two policies."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Annotated

import typer

from guiju.bootstrap import keywords_folder, open_moderation, policy_path
from guiju.cli.exchanges import recorded_samples
from guiju.cli.inputs import read_file, read_settings
from guiju.cli.terminal import say, stepping, table
from guiju.kit.errors import InputError
from guiju.moderation.library import LibrarySources, load_library
from guiju.moderation.models import Action, Refusal, Scope
from guiju.moderation.policy import MAX_POLICY_BYTES, PolicyRule, Upstream, read_policy
from guiju.moderation.policy.cases import PolicyCase, read_cases
from guiju.moderation.service import Moderation, builtin_folder, builtin_policy, builtin_schema
from guiju.moderation.trials import MAX_LINE_BYTES, Comparison, Sample, compare, read_traffic, run_cases

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

LONGEST_TRIAL = 20_000
_ACTIONS = {
    Action.ALLOW: "放行 / allow",
    Action.OBSERVE: "留意 / observe",
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
    _show_errors(errors)
    raise typer.Exit(1)


def _show_errors(errors: tuple[Refusal, ...]) -> None:
    for error in errors:
        line = f":{error.line}" if error.line else ""
        say(f"✗ {error.where}{line} {error.text}\n  {error.zh}\n  {error.en}", style="red")


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
        budgets = "，".join(f"{scope} {budget} ms" for scope, budget in detector.budgets_ms.items())
        say(f"检测器 / detector {name}: {state}，{budgets} {' '.join(detector.kinds)}".rstrip())
    for guard in bundle.guards:
        say(
            f"审核模型 / guard {guard.name}: {guard.kind} {guard.url} {guard.model}，{' '.join(guard.scopes)}，"
            f"{guard.ask}，{guard.budget_ms} ms，失效 / on failure {_ACTIONS[guard.on_failure]}"
        )
    personal = bundle.personal
    if personal.needs_vault or personal.upstream is Upstream.REFUSE:
        logs = "占位 / mask" if personal.masks_logs else "保留 / keep"
        say(f"个人信息 / personal information: {personal.upstream}，证据 / logs {logs}，{' '.join(personal.kinds)}")
    table(
        (
            "#序 / no", "风险 / risks", "方向 / scopes", "级别 / levels", "意愿 / wishes", "检测器 / detectors",
            "分数 / score", "面向 / audience", "应用 / apps", "动作 / action",
        ),
        [_rule_row(number, rule) for number, rule in enumerate(bundle.rules, 1)],
        title="例外规则，先到先用 / exceptions, the first that fits decides",
    )  # fmt: skip


def _rule_row(number: int, rule: PolicyRule) -> tuple[str, ...]:
    parts = (rule.risks, rule.scopes, rule.levels, rule.wishes, rule.detectors)
    band = f"{rule.at_least:g}–{min(rule.below, 1.0):g}" if rule.at_least > 0.0 or rule.below <= 1.0 else "*"
    action = f"{_ACTIONS[rule.action]} {rule.text}".rstrip()
    words = (" ".join(part) or "*" for part in parts)
    return str(number), *words, band, " ".join(rule.audiences) or "*", " ".join(rule.apps) or "*", action


@app.command()
def schema() -> None:
    """输出策略文件的 JSON Schema，供编辑器使用。/ Print the JSON Schema of policy files, for editors."""
    print(builtin_schema().read_text(encoding="utf-8"), end="")


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


@app.command("test")
def run_tests(
    file: Annotated[
        Path | None, typer.Argument(help="策略文件；不写则为在用的 / a policy; the one in use if none")
    ] = None,
) -> None:
    """运行策略旁的测试用例；有不符则退出码为 1。/ Run the test cases beside a policy; exit 1 unless all hold.

    用例写在策略的 tests 中，或同名的 .tests.yaml 中。/ They stand under tests, or in a sibling file .tests.yaml.
    """
    path = file or policy_path(read_settings()) or builtin_policy()
    cases = _cases(path)
    if not cases:
        raise InputError(
            "没有测试用例；请在策略中写 tests，或在旁边写同名的 .tests.yaml。",
            "There are no test cases; write tests into the policy, or a sibling file .tests.yaml.",
            where=str(path),
        )
    failed = 0
    for result in run_cases(_moderation_with(path), cases):
        if result.problems:
            failed += 1
            say(f"✗ {result.case.where}:{result.case.line} {result.case.name}", style="red")
            for zh, en in result.problems:
                say(f"  {zh}\n  {en}")
        else:
            say(f"✓ {result.case.name}")
    passed = len(cases) - failed
    say(f"通过 / passed {passed}，不符 / failed {failed}", style="red" if failed else "green")
    if failed:
        raise typer.Exit(1)


@app.command()
def diff(  # noqa: PLR0913 - the options of a command
    before: Annotated[Path, typer.Argument(help="原策略 / the policy as it is")],
    after: Annotated[Path, typer.Argument(help="新策略 / the policy as it would be")],
    *,
    traffic: Annotated[
        Path | None, typer.Option(help="每行一条 JSON：文本，或含 text、scope 的对象 / JSON lines of texts")
    ] = None,
    exchanges: Annotated[
        int, typer.Option(min=0, max=100_000, help="用账本中最近的几次对话 / so many of the newest exchanges")
    ] = 0,
    scope: Annotated[Scope, typer.Option(help="没有写明去向的文本 / for texts that do not say")] = Scope.INPUT,
    examples: Annotated[int, typer.Option(min=0, max=50, help="每种变化举几例 / examples of each change")] = 3,
    actor: Annotated[str, typer.Option(help="谁在查看对话：system 或 staff:<编号> / who looks")] = "system",
) -> None:
    """两份策略在已有流量上有何不同。/ What a policy would have changed about recorded traffic.

    查看账本中的对话会留下记录；审核模型不会被询问。/ Looking at exchanges is recorded; guards are not asked.
    """
    if (traffic is None) == (exchanges == 0):
        raise InputError(
            "请在 --traffic 与 --exchanges 中选一个。", "Choose one of --traffic and --exchanges.", where="diff"
        )
    old, new = _moderation_with(before), _moderation_with(after)
    total = traffic.stat().st_size if traffic is not None else None
    with stepping("比较 / comparing", total) as step:
        samples = (
            _traffic(traffic, scope, step)
            if traffic is not None
            else recorded_samples(read_settings(), exchanges, actor)
        )
        found = compare(samples, old, new, examples=examples, step=(lambda: step(1)) if traffic is None else _still)
    _show_comparison(found)


def _still() -> None:
    """Move nothing: the bytes of the file do."""


def _traffic(path: Path, scope: Scope, step: Callable[[int], None]) -> Iterator[Sample | Refusal | None]:
    def lines() -> Iterator[bytes]:
        with path.open("rb") as file:
            while line := file.readline(MAX_LINE_BYTES + 1):
                rest = line
                while len(rest) > MAX_LINE_BYTES and not rest.endswith(b"\n"):
                    rest = file.readline(MAX_LINE_BYTES + 1)
                    step(len(rest))
                step(len(line))
                yield line

    return read_traffic(lines(), path.name, scope)


def _moderation_with(path: Path) -> Moderation:
    """Build moderation with a policy of a file's and the library in use."""
    folder = keywords_folder(read_settings())
    return Moderation(LibrarySources(builtin_folder(), folder if folder.is_dir() else None), path)


def _cases(path: Path) -> tuple[PolicyCase, ...]:
    """Return the test cases in a policy and in the file beside it."""
    cases: list[PolicyCase] = []
    for source in (path, path.with_name(f"{path.stem}.tests.yaml")):
        if source == path or source.is_file():
            found, errors = read_cases(read_file(source, MAX_POLICY_BYTES), source.name)
            if errors:
                _show_errors(errors)
                raise typer.Exit(2)
            cases += found
    return tuple(cases)


def _show_comparison(found: Comparison) -> None:
    say(
        f"比较 / compared {found.compared}，不同 / changed {found.changed}"
        f"（其中只是措辞 / only the wording {found.reworded}），读不了 / unreadable {found.skipped_count}",
        style="bold",
    )
    moves = [
        (_ACTIONS[before], _ACTIONS[after], str(count), f"{count / found.compared:.2%}")
        for (before, after), count in found.moves.most_common()
    ]
    if moves:
        table(("原 / before", "新 / after", "#条 / texts", "#占 / share"), moves)
    risks = [
        (risk, _ACTIONS[before], _ACTIONS[after], str(count))
        for (risk, before, after), count in found.risks.most_common()
    ]
    if risks:
        table(("风险 / risk", "原 / before", "新 / after", "#条 / texts"), risks)
    for change in found.examples:
        say(
            f"· {change.sample.where} {change.sample.scope}：{_ACTIONS[change.before.action]} → "
            f"{_ACTIONS[change.after.action]} {' '.join(change.after.risks or change.before.risks)}".rstrip()
        )
        say(f"  {change.sample.text[:200]!r}")
        say(f"  原 / before: {change.before.reason}\n  新 / after: {change.after.reason}")
    for refusal in found.skipped:
        say(f"· {refusal.where}:{refusal.line} {refusal.zh} / {refusal.en}")
