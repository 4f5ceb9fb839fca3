"""The book as PDF: the pages of the built site one after the other, printed by headless Chromium."""

from __future__ import annotations

import importlib.util
import re
import shutil
from pathlib import Path

from tools.articles import contents
from tools.files import ROOT

FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]
NAMES = ("chromium", "chromium-browser", "google-chrome")
_PAGE = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="../html/assets/book.css">
<style>article + article {{ break-before: page; }} article {{ padding: 0 !important; }}</style>
</head><body class="first"><main>{body}</main></body></html>
"""
_FOOT = """<div style="width:100%;font:8px Georgia,serif;text-align:center">
<span class="pageNumber"></span></div>"""

# a closed fold would be printed closed, and what is not loaded yet not at all
_READY = """async () => {
    for (const fold of document.querySelectorAll('details')) fold.open = true;
    for (const image of document.images) image.loading = 'eager';
    await Promise.all([...document.fonts].map((font) => font.load()));
    await Promise.all([...document.images].map((image) => image.decode()));
    await document.fonts.ready;
}"""


def pdf(root: Path = ROOT) -> bytes | None:
    """The bytes of the PDF; None, with a line that says so, where there is no Chromium."""
    command = next(filter(None, map(shutil.which, NAMES)), None)
    if command is None or importlib.util.find_spec("playwright") is None:
        print("no PDF: Chromium is not here; install it with 'apt-get install chromium'", flush=True)
        return None
    from playwright.sync_api import sync_playwright

    source = root / "_build/print/book.html"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(one_page(root / "_build/html"), encoding="utf-8")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=command, args=FLAGS)
        page = browser.new_page()
        page.goto(source.as_uri(), wait_until="networkidle")
        page.evaluate(_READY)
        printed = page.pdf(
            format="A4", tagged=True, outline=True, prefer_css_page_size=False,
            display_header_footer=True, header_template="<span></span>", footer_template=_FOOT,
            margin={"top": "20mm", "bottom": "20mm", "left": "22mm", "right": "22mm"},
        )  # fmt: skip
        browser.close()
    return _the_same(printed)


def one_page(site: Path) -> str:
    """All articles of the site in one page; anchors carry their page's name, and links lead there."""
    bodies, title = [], ""
    for name, _ in contents(site):
        html = (site / f"{name}.html").read_text(encoding="utf-8")
        title = title or re.search(r"<title>(.*?)</title>", html)[1]
        body = html[html.index("<article>") : html.index("</article>") + len("</article>")]
        body = re.sub(r' id="', f' id="{name}--', body)
        body = re.sub(r'(aria-labelledby=")', rf"\1{name}--", body)
        body = re.sub(r'href="#', f'href="#{name}--', body)
        body = re.sub(r'href="([\w-]+)\.html(?:#([^"]*))?"', _internal, body)
        body = re.sub(r'src="(?!https?:)', 'src="../html/', body)
        bodies.append(body.replace("<article>", f'<article id="{name}--">', 1))
    return _PAGE.format(title=title, body="\n".join(bodies))


def _internal(match: re.Match) -> str:
    return f'href="#{match[1]}--{match[2] or ""}"'


def _the_same(printed: bytes) -> bytes:
    """What differs between two prints of one page: the time, and where Chromium began to count."""
    printed = re.sub(rb"\(D:\d{14}", b"(D:20200101000000", printed)
    nodes = sorted(set(re.findall(rb"\(node(\d{8})\)", printed)))
    rank = {node: b"(node%08d)" % number for number, node in enumerate(nodes, 1)}
    return re.sub(rb"\(node(\d{8})\)", lambda match: rank[match[1]], printed)
