"""The pages of the built site as the chapters of an EPUB: XHTML with MathML, without what needs a screen."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

from tools.chapters import BookError
from tools.mathml import letters

VOID = {"br", "col", "hr", "img", "wbr"}
DROPPED_TAGS = {"button", "nav", "script", "style"}
DROPPED_CLASSES = {"anchor", "copy", "files", "katex-html", "widget"}
KEPT = {"alt", "aria-label", "class", "colspan", "href", "id", "role", "rowspan", "src", "start"}
FOREIGN = {"math": "http://www.w3.org/1998/Math/MathML", "svg": "http://www.w3.org/2000/svg"}
_CASE = {"viewbox": "viewBox", "preserveaspectratio": "preserveAspectRatio"}


@dataclass
class Article:
    """One page: its file name without ending, what it is called, its tree, its pictures in the site."""

    name: str
    title: str
    part: str
    tree: ET.Element
    pictures: list[str] = field(default_factory=list)

    def has(self, tag: str) -> bool:
        return self.tree.find(f".//{tag}") is not None


class _Reader(HTMLParser):
    """The tree of the <article>; what is dropped is dropped with all that it holds."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.root: ET.Element | None = None
        self.open: list[ET.Element] = []
        self.dropping: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if self.dropping:
            self.dropping += [] if tag in VOID else [tag]
            return
        if not self.open and (self.root is not None or tag != "article"):
            return
        if tag in DROPPED_TAGS or DROPPED_CLASSES & set((given.get("class") or "").split()):
            self.dropping += [] if tag in VOID else [tag]
            return
        foreign = any(element.tag in FOREIGN for element in self.open) or tag in FOREIGN
        kept = {_CASE.get(k, k): v or k for k, v in attrs if k in KEPT or foreign}
        element = ET.Element(tag, ({"xmlns": FOREIGN[tag]} if tag in FOREIGN else {}) | kept)
        if self.open:
            self.open[-1].append(element)
        else:
            self.root = element
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.handle_endtag(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.dropping:
            if tag == self.dropping[-1]:
                self.dropping.pop()
        elif self.open and tag == self.open[-1].tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.dropping or not self.open:
            return
        parent = self.open[-1]
        if len(parent):
            parent[-1].tail = (parent[-1].tail or "") + data
        else:
            parent.text = (parent.text or "") + data


def contents(site: Path) -> list[tuple[str, str]]:
    """The pages in reading order, each with the title of its part; the cover first."""
    index = site / "index.html"
    if not index.exists():
        raise BookError("there is no site in _build/html; run 'make book'")
    toc = index.read_text(encoding="utf-8").split('<section class="toc"', 1)[1].split("</section>", 1)[0]
    found, part = [("index", "")], ""
    for heading, page in re.findall(r'<h3>(.*?)</h3>|<a href="([\w-]+)\.html"', toc):
        part = heading or part
        found += [(page, part)] if page else []
    return found


def articles(site: Path) -> list[Article]:
    """Every page of the site in reading order, with links between them as an EPUB needs them."""
    listed = contents(site)
    names = {name for name, _ in listed}
    made = []
    for name, part in listed:
        html = (site / f"{name}.html").read_text(encoding="utf-8")
        tree = _Reader(letters(html)).root
        title = re.search(r"<title>(.*?)</title>", html)[1].split(" · ")[0]
        article = Article(name, _unescape(title), _unescape(part), tree)
        _relink(article, names)
        made.append(article)
    return made


def _unescape(text: str) -> str:
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", '"').replace("&amp;", "&")


def _relink(article: Article, names: set[str]) -> None:
    for element in article.tree.iter():
        if element.tag == "img":
            article.pictures.append(element.get("src"))
            element.set("src", f"images/{Path(element.get('src')).name}")
        if element.get("class") == "number" and element.tail and not element.tail[0].isspace():
            element.tail = f" {element.tail}"  # "1.2 Title" also where no style sheet is read
        if element.tag == "a" and "href" in element.attrib:
            page, hash_, anchor = element.get("href").partition("#")
            if page.removesuffix(".html") in names and page.endswith(".html"):
                element.set("href", f"{page.removesuffix('.html')}.xhtml{hash_}{anchor}")
            elif page and "://" not in page and not page.startswith("mailto:"):
                element.tag = "span"  # a file to download, which the EPUB does not hold
                del element.attrib["href"]
