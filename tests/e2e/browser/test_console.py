"""What the people of the console do."""

import re

import pytest
from playwright.sync_api import Page, expect
from tests.unit.web.small_house import BANNED, PASSWORD, Served

from guiju.ledger.models import EntryQuery

PAGES = (
    "/console",
    "/console/law",
    "/console/law/art-4",
    "/console/exchanges",
    "/console/live",
    "/console/policy",
    "/console/policy/terms",
    "/console/labels",
    "/console/apps",
    "/console/ledger",
    "/console/system",
    "/console/staff",
    "/console/account",
)


def test_a_wrong_password_is_said_and_a_right_one_opens(page: Page) -> None:
    page.goto("/console/law")
    expect(page).to_have_url(re.compile("/console/login"))
    page.fill("#name", "owner")
    page.fill("#password", "wrong")
    page.click("button[type=submit]")
    expect(page.locator("[role=alert]")).to_contain_text("账号或口令不正确")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    expect(page.locator("h1")).to_have_text("法律逐条")


def test_the_law_page_opens_an_article_its_evidence_and_its_proof(owner: Page) -> None:
    owner.click("nav >> text=法律逐条")
    expect(owner.locator(".articles li")).to_have_count(24)
    owner.click(".articles a:has-text('第十四条')")
    expect(owner.locator(".statute")).to_contain_text("提供者发现违法内容的")
    owner.locator(".evidence a").first.click()
    expect(owner.locator("h2", has_text="包含证明")).to_be_visible()
    expect(owner.locator("h1")).to_contain_text("证据第")


def test_filtering_the_law_needs_no_button(owner: Page) -> None:
    owner.goto("/console/law")
    owner.select_option("[name=outcome]", "stale")
    expect(owner).to_have_url(re.compile("outcome=stale"))
    expect(owner.locator(".articles li").first).to_be_visible()
    assert 0 < owner.locator(".articles li").count() < 24


def test_a_declaration_asks_for_its_reason_and_is_shown(owner: Page, served: Served) -> None:
    owner.goto("/console/law/art-10")
    owner.locator(".declare summary").first.click()
    form = owner.locator(".declare form").first
    form.locator("select").select_option("not_met")
    form.locator("button").click()
    expect(owner).to_have_url(re.compile("art-10$"))  # the browser itself asks for the reason
    form.locator("textarea").fill("尚未公开服务的适用人群")
    form.locator("button").click()
    expect(owner.locator(".override")).to_contain_text("尚未公开服务的适用人群")
    assert served.house.ledger.find(EntryQuery(actions=("outcome.declared",), limit=1))


def test_a_dry_run_highlights_the_finding_in_the_original_text(owner: Page) -> None:
    owner.goto("/console/policy")
    text = f"新闻说到{BANNED}一案"
    owner.fill("#trial-text", text)
    owner.click("#trial button[type=submit]")
    expect(owner.locator(".trial-result .said mark").first).to_have_text(BANNED)
    assert owner.locator(".trial-result .said").first.inner_text() == text
    expect(owner).to_have_url(re.compile("/console/policy$"))


def test_tables_sort_by_their_headings(owner: Page) -> None:
    owner.goto("/console/policy")
    heading = owner.locator("th:has-text('词数') button")
    heading.click()
    heading.click()
    expect(owner.locator("th[aria-sort=descending]")).to_contain_text("词数")
    expect(owner.locator("table[data-sortable] tbody tr").first).to_contain_text("A.1-f")


def test_charts_are_drawn_and_have_a_table(owner: Page) -> None:
    owner.goto("/console")
    expect(owner.locator(".chart canvas").first).to_be_visible()
    owner.locator(".chart-table summary").first.click()
    expect(owner.locator(".chart-table").first.locator("tbody tr")).to_have_count(24)


@pytest.mark.parametrize("path", PAGES)
def test_every_page_obeys_the_csp_fits_a_phone_and_labels_its_fields(owner: Page, path: str) -> None:
    owner.set_viewport_size({"width": 390, "height": 800})
    owner.goto(path)
    owner.wait_for_load_state("networkidle")
    assert owner.locator("h1").count() == 1
    assert owner.evaluate("() => document.documentElement.scrollWidth <= window.innerWidth")
    unlabelled = "all => all.filter(field => !field.labels.length && !field.ariaLabel).map(field => field.outerHTML)"
    assert owner.locator("input:not([type=hidden]), select, textarea").evaluate_all(unlabelled) == []


def test_forms_work_without_scripts(plain_page: Page) -> None:
    plain_page.goto("/console/login")
    plain_page.fill("#name", "owner")
    plain_page.fill("#password", PASSWORD)
    plain_page.click("button[type=submit]")
    plain_page.goto("/console/law")
    plain_page.select_option("[name=outcome]", "met")
    plain_page.click(".filters button")
    expect(plain_page).to_have_url(re.compile("outcome=met"))
    plain_page.goto("/console/policy")
    plain_page.fill("#trial-text", f"说到{BANNED}")
    plain_page.click("#trial button[type=submit]")
    expect(plain_page.locator(".trial-result mark").first).to_have_text(BANNED)
    plain_page.goto("/console")
    plain_page.click("text=退出")
    expect(plain_page.locator("#password")).to_be_visible()


def test_the_console_speaks_english_and_stays_so(owner: Page) -> None:
    owner.click("a.lang")
    expect(owner.locator("h1")).to_have_text("Overview")
    owner.goto("/console/law")
    expect(owner.locator("h1")).to_have_text("The law")
    assert not re.search("[\u4e00-\u9fff]", owner.locator(".side").inner_text().replace("中文", ""))
