"""Processes that write one SQLite file take turns: nobody who waits is passed by who has just written, twice."""

import itertools
import threading
import time
from pathlib import Path

from guiju.storage.database import connect_database
from guiju.storage.turns import Turns

EACH = 100


def test_who_has_just_written_lets_the_other_one_go_first(tmp_path: Path) -> None:
    order: list[int] = []
    both_wait = threading.Barrier(2)

    def write(number: int) -> None:
        turns = Turns(tmp_path / "x.db")  # each opens the files anew, as a process of its own would
        both_wait.wait()
        for _ in range(EACH):
            with turns.taken():
                order.append(number)
                time.sleep(0.001)  # as long as a commit takes
        turns.close()

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    changes = sum(a != b for a, b in itertools.pairwise(order))
    assert len(order) == 2 * EACH
    assert changes > EACH, "with a lock alone one of them would have had nearly all its turns in a row"


def test_only_one_has_the_turn(tmp_path: Path) -> None:
    first, second = Turns(tmp_path / "x.db"), Turns(tmp_path / "x.db")
    got = threading.Event()

    def wait() -> None:
        with second.taken():
            got.set()

    waiting = threading.Thread(target=wait)
    with first.taken():
        waiting.start()
        assert not got.wait(0.1)
    assert got.wait(5)
    waiting.join()


def test_a_server_sees_to_turns_itself(tmp_path: Path) -> None:
    assert connect_database(f"sqlite:///{tmp_path}/x.db").turns() is not None
    assert connect_database("postgresql://u:p@localhost/x").turns() is None
