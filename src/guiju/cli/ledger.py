"""`guiju ledger`: verify the evidence, look at it, prove it, hand it out, and erase a person from it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from guiju.bootstrap import open_evidence
from guiju.cli.inputs import midnight, read_settings, require_database
from guiju.cli.terminal import beijing, note, say, table, working
from guiju.kit.errors import InputError, NotFoundError
from guiju.ledger.errors import AnchorError
from guiju.ledger.models import Draft, EntryQuery, Erased, Head, Verdict, VerdictWord
from guiju.ledger.service import Ledger

app = typer.Typer(no_args_is_help=True, rich_markup_mode=None)

_WORDS = {
    VerdictWord.HOLDS: ("✓ 成立 / holds", "green"),
    VerdictWord.BROKEN: ("✗ 破坏 / broken", "red"),
    VerdictWord.UNKNOWN: ("? 不明 / unknown", "yellow"),
}
_INSPECTION = ("cn/genai-measures-2023/art-19",)
_ACCESS = ("cn/genai-measures-2023/art-19/para-2",)
_LARGEST_DIGITS = 16
_MOST_SELECTED = 100_000

Actor = Annotated[
    str,
    typer.Option(help="谁在操作：system 或 staff:<编号>，不写姓名 / who does it: system or staff:<id>, never a name"),
]


@contextmanager
def _evidence(*, writing: bool = False) -> Iterator[Ledger]:
    """Open the ledger for reading, or for `writing` too, and close it whatever happens."""
    settings = read_settings()
    require_database(settings)
    ledger = open_evidence(settings)
    try:
        if writing:
            ledger.start()
        yield ledger
    finally:
        ledger.stop()


@app.command()
def verify(
    *,
    quick: Annotated[bool, typer.Option("--quick", help="只核对树与检查点 / look at no single entry")] = False,
    strict: Annotated[
        bool, typer.Option("--strict", help="三项都须成立，否则退出码为 1 / exit 1 unless all three hold")
    ] = False,
) -> None:
    """核验账本：完整性、齐全性、时效性。完整性不成立则退出码为 1。/ Verify; exit 1 unless integrity holds."""
    with _evidence() as ledger, working("核验 / verifying") as tell:
        found = ledger.verify(deep=not quick, progress=tell)
    _show_verdict("完整性 / integrity", found.integrity)
    _show_verdict("齐全性 / completeness", found.completeness)
    _show_verdict("时效性 / freshness", found.freshness)
    say(f"条目 / entries {found.size} · 根 / root {found.root} · {beijing(found.verified_at)} 北京时间")
    asked = (found.integrity, found.completeness, found.freshness) if strict else (found.integrity,)
    if any(verdict.word is not VerdictWord.HOLDS for verdict in asked):
        raise typer.Exit(1)


def _show_verdict(name: str, verdict: Verdict) -> None:
    word, style = _WORDS[verdict.word]
    say(f"{name}: {word}", style=style)
    for finding in verdict.findings:
        say(f"  · {finding}")


@app.command()
def show(
    entry: Annotated[str, typer.Argument(help="序号或编号；不写则列出最近的 / number or id; the newest if none")] = "",
    last: Annotated[int, typer.Option("--last", "-n", min=1, max=10_000, help="列出几条 / how many")] = 20,
    action: Annotated[str, typer.Option(help="只列此动作 / only this action")] = "",
    actor: Actor = "system",
    *,
    body: Annotated[
        bool, typer.Option("--body", help="同时打开正文（会留下查看记录）/ open the body; recorded")
    ] = False,
) -> None:
    """显示一条，或最近的几条。/ Show one entry, or the newest."""
    who = _actor(actor)
    with _evidence(writing=body and bool(entry)) as ledger:
        if not entry:
            _list(ledger.find(EntryQuery(actions=(action,) if action else (), limit=last)))
            return
        head = _entry(ledger, entry)
        for name, value in asdict(head).items():
            text = "、".join(value) if isinstance(value, tuple) else str(value)
            say(f"{name:13} {text}")
        if body:
            _show_body(ledger, head, who)


def _show_body(ledger: Ledger, head: Head, who: str) -> None:
    """Show what an entry holds; that it was looked at is an entry itself, made first."""
    draft = Draft("staff.body_viewed", who, f"entry:{head.id}", {"what": "body", "via": "terminal"}, provisions=_ACCESS)
    ledger.append(draft)
    found = ledger.body(head.id)
    if isinstance(found, Erased):
        say(f"正文已按条目 {found.erased_by_seq} 删除。 / The body was erased, as entry {found.erased_by_seq} records.")
    else:
        say(json.dumps(found, ensure_ascii=False, indent=2))


def _list(heads: list[Head]) -> None:
    rows = [
        (str(head.seq), beijing(head.occurred_at), head.action, head.actor, head.subject, head.id) for head in heads
    ]
    table(("#序号 / no", "北京时间 / when", "动作 / action", "谁 / actor", "对象 / subject", "编号 / id"), rows)


def _entry(ledger: Ledger, entry: str) -> Head:
    is_number = entry.isascii() and entry.isdigit() and len(entry) < _LARGEST_DIGITS
    head = ledger.head(int(entry)) if is_number else ledger.entry_by_id(entry)
    if head is None:
        raise NotFoundError(
            f"账本里没有条目 {entry[:80]!r}；用 guiju ledger show 列出最近的。",
            f"There is no entry {entry[:80]!r}; guiju ledger show lists the newest.",
        )
    return head


@app.command()
def prove(
    entry: Annotated[str, typer.Argument(help="序号或编号 / number or id")],
    size: Annotated[int | None, typer.Option(min=1, help="在多大的树里；不写为全部 / in the tree of so many")] = None,
) -> None:
    """以 JSON 打印收录证明（RFC 6962）。/ Print the proof, as JSON, that an entry is in the tree."""
    with _evidence() as ledger:
        proof = ledger.prove_inclusion(_entry(ledger, entry).seq, size)
    say(json.dumps(asdict(proof), indent=2))


@app.command()
def checkpoint() -> None:
    """签署检查点并打印。/ Sign a checkpoint of the log as it stands, and print it."""
    with _evidence() as ledger:
        signed = ledger.checkpoint()
        given = ledger.anchor(signed)
        keys = ledger.verifier_keys
    say(signed.note.rstrip("\n"))
    for one in given:
        note(f"✗ {one.zh} / {one.en}" if isinstance(one, AnchorError) else f"✓ 锚定 / anchored: {one.kind} {one.name}")
    note(f"公钥 / key: {keys[0]}")


@app.command()
def export(
    path: Annotated[Path, typer.Argument(help="写到哪个 ZIP / the ZIP to write")],
    since: Annotated[str, typer.Option(help="自此日（北京）/ from this day, 2026-01-31")] = "",
    until: Annotated[str, typer.Option(help="至此日前（北京）/ before this day")] = "",
    actor: Actor = "system",
    *,
    disclose: Annotated[bool, typer.Option("--disclose", help="附上可读的正文 / with readable bodies")] = False,
) -> None:
    """导出可独立核对的证据包，并记入账本。/ Write a bundle that verifies without us; the ledger records it."""
    query = None
    if since or until:
        query = EntryQuery(since=midnight(since, "--since"), until=midnight(until, "--until"), limit=_MOST_SELECTED)
    who = _actor(actor)
    with _evidence(writing=True) as ledger:
        _check_selection(ledger, query)
        with working("导出 / exporting") as tell:
            bundle = ledger.export(path, query, disclose=disclose, progress=tell)
        ledger.append(
            Draft(
                "ledger.exported",
                who,
                f"bundle:{bundle.sha256}",
                {
                    "entries": bundle.entries,
                    "bodies": bundle.bodies,
                    "size": bundle.size,
                    "root": bundle.root,
                    "disclosed": disclose,
                    "via": "terminal",
                },
                provisions=_INSPECTION,
            )
        )
    say(f"{bundle.path}\nSHA-256 {bundle.sha256}")
    say(f"条目 / entries {bundle.entries} / {bundle.size} · 正文 / bodies {bundle.bodies} · 根 / root {bundle.root}")
    for omission in bundle.omissions:
        say(f"未收入 / left out: {omission.what} × {omission.count}：{omission.reason}")


def _check_selection(ledger: Ledger, query: EntryQuery | None) -> None:
    """Refuse a selection that would be cut short without a word."""
    found = ledger.count(query) if query is not None else 0
    if found > _MOST_SELECTED:
        raise InputError(
            f"这段时间有 {found} 条，选编最多 {_MOST_SELECTED} 条；请缩短时间，或导出整本。",
            f"There are {found} entries in that time; a selection has {_MOST_SELECTED} at most. Ask for less, or all.",
            where="--since",
        )


@app.command()
def erase(
    person: Annotated[str, typer.Argument(help="假名编号 / the person's pseudonym, from an entry's actor person:<id>")],
    reason: Annotated[str, typer.Option(help="理由，记入账本 / why; the ledger keeps it")],
    actor: Actor = "system",
    *,
    yes: Annotated[bool, typer.Option("--yes", help="不再询问 / do not ask again")] = False,
) -> None:
    """永久删除某人的正文，证明仍然成立。/ Make all bodies about a person unreadable for ever; proofs still hold."""
    who = _actor(actor)
    if not yes:
        question = f"永久删除 {person[:80]!r} 的全部正文，不可恢复？ / Erase all bodies about this person for ever?"
        typer.confirm(question, abort=True, err=True)
    with _evidence(writing=True) as ledger:
        receipt = ledger.erase(person.removeprefix("person:"), who, reason)
    say(f"已删除 / erased: 正文 / bodies {receipt.bodies}，密钥 / keys {receipt.keys}")
    say(f"记录于 / recorded as: {receipt.seq} {receipt.id}")


def _actor(text: str) -> str:
    if text == "system" or (text.startswith("staff:") and len(text) > len("staff:")):
        return text
    raise InputError(
        f"{text[:80]!r} 不能作为操作者；请写 system 或 staff:<编号>。",
        f"{text[:80]!r} cannot be the actor; write system or staff:<id>.",
        where="--actor",
    )
