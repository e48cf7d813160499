"""`guiju label` as a process: killed in the middle it leaves the old file; on a terminal it tells the time left."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.factories import media_files as made
from tests.factories.labels import CODE

PROGRAM = (sys.executable, "-c", "from guiju.cli import main; main()")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    var = tmp_path / "var"
    var.mkdir()
    (var / "guiju.yaml").write_text(f"provider_code: {CODE!r}\n")
    return {**os.environ, "GUIJU_VAR": str(var), "TERM": "xterm", "COLUMNS": "120"}


def large(path: Path, length: int) -> None:
    """Write a movie whose data is a hole."""
    content = made.movie()
    at = content.index(b"mdat") - 4
    with path.open("wb") as file:
        file.write(content[:at] + length.to_bytes(4, "big") + content[at + 4 :])
        file.truncate(at + length)


def test_a_killed_process_leaves_the_old_file_whole(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "films"
    folder.mkdir()
    film = folder / "film.mp4"
    large(film, 200 << 20)
    before = film.stat()
    process = subprocess.Popen([*PROGRAM, "label", str(film)], env=environment)
    while process.poll() is None and not any(one.stat().st_size for one in folder.glob(".labelling-*")):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    after = film.stat()
    assert (after.st_ino, after.st_size, after.st_mtime_ns) == (before.st_ino, before.st_size, before.st_mtime_ns)
    done = subprocess.run([*PROGRAM, "label", str(film), "--json"], env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert b'"state":"labelled"' in done.stdout
    assert film.stat().st_size > before.st_size


def test_a_terminal_shows_how_much_is_left(tmp_path: Path, environment: dict[str, str]) -> None:
    folder = tmp_path / "sounds"
    folder.mkdir()
    for number in range(40):
        (folder / f"{number}.wav").write_bytes(made.wav())
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [*PROGRAM, "label", str(folder)], env=environment, stdout=subprocess.PIPE, stderr=theirs, text=True
    )
    os.close(theirs)
    shown = b""
    try:
        while piece := os.read(ours, 65536):
            shown += piece
    except OSError:  # the other side is closed: the process has ended
        pass
    out = process.communicate()[0]
    os.close(ours)
    assert process.returncode == 0
    assert "已加 / labelled 40" in out
    assert "left" in shown.decode()
