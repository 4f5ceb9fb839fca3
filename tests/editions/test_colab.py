"""A notebook away from the checkout: its first cell installs what is missing, and the chapter runs."""

import copy
import shutil
import subprocess

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from guidelib import __version__
from tests.chromium import served
from tests.editions.away import Away, failure, fake_wheel, said
from tools import manifest
from tools.files import ROOT
from tools.first_cell import WHEEL, first_cell
from tools.mirror import SOURCES, write_mirror
from tools.notebooks import plan


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    """What a wheel is made of, the data with one more file, and the repository set."""
    root = tmp_path_factory.mktemp("release")
    for name in SOURCES:
        (root / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, root / name)
    shutil.copytree(ROOT / "guidelib", root / "guidelib", ignore=shutil.ignore_patterns("__pycache__"))
    for folder in ("checkpoints", "results", "stats"):  # what chapters download
        shutil.copytree(ROOT / "data" / folder, root / "data" / folder)
    (root / "data/probe").mkdir()
    (root / "data/probe/weights.bin").write_bytes(b"weights")
    (root / "myst.yml").write_text("project:\n  github: some/book\n")
    assert manifest.main([], root) == 0
    return root


@pytest.fixture(scope="module")
def mirror(release, tmp_path_factory):
    folder = tmp_path_factory.mktemp("mirror")
    write_mirror(folder, release)
    return folder


@pytest.fixture(scope="module")
def tasks():
    return plan([])


@pytest.fixture(scope="module")
def away(tmp_path_factory):
    return Away(tmp_path_factory.mktemp("away"))


def notebook(*cells: str, gpu: bool = False):
    return new_notebook(cells=[first_cell(gpu), *map(new_code_cell, cells)])


def test_the_mirror_beside_the_notebook_is_found_and_without_one_a_line_says_what_to_do(tmp_path, mirror):
    """No project.github is set: the archive's notebooks install from ../mirror, others say what to do."""
    away = Away(tmp_path)
    setup, after = away.run(notebook("import torch"), "alone")
    assert failure(setup) == (
        f"ImportError: pip could not install ../mirror/{WHEEL}; set GUIDELIB_MIRROR to where it is"
    )
    assert after.execution_count is None, "the notebook stops there"
    shutil.copytree(mirror, tmp_path / "mirror")
    code = "from guidelib.files import path\nprint(path('probe/weights.bin').read_bytes())"
    setup, after = away.run(notebook(code), "unpacked")
    assert failure(setup) is None and "b'weights'" in said(after)


def test_another_version_in_the_mirror_is_not_taken(tmp_path, mirror):
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(mirror / WHEEL, other / "guidelib-9.9.9-py3-none-any.whl")
    away = Away(tmp_path / "one")
    (setup,) = away.run(notebook(), "named", GUIDELIB_MIRROR=str(other))
    assert f"pip could not install {other}/{WHEEL}" in failure(setup)
    assert away.installed() == away.before


def test_what_is_missing_is_installed_and_what_is_there_is_left(tmp_path, mirror):
    """An older guidelib is replaced, pooch comes, torch and numpy stay the ones that are there."""
    fake_wheel(tmp_path, "guidelib", "0.0.1")
    fake_wheel(tmp_path, "pooch", "1.99")
    away = Away(tmp_path / "one", without=("pooch",))
    old = tmp_path / "guidelib-0.0.1-py3-none-any.whl"
    subprocess.run([away.python, "-m", "pip", "install", "-q", "--no-deps", old], check=True)
    assert "guidelib-0.0.1.dist-info" in away.installed()
    code = "import guidelib, pooch, torch\nprint(guidelib.__version__, guidelib.__file__, torch.__file__)"
    settings = {"GUIDELIB_MIRROR": str(mirror), "PIP_FIND_LINKS": str(tmp_path)}
    setup, after = away.run(notebook(code, gpu=True), "new", **settings)
    assert failure(setup) is None, said(setup)
    lines = said(setup).splitlines()
    assert lines[0].startswith(f"guidelib {__version__}, torch ") and ", numpy " in lines[0]
    assert lines[0].endswith(", CPU")
    assert lines[1] == (
        "This chapter expects a GPU and there is none; on a CPU it takes hours: "
        "Runtime > Change runtime type"
    )
    assert len(lines) == 2
    version, ours, torch = said(after).split()
    assert version == __version__ and ours.startswith(str(away.packages))
    assert torch.startswith(str(away.folder / "there"))
    assert away.installed() - away.before == {
        "guidelib", f"guidelib-{__version__}.dist-info", "pooch.py", "pooch-1.99.dist-info",
    }  # fmt: skip


def test_what_cannot_be_installed_is_named(tmp_path, mirror):
    away = Away(tmp_path, without=("pooch",))
    (setup,) = away.run(notebook(), "alone", GUIDELIB_MIRROR=str(mirror))
    message = "RuntimeError: pip could not install pooch>=1.8: ERROR: No matching distribution found"
    assert failure(setup).startswith(message)


def test_imports_of_every_chapter(away, mirror, tasks):
    """First cell and imports of every chapter, one after the other in one fresh notebook."""
    cells = [copy.deepcopy(task.chapter.cells[0].source) for task in tasks]
    setup, *imports = away.run(notebook(*cells), "imports", GUIDELIB_MIRROR=str(mirror))
    for cell in (setup, *imports):
        assert failure(cell) is None, f"{cell.source}\n{failure(cell)}"
    assert away.installed() - away.before == {"guidelib", f"guidelib-{__version__}.dist-info"}


def test_library_and_data_come_from_a_server(away, mirror, release):
    """With the repository set, and a mirror at an address instead of it; a file is checked and kept."""
    code = "from guidelib.files import path\nprint(path('probe/weights.bin').read_bytes())"
    book = new_notebook(cells=[first_cell(False, release), new_code_cell(code), new_code_cell(code)])
    assert "https://github.com/some/book/releases/download/" in book.cells[0].source
    shutil.rmtree(away.packages / "guidelib", ignore_errors=True)
    for info in away.packages.glob("guidelib-*"):
        shutil.rmtree(info)
    with served(mirror) as address:
        settings = {"GUIDELIB_MIRROR": address, "no_proxy": "127.0.0.1"}
        cells = away.run(book, "served", **settings)
    assert [failure(cell) for cell in cells] == [None, None, None], said(cells[0])
    assert "b'weights'" in said(cells[1]) and said(cells[2]) == "b'weights'\n"
    assert away.installed() - away.before == {"guidelib", f"guidelib-{__version__}.dist-info"}
    (offline,) = away.run(new_notebook(cells=[new_code_cell(code)]), "offline")
    assert failure(offline).startswith(
        "OSError: probe/weights.bin cannot be had from https://github.com/some/book/raw/v"
    )


def runs_wholly(task, away, mirror) -> None:
    cells = away.run(copy.deepcopy(task.fresh), task.chapter.name, GUIDELIB_MIRROR=str(mirror))
    # all of them: the stubs of the exercises too, which a reader who runs everything meets as they are
    assert [cell.id for cell in cells] == [c.id for c in task.fresh.cells if c.cell_type == "code"]
    assert all(cell.execution_count for cell in cells)
    assert said(cells[0]).startswith(f"guidelib {__version__}, torch ")
    for cell in cells:
        assert failure(cell) is None, f"{cell.source}\n{failure(cell)}"


def test_the_cheapest_chapter_runs_wholly(away, mirror, tasks):
    runs_wholly(min(tasks, key=lambda task: task.measured["seconds"]), away, mirror)


@pytest.mark.slow
def test_every_chapter_runs_wholly(away, mirror, tasks):
    for task in tasks[1:]:
        runs_wholly(task, away, mirror)
