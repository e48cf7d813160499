"""What the pages do with the rooms behind them."""

import csv
import hashlib
import io
import json
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from tests.unit.web.small_house import BANNED, PASSWORD, POLICY, Served, csrf_of

from guiju.gateway.models import ExchangeQuery
from guiju.ledger.models import EntryQuery, Head


@pytest.fixture
def visitor(served: Served) -> Iterator[httpx.Client]:
    with served.client() as client:
        yield client


@pytest.fixture(scope="module")
def owner(served: Served) -> httpx.Client:
    return served.signed_in("owner")


def say(client: httpx.Client, text: str, **more: str) -> str:
    """Ask on the page without scripts; return the page."""
    form = {"csrf": csrf_of(client, "/"), "message": text, "model": "echo", **more}
    answer = client.post("/chat", data=form)
    assert answer.status_code == 200, answer.text
    return answer.text


def receipt_of(page: str) -> str:
    return page.split('href="/objections/', 1)[1].split('"', 1)[0]


def wait_for_exchange(served: Served, exchange_id: str) -> None:
    """The list of exchanges is written shortly after an exchange ends."""
    for _ in range(100):
        if any(item.id == exchange_id and item.closed_at for item in served.house.gateway.search_exchanges(_all())):
            return
        time.sleep(0.05)
    raise AssertionError(exchange_id)


def newest(served: Served, action: str) -> Head:
    return served.house.ledger.find(EntryQuery(actions=(action,), limit=1))[0]


def _all() -> ExchangeQuery:
    return ExchangeQuery(limit=200)


def test_chat_without_scripts_answers_and_carries_the_mark(visitor: httpx.Client) -> None:
    page = say(visitor, "今天天气不错")
    assert page.count("今天天气不错") >= 2
    answer = page.split('class="turn answer', 1)[1].split("</article>", 1)[0]
    assert "内容由 AI 生成" in answer
    assert "回执号" in answer


def test_chat_without_scripts_remembers_the_conversation(visitor: httpx.Client) -> None:
    history = json.dumps([{"role": "user", "content": "第一句"}, {"role": "assistant", "content": "第一答"}])
    page = say(visitor, "第二句", history=history)
    assert [page.count(text) > 0 for text in ("第一句", "第一答", "第二句")] == [True] * 3


def test_an_empty_question_and_an_unknown_model_are_clear_errors(visitor: httpx.Client) -> None:
    token = csrf_of(visitor, "/")
    empty = visitor.post("/chat", data={"csrf": token, "message": " ", "model": "echo"})
    assert empty.status_code == 400
    assert "请写下你的问题" in empty.text
    unknown = visitor.post("/chat", data={"csrf": token, "message": "你好", "model": "nothing"})
    assert unknown.status_code == 200
    assert 'role="alert"' in unknown.text
    assert "你好</textarea>" in unknown.text


def test_a_withheld_answer_gives_its_reason_and_the_objection_is_an_entry(
    served: Served, visitor: httpx.Client
) -> None:
    page = say(visitor, f"哪里有{BANNED}")
    assert "宣扬暴力、淫秽色情" in page
    receipt = receipt_of(page)
    wait_for_exchange(served, receipt)
    path = f"/objections/{receipt}"
    empty = visitor.post(path, data={"csrf": csrf_of(visitor, path), "text": " "})
    assert empty.status_code == 400
    done = visitor.post(path, data={"csrf": csrf_of(visitor, path), "text": "我在写小说", "contact": "a@b.cn"})
    assert done.status_code == 200
    entry = newest(served, "objection.received")
    assert entry.id in done.text
    assert entry.subject == f"exchange:{receipt}"
    assert served.house.ledger.body(entry.id) == {"text": "我在写小说", "contact": "a@b.cn", "outcome": "input_refused"}


def test_objections_are_bounded(served: Served, visitor: httpx.Client) -> None:
    receipt = receipt_of(say(visitor, f"哪里有{BANNED}"))
    wait_for_exchange(served, receipt)
    path = f"/objections/{receipt}"
    token = csrf_of(visitor, path)
    statuses = [visitor.post(path, data={"csrf": token, "text": "又来"}).status_code for _ in range(11)]
    assert statuses == [200] * 10 + [403]


def test_the_pages_own_stream_is_a_stream(visitor: httpx.Client) -> None:
    headers = {"X-CSRF-Token": csrf_of(visitor, "/"), "Content-Type": "application/json"}
    body = {"model": "echo", "stream": True, "messages": [{"role": "user", "content": "一二三四五六七八九十" * 3}]}
    with visitor.stream("POST", "/chat/completions", json=body, headers=headers) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        pieces = [line for line in answer.iter_lines() if line.startswith("data: {")]
    assert len(pieces) > 5
    assert visitor.post("/chat/completions", json=body).status_code == 403


def test_a_reader_of_a_text_leaves_an_entry_first(served: Served, visitor: httpx.Client, owner: httpx.Client) -> None:
    receipt = receipt_of(say(visitor, "一句悄悄话"))
    wait_for_exchange(served, receipt)
    path = f"/console/exchanges/{receipt}"
    assert "一句悄悄话" not in owner.get(path).text
    assert "一句悄悄话" not in owner.get("/console/exchanges").text
    shown = owner.post(f"{path}/transcript", data={"csrf": csrf_of(owner, path)})
    assert "一句悄悄话" in shown.text
    assert newest(served, "staff.body_viewed").subject == f"exchange:{receipt}"


def test_exchanges_are_found_by_outcome_risk_and_day(
    served: Served, visitor: httpx.Client, owner: httpx.Client
) -> None:
    refused, answered = receipt_of(say(visitor, f"{BANNED}在哪")), receipt_of(say(visitor, "普通的话"))
    wait_for_exchange(served, answered)

    def found(**values: str) -> str:
        return owner.get("/console/exchanges", params=values).text

    assert refused in found(outcome="input_refused")
    assert answered not in found(outcome="input_refused")
    assert refused in found(risk="A.1-f")
    assert answered in found(since="2020-01-01")
    assert answered not in found(until="2020-01-01")
    assert "放宽筛选条件再试" in found(until="2020-01-01")
    assert owner.get("/console/exchanges?outcome=perfect").status_code == 400
    assert owner.get("/console/exchanges?since=gestern").status_code == 400
    rows = list(csv.reader(io.StringIO(found(format="csv"))))
    assert refused in {row[0] for row in rows}
    assert {item["id"] for item in owner.get("/api/exchanges?outcome=answered").json()["exchanges"]} >= {answered}


def test_a_dry_run_highlights_what_was_found(owner: httpx.Client) -> None:
    form = {"csrf": csrf_of(owner, "/console/policy"), "text": f"说到{BANNED}的新闻", "scope": "input"}
    page = owner.post("/console/policy/trial", data=form).text
    assert f">{BANNED}</mark>" in page
    assert "制售枪支的邀约" in page
    assert "拒绝" in page
    headers = {"X-CSRF-Token": owner.get("/api/session").json()["csrf"]}
    twin = owner.post("/api/policy/trial", json={"text": form["text"], "scope": "output"}, headers=headers).json()
    assert twin["decision"]["action"] == "refuse"
    assert owner.post("/api/policy/trial", json={"text": "x"}).status_code == 403
    assert owner.post("/console/policy/trial", data={**form, "scope": "sideways"}).status_code == 400


def test_the_library_stands_beside_the_standard(owner: httpx.Client) -> None:
    rows = {row["risk"]["id"]: row for row in owner.get("/api/policy").json()["rows"]}
    assert rows["A.1-f"]["count"]["terms"] == 2
    assert rows["A.1-f"]["minimum"]["value"] == 200
    assert rows["A.3-a"]["minimum"] is None
    assert BANNED in owner.get("/console/policy/terms", params={"q": "枪支"}).text
    assert BANNED in owner.get("/console/policy/terms?format=csv").text


def test_reloading_a_broken_policy_keeps_the_one_in_force(served: Served, owner: httpx.Client) -> None:
    before = served.house.moderation.policy.hash
    try:
        served.house.policy.write_text("version: 1\nscopes: nonsense")
        broken = owner.post("/console/policy/reload", data={"csrf": csrf_of(owner, "/console/policy")})
        assert broken.status_code == 400
        assert 'role="alert"' in broken.text
        assert served.house.moderation.policy.hash == before
        served.house.policy.write_text(POLICY.replace("测试策略", "新策略"))
        done = owner.post("/console/policy/reload", data={"csrf": csrf_of(owner, "/console/policy")})
        assert done.status_code == 303
        assert served.house.moderation.policy.hash != before
        assert newest(served, "policy.reloaded").policy_hash == served.house.moderation.policy.hash
    finally:
        served.house.policy.write_text(POLICY)
        served.house.moderation.reload()


def test_the_law_page_filters_and_goes_back_in_time(owner: httpx.Client) -> None:
    whole = owner.get("/api/law").json()
    assert len(whole["articles"]) == 24
    some = owner.get("/api/law?outcome=not_met").json()["articles"]
    assert 0 < len(some) < 24
    assert all(any(item["outcome"] == "not_met" for item in row["counts"]) for row in some)
    assert owner.get("/api/law?as_of=2024-01-01").json()["as_of"] == "2024-01-01"
    assert owner.get("/console/law?as_of=2999-01-01").status_code == 400
    assert owner.get("/console/law?outcome=splendid").status_code == 400
    assert owner.get("/console/law/art-99").status_code == 404
    assert "义务编号" in owner.get("/console/law?format=csv").text


def test_an_article_shows_its_text_word_for_word(served: Served, owner: httpx.Client) -> None:
    page = owner.get("/console/law/art-14").text
    for paragraph in served.house.law.children("cn/genai-measures-2023/art-14"):
        assert paragraph.text in page


def test_a_declaration_needs_a_reason_and_is_an_entry(served: Served, owner: httpx.Client) -> None:
    path = "/console/law/art-14"
    form = {"csrf": csrf_of(owner, path), "obligation": "cn/genai-measures-2023/art-14/para-1#report"}
    assert owner.post("/console/law/declare", data={**form, "outcome": "met", "reason": " "}).status_code == 400
    done = owner.post("/console/law/declare", data={**form, "outcome": "not_applicable", "reason": "未发生过"})
    assert done.status_code == 303
    page = owner.get(done.headers["location"]).text
    assert "未发生过" in page
    assert "owner-1" in page
    assert newest(served, "outcome.declared").subject.endswith("art-14/para-1#report")
    unknown = {**form, "obligation": "none", "outcome": "met", "reason": "x"}
    assert owner.post("/console/law/declare", data=unknown).status_code == 404


def test_a_key_is_shown_once_works_and_can_be_revoked(owner: httpx.Client, served: Served) -> None:
    form = {"csrf": csrf_of(owner, "/console/apps"), "name": "机器人"}
    assert owner.post("/console/apps", data={**form, "reason": " "}).status_code == 400
    made = owner.post("/console/apps", data={**form, "reason": "上线"})
    secret = made.text.split('id="new-secret">', 1)[1].split("<", 1)[0]
    assert secret not in owner.get("/console/apps").text
    app = next(app for app in served.house.gateway.apps() if app.name == "机器人")
    key = served.house.gateway.keys(app.id)[0]
    token = {"csrf": csrf_of(owner, "/console/apps"), "reason": "泄露"}
    assert owner.post(f"/console/apps/{app.id}/keys/{key.id}/revoke", data=token).status_code == 303
    assert served.house.gateway.keys(app.id)[0].revoked_at is not None
    assert owner.post(f"/console/apps/{app.id}/keys/{key.id}/revoke", data=token).status_code == 404
    assert owner.post("/console/apps", data={**token, "name": " "}).status_code == 400


def test_the_ledger_shows_its_verdicts_and_an_entry_its_proof(owner: httpx.Client, served: Served) -> None:
    assert owner.post("/console/ledger/verify", data={"csrf": csrf_of(owner, "/console/ledger")}).status_code == 303
    page = owner.get("/console/ledger").text
    assert [word in page for word in ("完整性", "齐全性", "及时性", "成立")] == [True] * 4
    entry = newest(served, "staff.signed_in")
    shown = owner.get(f"/console/ledger/entries/{entry.id}").text
    assert entry.commitment in shown
    assert "包含证明" in shown
    assert "第十九条第二款" in shown
    assert owner.get("/console/ledger/entries/none").status_code == 404
    only = owner.get("/api/ledger?action=staff.signed_in").json()["entries"]
    assert {item["action"] for item in only} == {"staff.signed_in"}


def test_accounts_are_made_reset_and_closed(owner: httpx.Client, served: Served) -> None:
    token = {"csrf": csrf_of(owner, "/console/staff")}
    made = owner.post("/console/staff", data={**token, "name": "检查员", "role": "inspector", "days": "7"})
    assert 'class="secret"' in made.text
    member = next(item for item in served.house.staff.members() if item.name == "检查员")
    assert member.expires_at is not None
    assert owner.post("/console/staff", data={**token, "name": "检查员", "role": "inspector"}).status_code == 403
    assert (
        owner.post("/console/staff", data={**token, "name": "x", "role": "inspector", "days": "99"}).status_code == 400
    )
    assert 'class="secret"' in owner.post(f"/console/staff/{member.id}/reset", data=token).text
    assert owner.post(f"/console/staff/{member.id}/disable", data=token).status_code == 403
    assert owner.post(f"/console/staff/{member.id}/disable", data={**token, "reason": "检查结束"}).status_code == 303
    assert "已停用" in owner.get("/console/staff").text


def test_wrong_passwords_are_said_plainly_and_then_slowed_down(served: Served, visitor: httpx.Client) -> None:
    served.house.staff.create_member("slow", "auditor", PASSWORD)
    form = {"csrf": csrf_of(visitor, "/console/login"), "name": "slow", "password": "wrong"}
    statuses = [visitor.post("/console/login", data=form).status_code for _ in range(6)]
    assert statuses == [401] * 5 + [429]


def test_one_changes_ones_own_password(served: Served) -> None:
    served.house.staff.create_member("changer-1", "auditor", PASSWORD)
    client = served.client()
    login = {"csrf": csrf_of(client, "/console/login"), "name": "changer-1", "password": PASSWORD}
    client.post("/console/login", data=login)
    token = csrf_of(client, "/console/account")
    new = "another plain sentence"
    differ = {"csrf": token, "old": PASSWORD, "new": new, "again": "other"}
    assert client.post("/console/account", data=differ).status_code == 400
    done = client.post("/console/account", data={**differ, "again": new})
    assert done.headers["location"] == "/console/login?changed=1"
    assert client.get("/console/law").status_code == 303


def test_openapi_describes_the_twin(served: Served) -> None:
    paths = served.client().get("/api/openapi.json").json()["paths"]
    assert {"/law", "/exchanges", "/policy", "/ledger", "/overview", "/apps"} <= set(paths)
    assert served.client().get("/api/nothing").json()["error"]["code"] == "not_found"


def test_a_bundle_verifies_and_its_handing_out_is_an_entry(owner: httpx.Client, served: Served, tmp_path: Path) -> None:
    answer = owner.post("/console/ledger/export", data={"csrf": csrf_of(owner, "/console/ledger")})
    assert answer.headers["content-type"] == "application/zip"
    path = tmp_path / "bundle.zip"
    path.write_bytes(answer.content)
    with zipfile.ZipFile(path) as bundle:
        (tmp_path / "verify.py").write_bytes(bundle.read("verify.py"))
        assert bundle.read("bodies.jsonl") == b""
    command = [sys.executable, str(tmp_path / "verify.py"), str(path)]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert newest(served, "ledger.exported").subject == f"bundle:{hashlib.sha256(answer.content).hexdigest()}"
    assert list((served.house.settings.var / "bundles").iterdir()) == []
