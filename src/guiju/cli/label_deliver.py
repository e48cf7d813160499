"""`guiju deliver`: give out content without an explicit mark, at the user's request, with the record of article 9."""

from pathlib import Path
from typing import Annotated

import typer

from guiju.cli.evidence import writing_ledger
from guiju.cli.inputs import read_settings
from guiju.cli.label_files import say_seal
from guiju.cli.terminal import beijing, say
from guiju.kit.clock import BEIJING, SystemClock
from guiju.kit.errors import InputError
from guiju.kit.ids import new_id
from guiju.labelling.configuration import load_label_settings, policy_facts
from guiju.labelling.produce_ids import seal_facts
from guiju.labelling.unmarked import Request, UnmarkedDeliveries
from guiju.law.service import load_law
from guiju.wiring_labels import open_labeller


def command(
    file: Annotated[Path, typer.Argument(help="文件 / the file")],
    *,
    to: Annotated[
        str, typer.Option(help="提供给谁：账号、名称、联系方式 / who gets it, so that they can be found again")
    ],
    reason: Annotated[str, typer.Option(help="用户说明的用途 / what it is for, in the user's words")],
    agreement: Annotated[Path, typer.Option(help="用户已同意的协议全文（UTF-8） / the text that the user agreed to")],
    out: Annotated[Path | None, typer.Option(help="写到此处，原文件不动 / write it here instead")] = None,
) -> None:
    """应用户要求提供没有显式标识的内容：保留隐式标识，记录对象。/ Give out content without an explicit mark."""
    settings, clock = read_settings(), SystemClock()
    try:
        text = agreement.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            "协议读不到，或不是 UTF-8 文本。", "The agreement cannot be read, or is no UTF-8.", where=str(agreement)
        ) from error
    months = load_law().parameter("labelling-measures/log-retention", clock.now().astimezone(BEIJING).date())
    with writing_ledger(settings) as ledger:
        number = new_id()
        policy = policy_facts(load_label_settings(settings.resolved_config))
        deliveries = UnmarkedDeliveries(
            open_labeller(settings)[0], ledger, clock, months=int(str(months.value)), policy=policy
        )
        done = deliveries.deliver(file, Request(to, reason, text), content_id=number, target=out)
    say(f"✓ {out or file}  {number}", style="green")
    say_seal(seal_facts(done.labelled.sealed))
    say(f"  协议 / agreement {done.agreement_sha256}")
    say(f"  记录至少保存到 / its record is kept until {beijing(done.keep_until)}")
