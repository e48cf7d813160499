from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

import pytest

from guiju.gateway.upstreams.law_assistant import LawAssistant
from guiju.kit.clock import FixedClock
from guiju.law.citing import SearchText
from guiju.law.service import load_law

Ask = Callable[..., str]


@pytest.fixture(scope="session")
def texts() -> list[SearchText]:
    return load_law().search_texts()


@pytest.fixture(scope="session")
def assistant() -> LawAssistant:
    law = load_law()
    now = FixedClock(datetime(2026, 11, 23, 4, 0, tzinfo=UTC))
    return LawAssistant(law.search_texts, now, glosses=partial(law.search_texts, language="en"))


@pytest.fixture(scope="session")
def ask(assistant: LawAssistant) -> Ask:
    def _ask(*questions: str) -> str:
        return assistant.answer([{"role": "user", "content": question} for question in questions])

    return _ask
