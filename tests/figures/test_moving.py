"""Moving figures: what a chapter may write, and that modules and still pictures are up to date."""

import gzip
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tools.chapters import BookError
from tools.figures import SOURCES, bundle, check_options, figures, key, key_of
from tools.files import ROOT
from tools.moving import moving_figures

PAGE = Path("chapters/01_page.md")
GOOD = """A line.

::::{figure}
:label: fig-noise
:placeholder: figures/noise.png
:alt: Four curves.

:::{anywidget} figures/noise.mjs
{"weights": [0.5, 0.5], "means": [-2, 1], "widths": [0.5, 0.5],
 "sigma": 1.0, "probe": 0}
:::

What to notice.
::::
"""
BOOK = figures()


def test_a_good_one():
    (figure,) = moving_figures(PAGE, GOOD)
    assert (figure.name, figure.still) == ("noise", "figures/noise.png")
    assert figure.options["means"] == [-2, 1] and figure.where == "chapters/01_page.md:8"
    check_options(figure)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"probe": 0}', '"probe": 0,}', r":10: the options of a moving figure are not JSON: "),
        ('"probe": 0}', '"probe": 0', r":1\d: the options of a moving figure are not JSON"),
        ('{"weights"', '[{"weights"', r":1\d: the options"),
        (":placeholder: figures/noise.png\n", "", r":7: .* here :placeholder: is missing"),
        (":alt: Four curves.\n", "", r":7: .* here :alt: is missing"),
        ("::::{figure}\n", "::::{note}\n", r":8: .* :label:, :placeholder:, :alt: is missing"),
        ("figures/noise.mjs", "noise.js", r":8: \{anywidget\} noise.js: a module is named figures/NAME.mjs"),
        ("figures/noise.mjs", "figures/nose.mjs", r":8: no figure 'nose'; there are noise"),
        ('"probe"', '"prove"', r":8: unknown option 'prove' of the figure noise; it takes weights, means"),
        (', "probe": 0', "", r":8: missing option 'probe' of the figure noise"),
        ("[-2, 1]", '[-2, "1"]', r":8: option 'means' is \[-2, '1'\]; wanted is list\[float\]"),
        ('"probe": 0', '"probe": true', r":8: option 'probe' is True; wanted is float"),
    ],
)
def test_a_bad_one_is_named_with_file_and_line(old, new, message):
    assert old in GOOD
    with pytest.raises(BookError, match=r"^chapters/01_page.md" + message):
        for figure in moving_figures(PAGE, GOOD.replace(old, new)):
            check_options(figure)


@pytest.mark.parametrize("figure", BOOK, ids=lambda figure: figure.still)
def test_a_figure_of_the_book_is_up_to_date_and_small(figure):
    module, still = ROOT / "chapters" / figure.module, ROOT / "chapters" / figure.still
    assert module.read_text() == bundle(figure.name), "run 'python -m tools.figures'"
    assert key_of(still) == key(figure), "run 'python -m tools.figures'"
    assert still.stat().st_size < 60_000
    assert len(gzip.compress(module.read_bytes())) < 15_000  # as a server sends it


def test_no_module_or_still_is_left_over():
    sources = {path.stem for path in (ROOT / SOURCES).glob("*.mjs")}
    used = {figure.name for figure in BOOK}
    shared = {name for text in (ROOT / SOURCES).glob("*.mjs")
              for name in re.findall(r"from '\./([\w-]+)\.mjs'", text.read_text())}  # fmt: skip
    assert sources == used | shared
    assert {path.stem for path in (ROOT / "chapters/figures").glob("*.mjs")} == used


def test_a_bundle_runs_alone(tmp_path):
    """mystmd copies one file under another name; it must find nothing beside it."""
    for name in {figure.name for figure in BOOK}:
        (tmp_path / "w-0a1b.mjs").write_text(bundle(name))
        script = "import('./w-0a1b.mjs').then((m) => process.exit(m.default.render.length === 1 ? 0 : 1))"
        node = Path(sys.executable).with_name("node")
        subprocess.run([node if node.exists() else "node", "-e", script], cwd=tmp_path, check=True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("import x from './mixture.mjs';\n", "import only as"),
        ("import { y } from './nothing.mjs';\n", "nothing.mjs, which is not there"),
        ("import { one } from './part.mjs';\nconst shared = 1;\n", "both define shared"),
        ("import { one } from './bad.mjs';\n", "export only before"),
    ],
)
def test_what_cannot_be_bundled(tmp_path, text, message):
    folder = tmp_path / SOURCES
    folder.mkdir(parents=True)
    (folder / "part.mjs").write_text("const shared = 1;\nexport const one = shared;\n")
    (folder / "bad.mjs").write_text("const one = 1;\nexport { one };\n")
    (folder / "new.mjs").write_text(text)
    with pytest.raises(BookError, match=message):
        bundle("new", tmp_path)
