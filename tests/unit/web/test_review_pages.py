"""The review desk and the pages of changes, as people and hostile requests use them."""

from collections.abc import Callable  # noqa: TC003 - stands in an annotation
from dataclasses import dataclass

import httpx
import pytest
from tests.unit.web.small_house import BANNED, Served, csrf_of
from tests.unit.web.test_pages import receipt_of, say, wait_for_exchange

from guiju.ledger.models import EntryQuery
from guiju.review.models import ReviewItem

NEW = "虚构的新禁语"
REFUSED = "抱歉，这个问题我不能回答"


@dataclass
class Desk:
    """Three people who review, an officer, and a visitor."""

    served: Served
    one: httpx.Client
    two: httpx.Client
    third: httpx.Client
    officer: httpx.Client
    visitor: httpx.Client

    def queued(self, text: str, objection: str = "我在写小说") -> ReviewItem:
        """Ask something that is held back, object, and return the item."""
        self.visitor = self.served.client()  # a new visitor each time: one may not object without end
        receipt = receipt_of(say(self.visitor, text))
        wait_for_exchange(self.served, receipt)
        path = f"/objections/{receipt}"
        self.visitor.post(path, data={"csrf": csrf_of(self.visitor, path), "text": objection})
        while self.served.house.review.intake.take():
            pass
        return self.served.house.review.queue.of_exchange(receipt)[0]


@pytest.fixture(scope="module")
def desk(served: Served) -> Desk:
    people = [served.signed_in(role, name) for role, name in (
        ("reviewer", "fang"), ("reviewer", "qiang"), ("reviewer", "jing"), ("compliance_officer", "zhao"))]  # fmt: skip
    return Desk(served, people[0], people[1], people[2], people[3], served.client())


def post(client: httpx.Client, path: str, **form: str) -> httpx.Response:
    return client.post(path, data={"csrf": csrf_of(client, "/console/account"), **form})


def test_a_reviewer_reads_the_text_highlighted_and_that_is_an_entry_first(desk: Desk) -> None:
    item = desk.queued(f"哪里写到{BANNED}")
    page = desk.one.get(f"/console/review/{item.id}").text
    assert f'title="{BANNED} "' in page
    assert "我在写小说" in page
    viewed = desk.served.house.ledger.find(EntryQuery(actions=("staff.body_viewed",), limit=1))[0]
    assert viewed.subject == f"exchange:{item.exchange_id}"
    twin = desk.one.get(f"/api/review/{item.id}").text
    assert item.exchange_id in twin
    assert "写到" not in twin
    assert "写小说" not in twin


def test_who_may_not_read_bodies_sees_the_facts_only(desk: Desk) -> None:
    item = desk.queued(f"书里有{BANNED}")
    page = desk.served.signed_in("auditor").get(f"/console/review/{item.id}").text
    assert "你的角色不能查看正文" in page
    assert BANNED not in page
    assert "我在写小说" not in page


def test_neither_sees_the_other_before_both_are_in_and_a_third_settles(desk: Desk) -> None:
    item = desk.queued(f"史书记载{BANNED}")
    path = f"/console/review/{item.id}"
    gone = post(desk.one, f"{path}/verdict", verdict="harmless", note="史料原文如此")
    assert gone.status_code == 303
    assert gone.headers["location"] == f"/console/review/next?after={item.id}"
    for client in (desk.one, desk.two):
        assert "史料原文如此" not in client.get(path).text
        assert client.get(f"/api/review/{item.id}").json()["verdicts"] == []
    post(desk.two, f"{path}/verdict", verdict="A.1-f")
    assert "等第三人裁定" in desk.one.get(path).text
    again = post(desk.two, f"{path}/verdict", verdict="harmless")
    assert again.status_code == 403
    assert "第三人必须是另一位" in again.text
    assert "史料原文如此" in desk.third.get(path).text
    post(desk.third, f"{path}/verdict", verdict="harmless")
    settled = desk.one.get(path).text
    assert "误拦" in settled
    assert "加放行短语" in settled
    assert desk.one.get(f"/api/review/{item.id}").json()["was_wrong_block"] is True


def test_a_wrong_block_is_turned_round_in_one_step_and_the_user_is_told(desk: Desk) -> None:
    item = desk.queued(f"小说里{BANNED}")
    nothing = post(desk.one, f"/console/review/{item.id}/reverse", reason=" ")
    assert nothing.status_code == 400
    done = post(desk.one, f"/console/review/{item.id}/reverse", reason="是小说情节，不该拦")
    assert done.status_code == 303
    page = desk.visitor.get(f"/objections/{item.exchange_id}").text
    assert "你的异议成立" in page
    assert "是小说情节，不该拦" in page
    twice = post(desk.two, f"/console/review/{item.id}/reverse", reason="又一次")
    assert twice.status_code == 403


def test_a_block_is_turned_round_from_the_exchange_too(desk: Desk) -> None:
    receipt = receipt_of(say(desk.visitor, f"另一处{BANNED}"))
    wait_for_exchange(desk.served, receipt)
    assert "不该拦？改判" in desk.one.get(f"/console/exchanges/{receipt}").text
    done = post(desk.one, f"/console/exchanges/{receipt}/reverse", reason="引用法条")
    assert done.status_code == 303
    assert "已改判" in desk.one.get(done.headers["location"]).text


def test_an_objection_that_does_not_hold_is_answered(desk: Desk) -> None:
    item = desk.queued(f"急求{BANNED}")
    post(desk.one, f"/console/review/{item.id}/answer", reason="内容确属招揽")
    assert "维持原来的决定" in desk.visitor.get(f"/objections/{item.exchange_id}").text


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({}, "请先选择"),
        ({"verdict": "other"}, "从列表中选择"),
        ({"verdict": "A.9-z"}, "没有风险"),
        ({"verdict": "A" * 500}, "没有风险"),
    ],
)
def test_a_verdict_that_is_none_is_said(desk: Desk, form: dict[str, str], said: str) -> None:
    item = desk.queued(f"一句{BANNED}")
    answer = post(desk.one, f"/console/review/{item.id}/verdict", **form)
    assert answer.status_code == 400
    assert said in answer.text


def test_a_change_goes_from_a_form_to_a_block_and_back(desk: Desk) -> None:
    assert REFUSED not in say(desk.visitor, f"说到{NEW}")
    form = {"op": "add", "title": "补新词", "risk": "A.1-f", "text": NEW, "level": "high", "action": "block"}
    done = post(desk.one, "/console/changes", **form, scope="both", reason="新近出现", term_reason="虚构")
    assert done.status_code == 303
    path = done.headers["location"].partition("?")[0]
    page = desk.one.get(path).text
    assert "提出人不能批准自己的变更" in page
    assert "新增拦截" in page
    step = {name: post(client, f"{path}/{name}", reason="确有必要", **more) for name, client, more in (
        ("approve", desk.officer, {}), ("stage", desk.officer, {"to": "observe", "is_sure": "1"}))}  # fmt: skip
    assert [answer.status_code for answer in step.values()] == [303, 303]
    assert REFUSED not in say(desk.visitor, f"观察期说到{NEW}")
    while desk.served.house.review.intake.take():
        pass
    assert "认定有害" in desk.officer.get(path).text
    hasty = post(desk.officer, f"{path}/stage", to="block", reason="推进")
    assert hasty.status_code == 403
    assert "不建议现在推进" in hasty.text
    assert post(desk.officer, f"{path}/stage", to="block", reason="推进", is_sure="1").status_code == 303
    assert REFUSED in say(desk.visitor, f"生效后说到{NEW}")
    assert post(desk.officer, f"{path}/revert", reason="误伤").status_code == 303
    assert REFUSED not in say(desk.visitor, f"撤回后说到{NEW}")
    assert desk.officer.get(f"{path}?format=csv").text.count(NEW) == 1
    twin = desk.officer.get(path.replace("/console", "/api")).json()
    assert [event["state"] for event in twin["change"]["events"]][-1] == "reverted"


def test_who_proposed_cannot_approve_with_a_forged_form(desk: Desk) -> None:
    form = {
        "op": "add",
        "title": "自批",
        "risk": "A.1-f",
        "text": "虚构的自批词",
        "reason": "试试",
        "term_reason": "虚构",
    }
    path = post(desk.officer, "/console/changes", **form).headers["location"].partition("?")[0]
    answer = post(desk.officer, f"{path}/approve", reason="自己批")
    assert answer.status_code == 403
    assert "提出人不能批准" in answer.text
    assert post(desk.one, f"{path}/reject", reason="不让别人收回").status_code == 400
    assert post(desk.officer, f"{path}/reject", reason="收回").status_code == 303


def test_a_pasted_list_shows_what_was_not_taken(desk: Desk) -> None:
    form = {"op": "add", "title": "一批", "risk": "A.1-f", "reason": "供应商词表", "term_reason": "虚构"}
    answer = post(desk.one, "/console/changes", **form, text=f"虚构的批量词甲\n{BANNED}\n字\n")
    assert answer.status_code == 200
    assert "以下 2 条没有收入" in answer.text
    assert "词库已有" in answer.text or "规定不同" in answer.text


@pytest.mark.parametrize(
    "form",
    [
        {"op": "nonsense"},
        {"op": "add", "text": ""},
        {"op": "add", "text": "甲乙丙", "risk": "A.1-f", "level": "grave"},
        {"op": "add", "text": "甲乙丙", "risk": "Z"},
        {"op": "add", "text": "甲乙丙", "risk": "A.1-f", "within": "9" * 50},
        {"op": "disable", "term": "A.1-f:nothing"},
        {"op": "allow", "term": "x" * 300, "phrase": "y" * 300},
    ],
)
def test_a_proposal_that_cannot_be_read_is_a_clear_error_and_keeps_what_was_written(
    desk: Desk, form: dict[str, str]
) -> None:
    answer = post(desk.one, "/console/changes", title="标题写着", reason="理由写着", **form)
    if form.get("within"):
        assert answer.status_code == 303  # a number that is none is the usual one
        return
    assert answer.status_code == 400
    assert 'role="alert"' in answer.text
    assert "标题写着" in answer.text


@pytest.mark.parametrize(
    "path",
    ["/console/review/x", "/console/changes/x", "/console/review?state=odd", "/console/review?reason=odd",
     "/console/changes?list=odd", "/console/review/agreement?since=yesterday", "/console/review?page=-3",
     "/console/review?risk=%00%27", "/api/review/x", "/api/changes/x", "/api/review?state=odd"],
)  # fmt: skip
def test_hostile_addresses_are_errors_in_words(desk: Desk, path: str) -> None:
    answer = desk.officer.get(path)
    assert answer.status_code in {200, 400, 404}
    assert answer.status_code == 200 or "没有" in answer.text or "无法识别" in answer.text


def test_pages_that_are_reached_by_links_open_only_to_those_who_may(served: Served) -> None:
    wanted: dict[str, Callable[[str], bool]] = {
        "/console/review/next": lambda role: role in {"owner", "compliance_officer", "reviewer"},
        "/console/changes/new": lambda role: role in {"owner", "compliance_officer", "reviewer", "engineer"},
    }
    for role in ("owner", "engineer", "compliance_officer", "reviewer", "annotator", "agent", "auditor", "inspector"):
        client = served.signed_in(role)
        for path, may in wanted.items():
            assert (client.get(path).status_code != 403) == may(role), (role, path)


def test_agreement_is_a_page_a_twin_and_a_table(desk: Desk) -> None:
    for number in range(2):
        item = desk.queued(f"{number} 号{BANNED}")
        for client in (desk.one, desk.two):
            post(client, f"/console/review/{item.id}/verdict", verdict="A.1-f")
    page = desk.officer.get("/console/review/agreement").text
    assert "κ" in page
    twin = desk.officer.get("/api/review/agreement").json()
    assert twin["harm"]["items"] >= 2
    assert "kappa" in desk.officer.get("/console/review/agreement?format=csv").text


def test_the_overview_says_what_waits_today(desk: Desk) -> None:
    desk.queued(f"还在等{BANNED}")
    page = desk.officer.get("/console").text
    assert "条用户异议等待答复" in page
    duties = {duty["what"] for duty in desk.officer.get("/api/overview").json()["duties"]}
    assert "objections" in duties
