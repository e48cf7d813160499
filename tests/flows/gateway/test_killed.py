"""A process that is killed in the middle of an answer: what had left stands in the ledger after the next start."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from tests.flows.gateway.house import SwitchableLedger, build_gateway, text_of
from tests.flows.gateway.ledgers import running_ledger
from tests.simulators.upstream import UpstreamSimulator, running_upstream

from guiju.gateway.models import ExchangeQuery
from guiju.ledger.models import EntryQuery

ROOT = Path(__file__).resolve().parents[3]


@asynccontextmanager
async def other_process(folder: Path, url: str, upstream: str) -> AsyncIterator[tuple[int, int, str]]:
    """Give (process id, port, key) of a gateway in a process of its own."""
    script = str(Path(__file__).with_name("serve_house.py"))
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, script, str(folder), url, upstream),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": f"{ROOT}/src:{ROOT}"},
    )
    assert process.stdout is not None
    try:
        port, key = (await asyncio.wait_for(process.stdout.readline(), 30)).decode().split()
        yield process.pid, int(port), key
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()


async def killed_in_the_middle(folder: Path, url: str, upstream: UpstreamSimulator, *, stream: bool, model: str) -> str:
    """Ask, take some of the answer, kill the gateway, and return the text that had come."""
    body = {"model": model, "stream": stream, "messages": [{"role": "user", "content": "讲个故事"}]}
    got = b""
    async with other_process(folder, url, upstream.url) as (pid, port, key), aiohttp.ClientSession() as http:
        target = f"http://127.0.0.1:{port}/v1/chat/completions"
        asking = asyncio.create_task(http.post(target, json=body, headers={"Authorization": f"Bearer {key}"}))
        await upstream.asked()
        if stream:
            response = await asking
            while text_of(got.rpartition(b"\n\n")[0]).count("事") < 20:
                got += await response.content.readany()
        else:
            await asyncio.sleep(0.2)
        os.kill(pid, signal.SIGKILL)
        with contextlib.suppress(aiohttp.ClientError):
            if stream:
                while part := await response.content.readany():
                    got += part
            else:
                await asking
    return text_of(got.rpartition(b"\n\n")[0])


async def test_what_a_killed_process_let_out_is_in_the_interrupted_entry(tmp_path: Path, database_url: str) -> None:
    async with running_upstream() as upstream:
        upstream.text = "从前有一个故事。" * 500
        upstream.pause_seconds = 0.001
        got = await killed_in_the_middle(tmp_path, database_url, upstream, stream=True, model="m")
        assert got.count("事") >= 20
        async with running_ledger(tmp_path, database_url) as ledger:
            gateway = build_gateway(tmp_path, database_url, upstream.url, SwitchableLedger(ledger))
            await gateway.start()
            (head,) = ledger.find(EntryQuery(actions=("exchange.interrupted",)))
            body: Any = ledger.body(head.id)
            left = body["output"][0]["released"]["content"]
            assert left.startswith(got)
            assert upstream.text.startswith(left)
            (opened,) = ledger.find(EntryQuery(actions=("exchange.opened",)))
            assert opened.subject == head.subject
            await asyncio.to_thread(gateway._index.rebuild)
            (record,) = await asyncio.to_thread(gateway.search_exchanges, ExchangeQuery())
            assert (record.outcome, record.closed_entry) == ("interrupted", head.id)
            transcript = await asyncio.to_thread(gateway.transcript, record.id)
            assert transcript.input[0].text == "讲个故事"
            assert transcript.output[0].text == left
            await gateway.stop()
            gateway = build_gateway(tmp_path, database_url, upstream.url, SwitchableLedger(ledger))
            await gateway.start()  # a second start finds nothing to do
            assert len(ledger.find(EntryQuery(actions=("exchange.interrupted",)))) == 1
            await gateway.stop()


@pytest.mark.parametrize("model", ["silent"])
async def test_a_killed_process_leaves_no_exchange_open(tmp_path: Path, sqlite_url: str, model: str) -> None:
    async with running_upstream() as upstream:
        await killed_in_the_middle(tmp_path, sqlite_url, upstream, stream=False, model=model)
        async with running_ledger(tmp_path, sqlite_url) as ledger:
            gateway = build_gateway(tmp_path, sqlite_url, upstream.url, SwitchableLedger(ledger))
            await gateway.start()
            (head,) = ledger.find(EntryQuery(actions=("exchange.interrupted",)))
            body: Any = ledger.body(head.id)
            assert body["output"] == []
            await gateway.stop()


async def test_a_closing_entry_that_the_spool_had_not_heard_of_is_found(tmp_path: Path, sqlite_url: str) -> None:
    async with running_upstream() as upstream, running_ledger(tmp_path, sqlite_url) as ledger:
        gateway = build_gateway(tmp_path, sqlite_url, upstream.url, SwitchableLedger(ledger))
        await gateway.start()
        app, key = await asyncio.to_thread(gateway.create_app, "a")
        from guiju.gateway.models import ChatCall  # noqa: PLC0415

        body = b'{"model": "m", "messages": [{"role": "user", "content": "x"}]}'
        assert (await gateway.chat(ChatCall(body, f"Bearer {key}"))).status == 200
        assert app.name == "a"
        spool = gateway._spool
        assert spool is not None
        os.close(spool._file)  # as if the process had died before the note of the closing was written
        gateway._spool = None
        second = build_gateway(tmp_path, sqlite_url, upstream.url, SwitchableLedger(ledger))
        await second.start()
        assert ledger.find(EntryQuery(actions=("exchange.interrupted",))) == []
        assert len(list((tmp_path / "spool").glob("*.spool"))) == 1
        await second.stop()
        await gateway._pool.stop()
        await gateway._index.stop()
