"""The live page in a real browser: it refreshes itself, keeps what a person opened, pauses, and fits a phone."""

import orjson
from playwright.sync_api import Page, expect
from tests.unit.web.small_house import BANNED, Served, csrf_of


def ask(served: Served, text: str) -> str:
    with served.client() as visitor:
        headers = {"Content-Type": "application/json", "X-CSRF-Token": csrf_of(visitor, "/")}
        body = orjson.dumps({"model": "echo", "messages": [{"role": "user", "content": text}]})
        answer = visitor.post("/chat/completions", content=body, headers=headers)
        return answer.headers["x-exchange-id"]


def test_it_shows_what_happens_while_it_is_open_and_keeps_what_was_opened(owner: Page, served: Served) -> None:
    ask(served, "第一问")
    owner.goto("/console/live")
    expect(owner.locator("#live-state")).to_have_text("每 5 秒刷新")
    expect(owner.locator("#chart-decisions canvas")).to_be_visible(timeout=14_000)
    owner.locator("#table-decisions summary").click()
    exchange = ask(served, BANNED)
    expect(owner.locator(f"#x-{exchange}")).to_contain_text("输入被拦截", timeout=14_000)
    expect(owner.locator("#table-decisions tbody")).to_be_visible()
    expect(owner.locator("#chart-decisions canvas")).to_be_visible()
    owner.select_option("[name=outcome]", "input_refused")
    owner.wait_for_url("**outcome=input_refused**")
    expect(owner.locator(f"#x-{exchange}")).to_be_visible()


def test_it_pauses_by_keyboard_and_fits_a_phone(owner: Page, served: Served) -> None:
    owner.set_viewport_size({"width": 375, "height": 740})
    owner.goto("/console/live")
    assert owner.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    owner.locator("#live-switch").focus()
    owner.keyboard.press("Enter")
    expect(owner.locator("#live-state")).to_have_text("已暂停刷新")
    exchange = ask(served, "暂停之后")
    owner.wait_for_timeout(5_600)
    expect(owner.locator(f"#x-{exchange}")).to_have_count(0)
    owner.keyboard.press("Enter")
    expect(owner.locator(f"#x-{exchange}")).to_be_visible(timeout=14_000)


def test_without_scripts_it_is_a_page_with_its_tables(plain_page: Page, served: Served) -> None:
    assert served.house.staff.members()
    plain_page.goto("/console/login?next=/console/live")
    plain_page.fill("#name", "owner")
    plain_page.fill("#password", "gate house paper")
    plain_page.click("button[type=submit]")
    expect(plain_page.locator("h1")).to_have_text("实时监测")
    expect(plain_page.locator("#live-switch")).to_be_hidden()
