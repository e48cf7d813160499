"""What a worker hears from its supervisor, and the one /metrics of several."""

import asyncio
import socket
from pathlib import Path

import pytest

from guiju.kit.errors import ConfigurationError
from guiju.settings import Settings
from guiju.web.peers import ask, merged
from guiju.web.supervisor import Supervisor
from guiju.web.worker import Worker

ONE = """\
# HELP a_total How many.
# TYPE a_total counter
a_total{code="x"} 3
a_total 1
# HELP h Seconds.
# TYPE h histogram
h_bucket{le="+Inf"} 2
h_sum 0.5
h_count 2
"""


def test_what_is_told_is_heard(tmp_path: Path) -> None:
    worker = Worker(number=1, count=3, folder=tmp_path, listener=4, ready=5, life=6, greets=True)
    assert Worker.of(worker.environment()) == worker
    assert Worker.of({}) is None


def test_each_series_says_whose_it_is_and_each_metric_is_explained_once() -> None:
    text = merged({0: ONE, 1: ONE, 2: None})
    lines = text.splitlines()
    assert lines.count("# HELP a_total How many.") == 1
    for line in ('a_total{code="x",worker="0"} 3', 'a_total{worker="1"} 1', 'h_bucket{le="+Inf",worker="1"} 2'):
        assert line in lines
    assert lines.index('h_count{worker="0"} 2') > lines.index("# TYPE h histogram")
    assert [line for line in lines if line.startswith("guiju_worker_up{")] == [
        'guiju_worker_up{worker="0"} 1',
        'guiju_worker_up{worker="1"} 1',
        'guiju_worker_up{worker="2"} 0',
    ]


async def test_a_worker_that_does_not_answer_is_nobody(tmp_path: Path) -> None:
    assert await ask(tmp_path / "none.sock") is None


def test_a_port_that_is_taken_is_said(tmp_path: Path) -> None:
    first = Supervisor(Settings(var=tmp_path, port=_free_port(), workers=2))
    with pytest.raises(ConfigurationError) as caught:
        Supervisor(first._settings)
    assert str(first._settings.port) in caught.value.en
    first._listener.close()


def test_a_worker_that_cannot_start_ends_the_house(tmp_path: Path) -> None:
    """The first one says why itself; there is no use in trying for ever."""
    supervisor = Supervisor(Settings(var=tmp_path, port=_free_port(), workers=2), ("/bin/sh", "-c", "exit 3"))
    assert asyncio.run(supervisor.run()) == 2
    assert not supervisor._folder.exists()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
