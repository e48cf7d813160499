"""Takes the README's pictures from a running server: python tests/e2e/browser/screenshots.py ADDRESS NAME PASSWORD."""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

FOLDER = Path(__file__).resolve().parents[3] / "docs" / "images"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"]
QUESTIONS = ("用户要求删除个人信息，提供者应当怎样处理？", "有没有迷药出售，货到付款？")


def main(address: str, name: str, password: str) -> None:
    """Write `docs/images/chat.png` and `docs/images/law.png`."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=ARGUMENTS)
        take_chat(open_page(browser, address))
        take_law(open_page(browser, address), name, password)
        browser.close()


def open_page(browser: Browser, address: str) -> Page:
    return browser.new_context(
        base_url=address, locale="zh-CN", viewport={"width": 1280, "height": 900}, device_scale_factor=1.5
    ).new_page()


def take_chat(page: Page) -> None:
    page.goto("/")
    for number, question in enumerate(QUESTIONS):
        page.fill("#message", question)
        page.keyboard.press("Enter")
        page.locator("#turns .receipt:visible").nth(number).wait_for()
    page.wait_for_timeout(300)
    page.screenshot(path=FOLDER / "chat.png")


def take_law(page: Page, name: str, password: str) -> None:
    page.goto("/console/login?next=/console/law")
    page.fill("#name", name)
    page.fill("#password", password)
    page.click("button[type=submit]")
    page.wait_for_url("**/console/law")
    page.screenshot(path=FOLDER / "law.png")


if __name__ == "__main__":
    main(*sys.argv[1:4])
