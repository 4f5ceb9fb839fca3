"""What a reference points to is shown beside it, for the mouse and for the keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.site.conftest import CHAPTER, SECOND


def preview_of(page: Page, href: str):
    page.locator(f'article a:is(.xref, .cite, .term)[href="{href}"]').first.hover()
    preview = page.locator("#preview")
    expect(preview).to_be_visible()
    return preview


@pytest.mark.parametrize(
    ("start", "href", "selector", "text"),
    [
        (CHAPTER, "#eq-tweedie", ".equation .katex-html", "(1.1)"),
        (CHAPTER, "#fig-bell", "figure img", "Figure\u00a01.1"),
        (CHAPTER, "#thm-tweedie", ".theorem", "Theorem 1.1"),
        (CHAPTER, "#ex-shift", ".exercise .meta", "Exercise 1.1"),
        (CHAPTER, "#sec-maths", "p.title", "Mathematics"),
        (CHAPTER, "#ref-song2021", "div", "Song, Y., Sohl-Dickstein"),
        (CHAPTER, "glossary.html#term-score", "dd", "score"),
        (SECOND, f"{CHAPTER}#eq-tweedie", ".equation .katex-html", "(1.1)"),
        (SECOND, f"{CHAPTER}#fig-bell", "figure img", "Figure\u00a01.1"),
    ],
)
def test_a_reference_shows_what_it_points_to(
    page: Page, address: str, start: str, href: str, selector: str, text: str
) -> None:
    if start != CHAPTER:
        page.goto(f"{address}/{start}", wait_until="networkidle")
    preview = preview_of(page, href)
    expect(preview.locator(selector).first).to_be_visible()
    expect(preview).to_contain_text(text)
    expect(preview.locator("[id]")).to_have_count(0)
    assert "Solution" not in preview.inner_text()
    box = preview.bounding_box()
    assert box["x"] >= 0 and box["x"] + box["width"] <= 1400 and box["y"] >= 0
    for image in preview.locator("img").all():
        page.wait_for_function("(img) => img.complete && img.naturalWidth > 0", arg=image.element_handle())


def test_a_preview_stays_under_the_mouse_and_goes_with_it(page: Page) -> None:
    preview = preview_of(page, "#eq-tweedie")
    preview.hover()
    page.wait_for_timeout(400)
    expect(preview).to_be_visible()
    page.mouse.move(2, 2)
    expect(preview).to_be_hidden()
    preview_of(page, "#eq-tweedie")
    page.keyboard.press("Escape")
    expect(preview).to_be_hidden()


def test_a_preview_follows_the_focus(page: Page) -> None:
    page.locator("#contents a").last.focus()
    link = page.locator("article a.term, article a.xref").first
    for _ in range(60):
        page.keyboard.press("Tab")
        if link.evaluate("(a) => a === document.activeElement"):
            break
    expect(page.locator("#preview")).to_be_visible()
    expect(link).to_have_attribute("aria-describedby", "preview")
    page.keyboard.press("Escape")
    expect(page.locator("#preview")).to_be_hidden()
    expect(link).to_be_focused()
    assert link.get_attribute("aria-describedby") is None


def test_on_touch_a_reference_is_a_link(browser: Browser, address: str) -> None:
    context = browser.new_context(viewport={"width": 390, "height": 844}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{address}/{CHAPTER}", wait_until="networkidle")
    page.locator('article a.term[href="glossary.html#term-score"]').first.tap()
    page.wait_for_url("**/glossary.html#term-score")
    page.go_back()
    page.locator('article a.xref[href="#eq-tweedie"]').first.tap()
    page.wait_for_timeout(500)
    expect(page.locator("#preview:not([hidden])")).to_have_count(0)
    context.close()


def test_a_solution_is_not_given_away(page: Page) -> None:
    page.locator('article a.xref[href="#sol-shift"]').first.hover()
    page.wait_for_timeout(600)
    expect(page.locator("#preview")).to_be_hidden()
