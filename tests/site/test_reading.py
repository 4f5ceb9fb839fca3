"""What the scripts add for the reader, in headless Chromium: search, previews, keys, progress."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.chromium import chromium, served

CHAPTER = "every-construct.html"
SECOND = "second-chapter.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A fresh reader, with nothing stored, on the stress chapter; no script may complain."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    page = context.new_page()
    complaints: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None)
    page.goto(f"{address}/{CHAPTER}", wait_until="networkidle")
    yield page
    context.close()
    assert complaints == []


# search


def test_the_index_holds_what_the_reader_sees(site: Path) -> None:
    text = (site / "assets/search.json").read_text(encoding="utf-8")
    for hidden in ("SECRET-ASSERTION", "a comment that no reader sees", "\\\\"):
        assert hidden not in text
    pages = {page["url"]: page for page in json.loads(text)}
    assert set(pages) == {path.name for path in site.glob("*.html")}
    sections = {id: (title, words) for id, title, words in pages[CHAPTER]["sections"]}
    assert sections["sec-maths"][0] == "1.1 Mathematics"
    assert "Let x_σ = x₀ + σz with" in sections["sec-maths"][1]
    assert {"term-score", "term-denoiser"} <= {id for id, *_ in pages["glossary.html"]["sections"]}
    for url, page in pages.items():
        html = (site / url).read_text(encoding="utf-8")
        assert all(f'id="{id}"' in html for id, *_ in page["sections"] if id), url


def test_search_by_keyboard_from_opening_to_the_section(page: Page) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.locator("#contents a.book").focus()
    page.keyboard.press("/")
    dialog = page.get_by_role("dialog", name="Search the book")
    field = dialog.get_by_role("combobox")
    expect(field).to_be_focused()
    page.keyboard.type("score")
    expect(dialog.get_by_role("option").first).to_contain_text("score")
    # the index is fetched now and not before
    assert [url.rsplit("/", 1)[1].split("?")[0] for url in asked] == ["search.json"]
    # the word's own entry in the glossary comes before the places that mention it
    assert dialog.get_by_role("option").first.get_attribute("href") == "glossary.html#term-score"
    assert set(dialog.locator("mark").all_inner_texts()) == {"score"}
    expect(dialog.get_by_role("group", name="Every construct, once")).to_be_visible()
    assert re.fullmatch(r"\d sections", dialog.get_by_role("status").inner_text())
    page.keyboard.press("ArrowDown")
    assert field.get_attribute("aria-activedescendant") == "hit-2"
    expect(dialog.locator("#hit-2")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("ArrowUp")  # round to the last
    expect(dialog.get_by_role("option").last).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    expect(page.locator("#contents a.book")).to_be_focused()
    page.keyboard.press("/")
    page.keyboard.type("definition odds")
    page.keyboard.press("Enter")
    expect(dialog).not_to_be_visible()


def test_a_search_leads_to_the_place(page: Page) -> None:
    page.locator("#contents button.find").click()
    page.keyboard.type("glossary")
    expect(page.get_by_role("option").first).to_be_visible()
    page.keyboard.press("Enter")
    page.wait_for_url("**/glossary.html*")


def test_a_search_for_nothing_says_so(page: Page) -> None:
    page.keyboard.press("/")
    page.keyboard.type("xylophone (")
    expect(page.get_by_role("status")).to_have_text("Nothing in the book has these words.")
    expect(page.get_by_role("listbox")).to_be_hidden()


def test_without_the_index_the_reader_is_told(page: Page) -> None:
    page.route("**/search.json*", lambda route: route.fulfill(status=200, body="<html>"))
    page.keyboard.press("/")
    expect(page.get_by_role("status")).to_contain_text("could not be fetched")


def test_ranking(page: Page) -> None:
    """Titles before texts, all words before some, accents and subscripts as typed, starts of words."""
    found = page.evaluate(
        """async () => {
            const { prepare, rank, excerpt } = await import('./assets/rank.mjs');
            const entries = prepare([{ url: 'a', title: 'A', sections: [
                ['one', 'Guidance', 'words'], ['two', 'Other', 'guidance and Fréchet, x₀'],
                ['three', 'Third', 'guidance, guidance, guidance'], ['four', 'Last', 'misguidance']] }]);
            const ids = (query) => rank(entries, query).map((entry) => entry.id);
            return { title: ids('guidance'), both: ids('guidance frechet'), sub: ids('x0'),
                start: ids('guid'), some: ids('guidance zebra'), none: ids('zebra'), empty: ids('  '),
                cut: excerpt(`${'long '.repeat(99)}needle ${'tail '.repeat(99)}`, 'needle') };
        }"""
    )
    assert found["title"] == found["start"] == found["some"] == ["one", "three", "two"]
    assert found["both"] == found["sub"] == ["two"]
    assert found["none"] == found["empty"] == []
    text = "".join(piece for piece, _ in found["cut"])
    assert ["needle", True] in found["cut"] and len(text) < 200 and text[0] == text[-1] == "…"


# previews


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


# keys


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
            .find((box) => box.scrollWidth > box.clientWidth); box.tabIndex = 0; box.focus(); }"""
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


# progress


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
