"""Through HTTP, with an upstream that sends one character at a time: no prefix of a banned term ever leaves."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.flows.gateway.house import BANNED, REPLY, House, house_in
from tests.flows.gateway.samples import SAMPLES

from guiju.gateway.endpoints import ENDPOINTS

STREAMING = [path for path, endpoint in ENDPOINTS.items() if endpoint.streams]
FILLER = st.text(st.sampled_from("天地玄黄宇宙洪荒，。！ abc\n😀禁违止"), max_size=12)


class LoopHouse:
    """A house that lives on a loop of its own, so that many examples share it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.loop = asyncio.new_event_loop()
        self.context = house_in(folder, url)
        self.house: House = self.loop.run_until_complete(self.context.__aenter__())

    def stream(self, text: str, path: str = "/v1/chat/completions") -> str:
        """Return what a client of the endpoint has got."""
        self.house.upstream.text = text
        sample = SAMPLES[path]
        body = sample.asking("你好")
        assert isinstance(body, dict)
        asking = self.house.post_to(path, {**body, "stream": True}, **sample.headers)
        return sample.said(self.loop.run_until_complete(asking)[2], True)  # noqa: FBT003 - a stream

    def stop(self) -> None:
        self.loop.run_until_complete(self.context.__aexit__(None, None, None))
        self.loop.close()


@pytest.fixture(scope="module")
def shared_house(tmp_path_factory: pytest.TempPathFactory, sqlite_template: Path) -> Iterator[LoopHouse]:
    folder = tmp_path_factory.mktemp("house")
    shutil.copy(sqlite_template, folder / "guiju.db")
    house = LoopHouse(folder, f"sqlite:///{folder / 'guiju.db'}")
    yield house
    house.stop()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=FILLER, after=FILLER, term=st.sampled_from([BANNED, "违禁乙", "违禁乙"]), path=st.sampled_from(STREAMING))
def test_what_left_ends_before_the_term_begins(
    shared_house: LoopHouse, before: str, after: str, term: str, path: str
) -> None:
    said = shared_house.stream(before + term + after, path)
    assert said.endswith(REPLY)
    left = said.removesuffix(REPLY).removesuffix("\n\n")
    assert (before + term).startswith(left)
    assert len(left) <= len(before)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=FILLER.filter(bool), path=st.sampled_from(STREAMING))
def test_a_text_without_a_finding_leaves_whole(shared_house: LoopHouse, text: str, path: str) -> None:
    assert shared_house.stream(text, path) == text
