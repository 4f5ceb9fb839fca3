"""The generated first cell: what it holds, where the repository is set and where not."""

import pytest

from guidelib import __version__, environment
from tests.notebooks.conftest import copy_book
from tools.chapters import BookError, github
from tools.first_cell import first_cell


def with_repository(root, address):
    path = root / "myst.yml"
    path.write_text(path.read_text().replace("project:\n", f"project:\n  github: {address}\n", 1))
    return root


@pytest.mark.parametrize(
    "given", ["some/book", "https://github.com/some/book", "https://github.com/some/book.git"]
)
def test_the_repository_comes_from_one_setting(tmp_path, given):
    root = copy_book(tmp_path / "book")
    assert github(root) is None
    assert github(with_repository(root, given)) == "https://github.com/some/book"


def test_a_bad_address_is_named(tmp_path):
    root = with_repository(copy_book(tmp_path / "book"), "https://example.org/some")
    with pytest.raises(BookError, match="myst.yml: github is 'https://example.org/some'; give OWNER/NAME"):
        github(root)


@pytest.mark.parametrize("address", [None, "some/book"])
def test_the_cell_is_short_folded_and_plain(tmp_path, address):
    root = copy_book(tmp_path / "book")
    cell = first_cell(True, with_repository(root, address) if address else root)
    lines = cell.source.split("\n")
    assert len(lines) <= 17 and max(map(len, lines)) <= 110
    assert cell.metadata["cellView"] == "form" and lines[0].startswith("# @title ")
    assert lines[-1].endswith(f'setup("{__version__}", gpu=True)')
    release = f"https://github.com/some/book/releases/download/v{__version__}"
    assert (release in cell.source) == bool(address)
    compile(cell.source, "cell", "exec")


def test_in_a_checkout_it_shows_nothing(capsys):
    exec(first_cell(True).source, {})
    assert environment.is_checkout() and capsys.readouterr() == ("", "")


def test_a_notebook_of_another_version_is_noticed(capsys):
    environment.setup("9.9.9")
    message = f"This notebook belongs to guidelib 9.9.9, and here is {__version__}: results may differ\n"
    assert capsys.readouterr().out == message
