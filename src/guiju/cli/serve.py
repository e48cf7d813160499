"""`guiju serve`: becomes the web process."""

import json
import os
import sys
from typing import Annotated

import typer

from guiju.bootstrap import migrate_database
from guiju.cli.inputs import read_settings
from guiju.cli.terminal import note
from guiju.gateway.configuration_schema import configuration_schema


def command(
    host: Annotated[str, typer.Option(help="监听地址 / address to listen on (GUIJU_HOST)")] = "",
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="端口 / port (GUIJU_PORT)")] = None,
    workers: Annotated[int | None, typer.Option(min=1, max=64, help="进程数 / processes (GUIJU_WORKERS)")] = None,
    *,
    schema: Annotated[
        bool, typer.Option("--schema", help="只打印 guiju.yaml 的 JSON Schema / print its schema")
    ] = False,
) -> None:
    """启动网关与控制台，直到被中断。/ Start the gateway and the console, until interrupted."""
    if schema:
        typer.echo(json.dumps(configuration_schema(), ensure_ascii=False, indent=1))
        return
    if host:
        os.environ["GUIJU_HOST"] = host
    if port is not None:
        os.environ["GUIJU_PORT"] = str(port)
    if workers is not None:
        os.environ["GUIJU_WORKERS"] = str(workers)
    settings = read_settings()
    note(f"启动 / starting: http://{settings.host}:{settings.port} · 数据 / data: {settings.var}")
    sys.stderr.flush()
    migrate_database(settings)  # here, so that what it takes to migrate does not stay in the serving process's memory
    # The web process takes this one's place: signals and the exit status pass straight through.
    os.execv(sys.executable, [sys.executable, "-m", "guiju.web"])  # noqa: S606 - our own interpreter and our own module
