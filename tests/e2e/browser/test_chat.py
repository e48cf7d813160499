"""What an end user does on the chat page."""

import re
from pathlib import Path

from playwright.sync_api import Page, expect
from tests.unit.web.small_house import BANNED, BANNED_IN_OUTPUT, Served

from guiju.ledger.models import EntryQuery


def ask(page: Page, text: str, model: str = "echo") -> None:
    page.select_option("#model", model)
    page.fill("#message", text)
    page.keyboard.press("Enter")


def test_an_answer_streams_and_carries_the_mark(page: Page) -> None:
    page.goto("/")
    expect(page.locator(".standing-mark")).to_contain_text("内容由 AI 生成")
    said = "春眠不觉晓，处处闻啼鸟。" * 12
    ask(page, said)
    answer = page.locator(".turn.answer").last
    expect(answer).to_have_class(re.compile("is-streaming"))
    partial = answer.locator(".answer-text").inner_text()
    expect(answer.locator(".receipt")).to_be_visible()
    assert len(partial) < len(said)
    assert answer.locator(".answer-text").inner_text() == said
    expect(answer.locator("[data-ai-mark]")).to_be_visible()
    expect(page.locator(".standing-mark")).to_be_in_viewport()


def test_the_assistant_quotes_the_measures(page: Page) -> None:
    page.goto("/")
    page.locator(".example button").nth(1).click()
    expect(page.locator(".turn.answer .answer-text")).to_contain_text("第十一条")
    expect(page.locator(".turn.answer .receipt")).to_be_visible()


def test_a_blocked_prompt_says_why_and_the_objection_lands_in_the_ledger(page: Page, served: Served) -> None:
    page.goto("/")
    ask(page, f"哪里有{BANNED}？")
    notice = page.locator(".notice:visible")
    expect(notice).to_contain_text("宣扬暴力、淫秽色情")
    expect(page.locator(".turn.answer .receipt")).to_be_visible()
    page.wait_for_timeout(1500)  # the list of exchanges is written shortly after an exchange ends
    notice.locator("a.object").click()
    page.fill("#text", "我在写一篇法治报道")
    page.click("button[type=submit]")
    expect(page.locator("h1")).to_have_text("异议已收到")
    number = page.locator(".big-code").inner_text()
    entry = served.house.ledger.find(EntryQuery(actions=("objection.received",), limit=1))[0]
    assert entry.id == number


def test_a_banned_phrase_in_the_output_is_stopped_and_says_so(page: Page) -> None:
    page.goto("/")
    ask(page, f"前面的话可以说。{BANNED_IN_OUTPUT}后面的话不会出来。")
    expect(page.locator(".notice:visible")).to_contain_text("宣扬暴力、淫秽色情")
    shown = page.locator(".turn.answer .answer-text").inner_text()
    assert "前面的话可以说。" in shown
    assert BANNED_IN_OUTPUT[0] not in shown
    assert "后面的话" not in shown


def test_stop_stops_the_answer(page: Page) -> None:
    page.goto("/")
    ask(page, "字" * 1500)
    expect(page.locator("#send")).to_be_hidden()
    page.locator(".turn.answer .answer-text", has_text="字字字").wait_for()
    page.click("#stop")
    expect(page.locator("#send")).to_be_visible()
    expect(page.locator(".notice:visible")).to_contain_text("已停止生成")
    assert len(page.locator(".turn.answer .answer-text").inner_text()) < 1500


def test_copy_and_export_carry_the_mark(page: Page, tmp_path: Path) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.goto("/")
    ask(page, "床前明月光")
    page.click(".turn.answer .copy")
    expect(page.locator(".turn.answer .copy")).to_have_text("已复制")
    copied = page.evaluate("() => navigator.clipboard.readText()")
    assert "床前明月光" in copied
    assert "内容由 AI 生成" in copied
    for button in ("#export-md", "#export-txt"):
        with page.expect_download() as download:
            page.click(button)
        path = tmp_path / download.value.suggested_filename
        download.value.save_as(path)
        text = path.read_text()
        assert text.count("内容由 AI 生成") == 2
        assert "床前明月光" in text


def test_markdown_is_shown_and_markup_is_not(page: Page) -> None:
    page.goto("/")
    ask(page, "<img src=x onerror=alert(1)> **重点** `代码`")
    answer = page.locator(".turn.answer .answer-text")
    expect(answer.locator("strong")).to_have_text("重点")
    expect(answer.locator("code")).to_have_text("代码")
    assert answer.locator("img").count() == 0
    assert "<img src=x" in answer.inner_text()


def test_chat_works_without_scripts(plain_page: Page) -> None:
    plain_page.goto("/")
    plain_page.select_option("#model", "echo")
    plain_page.fill("#message", "没有脚本也能用")
    plain_page.click("#send")
    answer = plain_page.locator(".turn.answer")
    expect(answer).to_contain_text("没有脚本也能用")
    expect(answer.locator("[data-ai-mark]")).to_be_visible()
    plain_page.select_option("#model", "echo")
    plain_page.fill("#message", f"再问{BANNED}")
    plain_page.click("#send")
    expect(plain_page.locator(".turn.question")).to_have_count(2)
    plain_page.wait_for_timeout(1500)
    plain_page.locator(".notice a").click()
    plain_page.fill("#text", "误判")
    plain_page.click("button[type=submit]")
    expect(plain_page.locator("h1")).to_have_text("异议已收到")


def test_english_is_one_click_away(page: Page) -> None:
    page.goto("/")
    page.click("a.lang")
    expect(page.locator("html")).to_have_attribute("lang", "en")
    expect(page.locator("h1")).to_have_text("What would you like to know?")
    expect(page.locator(".standing-mark")).to_contain_text("AI-generated content")
    page.goto("/console/login")
    expect(page.locator("button[type=submit]")).to_have_text("Sign in")


def test_the_page_fits_a_phone_and_works_by_keyboard(page: Page) -> None:
    page.set_viewport_size({"width": 360, "height": 720})
    page.goto("/")
    ask(page, "你好")
    expect(page.locator(".turn.answer .receipt")).to_be_visible()
    assert page.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    expect(page.locator("#message")).to_be_focused()
    assert page.locator("input:not([type=hidden]), select, textarea").evaluate_all(
        "all => all.every(field => field.labels.length > 0)"
    )
