"""The console's pages about apps, keys, use and measures against users, and what a user is told."""

import time

import httpx
import pytest
from tests.unit.web.small_house import BANNED, Served, csrf_of
from tests.unit.web.test_pages import newest, receipt_of, say

from guiju.gateway.models import App
from guiju.kit.ids import new_id


@pytest.fixture(scope="module")
def owner(served: Served) -> httpx.Client:
    return served.signed_in("owner")


@pytest.fixture(scope="module")
def app(served: Served, owner: httpx.Client) -> App:
    form = {"csrf": csrf_of(owner, "/console/apps"), "name": "用量程序", "reason": "上线"}
    assert owner.post("/console/apps", data=form).status_code == 200
    return next(one for one in served.house.gateway.apps() if one.name == "用量程序")


def test_rules_are_changed_with_a_reason_and_shown(served: Served, owner: httpx.Client, app: App) -> None:
    path = f"/console/apps/{app.id}"
    form = {
        "csrf": csrf_of(owner, path),
        "serves": "named",
        "may_declare": "1",
        "app.requests_per_minute": "600",
        "user.concurrent": "2",
    }
    assert owner.post(f"{path}/rules", data=form).status_code == 400
    form["reason"] = "试运行"
    assert owner.post(f"{path}/rules", data={**form, "app.requests_per_day": "-1"}).status_code == 400
    assert owner.post(f"{path}/rules", data=form).headers["location"] == f"{path}?done=changed"
    rules = next(one for one in served.house.gateway.apps() if one.id == app.id).rules
    assert (rules.serves.value, rules.may_declare, rules.must_be_real) == ("named", True, False)
    assert (rules.app.requests_per_minute, rules.user.concurrent) == (600, 2)
    page = owner.get(f"{path}?done=changed").text
    assert 'name="app.requests_per_minute" inputmode="numeric" pattern="[0-9]*" maxlength="15"' in page
    assert 'value="600"' in page
    body = served.house.ledger.body(newest(served, "app.changed").id)
    assert isinstance(body, dict)
    assert body["reason"] == "试运行"


def test_keys_are_scoped_rotated_and_shown_once(served: Served, owner: httpx.Client, app: App) -> None:
    path = f"/console/apps/{app.id}"
    token = {"csrf": csrf_of(owner, path), "reason": "更换"}
    made = owner.post(f"{path}/keys", data={**token, "label": "甲", "models": "echo, m", "until": "2199-01-01"})
    assert 'id="new-secret">' in made.text
    key = next(one for one in served.house.gateway.keys(app.id) if one.label == "甲")
    assert key.scope.models == ("echo", "m")
    assert owner.post(f"{path}/keys", data={**token, "endpoints": "Nonsense!"}).status_code == 400
    assert owner.post(f"{path}/keys/{key.id}/rotate", data={**token, "overlap_hours": "x"}).status_code == 400
    rotated = owner.post(f"{path}/keys/{key.id}/rotate", data={**token, "overlap_hours": "2"})
    assert 'id="new-secret">' in rotated.text
    page = owner.get(path).text
    assert "更换中" in page
    assert "echo, m" in page
    assert owner.get("/console/apps/none").status_code == 404
    auditor = served.signed_in("auditor")
    assert "<fieldset disabled>" in auditor.get(path).text


def test_what_an_app_used_is_shown_by_the_day_and_by_the_hour(served: Served, owner: httpx.Client, app: App) -> None:
    with served.client() as visitor:
        receipt_of(say(visitor, "统计这一句"))
        receipt_of(say(visitor, f"哪里有{BANNED}"))
    chat = next((one.id for one in served.house.gateway.apps() if one.name == "chat-page"), "chat-page")
    admission = served.house.gateway.admission
    assert admission is not None
    from guiju.web.views.apps import usage_view  # noqa: PLC0415

    for _ in range(60):
        total = usage_view(served.house, chat, "1").total
        if total.requests >= 2:
            break
        time.sleep(0.05)
    assert total.requests >= 2
    assert total.stopped >= 1
    assert total.tokens_in > 0
    for days, points in (("1", 24), ("7", 7), ("30", 30)):
        twin = owner.get(f"/api/apps/{app.id}?days={days}").json()
        assert len(twin["usage"]["steps"]) == points
        assert "data-chart" in owner.get(f"/console/apps/{app.id}?days={days}").text
    assert owner.get(f"/console/apps/{app.id}?days=5").status_code == 400


def impose(owner: httpx.Client, **fields: str) -> httpx.Response:
    form = {"csrf": csrf_of(owner, "/console/sanctions"), "person": "p-1", "kind": "suspend", "hours": "24"}
    return owner.post("/console/sanctions", data={**form, "reason": "多次诱导违法内容", **fields})


def test_a_measure_is_imposed_told_objected_to_answered_and_lifted(served: Served, owner: httpx.Client) -> None:
    made = impose(owner, reason_en="repeated inducement")
    assert made.status_code == 303
    path = made.headers["location"]
    own = path.removeprefix("/console")
    with served.client() as user:
        page = user.get(own).text
        assert "多次诱导违法内容" in page
        assert "第十四条第二款" in page
        assert "repeated inducement" in user.get(f"{own}?lang=en").text
        token = csrf_of(user, own)
        assert user.post(own, data={"csrf": token, "text": " "}).status_code == 400
        done = user.post(own, data={"csrf": token, "text": "我在写小说", "contact": "a@b.cn"})
        assert newest(served, "objection.received").id in done.text
        assert "有异议待答复" in owner.get("/console/sanctions?state=waiting").text
        assert any(duty["what"] == "sanctions" for duty in owner.get("/api/overview").json()["duties"])
        assert "我在写小说" not in owner.get("/console/sanctions").text
        assert "我在写小说" in owner.get(path).text
        assert newest(served, "staff.body_viewed").subject == own.replace("/sanctions/", "sanction:")
        answer = {"csrf": csrf_of(owner, path), "text": "已由另一人复核，维持"}
        assert owner.post(f"{path}/answer", data=answer).status_code == 303
        assert "已由另一人复核，维持" in user.get(own).text
        assert owner.get("/api/sanctions?state=waiting").json()["rows"] == []
        lifted = {"csrf": csrf_of(owner, path), "reason": "期满前表现良好"}
        assert owner.post(f"{path}/lift", data={**lifted, "reason": ""}).status_code == 400
        assert owner.post(f"{path}/lift", data=lifted).status_code == 303
        assert owner.post(f"{path}/lift", data=lifted).status_code == 403
        assert "已解除" in user.get(f"{own}?lang=zh").text


@pytest.mark.parametrize(
    "wrong",
    [{"kind": "banish"}, {"hours": "x"}, {"hours": ""}, {"reason": " "}, {"person": ""}, {"kind": "limit"}],
)
def test_a_measure_that_lacks_something_is_refused(owner: httpx.Client, wrong: dict[str, str]) -> None:
    assert impose(owner, **wrong).status_code == 400


def test_a_measure_that_is_not_there_is_said_so(served: Served, owner: httpx.Client) -> None:
    with served.client() as user:
        assert user.get(f"/sanctions/{new_id()}").status_code == 404
        assert user.get("/sanctions/%00x").status_code == 404
    assert owner.get(f"/console/sanctions/{new_id()}").status_code == 404


def test_a_suspended_visitor_of_the_chat_page_is_told_so(served: Served, owner: httpx.Client) -> None:
    with served.client() as visitor:
        receipt = receipt_of(say(visitor, "第一句"))
        for _ in range(60):
            person = owner.get("/api/exchanges").json()["exchanges"]
            found = [one["person"] for one in person if one["id"] == receipt]
            if found:
                break
            time.sleep(0.05)
        impose(owner, person=found[0])
        time.sleep(0.6)
        form = {"csrf": csrf_of(visitor, "/"), "message": "第二句", "model": "echo"}
        page = visitor.post("/chat", data=form).text
        assert "已暂停向该用户提供服务" in page
        assert "/sanctions/" in page
