"""What the real gateway records is what the review room reads: calls become items, and their texts open."""

import asyncio
from pathlib import Path

import pytest
from tests.flows.gateway.house import BANNED, House, house_in

from guiju.kit.clock import SystemClock
from guiju.moderation.library import LibrarySources
from guiju.moderation.models import Scope
from guiju.moderation.service import Moderation
from guiju.review.models import ItemQuery, Reason, ReviewSettings
from guiju.review.repository import ChangeRepository, IntakeRepository, ItemRepository
from guiju.review.service import Neighbours, Repositories, Review
from guiju.storage.database import connect_database


def room_of(house: House, database_url: str) -> Review:
    database = connect_database(database_url)
    keywords, policy = house.folder / "keywords", house.folder / "policy.yaml"
    neighbours = Neighbours(
        ledger=house.ledger.ledger,
        moderation=house.moderation,
        clock=SystemClock(),
        shadow=lambda folder: Moderation(LibrarySources(keywords, folder), policy),
        parameter=lambda _name, _day: None,
        keywords=house.folder / "own",
    )
    repositories = Repositories(ItemRepository(database), IntakeRepository(database), ChangeRepository(database))
    return Review(repositories, neighbours, ReviewSettings(sample_share=1.0))


@pytest.mark.parametrize("stream", [False, True])
async def test_calls_become_items_with_their_texts(tmp_path: Path, sqlite_url: str, *, stream: bool) -> None:
    async with house_in(tmp_path, sqlite_url) as house:
        await house.post(house.request("今天天气如何", stream=stream))
        await house.closing()
        await house.post(house.request(f"说说{BANNED}", stream=stream))
        await house.closing()
        house.upstream.text = f"前面是好的，后面有{BANNED}，再往后。"
        await house.post(house.request("讲个故事", stream=stream))
        await house.closing()
        room = room_of(house, sqlite_url)

        def look() -> dict[tuple[str, str], str]:
            while room.intake.take():
                pass
            found = {}
            for item in room.queue.items(ItemQuery(limit=50)):
                opened = room.queue.opened(item.id)
                assert opened.text is not None
                assert item.reason is Reason.SAMPLED
                found[item.scope.value, opened.text.text] = item.action
                if BANNED in opened.text.text:
                    assert opened.explanation is not None
                    assert [one.found for one in opened.explanation.findings] == [BANNED]
                    assert {one.term_id for one in opened.recorded} == {
                        one.finding.term_id for one in opened.explanation.findings
                    }
            return found

        found = await asyncio.to_thread(look)
        assert found["input", "今天天气如何"] == "allow"
        assert found["input", f"说说{BANNED}"] == "refuse"
        assert found["input", "讲个故事"] == "allow"
        stopped = next(text for (scope, text), action in found.items() if scope == "output" and action == "refuse")
        assert BANNED in stopped
        assert sum(scope == Scope.OUTPUT.value for scope, _ in found) == 2
        assert room.intake.behind() == 0
