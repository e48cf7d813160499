"""`/v1/labels`: other services hand in files with an app's key; what comes back is marked, labelled and recorded."""

import hashlib
import io
import json
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from tests.factories.labels import labeller
from tests.factories.marks import encoded, picture, sound
from tests.unit.web.both_doors import serve_both
from tests.unit.web.small_house import Served, build_small_house

from guiju.gateway.app_rules import AppRules, LimitRules, ServedUsers
from guiju.gateway.entrance.sanctions.models import SanctionKind, SanctionOrder
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


def test_a_manifest_that_breaks_is_told(caller: httpx.Client) -> None:
    chunk = PngInfo()
    chunk.add(b"caBX", b"jumdc2pa\x00\x11\x00\x10\x80\x00\x00\xaa\x008\x9bq")
    signed = encoded(picture(320, 240), "PNG", pnginfo=chunk)
    answer = caller.post("/v1/labels/export", content=signed, headers={"content-type": "image/png"})
    assert answer.status_code == 200, answer.text
    assert json.loads(answer.headers["x-label"])["c2pa"] == "broken"


def test_a_picture_comes_back_marked_labelled_and_recorded(doors: Served, caller: httpx.Client) -> None:
    before = encoded(picture(320, 240), "PNG")
    answer = caller.post("/v1/labels/export", content=before, headers={"content-type": "image/png"})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["x-content-sha256"] == hashlib.sha256(answer.content).hexdigest()
    told = json.loads(answer.headers["x-label"])
    assert told["measured"]["contrast"] >= 4.5
    assert told["c2pa"] is None
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


PICTURE = encoded(picture(64, 64), "PNG")
MIME = {"content-type": "image/png"}


def limited(doors: Served, name: str, rules: AppRules) -> dict[str, str]:
    app, key = doors.house.gateway.create_app(name)
    doors.house.gateway.change_app(replace(app, rules=rules), actor="staff:s", reason="限额")
    return {"authorization": f"Bearer {key}", **MIME}


def test_the_limits_of_an_app_and_of_a_user_hold_here_too(doors: Served) -> None:
    rules = AppRules(app=LimitRules(requests_per_day=3), user=LimitRules(requests_per_day=1))
    headers = limited(doors, "limited", rules)
    with doors.client(headers=headers) as client:
        first = client.post("/v1/labels/export", content=PICTURE, headers={"x-guiju-user": "u-1"})
        assert first.status_code == 200
        assert first.headers["x-ratelimit-limit-requests"] == "1"
        assert first.headers["x-produce-id"]
        again = client.post("/v1/labels/inspect", content=PICTURE, headers={"x-guiju-user": "u-1"})
        error = again.json()["error"]
        assert (again.status_code, error["code"], error["param"]) == (429, "rate_limit_exceeded", "requests_per_day")
        assert int(again.headers["retry-after"]) > 0
        statuses = [
            client.post("/v1/labels/inspect", content=PICTURE, headers={"x-guiju-user": f"u-{n}"}).status_code
            for n in (2, 3, 4)
        ]
        assert statuses == [200, 200, 429]


def test_a_budget_of_tokens_or_money_is_not_asked(doors: Served) -> None:
    rules = AppRules(app=LimitRules(tokens_per_day=1, budget_tokens=1, budget_money=1))
    with doors.client(headers=limited(doors, "poor", rules)) as client:
        for _ in range(3):
            assert client.post("/v1/labels/inspect", content=PICTURE).status_code == 200


def test_a_place_is_given_back_whatever_becomes_of_the_call(doors: Served) -> None:
    with doors.client(headers=limited(doors, "one at a time", AppRules(app=LimitRules(concurrent=1)))) as client:
        for content in (PICTURE, b"", PICTURE[:40], PICTURE):
            status = client.post("/v1/labels/export", content=content).status_code
            assert status == (200 if content == PICTURE else 422)


def test_who_serves_named_users_only_names_them(doors: Served) -> None:
    with doors.client(headers=limited(doors, "named", AppRules(serves=ServedUsers.NAMED))) as client:
        refused = client.post("/v1/labels/inspect", content=PICTURE)
        assert (refused.status_code, refused.json()["error"]["code"]) == (400, "user_required")
        named = client.post("/v1/labels/inspect", content=PICTURE, headers={"x-guiju-user": "u-1"})
        assert named.status_code == 200
        long = client.post("/v1/labels/inspect", content=PICTURE, headers={"x-guiju-user": "u" * 513})
        assert (long.status_code, long.json()["error"]["param"]) == (400, "X-Guiju-User")


def test_a_sanction_against_the_user_holds_here_too(doors: Served) -> None:
    app, key = doors.house.gateway.create_app("sanctioned")
    person = doors.house.ledger.person_for(f"{app.id}|u-9")
    assert doors.house.gateway.admission is not None
    until = doors.house.clock.now() + timedelta(hours=1)
    order = SanctionOrder(person, SanctionKind.SUSPEND, "测试", until=until)
    doors.house.gateway.admission.sanctions.impose(order, by="staff:s")
    headers = {"authorization": f"Bearer {key}", **MIME, "x-guiju-user": "u-9"}
    with doors.client(headers=headers) as client:
        deadline = time.monotonic() + 5
        while (refused := client.post("/v1/labels/export", content=PICTURE)).status_code == 200:
            assert time.monotonic() < deadline, "a sanction takes effect within a second"
            time.sleep(0.1)
        assert refused.status_code == 403
        assert "object" in refused.text
        other = client.post("/v1/labels/export", content=PICTURE, headers={"x-guiju-user": "u-8"})
        assert other.status_code == 200
    assert doors.house.ledger.find(EntryQuery(actions=("call.refused",), subject=f"app:{app.id}"))
