"""Search in the page: what is in the index, how it ranks, and every step by keyboard."""

from __future__ import annotations

import json
import re
from pathlib import Path

from playwright.sync_api import Page, expect

from tests.site.conftest import CHAPTER


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
    page.evaluate("window.fetch = async () => new Response('<html>')")
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
