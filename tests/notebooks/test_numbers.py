"""A number in a notebook is the number on the site, for all that carries one.

The site is built from notebooks with stored outputs, the export from the chapters' text: two
sources, assembled apart, so that their numbers could differ.
"""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import nbformat
import pytest

from tools.files import ROOT
from tools.mystmd import build_content, parse_book
from tools.site_source import assemble

NUMBERED = ("math", "container", "exercise", "proof", "heading")


def numbers(mdast: dict) -> Iterator[tuple[str, str, str]]:
    """(kind, label, number) of all that is numbered, in order."""
    number = mdast.get("enumerator")
    if mdast["type"] in NUMBERED and number and mdast.get("kind") != "code":
        yield mdast.get("kind", mdast["type"]), mdast.get("label", ""), number
    for child in mdast.get("children", []):
        yield from numbers(child)


def site_numbers(root: Path, work: Path) -> dict[str, list]:
    assemble(root, work)
    build_content(work)
    contents = [json.loads(f.read_text()) for f in (work / "_build/site/content").glob("*.json")]
    return {Path(content["location"]).stem: list(numbers(content["mdast"])) for content in contents}


@pytest.fixture(scope="module", params=["small book", "real book"])
def both(request, executed, tmp_path_factory):
    """A book, mystmd's numbers for the export, and those of the site."""
    root = executed if request.param == "small book" else ROOT
    export = {path.stem: list(numbers(page.mdast)) for path, page in parse_book(root).pages.items()}
    return root, export, site_numbers(root, tmp_path_factory.mktemp("site") / "source")


def test_site_and_export_agree(both):
    _, export, site = both
    assert site == export
    kinds = {kind for found in export.values() for kind, _, _ in found}
    assert kinds >= {"math", "figure", "exercise", "heading"}


def test_the_notebooks_show_these_numbers(both):
    root, export, _ = both
    for path in sorted((root / "notebooks").glob("*.ipynb")):
        cells = nbformat.read(path, as_version=4).cells
        text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
        shown = [
            ("math", r"\\tag\{([\d.]+)\}"),
            ("figure", r"^\*\*Figure ([\d.]+)\.\*\*"),
            ("table", r"^\*\*Table ([\d.]+)\.\*\*"),
            ("exercise", r"^\*\*Exercise ([\d.]+\d)"),
            ("heading", r"^#+ (\d[\d.]*\d) "),
        ]
        for wanted, pattern in shown:
            expected = [number for kind, _, number in export[path.stem] if kind == wanted]
            assert re.findall(pattern, text, re.MULTILINE) == expected, (path.name, wanted)
