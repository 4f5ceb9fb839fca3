"""Check a built site: every internal link, picture, script, style sheet and anchor must be there."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

ADDRESSES = {"href", "src", "poster", "data-module"}


class _Page(HTMLParser):
    """The anchors of a page and the addresses it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: list[str] = []
        self.addresses: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" and value:
                self.anchors.append(value)
            elif name in ADDRESSES:
                self.addresses.append(value or "")


def check_links(site: Path) -> list[str]:
    """One line for every link to nothing and every anchor given twice; empty when all is well."""
    site = site.resolve()
    files = {path: _Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    problems = []
    for path, page in files.items():
        name = path.relative_to(site)
        for anchor in sorted({a for a in page.anchors if page.anchors.count(a) > 1}):
            problems.append(f"{name}: the anchor #{anchor} is there twice")
        for address in sorted(set(page.addresses)):
            problem = _problem(site, path, address, files)
            if problem:
                problems.append(f"{name}: {address or 'an empty link'}: {problem}")
    for path in sorted(site.rglob("*.css")):
        for address in re.findall(r"url\(['\"]?([^)'\"]+)['\"]?\)", path.read_text(encoding="utf-8")):
            if not address.startswith("data:") and not (path.parent / address).is_file():
                problems.append(f"{path.relative_to(site)}: {address}: there is no such file")
    return problems


def _problem(site: Path, page: Path, address: str, files: dict[Path, _Page]) -> str | None:
    parts = urlsplit(address)
    if parts.scheme in {"http", "https", "mailto", "data"} or parts.netloc:
        return None
    if not address or parts.scheme:
        return "not an address"
    if parts.path.startswith("/"):
        return "starts at the root of the server; the site must work under any path"
    target = (page.parent / unquote(parts.path)).resolve() if parts.path else page
    if not target.is_file():
        return "there is no such file"
    if not target.is_relative_to(site):
        return "leads out of the site"
    if parts.fragment and target in files and unquote(parts.fragment) not in files[target].anchors:
        return "there is no such anchor"
    return None
