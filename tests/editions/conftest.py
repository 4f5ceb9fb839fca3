"""The small book of the notebooks' tests, with a site and with solutions that one kernel can run."""

import shutil
from pathlib import Path

import pytest

import tools.notebooks
from tests.notebooks.conftest import copy_book, same_text_is_parsed_once  # noqa: F401, a fixture
from tools.files import ROOT
from tools.site import build

OPENING = """
**You will** draw a line with $\\E x$.

**You will learn** what it says.

**You need** [the glossary](glossary.md).
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory) -> Path:
    """Executed, with its site. Copy it to change it."""
    root = copy_book(tmp_path_factory.mktemp("editions") / "book")
    for path in sorted((root / "chapters").glob("0*.md")):
        head, text = path.read_text().split("\n---\n", 1)
        text = text.replace("slope = None\n", "").replace(' and "doubled" not in globals()', "")
        path.write_text(f"{head}\n---\n{OPENING}{text}")
    config = root / "myst.yml"
    text = config.read_text().replace("template: theme", f"template: {ROOT / 'theme'}")
    config.write_text(text.replace("project:\n", "project:\n  id: small-book\n", 1))
    assert tools.notebooks.main([], root) == 0
    build(root)
    return root


@pytest.fixture
def book(made, tmp_path) -> Path:
    """A copy of the small book that a test may change."""
    return Path(shutil.copytree(made, tmp_path / "book"))
