"""The moving figures in headless Chromium: fast, still until asked, and open to keyboard and finger."""

import json
import statistics
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.chromium import chromium, served, violations
from tools.figures import figures
from tools.files import ROOT

FIGURES = figures()
FRAMES = 100
# what a theme does: an element, in the page or in a shadow root, and a model that reads the JSON
PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>A figure</title>
<link rel="icon" href="data:,"><meta name="viewport" content="width=device-width, initial-scale=1">
<style>:root {{ color-scheme: light dark; background: light-dark(#fff, #15181c);
  color: light-dark(#1c2025, #d8dbdf) }}</style>
<main><h1>A figure</h1><div id="host"></div></main>
<script>
window.times = [];
const raf = window.requestAnimationFrame;
window.requestAnimationFrame = (callback) => raf((now) => {{
  const start = performance.now();
  callback(now);
  window.times.push(performance.now() - start);
}});
</script>
<script type="module">
import figure from './{module}';
const options = {options};
const host = document.querySelector('#host');
const el = {shadow} ? host.attachShadow({{ mode: 'open' }}).appendChild(document.createElement('div')) : host;
figure.render({{ model: {{ get: (key) => options[key] }}, el }});
</script></html>"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as browser:
        yield browser


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    site = tmp_path_factory.mktemp("figures") / "site"
    (site / "figures").mkdir(parents=True)
    for figure in FIGURES:
        (site / figure.module).write_bytes((ROOT / "chapters" / figure.module).read_bytes())
        for shadow in (False, True):
            text = PAGE.format(
                module=figure.module, options=json.dumps(figure.options), shadow=str(shadow).lower()
            )
            (site / f"{Path(figure.still).stem}{'-shadow' if shadow else ''}.html").write_text(text)
    with served(site) as address:
        yield address


@pytest.fixture
def show(browser, address):
    """Opens a figure: `show(figure, width=..., shadow=..., ...)`; no script may complain."""
    contexts, complaints = [], []

    def show(figure, width=720, shadow=False, **settings) -> Page:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **settings))
        page = contexts[-1].new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "console", lambda m: complaints.append(m.text) if m.type in ("error", "warning") else None
        )
        name = f"{Path(figure.still).stem}{'-shadow' if shadow else ''}.html"
        page.goto(f"{address}/{name}", wait_until="load")
        return page

    yield show
    for context in contexts:
        context.close()
    assert complaints == []


def picture(page: Page) -> str:
    """The canvas as it is, once all that is under way has been painted."""
    page.evaluate("() => new Promise((done) => setTimeout(done, 120))")
    return page.locator("canvas").evaluate("(canvas) => canvas.toDataURL()")


each = pytest.mark.parametrize("figure", FIGURES, ids=lambda figure: Path(figure.still).stem)


@each
def test_a_frame_takes_less_than_8_ms(show, figure):
    page = show(figure)
    picture(page)
    page.evaluate("window.times.length = 0")
    page.get_by_role("button", name="Play").click()
    page.wait_for_function(f"window.times.length >= {FRAMES}", timeout=30_000)
    times = page.evaluate("window.times")
    assert statistics.median(times) < 8, f"median {statistics.median(times):.1f} ms"


@each
@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_nothing_moves_before_the_reader_asks(show, figure, motion):
    page = show(figure, reduced_motion=motion)
    before = picture(page)
    page.wait_for_timeout(300)
    assert picture(page) == before
    page.get_by_role("button", name="Play").press("Enter")
    page.wait_for_timeout(400)
    assert picture(page) != before
    with suppress(Exception):  # a short run may have ended by itself
        page.get_by_role("button", name="Pause").press("Enter", timeout=500)
    expect(page.get_by_role("button", name="Play")).to_be_visible()
    after = picture(page)
    page.wait_for_timeout(300)
    assert picture(page) == after


@each
@pytest.mark.parametrize("shadow", [False, True], ids=["page", "shadow root"])
def test_every_control_has_a_name_and_answers_to_the_keyboard(show, figure, shadow):
    page = show(figure, shadow=shadow)
    sliders = page.get_by_role("slider")
    assert sliders.count() >= 2
    for slider in sliders.all():
        name = slider.evaluate("(input) => input.labels[0].firstChild.textContent")
        assert len(name) > 2
        before = slider.input_value(), slider.get_attribute("aria-valuetext")
        low = float(before[0]) > float(slider.get_attribute("min"))
        for _ in range(5):
            slider.press("ArrowLeft" if low else "ArrowRight")
        assert slider.input_value() != before[0] and slider.get_attribute("aria-valuetext") != before[1], name
    for choice in page.get_by_role("combobox").all():
        before = picture(page)
        other = 0 if choice.evaluate("(select) => select.selectedIndex") else 1
        choice.select_option(index=other)
        assert picture(page) != before


@each
def test_handles_are_dragged_and_moved_by_keys(show, figure):
    page = show(figure, has_touch=True)
    for handle in page.locator(".handle").all():
        name, before = handle.get_attribute("aria-label"), picture(page)
        assert name
        handle.press("ArrowRight")
        assert handle.get_attribute("aria-label") != name and picture(page) != before
        box = handle.bounding_box()
        assert min(box["width"], box["height"]) >= 24
        name = handle.get_attribute("aria-label")
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        page.mouse.down()
        page.mouse.move(box["x"] + box["width"] / 2 - 25, box["y"] + box["height"] / 2, steps=4)
        page.mouse.up()
        assert handle.get_attribute("aria-label") != name
        assert abs(handle.bounding_box()["x"] - (box["x"] - 25)) < 3


@each
@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 360])
def test_it_fits_and_axe_finds_nothing(show, figure, width, scheme):
    page = show(figure, width=width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert violations(page) == []


@each
def test_it_follows_the_scheme(show, figure):
    page = show(figure, color_scheme="light")
    light = picture(page)
    page.emulate_media(color_scheme="dark")
    assert picture(page) != light


