"""Figures whose chapter does not show them yet: their blocks stand in fixture/."""

from pathlib import Path

from tools.figures import figures
from tools.moving import Moving, moving_figures

FOLDER = Path(__file__).with_name("fixture")


def all_figures() -> list[Moving]:
    """The book's moving figures and those that wait."""
    found = figures()
    for path in sorted(FOLDER.glob("*.md")):
        found += moving_figures(path, path.read_text(encoding="utf-8"))
    return found
