"""axe finds nothing wrong: on any page, by day and by night, on a telephone, with each dialog open."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import violations
from tests.site.conftest import CHAPTER, SECOND

PAGES = ["index.html", "notation.html", CHAPTER, SECOND, "glossary.html"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1400, 390])
def test_no_page_has_a_violation(browser: Browser, address: str, scheme: str, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
    page = context.new_page()
    found = {}
    for name in PAGES:
        page.goto(f"{address}/{name}", wait_until="networkidle")
        found[name] = violations(page)
    context.close()
    assert {name: problems for name, problems in found.items() if problems} == {}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_opens_has_no_violation(page: Page, scheme: str) -> None:
    page.emulate_media(color_scheme=scheme)
    page.get_by_label("Exercise 1.1 solved").check()
    page.keyboard.press("/")
    page.keyboard.type("score")
    expect(page.get_by_role("option").first).to_be_visible()
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    assert violations(page) == []
    page.keyboard.press("Escape")
    page.locator('article a.xref[href="#fig-bell"]').first.hover()
    expect(page.locator("#preview")).to_be_visible()
    assert violations(page) == []


def test_a_violation_would_be_found(page: Page) -> None:
    picture = "<img src='data:image/gif;base64,R0lGODlhAQABAAAAACw='>"
    page.evaluate("html => document.querySelector('article').insertAdjacentHTML('beforeend', html)", picture)
    assert any(line.startswith("image-alt") for line in violations(page))


def test_a_box_that_scrolls_can_be_reached(page: Page) -> None:
    page.set_viewport_size({"width": 390, "height": 844})
    box = page.locator(".equation .scroll[tabindex='0']").first
    expect(box).to_be_attached()
    page.set_viewport_size({"width": 1400, "height": 900})
    expect(page.locator(".equation .scroll[tabindex]")).to_have_count(0)


def test_without_scripts_all_is_readable_and_no_button_is_dead(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 1400, "height": 900}, java_script_enabled=False)
    page = context.new_page()
    for name in PAGES:
        page.goto(f"{address}/{name}")
        expect(page.locator("h1")).to_be_visible()
        expect(page.locator("#contents a.book")).to_be_visible()
        assert [button for button in page.locator("button").all() if button.is_visible()] == []
        assert all(block.is_visible() for block in page.locator("article > p, article > .equation").all())
    context.close()
