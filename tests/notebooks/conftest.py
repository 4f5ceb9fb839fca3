"""The small book of fixtures/book, copied, and executed once for the tests that read it."""

import shutil
from pathlib import Path

import pytest

from tools.files import ROOT
from tools.notebooks import main

FIXTURE = Path(__file__).parent / "fixtures/book"


def copy_book(target: Path) -> Path:
    """A book of one's own: the fixture's text with the real claims."""
    shutil.copytree(FIXTURE, target)
    (target / "data").mkdir(exist_ok=True)
    shutil.copy(ROOT / "data/claims.toml", target / "data")
    (target / "constraints.txt").write_text("torch==2.13.0\n")
    return target


@pytest.fixture(scope="session")
def executed(tmp_path_factory) -> Path:
    """The small book with its notebooks. Read it; copy it to change it."""
    root = copy_book(tmp_path_factory.mktemp("executed") / "book")
    assert main([], root) == 0
    return root


@pytest.fixture
def book(executed, tmp_path) -> Path:
    """A copy of the executed book that a test may change."""
    return Path(shutil.copytree(executed, tmp_path / "book"))
