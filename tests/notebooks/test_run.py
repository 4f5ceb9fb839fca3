"""Executing chapters: what is stored, what is kept, what is measured, and what is refused."""

import json
import sys
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output

from guidelib.ledger import MIME
from tests.notebooks.conftest import copy_book
from tools.chapters import BookError, Cell, read_chapter
from tools.execute import Trial, chapter_cells, clean, run, stamp
from tools.export import describe_images
from tools.files import ROOT, write_text
from tools.notebooks import finish, main, records
from tools.status import check_budget

FIRST, SECOND = "01_every_construct", "02_second"


def stored(root: Path, name: str):
    return nbformat.read(root / f"notebooks/{name}.ipynb", as_version=4)


def chapter_of(code: list[str], root: Path):
    """The fixture's second chapter with other cells, and the notebook to run."""
    cells = tuple(Cell(source, (), None, 40 + i) for i, source in enumerate(code))
    chapter = replace(read_chapter(Path(f"chapters/{SECOND}.md"), root), cells=cells)
    return chapter, new_notebook(cells=[new_code_cell(source) for source in code])


def test_outputs_counts_and_metadata_are_stored(executed):
    notebook = stored(executed, FIRST)
    code = chapter_cells(notebook)
    assert [cell.execution_count for cell in code] == [1, 2, 3, 4]
    assert code[2].outputs[0].text == "slope 2\n"
    assert code[1].outputs[0].metadata == {"image/png": {"alt": "A line that rises from 0 to 2."}}
    assert [entry["claim"] for entry in records(notebook)] == ["B4", "B5"]
    # the last line of a cell is a record: it is shown once
    assert sum(MIME in output.get("data", {}) for output in code[2].outputs) == 1
    assert set(notebook.metadata) == {"kernelspec", "language_info", "guidelib"}
    assert notebook.metadata.language_info == {"name": "python"}
    nbformat.validate(notebook)


def test_the_cell_that_installs_comes_first_and_holds_no_output(executed):
    for path in (executed / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        first = notebook.cells[1]
        assert first.id == "setup" and first.outputs == [] and first.execution_count is None
        assert first not in chapter_cells(notebook)


def test_what_it_cost_is_kept_apart(executed):
    status = json.loads((executed / "data/status.json").read_text())
    assert list(status) == [FIRST, SECOND]
    entry = status[FIRST]
    assert 0 < entry["seconds"] < 30 and 50 < entry["memory_mib"] < 1024
    assert entry["download_mib"] == 0 and entry["torch"][0].isdigit()
    text = (executed / f"notebooks/{FIRST}.ipynb").read_text()
    assert entry["machine"] not in text and str(executed) not in text


def test_a_second_run_does_nothing_and_a_forced_one_gives_the_same(book, capsys):
    paths = [book / f"notebooks/{name}.ipynb" for name in (FIRST, SECOND)]
    before = [path.read_bytes() for path in paths]
    assert main([], book) == 0
    assert capsys.readouterr().out == f"{FIRST}: up to date\n{SECOND}: up to date\n"
    assert main(["--force", SECOND], book) == 0
    assert "02_second: executed in" in capsys.readouterr().out
    assert [path.read_bytes() for path in paths] == before


def test_text_is_exported_again_without_a_kernel(book, capsys, monkeypatch):
    path = book / f"chapters/{FIRST}.md"
    path.write_text(path.read_text().replace("Say it.", "Say it twice."))
    assert main(["--check"], book) == 1
    out = capsys.readouterr().out
    assert out == f"notebooks/{FIRST}.ipynb is stale: its text changed\nrun 'make notebooks'\n"
    monkeypatch.setattr("tools.notebooks.run", lambda *_: pytest.fail("it ran the chapter"))
    before = [cell.outputs for cell in chapter_cells(stored(book, FIRST))]
    assert main([], book) == 0
    assert f"{FIRST}: text exported, outputs kept" in capsys.readouterr().out
    after = stored(book, FIRST)
    assert [cell.outputs for cell in chapter_cells(after)] == before
    assert any("Say it twice." in cell.source for cell in after.cells)


@pytest.mark.parametrize("what", ["code", "tags", "solution", "data", "pins", "claim", "library"])
def test_the_stamp_covers(book, what):
    path, old, new = {
        "code": (f"chapters/{FIRST}.md", "slope = 2\n", "slope = 1 + 1\n"),
        "tags": (f"chapters/{FIRST}.md", "[remove-cell]", "[raises-exception]"),
        "data": ("data/weights.json", "", "{}"),
        "pins": ("constraints.txt", "2.13.0", "2.13.1"),
        "claim": ("data/claims.toml", "1e-9", "1e-8"),
        "library": ("guidelib/new.py", "", "x = 1"),
        "solution": ("none", "", ""),
    }[what]
    path, solution = book / path, Trial("solution of Exercise 1.1", 1, "x = 1")

    def now() -> str:
        return stamp(read_chapter(Path(f"chapters/{FIRST}.md"), book), [solution], book)

    before = now()
    assert now() == before
    text = path.read_text() if path.exists() else ""
    path.parent.mkdir(exist_ok=True)
    path.write_text(text.replace(old, new))
    if what == "solution":
        solution = replace(solution, code="x = 2")
    assert now() != before


@pytest.mark.parametrize("what", ["text", "claims of other chapters", "measurements"])
def test_the_stamp_leaves_out(book, what):
    path, old, new = {
        "text": (f"chapters/{FIRST}.md", "Say it.", "Say it twice."),
        "claims of other chapters": ("data/claims.toml", "bound = 0.05", "bound = 0.06"),
        "measurements": ("data/status.json", '"seconds"', '"second"'),
    }[what]
    path = book / path
    assert old in path.read_text()

    def now() -> str:
        return stamp(read_chapter(Path(f"chapters/{FIRST}.md"), book), [], book)

    before = now()
    path.write_text(path.read_text().replace(old, new))
    assert now() == before


def test_missing_emptied_and_orphaned_notebooks(book, capsys):
    (book / "notebooks/01_every_construct.ipynb").unlink()
    emptied = stored(book, SECOND)
    for cell in emptied.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    nbformat.write(emptied, book / f"notebooks/{SECOND}.ipynb")
    (book / "notebooks/09_gone.ipynb").write_text("{}")
    assert main(["--check"], book) == 1
    assert capsys.readouterr().out.split("\n")[:3] == [
        f"notebooks/{FIRST}.ipynb is missing",
        f"notebooks/{SECOND}.ipynb is stale: its code, the library, data or pins changed",
        "notebooks/09_gone.ipynb has no chapter; delete it",
    ]


def test_unknown_chapter_is_named_with_those_there_are(book, capsys):
    assert main(["04_none"], book) == 1
    assert capsys.readouterr().err == (
        f"no chapter 04_none; chapters are: {FIRST}, {SECOND}\n"
    )  # fmt: skip


def test_a_failing_chapter_leaves_its_notebook_alone(book, capsys):
    path = book / f"chapters/{SECOND}.md"
    path.write_text(path.read_text().replace("print(1 + 1)", "print(2)\nassert 1 == 2, 'no'"))
    before = {f.name: f.read_bytes() for f in (book / "notebooks").iterdir()}
    status = (book / "data/status.json").read_bytes()
    assert main([], book) == 1
    captured = capsys.readouterr()
    assert f"{FIRST}: up to date" in captured.out
    assert captured.err == f"chapters/{SECOND}.md:32: cell 1 failed: AssertionError: no\n"
    assert {f.name: f.read_bytes() for f in (book / "notebooks").iterdir()} == before
    assert (book / "data/status.json").read_bytes() == status


BAD_CELLS = {
    "network": (
        "import urllib.request\nurllib.request.urlopen('http://example.org')",
        r"chapters run without a network, and this one asks for example.org",
    ),
    "address by number": (
        "import socket\nsocket.create_connection(('192.0.2.1', 80), timeout=5)",
        r"ConnectionRefusedError: chapters run without a network, .* 192.0.2.1",
    ),
    "death": ("import os\nos._exit(1)", r"cell 1 killed its kernel"),
}


@pytest.mark.parametrize(("source", "message"), BAD_CELLS.values(), ids=BAD_CELLS)
def test_bad_cell(tmp_path, source, message):
    root = copy_book(tmp_path / "book")
    chapter, notebook = chapter_of([source], root)
    with pytest.raises(BookError, match=rf"^chapters/{SECOND}.md:40: .*{message}"):
        run(notebook, chapter, [], root)


BAD_OUTPUTS = {
    "stderr": (new_output("stream", name="stderr", text="Warning: old\n"), "writes to stderr: 'Wa"),
    "address": (
        new_output("execute_result", {"text/plain": "[<a.B object at 0x7f3e4a3a71d0>]"}),
        r"shows the address <a.B object at 0x7f3e4a3a71d0>; end the cell's last line with ;",
    ),
    "path": (new_output("stream", text=f"in {sys.prefix}/lib\n"), "shows the path .* of this mach"),
    "large": (
        new_output("display_data", {"image/png": "A" * 500_000}), "shows an image over 300 kB",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("output", "message"), BAD_OUTPUTS.values(), ids=BAD_OUTPUTS)
def test_bad_output(output, message):
    with pytest.raises(BookError, match=f"^here {message}"):
        clean(new_code_cell("x", outputs=[output]), "here", ROOT)


def test_what_differs_from_run_to_run_is_dropped():
    error = new_output("error", ename="E", evalue="no", traceback=["/somewhere/x.py", "line 3"])
    image = new_output(
        "display_data", {"image/png": "AA", "text/plain": "<Figure>"}, metadata={"when": "now"}
    )
    cell = new_code_cell("x", outputs=[error, image], metadata={"execution": {"start": "now"}})
    clean(cell, "here", ROOT)
    assert cell.metadata == {} and cell.outputs[1].metadata == {}
    assert cell.outputs[0].traceback == ["E: no"]


def test_a_cell_that_hangs_is_stopped(tmp_path, monkeypatch):
    monkeypatch.setattr("tools.execute.GRACE_SECONDS", 0)
    root = copy_book(tmp_path / "book")
    chapter, notebook = chapter_of(["import time", "time.sleep(60)"], root)
    chapter = replace(chapter, budget=replace(chapter.budget, seconds=2))
    with pytest.raises(BookError, match=r"md:41: cell 2 ran into the time limit and was stopped"):
        run(notebook, chapter, [], root)


def test_solutions_see_the_chapter_and_leave_nothing(tmp_path):
    root = copy_book(tmp_path / "book")
    chapter, notebook = chapter_of(["x = 1", "import socket; s = socket.create_server(('', 0))\n"
                                    "socket.create_connection(s.getsockname()).close()"], root)  # fmt: skip
    good = Trial("solution of Exercise 2.1", 50, "def f():\n    return x\n\ny = f()\nx = 5")
    also = Trial("solution of Exercise 2.2", 60, "assert x == 1\nassert 'y' not in globals()")
    measured = run(notebook, chapter, [good, also], root)
    assert 0 < measured.seconds < 20 and 20 < measured.memory_mib < 512
    assert [cell.execution_count for cell in notebook.cells] == [1, 2]
    bad = Trial("solution of Exercise 2.3", 70, "a = x\nassert a == 2, a")
    with pytest.raises(
        BookError, match=r"md:70: solution of Exercise 2.3 failed \(its line 2\): AssertionError: 1"
    ):
        run(notebook, chapter, [good, bad], root)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        (("B4",), "a cell records claim B5, which the front matter lacks"),
        (("B3", "B4", "B5"), "claim B3 is named and no cell records it"),
        (("B99", "B4", "B5"), "unknown claim B99; data/claims.toml has B1"),
    ],
)
def test_claims_and_front_matter_agree(executed, claims, message):
    chapter = replace(read_chapter(Path(f"chapters/{FIRST}.md"), executed), claims=claims)
    with pytest.raises(BookError, match=f"^chapters/{FIRST}.md:20: {message}"):
        finish(stored(executed, FIRST), chapter, executed)


def test_over_budget(book, capsys):
    chapter = read_chapter(Path(f"chapters/{SECOND}.md"), book)
    check_budget(chapter, {"seconds": 20, "memory_mib": 512, "download_mib": 0})
    with pytest.raises(BookError, match=r"over budget: seconds 20.5 measured, 20 declared; mem"):
        check_budget(chapter, {"seconds": 20.5, "memory_mib": 600, "download_mib": 0})
    path = book / f"chapters/{SECOND}.md"
    path.write_text(path.read_text().replace("memory_mib: 512", "memory_mib: 5"))
    for arguments in ([SECOND], ["--force", SECOND]):
        assert main(arguments, book) == 1
        error = capsys.readouterr().err
        assert f"chapters/{SECOND}.md:1: over budget: memory_mib " in error
        assert "measured, 5 declared; make the chapter cheaper, or declare" in error


def test_download_must_be_none(book):
    chapter, notebook = chapter_of(["x = 1"], book)
    chapter = replace(chapter, budget=replace(chapter.budget, download_mib=3))
    with pytest.raises(BookError, match="download_mib is 3; chapters run without a network"):
        run(notebook, chapter, [], book)


def test_images_and_figures_belong_together(executed):
    chapter = read_chapter(Path(f"chapters/{FIRST}.md"), executed)
    notebook = stored(executed, FIRST)
    first, drawn = chapter_cells(notebook)[:2]
    drawn.outputs *= 2
    with pytest.raises(BookError, match="md:54: cell cell-line stands in a figure and shows 2 im"):
        describe_images(notebook, chapter)
    drawn.outputs = drawn.outputs[:1]
    first.outputs = drawn.outputs
    with pytest.raises(BookError, match=r"md:44: the cell shows an image and no \{figure\} after"):
        describe_images(notebook, chapter)


def test_files_are_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "file.txt"
    write_text(path, "before")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "after \ud800")
    assert path.read_text() == "before"
    assert [f.name for f in tmp_path.iterdir()] == ["file.txt"]
