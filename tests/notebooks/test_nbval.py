"""nbval over notebooks that are right, wrong and changed: the check can fail, and stops."""

import re
import shutil
import subprocess
import sys

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from tools.files import ROOT


def said(text: str) -> list:
    return [new_output("stream", name="stdout", text=text)]


def cell(source: str, count: int, text: str | None = None):
    tags = {"tags": ["nbval-check-output"]} if text is not None else {}
    outputs = said(text) if text is not None else []
    return new_code_cell(source, execution_count=count, metadata=tags, outputs=outputs)


NOTEBOOKS = {
    "right": [cell("x = 2", 1), cell("print(x)", 2, "2\n"), cell("assert x == 2", 3)],
    "perturbed": [cell("x = 2", 1), cell("print(x)", 2, "3\n"), cell("assert x == 2", 3)],
    "failing": [cell("assert 1 == 2", 1), cell("print(1)", 2, "1\n"), cell("y = 1", 3)],
}


@pytest.fixture(scope="module")
def outcomes(executed, tmp_path_factory):
    """One nbval run, as `make nbval` runs it, over the small notebooks and an exported one."""
    folder = tmp_path_factory.mktemp("nbval") / "notebooks"
    folder.mkdir()
    shutil.copy(ROOT / "notebooks/conftest.py", folder)
    shutil.copy(executed / "notebooks/01_every_construct.ipynb", folder / "exported.ipynb")
    for name, cells in NOTEBOOKS.items():
        nbformat.write(new_notebook(cells=cells), folder / f"{name}.ipynb")
    command = [sys.executable, "-m", "pytest", "--nbval-lax", "--nbval-current-env", "-v"]
    options = ["-p", "no:cacheprovider", "--rootdir", str(folder), str(folder)]
    done = subprocess.run([*command, *options], capture_output=True, text=True, cwd=folder)
    lines = re.findall(r"^(\w+)::ipynb::Cell (\d+) (\w+)", done.stdout, re.MULTILINE)
    found = {name: [] for name, _, _ in lines}
    for name, _, outcome in lines:
        found[name].append(outcome)
    return done, found


def test_a_right_notebook_is_green(outcomes):
    assert outcomes[1]["right"] == ["PASSED"] * 3


def test_an_exported_chapter_is_green(outcomes):
    # its last two cells are stubs: theirs is the reader's to run
    assert outcomes[1]["exported"] == ["PASSED"] * 5 + ["SKIPPED"] * 2


def test_a_perturbed_reference_is_red(outcomes):
    done, found = outcomes
    assert found["perturbed"] == ["PASSED", "FAILED", "SKIPPED"]
    assert done.returncode == 1


def test_a_notebook_stops_at_its_first_failing_cell(outcomes):
    done, found = outcomes
    assert found["failing"] == ["FAILED", "SKIPPED", "SKIPPED"]
    assert "2 failed" in done.stdout
