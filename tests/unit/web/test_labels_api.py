"""`/v1/labels`: other services hand in files with an app's key; what comes back is marked, labelled and recorded."""

import hashlib
import io
import json
import socket
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from PIL import Image
from tests.factories.labels import labeller
from tests.factories.marks import encoded, picture, sound
from tests.unit.web.both_doors import serve_both
from tests.unit.web.small_house import Served, build_small_house

from guiju.kit.errors import StorageError
from guiju.ledger.models import EntryQuery
from guiju.web import labels_door


@pytest.fixture(scope="module")
def doors(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve_both(build_small_house(tmp_path_factory.mktemp("labels"))) as served:
        yield served


@pytest.fixture(scope="module")
def caller(doors: Served) -> Iterator[httpx.Client]:
    key = doors.house.gateway.create_app("other service")[1]
    with doors.client(headers={"authorization": f"Bearer {key}"}) as client:
        yield client


def test_a_picture_comes_back_marked_labelled_and_recorded(doors: Served, caller: httpx.Client) -> None:
    before = encoded(picture(320, 240), "PNG")
    answer = caller.post("/v1/labels/export", content=before, headers={"content-type": "image/png"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-sha256"] == hashlib.sha256(answer.content).hexdigest()
    assert json.loads(answer.headers["x-label"])["measured"]["contrast"] >= 4.5
    found = labeller().read(answer.content).label
    assert found is not None
    assert found.produce_id == answer.headers["x-produce-id"]
    with Image.open(io.BytesIO(answer.content)) as image:
        assert image.size == (320, 240)
    (head,) = doors.house.ledger.find(EntryQuery(subject=f"label:{found.produce_id}"))
    body = doors.house.ledger.body(head.id)
    assert isinstance(body, dict)
    assert body["sha256_before"] == hashlib.sha256(before).hexdigest()
    assert body["explicit"]
    assert head.actor.startswith("app:")
    told = caller.post("/v1/labels/inspect", content=answer.content).json()
    assert (told["state"], told["verdict"], told["is_ours"], len(told["records"])) == ("is", "conforming", True, 1)


@pytest.mark.parametrize(
    ("mime", "content"),
    [
        ("text/plain; charset=utf-8", "你好。\n".encode()),
        ("text/markdown", "# 标题\n".encode()),
        ("text/html", b"<html><body><p>x</p></body></html>"),
        ("audio/wav", sound(0.5)),
    ],
)
def test_texts_are_told_by_their_media_type(caller: httpx.Client, mime: str, content: bytes) -> None:
    answer = caller.post("/v1/labels/export", content=content, headers={"content-type": mime})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == mime
    assert len(answer.content) > len(content)


def test_what_cannot_be_labelled_says_why_and_no_path_of_ours(doors: Served, caller: httpx.Client) -> None:
    count = len(doors.house.ledger.find(EntryQuery(actions=("label.written",))))
    for content in (b"", b"\0" * 50, b"\x89PNG\r\n\x1a\n", encoded(Image.new("RGB", (16, 16)), "PNG")):
        answer = caller.post("/v1/labels/export", content=content)
        assert answer.status_code == 422
        error = answer.json()["error"]
        assert error["code"] == "content_not_labelled"
        assert error["message"]
        assert "guiju-label" not in answer.text
    assert caller.post("/v1/labels/inspect").status_code == 422
    assert len(doors.house.ledger.find(EntryQuery(actions=("label.written",)))) == count


def test_only_apps_come_in_and_only_by_post(doors: Served, caller: httpx.Client) -> None:
    with doors.client() as stranger:
        assert stranger.post("/v1/labels/export", content=b"x").status_code == 401
        assert stranger.post("/v1/labels/inspect", content=b"x").status_code == 401
    wrong_method = caller.get("/v1/labels/export")
    assert (wrong_method.status_code, wrong_method.headers["allow"]) == (405, "POST")


def test_too_much_is_refused_and_nothing_is_left_behind(
    caller: httpx.Client, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(labels_door, "MOST_BYTES", 1000)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert caller.post("/v1/labels/export", content=b"\0" * 2000).status_code == 413
    assert caller.post("/v1/labels/export", content=b"\0" * 500).status_code == 422
    assert list(tmp_path.iterdir()) == []


def test_a_ledger_that_cannot_keep_it_lets_nothing_out(
    doors: Served, caller: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise StorageError("满了", "full")

    monkeypatch.setattr(doors.house.ledger, "append", refuse)
    answer = caller.post("/v1/labels/export", content=encoded(picture(320, 240), "PNG"))
    assert answer.status_code == 503
    assert "x-produce-id" not in answer.headers


def test_a_full_disk_is_said_and_is_no_fault_of_the_file(caller: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(labels_door, "_to_disk", full)
    assert caller.post("/v1/labels/export", content=b"x").status_code == 503


def test_who_sends_slowly_keeps_nobody_waiting(doors: Served, caller: httpx.Client) -> None:
    host, _, port = doors.base.removeprefix("http://").partition(":")
    key = caller.headers["authorization"]
    slow = []
    for _ in range(4):
        sock = socket.create_connection((host, int(port)))
        head = f"POST /v1/labels/inspect HTTP/1.1\r\nhost: x\r\nauthorization: {key}\r\ncontent-length: 100\r\n\r\nab"
        sock.sendall(head.encode())
        slow.append(sock)
    try:
        assert caller.post("/v1/labels/inspect", content=sound(0.2), timeout=10).status_code == 200
    finally:
        for sock in slow:
            sock.close()
