"""The small book of fixtures/book, copied, and executed once for the tests that read it."""

import shutil
from pathlib import Path

import pytest

import tools.editions
import tools.notebooks
from tools.files import ROOT
from tools.mystmd import parse_book

FIXTURE = Path(__file__).parent / "fixtures/book"


def copy_book(target: Path) -> Path:
    """A book of one's own: the fixture's text with the real claims."""
    shutil.copytree(FIXTURE, target)
    (target / "data").mkdir(exist_ok=True)
    shutil.copy(ROOT / "data/claims.toml", target / "data")
    (target / "constraints.txt").write_text("torch==2.13.0\n")
    return target


@pytest.fixture(scope="session", autouse=True)
def same_text_is_parsed_once():
    """mystmd takes seconds: what it made of the same sources is used again, all session long."""
    known = {}

    def parse(root: Path = ROOT):
        files = [root / "myst.yml", *sorted((root / "chapters").rglob("*.*"))]
        text = tuple((file.relative_to(root), file.read_bytes()) for file in files if file.exists())
        if text not in known:
            known[text] = parse_book(root)
        return known[text]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tools.notebooks, "parse_book", parse)
        patch.setattr(tools.editions, "parse_book", parse)
        yield


@pytest.fixture(scope="session")
def executed(tmp_path_factory, same_text_is_parsed_once) -> Path:
    """The small book with its notebooks. Read it; copy it to change it."""
    root = copy_book(tmp_path_factory.mktemp("executed") / "book")
    assert tools.notebooks.main([], root) == 0
    return root


@pytest.fixture
def book(executed, tmp_path) -> Path:
    """A copy of the executed book that a test may change."""
    return Path(shutil.copytree(executed, tmp_path / "book"))
