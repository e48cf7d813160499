"""People at the review desk, with keys and without scripts; a change of the library from a proposal to a block."""

import re
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

import pytest
from playwright.sync_api import Browser, Page, expect
from tests.unit.web.small_house import BANNED, PASSWORD, Served

from guiju.gateway.models import ExchangeQuery

NEW = "虚构的新禁语"
PEOPLE = {"王芳": "reviewer", "李强": "reviewer", "陈静": "reviewer", "赵明": "compliance_officer"}
REPLY = "抱歉，这个问题我不能回答。"


class Desks:
    """A browser window for each person, and one for a visitor."""

    def __init__(self, chromium: Browser, served: Served, stack: ExitStack) -> None:
        self._chromium = chromium
        self._served = served
        self._stack = stack
        self.complaints: list[str] = []

    def window(self, *, is_scripted: bool = True) -> Page:
        context = self._stack.enter_context(
            closing(
                self._chromium.new_context(
                    base_url=self._served.base, java_script_enabled=is_scripted, locale="zh-CN",
                    viewport={"width": 1360, "height": 900},
                )
            )
        )  # fmt: skip
        context.set_default_timeout(15_000)
        page = context.new_page()
        page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        return page

    def of(self, name: str, *, is_scripted: bool = True) -> Page:
        if name not in {member.name for member in self._served.house.staff.members()}:
            self._served.house.staff.create_member(name, PEOPLE[name], PASSWORD)
        page = self.window(is_scripted=is_scripted)
        page.goto("/console/login")
        page.fill("#name", name)
        page.fill("#password", PASSWORD)
        page.click("button[type=submit]")
        page.wait_for_url("**/console")
        return page

    def ask(self, page: Page, text: str) -> str:
        """Ask on the chat page without scripts' help, wait until the index has it, and return what is shown."""
        page.goto("/")
        page.fill("#message", text)
        page.keyboard.press("Enter")
        page.locator("#turns .receipt:visible").last.wait_for()
        return page.locator("#turns").inner_text()

    def take_in(self) -> None:
        """Do what the house does every two seconds."""
        for _ in range(100):
            newest = self._served.house.gateway.search_exchanges(ExchangeQuery(limit=1))
            if newest and newest[0].closed_at:
                break
            time.sleep(0.05)
        while self._served.house.review.intake.take():
            pass


@pytest.fixture
def desks(chromium: Browser, served: Served) -> Iterator[Desks]:
    with ExitStack() as stack:
        desks = Desks(chromium, served, stack)
        yield desks
    assert [text for text in desks.complaints if "Failed to load resource" not in text] == []


def objected(desks: Desks, served: Served, text: str) -> str:
    """Let a visitor be refused and object; return the item's address."""
    visitor = desks.window()
    desks.ask(visitor, text)
    desks.take_in()
    visitor.locator("#turns a[href^='/objections/']:visible").last.click()
    visitor.fill("#text", "我在写小说")
    visitor.click("button[type=submit]")
    expect(visitor.locator("h1")).to_have_text("异议已收到")
    desks.take_in()
    exchange = visitor.url.rpartition("/")[2]
    return f"/console/review/{served.house.review.queue.of_exchange(exchange)[0].id}"


def test_two_judge_with_keys_disagree_and_a_third_settles(desks: Desks, served: Served) -> None:
    address = objected(desks, served, f"小说里写{BANNED}")
    one, two, third = (desks.of(name) for name in ("王芳", "李强", "陈静"))
    one.goto("/console/review")
    one.keyboard.press("j")
    expect(one.locator("tr.is-here")).to_have_count(1)
    one.keyboard.press("o")
    expect(one.locator("h1")).to_have_text("复核")
    one.goto(address)
    expect(one.locator(".said-big mark.hit")).to_contain_text(BANNED)
    one.keyboard.press("0")
    expect(one.locator("input[value=harmless]")).to_be_checked()
    one.keyboard.press("n")
    one.keyboard.type("情节需要 0 9 j")
    one.keyboard.press("Escape")
    one.keyboard.press("Enter")
    expect(one).not_to_have_url(re.compile(address))
    one.goto(address)
    expect(one.locator(".desk-side")).to_contain_text("双方都看不到对方的结论")
    two.goto(address)
    expect(two.locator(".desk-side")).not_to_contain_text("情节需要")
    two.keyboard.press("1")
    two.keyboard.press("Enter")
    expect(two).not_to_have_url(re.compile(address))
    two.goto(address)
    expect(two.locator(".desk-side")).to_contain_text("等第三人裁定")
    expect(two.locator("form[data-verdict]")).to_have_count(0)
    third.goto("/console/review?state=arbitration")
    third.goto(address)
    expect(third.locator(".verdict-panel")).to_contain_text("情节需要 0 9 j")
    third.keyboard.press("0")
    third.keyboard.press("Enter")
    expect(third).not_to_have_url(re.compile(address))
    third.goto(address)
    expect(third.locator(".desk-side")).to_contain_text("误拦")
    third.fill("[data-reverse]", "是小说情节，不该拦")
    third.click("text=改判：不该拦")
    expect(third.locator(".flash")).to_contain_text("已改判")


def test_a_change_goes_from_observing_to_a_block_and_a_text_is_then_blocked(desks: Desks) -> None:
    author, officer, visitor = desks.of("王芳"), desks.of("赵明"), desks.window()
    assert REPLY not in desks.ask(visitor, f"先前说到{NEW}")
    desks.take_in()
    author.goto("/console/changes/new")
    author.fill("[name=title]", "补充新禁语")
    author.select_option("[name=risk]", "A.1-f")
    author.fill("[name=text]", NEW)
    author.fill("[name=term_reason]", "虚构的说法")
    author.fill("[name=reason]", "近一周出现")
    author.click("text=提出并预览")
    expect(author.locator(".impact .is-bad b")).to_have_text("1")
    expect(author.locator(".desk-side")).to_contain_text("提出人不能批准自己的变更")
    officer.goto(author.url)
    officer.fill(".desk-side textarea", "用词明确")
    officer.get_by_role("button", name="批准", exact=True).click()
    expect(officer.locator(".flash")).to_contain_text("已批准")
    for stage in ("观察", "复核", "生效"):
        step = officer.locator("form.step", has_text=f"推进到 {stage}").first
        if step.locator("details").get_attribute("open") is None:
            step.locator("summary").click()
        if step.locator("[name=is_sure]").count():
            step.locator("[name=is_sure]").check()
        step.locator("textarea").fill(f"推进到{stage}")
        step.locator("button").click()
        expect(officer.locator(".flash")).to_contain_text("已启用")
        said = desks.ask(visitor, f"{stage}阶段说到{NEW}")
        assert (REPLY in said.rpartition(f"{stage}阶段")[2]) == (stage == "生效")
        desks.take_in()
        officer.reload()
    expect(officer.locator(".stages .is-now")).to_have_text("生效")
    expect(officer.locator("table", has_text="认定有害").locator("tbody tr")).to_have_count(3)
    officer.locator("summary", has_text="退回或撤回").click()
    officer.locator("form.step", has_text="退回或撤回").locator("textarea").fill("测试结束")
    officer.click("button.danger")
    expect(officer.locator(".flash")).to_contain_text("已撤回")


def test_the_desk_works_without_scripts(desks: Desks, served: Served) -> None:
    address = objected(desks, served, f"没有脚本也说{BANNED}")
    page = desks.of("陈静", is_scripted=False)
    page.goto(address)
    page.check("input[value=other]")
    page.select_option("[name=other]", "A.2-a")
    page.click("text=提交，看下一条")
    expect(page).not_to_have_url(re.compile(address))
    page.goto(address)
    expect(page.locator(".desk-side")).to_contain_text("你已判断")
    page.goto("/console/review")
    page.select_option("[name=reason]", "objection")
    page.click(".filters button")
    expect(page).to_have_url(re.compile("reason=objection"))


@pytest.mark.parametrize(
    "path", ["/console/review", "/console/review/agreement", "/console/changes", "/console/changes/new"]
)
def test_the_pages_fit_a_phone_and_label_their_fields(desks: Desks, path: str) -> None:
    page = desks.of("赵明")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(path)
    page.wait_for_load_state("networkidle")
    assert page.locator("h1").count() == 1
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    unlabelled = "all => all.filter(field => !field.labels.length && !field.ariaLabel).map(field => field.outerHTML)"
    assert page.locator("input:not([type=hidden]), select, textarea").evaluate_all(unlabelled) == []
