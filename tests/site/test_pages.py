"""Every construct of the book reaches the reader as plain HTML, with no script."""

from __future__ import annotations

import gzip
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from playwright.sync_api import Browser

CHAPTER = "every-construct.html"
# a line of the stress chapter, and what must stand in its page
SET = {
    "inline markup": "<strong>strong words</strong>",
    "keys": "<kbd>Ctrl</kbd>",
    "subscript": "H<sub>2</sub>O",
    "abbreviation": '<abbr title="ordinary differential equation">ODE</abbr>',
    "section number": '<span class="number">1.1</span>Mathematics',
    "equation number": '<a class="number" href="#eq-tweedie">(1.1)</a>',
    "unlabelled equations do not count": '<a class="number" href="#eq-odds">(1.2)</a>',
    "equation reference": '<a class="xref" href="#eq-tweedie">(1.1)</a>',
    "reference with a text": '<a class="xref" href="#eq-odds">the odds</a>',
    "numref": '<a class="xref" href="#fig-bell">Picture 1.1</a>',
    "glossary term": '<a class="term" href="glossary.html#term-score">score</a>',
    "MathML": '<span class="katex-mathml"><math><mrow>',
    "KaTeX": '<span class="katex-html"',
    "theorem": '<b>Theorem 1.1</b> <span class="title">Tweedie</span>',
    "proof without number": "<b>Proof</b>",
    "algorithm": "<b>Algorithm 1.1</b>",
    "highlighting": '<span class="hljs-keyword">import</span>',
    "line numbers": '<div class="code numbered"',
    "printed text": '<pre class="output stdout">mean 0.000',
    "html table": '<table class="dataframe">',
    "claim": ">B5: 1.00 ± 0.10 (n = 100): confirmed</p>",
    "folded input": '<summary>Show the code</summary><div class="code"',
    "folded output": '<summary>Show the output</summary><div class="outputs"><pre',
    "figure from a cell": 'alt="A bell curve over the axis from minus three to three."',
    "figure number": '<span class="number">Figure\u00a01.1</span>',
    "table number": '<span class="number">Table\u00a01.1</span>',
    "table head": '<th scope="col">law</th>',
    "alignment": '<td class="right">0.3875</td>',
    "admonition": '<div class="box admonition warning"><p class="label">Warning</p>',
    "titled admonition": '<div class="box admonition plain"><p class="label">A title of its own',
    "folded admonition": '<details class="box admonition note dropdown"><summary>Folded</summary>',
    "dropdown": '<details class="box dropdown"><summary>The proof',
    "margin note": "<aside><p>A note in the margin",
    "definition list": "<dt>Term</dt><dd>",
    "task": '<span role="img" aria-label="done">',
    "narrative citation": 'As <a class="cite" href="#ref-song2021">',
    "bracketed citations": '2021</a>; <a class="cite" href="#ref-ho2022">',
    "reference list": '<li id="ref-efron2011">Efron, B. (2011).',
    "exercise": '<b>Exercise 1.1</b> <span class="title">Shift the bell</span>',
    "exercise meta": '<p class="meta">predict · difficulty 2/5 · 5 min</p>',
    "folded solution": '<details class="box solution dropdown" id="sol-shift"><summary>Solution to',
    "open solution": '<div class="box solution"',
    "margin footnote": '<span class="sidenote"><sup>1</sup> <span>The first note.',
    "endnote": '<li id="note-2"><p>The second has a formula',
    "cost": "Running this chapter takes at most 20 s on two CPU cores",
    "source": ">Text (.md)</a>",
    "notebook": 'download="01_every_construct.ipynb">Notebook (.ipynb)</a>',
    "part": '<p class="part">Part I · Exact worlds</p>',
    "chapter number": '<h1><span class="number">1</span> Every construct, once</h1>',
    "next": '<a rel="next" href="second-chapter.html">',
    "language": '<html lang="en">',
    "skip link": '<a class="skip" href="#text">',
}


@pytest.fixture(scope="session")
def chapter(site: Path) -> str:
    return (site / CHAPTER).read_text(encoding="utf-8")


@pytest.mark.parametrize("what", SET)
def test_the_page_has(chapter: str, what: str) -> None:
    assert SET[what] in chapter


def test_what_the_reader_need_not_see_is_not_there(chapter: str) -> None:
    for hidden in (
        "SECRET-ASSERTION",
        "a comment that no reader sees",
        "<style",
        "&lt;Figure&gt;",
        "{figure}",
    ):
        assert hidden not in chapter
    assert chapter.count("OUTPUT-NOT-SHOWN") == 1  # its code, and not what the code prints
    assert chapter.count("an output without its code") == 1  # what the code prints, and not the code


def test_a_figure_made_by_a_cell_is_shown_once(chapter: str) -> None:
    assert chapter.count("A bell curve over the axis") == 1
    assert chapter.count('.png"') == 1


def test_references_across_pages(site: Path) -> None:
    page = (site / "second-chapter.html").read_text(encoding="utf-8")
    for anchor, text in {
        "eq-tweedie": "(1.1)",
        "fig-bell": "Figure\u00a01.1",
        "thm-tweedie": "Theorem\u00a01.1",
        "ex-shift": "Exercise\u00a01.1",
    }.items():
        assert f'<a class="xref" href="{CHAPTER}#{anchor}">{text}</a>' in page
    assert f'href="{CHAPTER}#sec-maths">one file away</a>' in page
    assert '<a class="number" href="#eq-again">(2.1)</a>' in page


def test_only_chapters_number_their_sections(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")
    assert '<h2 id="how-to-read-it">How to read it' in index


def test_a_moving_figure_is_a_module_and_its_model(site: Path) -> None:
    page = (site / "second-chapter.html").read_text(encoding="utf-8")
    module, model = re.search(
        r'<div class="widget" data-module="([^"]+)"><script[^>]*>(.*?)</script>', page
    ).groups()
    assert (site / module).is_file()
    assert model == '{"start":3}'
    figure = re.search(r'<figure [^>]*id="fig-counter">.*?</figure>', page, re.DOTALL)[0]
    assert re.search(r'</div><div class="still"><img src="build/ladder[^>]* alt="A ladder.">', figure)
    assert "lazy" not in figure  # paper must have it, though a screen shows the other
    assert '<span class="number">Figure\xa02.1</span>' in figure


@pytest.mark.parametrize("scripts", [True, False])
def test_a_still_picture_stands_in_for_a_moving_figure(browser: Browser, address: str, scripts: bool) -> None:
    context = browser.new_context(java_script_enabled=scripts)
    page = context.new_page()
    page.goto(f"{address}/second-chapter.html", wait_until="networkidle")
    still, widget = page.locator("#fig-counter .still img"), page.locator("#fig-counter .widget")
    assert still.is_visible() is not scripts
    assert page.locator("#fig-counter button").count() == scripts
    page.emulate_media(media="print")
    assert still.is_visible() and not widget.is_visible()
    context.close()


class _Outline(HTMLParser):
    """Heading levels and pictures in the order of the page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.levels: list[int] = []
        self.pictures: list[dict] = []
        self.scripts: list[dict] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if re.fullmatch(r"h[1-6]", tag):
            self.levels.append(int(tag[1]))
        if tag == "img":
            self.pictures.append(dict(attrs))
        if tag == "script":
            self.scripts.append(dict(attrs))


def test_headings_descend_one_level_at_a_time(site: Path) -> None:
    for path in site.glob("*.html"):
        levels = _Outline(path.read_text(encoding="utf-8")).levels
        assert levels[0] == 1 and levels.count(1) == 1, path.name
        assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False)), (path.name, levels)


def test_every_picture_says_what_it_shows_and_keeps_its_place(chapter: str) -> None:
    pictures = _Outline(chapter).pictures
    assert len(pictures) == 3
    for picture in pictures:
        assert picture["alt"] and picture["width"] and picture["height"]
    assert (pictures[0]["width"], pictures[0]["height"]) == ("1280", "480")


def test_the_one_script_is_small_and_comes_last(site: Path, chapter: str) -> None:
    loaded = [script for script in _Outline(chapter).scripts if "src" in script]
    assert [script["type"] for script in loaded] == ["module"]  # a module never holds up the page
    assert (site / "assets/page.js").stat().st_size < 5_000


def test_a_page_is_light(site: Path) -> None:
    """Under 300 kB before figures, as a server sends it: text compressed, all fonts counted."""
    text = sum(
        len(gzip.compress((site / name).read_bytes()))
        for name in (CHAPTER, "assets/book.css", "assets/page.js")
    )
    ours = sum(path.stat().st_size for path in (site / "assets/fonts").glob("source-*.woff2"))
    # of KaTeX's fonts a page loads those that it uses; these eight are in nearly every chapter
    names = ("Main-Regular", "Main-Bold", "Math-Italic", "AMS-Regular", "Caligraphic-Regular")
    names += ("Size1-Regular", "Size2-Regular", "Size3-Regular")
    katex = sum((site / f"assets/fonts/KaTeX_{name}.woff2").stat().st_size for name in names)
    assert text + ours + katex < 300_000, (text, ours, katex)


def test_formulas_share_their_styles(site: Path, chapter: str) -> None:
    """KaTeX's inline styles are classes of the style sheet, and each class that is used is there."""
    formulas = "".join(re.findall(r'<span class="katex-html".*?</span></span></span>', chapter))
    assert " style=" not in formulas
    sheet = (site / "assets/book.css").read_text(encoding="utf-8")
    used = {name for names in re.findall(r'class="([^"]+)"', formulas) for name in names.split()}
    assert len(used) > 20
    assert [name for name in used if f".{name}" not in sheet] == []


def test_styles_carry_no_font_that_is_not_woff2(site: Path) -> None:
    assert {path.suffix for path in (site / "assets/fonts").iterdir()} == {".woff2"}


def test_the_first_page_lists_the_chapters(site: Path) -> None:
    index = (site / "index.html").read_text(encoding="utf-8")
    toc = index.split('<section class="toc"')[1]
    for text in ("Part I · Exact worlds", "Every construct, once", "Numbers start anew; links go back."):
        assert text in toc
    assert '<svg class="art"' in index and "The Fixture Authors" in index
    assert ">CC-BY-4.0</a>" in index and ">MIT</a>" in index
