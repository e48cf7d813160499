"""`guiju witness`: cosigns the checkpoints of ledgers, for somebody who is not their operator."""

import logging
from pathlib import Path
from typing import Annotated

import typer

from guiju.cli.terminal import note
from guiju.ledger.witness import run_witness


def command(
    host: Annotated[str, typer.Option(help="监听地址 / address to listen on")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="端口，0 为任选 / port, 0 for a free one")] = 8100,
    *,
    folder: Annotated[Path, typer.Option(help="密钥与状态所在文件夹 / folder of its key and state")] = Path("witness"),
    name: Annotated[str, typer.Option(help="见证者名称 / the witness's name")] = "guiju-witness",
) -> None:
    """为别人的账本联署检查点，直到被中断。/ Cosign checkpoints of somebody's ledger, until interrupted."""
    logging.getLogger("guiju").setLevel(logging.INFO)
    note(f"公钥写在 / the public key stands in {folder / 'witness.vkey'}")
    note(f"受理的账本公钥，一行一个 / the logs' keys it accepts, one a line: {folder / 'logs.txt'}")
    run_witness(host, port, folder, name=name)
