"""The published page of availability in a real browser, reached from the chat page by anybody."""

import pytest
from playwright.sync_api import Page, expect


def test_anybody_gets_there_from_the_chat_page(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="服务状态").click()
    expect(page.get_by_role("heading", name="服务状态", level=1)).to_be_visible()
    expect(page.locator("rect.status-bar")).to_have_count(90)
    page.get_by_text("每天的数字").click()
    expect(page.locator("tbody tr")).to_have_count(90)


def test_it_needs_no_scripts(plain_page: Page) -> None:
    plain_page.goto("/status?lang=en")
    expect(plain_page.get_by_role("img", name="One bar a day")).to_be_visible()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_sticks_out(page: Page, width: int) -> None:
    page.set_viewport_size({"width": width, "height": 900})
    page.goto("/status")
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
