"""A real Chromium on a real server; every page is watched for scripts and styles that the CSP stopped."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright
from tests.unit.web.small_house import PASSWORD, Served, build_small_house, serve

from guiju.web.rendering import STATIC

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.browser)


@pytest.fixture(scope="module")  # Playwright keeps an event loop running, which no other module's tests may meet
def chromium() -> Iterator[Browser]:
    if CHROMIUM is None:
        pytest.skip("browser: no Chromium is installed (apt-get install chromium)")
    if not (STATIC / "build" / "chat.js").is_file():
        pytest.skip("browser: the front-end assets are not built (npm ci && npm run build)")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serve(build_small_house(tmp_path_factory.mktemp("house"))) as served:
        served.house.staff.create_member("owner", "owner", PASSWORD)
        yield served


@pytest.fixture
def page(chromium: Browser, served: Served) -> Iterator[Page]:
    """A page of a fresh browser context; whatever its console complains about fails the test."""
    yield from _page(chromium, served, is_scripted=True)


@pytest.fixture
def plain_page(chromium: Browser, served: Served) -> Iterator[Page]:
    """A page that runs no scripts."""
    yield from _page(chromium, served, is_scripted=False)


def _page(chromium: Browser, served: Served, *, is_scripted: bool) -> Iterator[Page]:
    context = chromium.new_context(
        base_url=served.base, java_script_enabled=is_scripted, locale="zh-CN", viewport={"width": 1280, "height": 860}
    )
    context.set_default_timeout(15_000)
    page = context.new_page()
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    # A page that answers 4xx is the test's own doing; anything else is a fault, a CSP violation above all.
    assert [text for text in complaints if "Failed to load resource" not in text] == []


@pytest.fixture
def owner(page: Page) -> Page:
    page.goto("/console/login")
    page.fill("#name", "owner")
    page.fill("#password", PASSWORD)
    page.click("button[type=submit]")
    page.wait_for_url("**/console")
    return page
