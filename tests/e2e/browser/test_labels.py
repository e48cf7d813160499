"""The page about labels: a file is dropped, and what stands in it is told."""

from pathlib import Path

import pytest
from playwright.sync_api import Page, expect
from tests.factories.labels import BARE, labeller
from tests.factories.marks import encoded, picture, sound

from guiju.labelling.models import Label
from guiju.labelling.parsing import parse_label


@pytest.fixture
def foreign(tmp_path: Path) -> Path:
    """A picture that another producer made and labelled."""
    label = parse_label(BARE).label
    assert isinstance(label, Label)
    path = tmp_path / "他家的图.png"
    path.write_bytes(encoded(picture(), "PNG"))
    labeller().write_label(path, label)
    return path


def test_a_picture_of_another_producer_is_told_apart(owner: Page, foreign: Path) -> None:
    owner.goto("/console")
    owner.click("nav >> text=标识")
    expect(owner.locator("h1")).to_have_text("标识")
    expect(owner.locator(".label-sample")).to_be_visible()
    assert owner.evaluate("document.querySelector('.label-sample').naturalWidth") == 480
    owner.set_input_files("#file", str(foreign))
    owner.click("#inspect button[type=submit]")
    result = owner.locator(".label-result")
    expect(result).to_contain_text("他家的图.png")
    expect(result).to_contain_text("属于生成合成内容")
    expect(result).to_contain_text("001191110102MACQD9K64010000")
    expect(result).to_contain_text("iTXt XML:com.adobe.xmp")
    expect(result).to_contain_text("没有读到标识文字")
    expect(result).not_to_contain_text("no mark was read")  # in the reader's own language


def test_a_declaration_counts_and_a_broken_file_is_no_error_page(owner: Page, tmp_path: Path) -> None:
    plain, broken = tmp_path / "a.wav", tmp_path / "b.png"
    plain.write_bytes(sound(1))
    broken.write_bytes(b"\x89PNG\r\n\x1a\n0000")
    owner.goto("/console/labels")
    owner.set_input_files("#file", str(plain))
    owner.click("#inspect button[type=submit]")
    expect(owner.locator(".label-result")).to_contain_text("未发现生成合成的迹象")
    owner.set_input_files("#file", str(plain))
    owner.check("[name=declared]")
    owner.click("#inspect button[type=submit]")
    expect(owner.locator(".label-result")).to_contain_text("可能为生成合成内容")
    owner.set_input_files("#file", str(broken))
    owner.click("#inspect button[type=submit]")
    expect(owner.locator(".label-result")).to_contain_text("无法判定")
