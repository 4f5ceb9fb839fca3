"""The built book in headless Chromium: formulas, figures, no error, no barrier, and no script needed."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.chromium import chromium, first_paint, served, violations
from tools.site import build

PAGES = ["index.html", "what-cfg-samples.html"]


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with served(build()) as address:
        yield address


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as browser:
        yield browser


class Visit:
    """A page that was opened: the page, what it complained of, and what it loaded, in bytes."""

    def __init__(self, page: Page, address: str) -> None:
        self.page = page
        self.complaints: list[str] = []
        self.weights: dict[str, int] = {}
        page.on(
            "console", lambda m: self.complaints.append(m.text) if m.type in ("error", "warning") else None
        )
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        page.on("response", self._weigh)
        page.goto(address, wait_until="networkidle")
        # pictures further down load when they are scrolled to
        page.evaluate("for (const img of document.images) img.loading = 'eager'")
        page.wait_for_function("[...document.images].every((img) => img.complete)")

    def _weigh(self, response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")
            return
        body = response.body()
        name = response.url.rsplit("/", 1)[-1].split("?")[0]
        # servers compress text; fonts are compressed already
        self.weights[name] = len(body if name.endswith("woff2") else gzip.compress(body))


@pytest.fixture(scope="module", params=PAGES)
def visit(request: pytest.FixtureRequest, browser: Browser, address: str) -> Iterator[Visit]:
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    yield Visit(context.new_page(), f"{address}/{request.param}")
    context.close()


def test_nothing_complains(visit: Visit) -> None:
    assert visit.complaints == []


def test_every_picture_is_there(visit: Visit) -> None:
    widths = visit.page.evaluate("[...document.images].map(img => img.complete && img.naturalWidth)")
    assert widths and all(widths)


def test_mathematics_is_set_in_its_own_fonts(visit: Visit) -> None:
    if "what-cfg" not in visit.page.url:
        return
    assert visit.page.locator(".equation .katex-html").count() > 5
    assert visit.page.evaluate("document.fonts.check('16px KaTeX_Math', 'x')")
    box = visit.page.locator(".equation .katex-html").first.bounding_box()
    assert box["width"] > 50 and 15 < box["height"] < 200
    # the twin for screen readers takes no room
    hidden = visit.page.locator(".equation .katex-mathml").first.bounding_box()
    assert hidden["width"] <= 1 and hidden["height"] <= 1


def test_the_page_is_light(visit: Visit) -> None:
    assert _before_figures(visit) < 300_000, visit.weights


def test_code_can_be_copied_and_the_light_switched(visit: Visit, tmp_path: Path) -> None:
    page = visit.page
    if "what-cfg" in page.url:
        assert page.locator("div.code > button.copy").count() == page.locator("div.code").count() > 5
    before = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.locator("#contents button.theme").click()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != before
    page.locator("#contents button.theme").click()


@pytest.mark.parametrize("name", PAGES)
def test_a_telephone_without_scripts_shows_all_of_it(browser: Browser, address: str, name: str) -> None:
    viewport = {"width": 390, "height": 844}
    context = browser.new_context(viewport=viewport, java_script_enabled=False, is_mobile=True)
    page = context.new_page()
    page.goto(f"{address}/{name}")
    assert page.locator("h1").is_visible()
    assert not page.locator("#contents").is_visible()
    page.locator("a.open").click()
    assert page.locator("#contents a[href='index.html']").first.is_visible()
    page.locator("#contents a.close").click()
    assert not page.locator("#contents").is_visible()
    widest = max(box["x"] + box["width"] for box in map(_box, page.locator("article > *").all()) if box)
    assert widest <= viewport["width"] + 1
    context.close()


def test_no_formula_is_cut_off_on_a_desktop(browser: Browser, address: str) -> None:
    """On a telephone a long formula scrolls; where there is room, the reader sees all of it."""
    page = browser.new_page(viewport={"width": 1400, "height": 900})
    cut = []
    for path in sorted(build().glob("*.html")):
        page.goto(f"{address}/{path.name}")
        page.evaluate("document.fonts.ready")
        found = page.evaluate(
            """[...document.querySelectorAll('.equation > .scroll')]
                .filter((box) => box.clientWidth && box.scrollWidth > box.clientWidth + 1)
                .map((box) => box.closest('.equation').id || box.textContent.slice(0, 40))"""
        )
        cut += [f"{path.name}: {name}: break the formula into two lines" for name in found]
    page.close()
    assert cut == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_page_has_a_barrier_or_an_error(browser: Browser, address: str, scheme: str) -> None:
    """axe finds nothing, the console is silent and the page is light, on every page of the book."""
    problems = []
    for path in sorted(build().glob("*.html")):
        context = browser.new_context(viewport={"width": 1400, "height": 900}, color_scheme=scheme)
        visit = Visit(context.new_page(), f"{address}/{path.name}")
        problems += [f"{path.name}: {line}" for line in violations(visit.page) + visit.complaints]
        weight = _before_figures(visit)
        if weight >= 300_000:
            problems.append(f"{path.name}: {weight} bytes before figures; allowed are 300000")
        context.close()
    assert problems == []


@pytest.mark.parametrize("name", ["noise-scores-denoisers.html", "what-cfg-samples.html"])
def test_the_first_words_come_soon(browser: Browser, address: str, name: str) -> None:
    """Meant is 1 s on a processor slowed down four times; the bound leaves room for a busy machine."""
    assert first_paint(browser, f"{address}/{name}") < 2


def _before_figures(visit: Visit) -> int:
    return sum(size for name, size in visit.weights.items() if not name.endswith((".png", ".svg")))


def _box(element) -> dict | None:
    return element.bounding_box()
