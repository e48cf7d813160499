"""A review room of real parts: ledger, moderation with a tiny library, both databases; time stands still."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from guiju.kit.canonical_json import JsonObject
from guiju.kit.clock import FixedClock
from guiju.kit.ids import new_id
from guiju.law.models import Parameter
from guiju.ledger.models import Draft, EntryQuery
from guiju.ledger.repository import LedgerRepository
from guiju.ledger.service import Ledger, open_ledger
from guiju.moderation.library import LibrarySources
from guiju.moderation.service import Moderation
from guiju.moderation.writing import TermEntry
from guiju.review.models import Op, ProposalDraft, ReviewItem, ReviewSettings, TermProposal
from guiju.review.repository import ChangeRepository, IntakeRepository, ItemRepository
from guiju.review.service import Neighbours, Repositories, Review
from guiju.storage.database import Database

BLOCKED, ASKED, NOTED = "甲乙丙丁", "戊己庚辛", "壬癸子丑"
LIBRARY = f"""
version: "1"
risk: A.1-f
updated: 2026-11-20
groups:
  - {{reason: 虚构的禁语, level: high, terms: [{BLOCKED}]}}
  - {{reason: 虚构的疑语, level: medium, terms: [{ASKED}]}}
  - {{reason: 虚构的记语, level: low, terms: [{NOTED}]}}
"""
POLICY = """
version: "1"
name: 测试策略
updated: 2026-11-23
scopes:
  input: {on_failure: closed, block: refuse, review: allow, observe: allow}
  output: {on_failure: closed, block: refuse, review: allow, observe: allow}
detectors:
  keywords: {enabled: "true"}
  personal_information: {enabled: "true", input: observe, output: observe}
replies:
  default: {zh: 抱歉，这个问题我不能回答。, en: "Sorry, I cannot answer that."}
"""
NOTHING_DRAWN = ReviewSettings(sample_share=0.0, stage_hours=0.0)


@dataclass
class Room:
    """What a test may touch."""

    review: Review
    ledger: Ledger
    moderation: Moderation
    clock: FixedClock
    keywords: Path
    database: Database
    parameters: dict[str, Parameter] = field(default_factory=dict)

    def ask(self, *turns: str, person: str = "", decision: JsonObject | None = None) -> str:
        """Record an exchange as the gateway does, decided by the library in force; return its id."""
        exchange_id = new_id()
        person = person or self.ledger.person_for("somebody")
        body: JsonObject = {
            "person": person,
            "stream": False,
            "input": [{"role": "user", "text": turn} for turn in turns],
            "decision": decision or self.decided(turns[-1], "input"),
        }
        self.ledger.append(self._draft("exchange.opened", exchange_id, exchange_id, person, body))
        return exchange_id

    def answer(self, exchange_id: str, released: str, *, withheld: str = "", person: str = "") -> None:
        person = person or self.ledger.person_for("somebody")
        choice: JsonObject = {"index": 0, "finish_reason": "stop", "released": {"content": released}}
        if withheld:
            choice["withheld"] = {"content": withheld}
        body: JsonObject = {
            "outcome": "answered",
            "person": person,
            "output": [choice],
            "risks": [],
            "decision": self.decided(released + withheld, "output"),
        }
        self.ledger.append(self._draft("exchange.closed", exchange_id, new_id(), person, body))

    def object_to(self, exchange_id: str, text: str = "我在写小说", person: str = "visitor-1") -> str:
        body: JsonObject = {"text": text, "contact": "a@b.cn", "outcome": "input_refused"}
        draft = Draft("objection.received", f"person:{person}", f"exchange:{exchange_id}", body, person=person)
        return self.ledger.append(draft).id

    def decided(self, text: str, scope: str) -> JsonObject:
        decision = self.moderation.decide(text, scope)  # type: ignore[arg-type]
        return {
            "action": decision.action.value,
            "scope": scope,
            "risks": list(decision.risks),
            "reason": decision.reason,
            "findings": [
                {
                    "detector": one.detector,
                    "risks": list(one.risks),
                    "level": one.level,
                    "wish": one.wish,
                    "start": one.start,
                    "end": one.end,
                    "term_id": one.term_id,
                    "view": one.view,
                }
                for one in decision.findings
            ],
            "findings_count": len(decision.findings),
        }

    def take_in(self) -> None:
        while self.review.intake.take():
            pass

    def queued(self, *turns: str) -> ReviewItem:
        """Ask, take in, and return the item that came of it."""
        exchange_id = self.ask(*turns)
        self.take_in()
        return self.review.queue.of_exchange(exchange_id)[0]

    def actions(self, subject: str) -> list[str]:
        return [head.action for head in reversed(self.ledger.find(EntryQuery(subject=subject)))]

    def _draft(self, action: str, exchange_id: str, entry_id: str, person: str, body: JsonObject) -> Draft:
        return Draft(
            action,
            "app:1",
            f"exchange:{exchange_id}",
            body,
            person=person,
            policy_hash=self.moderation.policy.hash,
            id=entry_id,
            occurred_at=self.clock.now(),
        )


def build_room(database: Database, folder: Path, clock: FixedClock, settings: ReviewSettings) -> Room:
    builtin, keywords, policy = folder / "builtin", folder / "keywords", folder / "policy.yaml"
    builtin.mkdir(parents=True, exist_ok=True)
    (builtin / "A.1-f.yaml").write_text(LIBRARY)
    policy.write_text(POLICY)
    ledger = open_ledger(LedgerRepository(database), folder / "var", clock)
    ledger.start()
    moderation = Moderation(LibrarySources(builtin, keywords), policy, clock=clock)
    parameters: dict[str, Parameter] = {}
    neighbours = Neighbours(
        ledger=ledger,
        moderation=moderation,
        clock=clock,
        shadow=lambda other: Moderation(LibrarySources(builtin, other), policy, clock=clock),
        parameter=lambda name, _day: parameters.get(name),
        keywords=keywords,
    )
    repositories = Repositories(ItemRepository(database), IntakeRepository(database), ChangeRepository(database))
    return Room(Review(repositories, neighbours, settings), ledger, moderation, clock, keywords, database, parameters)


@pytest.fixture
def room(database: Database, tmp_path: Path, clock: FixedClock) -> Iterator[Room]:
    room = build_room(database, tmp_path, clock, NOTHING_DRAWN)
    yield room
    room.ledger.stop()


def added(term: str, **fields: object) -> TermProposal:
    entry = TermEntry("A.1-f", term, "新近出现的说法")
    return TermProposal(Op.ADD, replace(entry, **fields))  # type: ignore[arg-type]


def proposal(*terms: TermProposal, title: str = "补充新词") -> ProposalDraft:
    return ProposalDraft(title, "近一周的对话里出现过", tuple(terms))
