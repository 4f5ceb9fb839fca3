"""A small book that uses every construct, and its site, built once."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.site.stored import write_notebooks
from tools.files import ROOT
from tools.site import build


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
