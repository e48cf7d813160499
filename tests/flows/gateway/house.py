"""A gateway on a real socket, joined from the real rooms, for tests to talk to."""

import asyncio
import io
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
import orjson
import uvicorn
from tests.flows.gateway.ledgers import running_ledger
from tests.simulators.upstream import UpstreamSimulator

from guiju.gateway.admission_settings import AdmissionSettings
from guiju.gateway.entrance.build import build_admission
from guiju.gateway.entrance.repository import AdmissionRepositories
from guiju.gateway.entrance.sanctions.models import AbuseRule
from guiju.gateway.guard_transport import GuardTransport
from guiju.gateway.models import App, Limits, Patience
from guiju.gateway.ports import Body, MediaLabelling
from guiju.gateway.repository import GatewayRepository
from guiju.gateway.service import Gateway
from guiju.gateway.upstreams.echo import Echo
from guiju.gateway.upstreams.openai_compatible import OpenAICompatible
from guiju.gateway.upstreams.pool import Route, UpstreamPool
from guiju.kit.clock import SystemClock
from guiju.kit.errors import StorageError
from guiju.labelling.models import MarkWords, Producer
from guiju.labelling.rules import explicit_text_mark
from guiju.ledger.models import Draft, EntryQuery, Head, Receipt
from guiju.ledger.service import Ledger
from guiju.moderation.library import LibrarySources
from guiju.moderation.media.blocklist import BlockList
from guiju.moderation.media.build import Tools, build_tools
from guiju.moderation.media.service import MediaModerator
from guiju.moderation.media.settings import MediaSettings
from guiju.moderation.service import Moderation
from guiju.storage.database import connect_database
from guiju.web.gateway_app import GatewayApp

BANNED = "禁止词组甲"
REPLY = "抱歉，我不能回答这个问题。"
PRODUCER = "001191440300708461136T1WFUO"
WORDS = MarkWords(ai=("人工智能", "AI"), made=("生成", "合成"))

_LIBRARY = f"""
version: "1"
risk: A.1-f
updated: 2026-11-23
groups:
  - reason: 测试用词
    level: high
    terms: [{BANNED}, 违禁乙, forbiddenphrase]
"""
_POLICY = f"""
version: "1"
name: 测试策略
updated: 2026-11-23
scopes:
  input: {{on_failure: closed, block: refuse, review: allow, observe: allow}}
  output: {{on_failure: closed, block: refuse, review: allow, observe: allow}}
rules:
  - {{detectors: [personal_information], wishes: [block, review], action: replace}}
detectors:
  keywords: {{enabled: "true"}}
  personal_information: {{enabled: "true", input: observe, output: review}}
replies:
  default: {{zh: "{REPLY}", en: "Sorry, I cannot answer this."}}
"""


class SwitchableLedger:
    """The real ledger, with a switch that makes it unable to write."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.is_broken = False
        self.breaks_on = ""
        self.delay_seconds = 0.0
        self.drafts: list[Draft] = []

    def _check(self, draft: Draft) -> None:
        if self.is_broken or draft.action == self.breaks_on:
            raise StorageError("磁盘已满。", "The disk is full.")
        self.drafts.append(draft)

    def submit_async(self, draft: Draft, future: "asyncio.Future[Receipt] | None" = None) -> "asyncio.Future[Receipt]":
        self._check(draft)
        if not self.delay_seconds:
            return self.ledger.submit_async(draft, future)
        loop = asyncio.get_running_loop()
        future = future or loop.create_future()
        loop.call_later(self.delay_seconds, self._late, draft, future)
        return future

    def _late(self, draft: Draft, future: "asyncio.Future[Receipt]") -> None:
        if not future.done():
            self.ledger.submit_async(draft, future)

    def append(self, draft: Draft) -> Receipt:
        self._check(draft)
        return self.ledger.append(draft)

    def person_for(self, lookup: str) -> str:
        return self.ledger.person_for(lookup)

    def find(self, query: EntryQuery) -> list[Head]:
        return list(self.ledger.find(query))

    def body(self, entry_id: str) -> Body:
        return self.ledger.body(entry_id)


@dataclass
class House:
    """What a test may touch."""

    url: str
    key: str
    app: App
    gateway: Gateway
    ledger: SwitchableLedger
    moderation: Moderation
    upstream: UpstreamSimulator
    http: aiohttp.ClientSession
    folder: Path
    headers: dict[str, str] = field(default_factory=dict)

    def request(self, text: str = "你好", **fields: object) -> dict[str, object]:
        return {"model": "m", "messages": [{"role": "user", "content": text}], **fields}

    async def post(self, body: dict[str, object] | bytes, **headers: str) -> tuple[int, dict[str, str], bytes]:
        return await self.post_to("/v1/chat/completions", body, **headers)

    async def post_to(
        self, path: str, body: Mapping[str, object] | bytes, **headers: str
    ) -> tuple[int, dict[str, str], bytes]:
        data = io.BytesIO(body if isinstance(body, bytes) else orjson.dumps(body))
        url = f"{self.url}{path}"
        async with self.http.post(url, data=data, headers={**self.headers, **headers}) as response:
            return (
                response.status,
                {name.lower(): value for name, value in response.headers.items()},
                await response.read(),
            )

    async def entries(self, *actions: str) -> list[dict[str, Any]]:
        """Return the bodies of the entries with `actions`, oldest first, each with its head's action and subject."""
        heads = await asyncio.to_thread(self.ledger.find, EntryQuery(actions=actions, limit=500))
        bodies: list[dict[str, Any]] = []
        for head in reversed(heads):
            body = await asyncio.to_thread(self.ledger.body, head.id)
            assert isinstance(body, dict)
            bodies.append({**body, "action": head.action, "subject": head.subject, "id": head.id})
        return bodies

    async def closing(self) -> dict[str, Any]:
        """Wait for the newest exchange to be closed and return its closing body."""
        for _ in range(500):
            opened = await self.entries("exchange.opened")
            closed = await self.entries("exchange.closed", "exchange.interrupted")
            if closed and len(closed) >= len(opened):
                return closed[-1]
            await asyncio.sleep(0.01)
        raise AssertionError("no exchange was closed")


@dataclass(frozen=True)
class MediaRoom:
    """What a house that takes media has besides: the section of its policy, and what makes its checkers."""

    section: str
    build: Callable[[MediaSettings, BlockList, Mapping[str, str]], Tools]
    labelling: MediaLabelling | None = None


def seeing_nothing(settings: MediaSettings, blocked: BlockList, environment: Mapping[str, str]) -> Tools:
    return Tools(settings, blocked, (), build_tools(settings, blocked, environment).transcriber)


def moderation_in(folder: Path, further_policy: str = "") -> Moderation:
    """Make a moderation with one library of three test terms."""
    keywords = folder / "keywords"
    keywords.mkdir(parents=True, exist_ok=True)
    (keywords / "A.1-f.yaml").write_text(_LIBRARY, encoding="utf-8")
    policy = folder / "policy.yaml"
    policy.write_text(_POLICY + further_policy, encoding="utf-8")
    return Moderation(LibrarySources(builtin=keywords), policy, transport=GuardTransport())


def build_gateway(
    folder: Path,
    database_url: str,
    upstream_url: str,
    ledger: SwitchableLedger,
    *,
    limits: Limits | None = None,
    media: MediaRoom | None = None,
    pass_through: tuple[str, ...] = (),
    admission: AdmissionSettings | None = None,
) -> Gateway:
    """Join the rooms as the program does."""
    clock = SystemClock()
    patience = Patience(connect=1.0, first_byte=1.0, idle=0.5, whole=1.5)
    limits = limits or Limits(answer_bytes=400_000, body_bytes=200_000, body_seconds=1.0)
    upstream = OpenAICompatible("sim", upstream_url, patience=patience, answer_bytes=limits.answer_bytes)
    routes = [
        Route(Echo(pause_seconds=0.0), {"echo": "echo"}),
        Route(upstream, {name: name for name in MODELS}),
    ]
    moderation = moderation_in(folder, media.section if media else "")
    database = connect_database(database_url)
    repository = GatewayRepository(database)
    return Gateway(
        repository=repository,
        ledger=ledger,
        moderation=moderation,
        pool=UpstreamPool(routes, clock, health_seconds=60.0),
        clock=clock,
        spool_folder=folder / "spool",
        producer=Producer(PRODUCER),
        check_mark=lambda text: explicit_text_mark(text, WORDS),
        limits=limits,
        media=MediaModerator(moderation, folder / "blocked.csv", build=media.build) if media else None,
        labelling=media.labelling if media else None,
        pass_through=pass_through,
        admission=build_admission(
            AdmissionRepositories(database),
            admission or AdmissionSettings(),
            ledger,
            clock=clock,
            history=repository.search,
            rule=lambda: AbuseRule(3, 5, 24.0, ("test/in-a-row", "test/in-a-day")),
        ),
    )


MODELS = (
    *("m", "events", "stall", "silent", "slow", "die", "end-early", "half-close", "garbage", "wrong-shape"),
    *("error-500", "error-400", "huge", "endless-line", "mid-error"),
)


@asynccontextmanager
async def serving(app: GatewayApp) -> AsyncIterator[str]:
    """Serve `app` on a free port of this machine and give its address."""
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(app, log_level="warning", access_log=False, lifespan="off", loop="none", ws="none")
    server = uvicorn.Server(config)
    server.install_signal_handlers = lambda: None  # type: ignore[attr-defined]
    task = asyncio.create_task(server.serve(sockets=[listener]))
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.should_exit = True
        server.force_exit = True
        await task
        listener.close()


@asynccontextmanager
async def house_in(
    folder: Path,
    database_url: str,
    *,
    limits: Limits | None = None,
    media: MediaRoom | None = None,
    pass_through: tuple[str, ...] = (),
    admission: AdmissionSettings | None = None,
) -> AsyncIterator[House]:
    """Build and serve a house with one app."""
    simulator = UpstreamSimulator()
    await simulator.start()
    async with running_ledger(folder, database_url) as real:
        ledger = SwitchableLedger(real)
        gateway = build_gateway(
            folder,
            database_url,
            simulator.url,
            ledger,
            limits=limits,
            media=media,
            pass_through=pass_through,
            admission=admission,
        )
        await gateway.start()
        app, key = await asyncio.to_thread(gateway.create_app, "测试应用")
        async with serving(GatewayApp(gateway)) as url, aiohttp.ClientSession() as http:
            yield House(
                url=url,
                key=key,
                app=app,
                gateway=gateway,
                ledger=ledger,
                moderation=gateway._moderation,  # type: ignore[arg-type]
                upstream=simulator,
                http=http,
                folder=folder,
                headers={"Authorization": f"Bearer {key}"},
            )
        await simulator.stop()
        await gateway.stop()


def events_of(raw: bytes) -> list[dict[str, Any]]:
    """Return the parsed events of a stream, without [DONE]."""
    lines = [line[6:] for line in raw.split(b"\n") if line.startswith(b"data: ")]
    return [orjson.loads(line) for line in lines if line != b"[DONE]"]


def text_of(raw: bytes) -> str:
    """Return the text that a stream's client has got."""
    choices = [choice for event in events_of(raw) for choice in event.get("choices", ())]
    return "".join(choice["delta"].get("content") or "" for choice in choices)
