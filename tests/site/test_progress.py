"""The reader's marks: set, kept, shown, forgotten; never sent."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.site.conftest import CHAPTER, SECOND


def marks(page: Page) -> dict:
    return page.evaluate("JSON.parse(localStorage.getItem('progress') ?? 'null')")


def to_the_end(page: Page) -> None:
    page.evaluate("document.querySelector('.exercise').scrollIntoView()")
    page.locator("label.read").scroll_into_view_if_needed()


def test_a_chapter_read_to_the_end_is_marked(page: Page, address: str) -> None:
    entry = page.locator(f'#contents a[href="{CHAPTER}"][data-exercises]')
    expect(entry.locator(".progress")).to_have_count(0)
    assert marks(page) is None
    to_the_end(page)
    expect(page.get_by_label("I have read this chapter")).to_be_checked()
    expect(entry.locator(".progress")).to_have_text("✓, read")
    page.goto(f"{address}/index.html", wait_until="networkidle")
    for where in ("#contents", ".toc"):
        expect(page.locator(f'{where} a[href="{CHAPTER}"] .progress')).to_be_visible()
        expect(page.locator(f'{where} a[href="{SECOND}"] .progress')).to_have_count(0)
    page.goto(f"{address}/{CHAPTER}", wait_until="networkidle")
    page.get_by_label("I have read this chapter").uncheck()
    expect(entry.locator(".progress")).to_have_count(0)
    assert marks(page) == {"read": {}, "solved": {}}


def test_a_jump_to_the_references_is_not_reading(page: Page) -> None:
    page.locator('article a.cite[href="#ref-song2021"]').first.click()
    page.wait_for_timeout(400)
    assert marks(page) is None


def test_solved_exercises_are_marked_and_forgotten_on_demand(page: Page) -> None:
    boxes = page.locator(".exercise label.solved input")
    expect(boxes).to_have_count(2)
    page.get_by_label("Exercise 1.1 solved").check()
    entry = page.locator(f'#contents a[href="{CHAPTER}"][data-exercises]')
    expect(entry.locator(".progress")).to_contain_text("1 of 2 exercises solved")
    page.reload(wait_until="networkidle")
    expect(page.get_by_label("Exercise 1.1 solved")).to_be_checked()
    expect(page.get_by_label("Exercise 1.2 solved")).not_to_be_checked()
    other = page.context.new_page()  # another tab of the same reader
    other.goto(page.url, wait_until="networkidle")
    other.get_by_label("Exercise 1.2 solved").check()
    expect(page.get_by_label("Exercise 1.2 solved")).to_be_checked()
    page.keyboard.press("?")
    page.get_by_role("button", name="Forget my progress").click()
    expect(page.locator("dialog.help [role=status]")).to_have_text("Forgotten.")
    expect(page.get_by_label("Exercise 1.1 solved")).not_to_be_checked()
    expect(other.get_by_label("Exercise 1.2 solved")).not_to_be_checked()
    assert marks(page) == {"read": {}, "solved": {}}


@pytest.mark.parametrize("how", ["refused", "spoilt"])
def test_progress_works_where_storage_does_not(page: Page, how: str) -> None:
    page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new DOMException('no') } })"
        if how == "refused"
        else "localStorage.setItem('progress', '[1')"
    )
    page.reload(wait_until="networkidle")
    page.get_by_label("Exercise 1.1 solved").check()
    page.get_by_label("Exercise 1.2 solved").check()
    expect(page.locator(f'#contents a[href="{CHAPTER}"] .progress')).to_contain_text("2/2")
    page.get_by_label("Exercise 1.1 solved").uncheck()
    expect(page.locator(f'#contents a[href="{CHAPTER}"] .progress')).to_contain_text("1/2")


def test_nothing_is_sent_anywhere(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.get_by_label("Exercise 1.1 solved").check()
    to_the_end(page)
    expect(page.get_by_label("I have read this chapter")).to_be_checked()
    assert [url for url in asked if "/build/" not in url] == []  # pictures load as they come near
