"""Keys turn the pages, and stay out of the way."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.site.conftest import CHAPTER, SECOND


@pytest.mark.parametrize(
    ("key", "leads_to"),
    [("ArrowRight", SECOND), ("n", SECOND), ("ArrowLeft", "notation.html"), ("p", "notation.html")],
)
def test_keys_turn_the_page(page: Page, key: str, leads_to: str) -> None:
    page.keyboard.press(key)
    page.wait_for_url(f"**/{leads_to}")


def test_keys_at_the_ends_of_the_book_do_nothing(page: Page, address: str) -> None:
    page.goto(f"{address}/index.html", wait_until="networkidle")
    page.keyboard.press("ArrowLeft")
    page.wait_for_timeout(200)
    assert page.url.endswith("/index.html")


def test_keys_are_left_alone_where_they_mean_something_else(page: Page, address: str) -> None:
    def stays(key: str) -> None:
        page.keyboard.press(key)
        page.wait_for_timeout(150)
        assert page.url.split("#")[0].endswith(here)
        expect(page.locator("dialog.help")).to_be_hidden()

    here = CHAPTER
    page.keyboard.press("/")
    for key in ("n", "p", "?", "ArrowLeft", "ArrowRight"):
        stays(key)
    page.keyboard.press("Escape")
    for key in ("Control+ArrowRight", "Alt+n", "Meta+p"):
        page.evaluate("key => document.body.dispatchEvent(new KeyboardEvent('keydown', key))", _event(key))
    stays("Shift")
    # a formula too long for a telephone scrolls under the arrows
    page.set_viewport_size({"width": 390, "height": 844})
    page.evaluate(
        """() => { const box = [...document.querySelectorAll('.equation .scroll')]
            .find((box) => box.scrollWidth > box.clientWidth); box.focus(); }"""
    )
    stays("ArrowRight")
    here = SECOND
    page.goto(f"{address}/{SECOND}", wait_until="networkidle")
    page.locator(".widget button").first.focus()
    stays("ArrowRight")


def _event(key: str) -> dict:
    modifier, name = key.split("+")
    return {"key": name, "bubbles": True, f"{ {'Control': 'ctrl'}.get(modifier, modifier.lower()) }Key": True}


def test_the_keys_are_listed(page: Page) -> None:
    button = page.get_by_role("button", name="Keys and progress")
    button.click()
    dialog = page.get_by_role("dialog", name="Keys")
    expect(dialog).to_be_visible()
    assert dialog.locator("dd").all_inner_texts()[:3] == [
        "search the book",
        "the page before",
        "the next page",
    ]
    page.keyboard.press("Escape")
    expect(button).to_be_focused()
    page.keyboard.press("?")
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name="Close").click()
    expect(dialog).to_be_hidden()
