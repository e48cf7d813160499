"""A small house of real rooms for the web door's tests, and a real server on loopback to knock at."""

import asyncio
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import uvicorn
from argon2 import PasswordHasher
from starlette.types import ASGIApp
from tests.unit.web.stand_ins import StandInSupervision

from guiju.gateway.admission_settings import AdmissionSettings
from guiju.gateway.configuration import BUILT_IN
from guiju.gateway.entrance.build import build_admission
from guiju.gateway.entrance.repository import AdmissionRepositories
from guiju.gateway.repository import GatewayRepository
from guiju.gateway.service import Gateway
from guiju.gateway.upstreams.build import build_upstreams
from guiju.gateway.upstreams.law_assistant import LawAssistant
from guiju.kit.clock import Clock, SystemClock
from guiju.labelling.models import Producer
from guiju.law.service import Law, load_law
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, open_ledger
from guiju.moderation.library import LibrarySources
from guiju.moderation.service import Moderation
from guiju.review.models import ReviewSettings
from guiju.review.repository import ChangeRepository, IntakeRepository, ItemRepository
from guiju.review.service import Neighbours, Repositories, Review
from guiju.settings import Settings
from guiju.staff.repository import StaffRepository
from guiju.staff.service import Staff
from guiju.storage.database import Database, connect_database
from guiju.storage.migrate import migrate
from guiju.supervision.service import Supervision
from guiju.web.console_app import console_app
from guiju.wiring import parameter_on
from guiju.wiring_labels import LabelDesk

PASSWORD = "gate house paper"
BANNED = "枪支出售"
BANNED_IN_OUTPUT = "测试用的虚构禁语"
LIBRARY = f"""
version: "1"
risk: A.1-f
updated: 2026-11-20
groups:
  - {{reason: 制售枪支的邀约, level: high, terms: [{BANNED}]}}
  - {{reason: 只管输出的虚构词, level: high, scope: [output], terms: [{BANNED_IN_OUTPUT}]}}
"""
POLICY = """
version: "1"
name: 测试策略
updated: 2026-11-23
scopes:
  input: {on_failure: closed, block: refuse, review: allow, observe: allow}
  output: {on_failure: closed, block: refuse, review: allow, observe: allow}
rules: []
detectors:
  keywords: {enabled: "true"}
  personal_information: {enabled: "true", input: observe, output: observe}
replies:
  default: {zh: 抱歉，这个问题我不能回答。, en: "Sorry, I cannot answer that."}
"""


@dataclass
class SmallHouse:
    settings: Settings
    clock: Clock
    law: Law
    ledger: Ledger
    moderation: Moderation
    gateway: Gateway
    supervision: Supervision
    staff: Staff
    review: Review
    labels: LabelDesk
    database: Database
    policy: Path


def build_small_house(folder: Path) -> SmallHouse:
    keywords, policy = folder / "keywords", folder / "policy.yaml"
    keywords.mkdir(parents=True)
    (keywords / "A.1-f.yaml").write_text(LIBRARY)
    policy.write_text(POLICY)
    database = connect_database(f"sqlite:///{folder / 'guiju.db'}")
    migrate(database)
    clock, law = SystemClock(), load_law()
    ledger = open_ledger(LedgerRepository(database), folder, clock)
    own = folder / "own"
    moderation = Moderation(LibrarySources(keywords, own), policy, clock=clock)
    gateway = Gateway(
        repository=GatewayRepository(database),
        ledger=ledger,
        moderation=moderation,
        pool=build_upstreams(BUILT_IN, clock, lambda: LawAssistant(law.search_texts, clock)),
        clock=clock,
        spool_folder=folder / "spool",
        producer=Producer("guiju"),
        check_mark=str,
        admission=build_admission(
            AdmissionRepositories(database),
            AdmissionSettings(),
            ledger,
            clock=clock,
            history=GatewayRepository(database).search,
            rule=lambda: None,
        ),
    )
    hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return SmallHouse(
        Settings(var=folder),
        clock,
        law,
        ledger,
        moderation,
        gateway,
        StandInSupervision(law, ledger),
        Staff(StaffRepository(database), clock, ledger.append, hasher=hasher),
        Review(
            Repositories(ItemRepository(database), IntakeRepository(database), ChangeRepository(database)),
            Neighbours(
                ledger=ledger,
                moderation=moderation,
                clock=clock,
                shadow=lambda other: Moderation(LibrarySources(keywords, other), policy, clock=clock),
                parameter=lambda name, day: parameter_on(law, name, day),
                keywords=own,
            ),
            ReviewSettings(sample_share=0.0, stage_hours=0.0),
        ),
        LabelDesk(Settings(var=folder), law, clock, ledger),
        database,
        policy,
    )


@dataclass
class Served:
    house: SmallHouse
    base: str

    def client(self, **options: object) -> httpx.Client:
        return httpx.Client(base_url=self.base, trust_env=False, timeout=20, **options)  # type: ignore[arg-type]

    def signed_in(self, role: str, name: str = "") -> httpx.Client:
        name = name or f"{role}-1"
        if name not in {member.name for member in self.house.staff.members()}:
            self.house.staff.create_member(name, role, PASSWORD)
        client = self.client()
        form = {"csrf": csrf_of(client, "/console/login"), "name": name, "password": PASSWORD}
        answer = client.post("/console/login", data=form)
        assert answer.status_code == 303, answer.text
        return client


def csrf_of(client: httpx.Client, path: str) -> str:
    page = client.get(path).text
    return page.split('name="csrf" value="', 1)[1].split('"', 1)[0]


@contextmanager
def serve(house: SmallHouse, app: ASGIApp | None = None) -> Iterator[Served]:
    """Serve the house in a thread of its own until the block ends."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(
        uvicorn.Config(app or console_app(house), log_level="error", lifespan="off", interface="asgi3")
    )

    house.ledger.start()

    async def run() -> None:
        await house.gateway.start()
        await server.serve(sockets=[listener])
        await house.gateway.stop()

    thread = threading.Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    with httpx.Client(trust_env=False, timeout=20) as client:
        assert client.get(f"{base}/static/mark.svg").status_code == 200
    try:
        yield Served(house, base)
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        house.ledger.stop()
        house.database.close()
