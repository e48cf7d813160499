"""Ids are drawn by each process for itself."""

import os

from guiju.kit.ids import new_id


def test_a_forked_child_draws_other_ids() -> None:
    new_id()
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(writer, "".join(new_id()[19:] for _ in range(20)).encode())
        os._exit(0)
    os.waitpid(child, 0)
    drawn = os.read(reader, 4096).decode()
    os.close(reader)
    os.close(writer)
    ours = [new_id()[19:] for _ in range(20)]
    assert len(drawn) == 20 * len(ours[0])
    assert not any(one in drawn for one in ours)
