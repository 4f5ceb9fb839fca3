"""A small book that uses every construct, its site, built once, and a reader who opens it."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page

from tests.chromium import chromium, served
from tests.site.stored import write_notebooks
from tools.files import ROOT
from tools.site import build

CHAPTER = "every-construct.html"
SECOND = "second-chapter.html"


def make_book(root: Path) -> Path:
    """A copy of the fixture with executed notebooks, using the book's own theme."""
    shutil.copytree(Path(__file__).with_name("fixture"), root)
    config = root / "myst.yml"
    text = config.read_text(encoding="utf-8").replace("../../../theme", str(ROOT / "theme"))
    config.write_text(text, encoding="utf-8")
    write_notebooks(root)
    return root


@pytest.fixture
def book(tmp_path: Path) -> Path:
    return make_book(tmp_path / "book")


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(make_book(tmp_path_factory.mktemp("site") / "book"))


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
