"""Whoever asks for an exchange in the moment in which it is being indexed gets it, and nobody else waits."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from tests.flows.gateway.house import House

from guiju.gateway.evidence import Noted
from guiju.gateway.models import ExchangeRecord
from guiju.kit.errors import NotFoundError
from guiju.kit.ids import new_id


async def test_an_exchange_that_is_only_just_being_indexed_is_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository = house.gateway._repository
    keep, may_go_on = repository.keep, threading.Event()

    def slow(batch: Sequence[Noted]) -> None:
        may_go_on.wait(10)
        keep(batch)

    monkeypatch.setattr(repository, "keep", slow)
    _, headers, _ = await house.post(house.request())
    looking = asyncio.create_task(asyncio.to_thread(house.gateway.exchange, headers["x-exchange-id"]))
    await asyncio.sleep(0.3)  # the index is being written by now, and stands still
    assert not looking.done()
    may_go_on.set()
    assert (await looking).outcome == "answered"


async def test_an_exchange_that_nobody_has_is_not_waited_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    repository = house.gateway._repository
    exchange = repository.exchange

    def counted(exchange_id: str) -> ExchangeRecord | None:
        asked.append(exchange_id)
        return exchange(exchange_id)

    monkeypatch.setattr(repository, "exchange", counted)
    with pytest.raises(NotFoundError):
        await asyncio.to_thread(house.gateway.exchange, new_id())
    assert len(asked) == 1
