"""The README's and the front page's picture is the one that chapter 3 draws."""

import pytest

from tools import front
from tools.files import ROOT


def test_the_picture_is_the_chapters():
    assert (ROOT / front.PICTURE).read_bytes() == front.picture(), "run 'make notebooks' and commit it"


def test_the_readme_shows_it():
    assert f"]({front.PICTURE})" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_a_missing_notebook_is_named(tmp_path, capsys):
    assert front.main(tmp_path) == 1
    assert "03_what_cfg_samples.ipynb holds no picture" in capsys.readouterr().err
    assert not list(tmp_path.iterdir())


def test_without_the_cell_there_is_no_picture(monkeypatch):
    monkeypatch.setattr(front, "CELL", "cell-of-another-name")
    with pytest.raises(ValueError, match="cell-of-another-name"):
        front.picture()
