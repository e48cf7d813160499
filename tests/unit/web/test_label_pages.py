"""Files that are handed in: bounded, with their token, by those who may, and never kept."""

import httpx
import pytest
from tests.factories.labels import CODE
from tests.factories.marks import encoded, picture, sound
from tests.unit.web.small_house import Served, csrf_of

from guiju.web import security


@pytest.fixture(scope="module")
def owner(served: Served) -> httpx.Client:
    return served.signed_in("owner")


def hand_in(client: httpx.Client, name: str, content: bytes, **fields: str) -> httpx.Response:
    form = {"csrf": csrf_of(client, "/console/labels"), **fields}
    return client.post("/console/labels/inspect", data=form, files={"file": (name, content)})


def test_a_file_is_looked_at_and_its_name_cannot_write_the_page(owner: httpx.Client) -> None:
    answer = hand_in(owner, "<b>x</b>.wav", sound(0.5))
    assert answer.status_code == 200
    assert "未发现生成合成的迹象" in answer.text
    assert "<b>x</b>" not in answer.text


@pytest.mark.parametrize("name", ["../../etc/passwd", "a" * 500, ".png", "x.p/ng", "a.\u202egnp"])
def test_names_are_only_shown(owner: httpx.Client, name: str) -> None:
    assert hand_in(owner, name, encoded(picture(64, 64), "PNG")).status_code == 200


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"%PDF-1.7", b"PK\3\4", b"RIFF\xff\xff\xff\xffWAVE"])
def test_what_cannot_be_read_is_inconclusive(owner: httpx.Client, content: bytes) -> None:
    answer = hand_in(owner, "x.bin", content)
    assert answer.status_code == 200
    assert "无法判定" in answer.text


def test_without_a_file_or_with_too_much_the_page_says_so(owner: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    form = {"csrf": csrf_of(owner, "/console/labels")}
    assert "请先选择一个文件" in owner.post("/console/labels/inspect", data=form, files={"other": ("", b"")}).text
    monkeypatch.setattr(security, "LARGEST_UPLOAD", 10_000)
    assert hand_in(owner, "x.wav", b"\0" * 20_000).status_code == 413


def test_a_forged_or_broken_form_is_refused(owner: httpx.Client) -> None:
    files = {"file": ("x.wav", sound(0.1))}
    assert owner.post("/console/labels/inspect", data={"csrf": "x"}, files=files).status_code == 403
    assert owner.post("/console/labels/inspect", files=files).status_code == 403
    head = {"content-type": "multipart/form-data; boundary=x"}
    assert owner.post("/console/labels/inspect", content=b"--x\r\nbroken", headers=head).status_code in (400, 403)
    head = {"content-type": "multipart/form-data"}
    assert owner.post("/console/labels/inspect", content=b"--x", headers=head).status_code in (400, 403)


def test_the_twin_tells_the_same_in_json(owner: httpx.Client) -> None:
    token = owner.get("/api/session").json()["csrf"]
    answer = owner.post(
        "/api/labels/inspect", files={"file": ("x.wav", sound(0.3))}, headers={"x-csrf-token": token}
    ).json()
    assert (answer["state"], answer["verdict"]) == ("none", "absent")
    told = owner.get("/api/labels").json()
    assert told["text"] == "内容由AI生成"
    assert told["is_provider_code"] is (told["producer"] == CODE)
    assert "gb-45438/image/text-height-ratio" in told["asked"]["图片"]
