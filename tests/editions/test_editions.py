"""The editions of the small book: what is in them, that they are the same again, and what stops them."""

import hashlib
import io
import json
import shutil
import zipfile
from dataclasses import replace

import nbformat
import pytest
from PIL import Image

import tools.notebooks
from tools.bundle import archive, sums, write_files
from tools.chapters import BookError
from tools.editions import build, main
from tools.execute import chapter_cells
from tools.exercises import exercises
from tools.notebooks import plan
from tools.solved import write_solved

NAME = "01_every_construct"


@pytest.fixture(scope="module")
def editions(made, tmp_path_factory):
    """Every edition but the PDF, made once."""
    root = shutil.copytree(made, tmp_path_factory.mktemp("made") / "book")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tools.editions.pdf", lambda root: None)
        return build(root=root).parent


def read(folder, name: str) -> str:
    return (folder / name).read_text(encoding="utf-8")


def test_the_archive_holds_all_with_right_checksums(editions):
    (path,) = editions.glob("*.zip")
    outside = (editions / f"{path.name}.sha256").read_text()
    assert outside == f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
    with zipfile.ZipFile(path) as packed:
        held = {name.split("/", 1)[1]: packed.read(name) for name in packed.namelist()}
        folders = {name.split("/", 1)[0] for name in packed.namelist()}
    assert folders == {path.stem}
    lines = dict(reversed(line.split("  ")) for line in held.pop("SHA256SUMS").decode().splitlines())
    assert lines == {name: hashlib.sha256(content).hexdigest() for name, content in held.items()}
    for name in held:
        assert (editions / name).read_bytes() == held[name]
    assert {f"notebooks/{NAME}.ipynb", f"solved/{NAME}.ipynb", f"course/{NAME}/plan.md", "book.epub",
            "LICENSE", "LICENSE-TEXT", "README.md"} <= held.keys()  # fmt: skip
    assert any(name.startswith("mirror/guidelib-") for name in held)


def test_again_gives_the_same_bytes_and_runs_nothing(editions, capsys, monkeypatch):
    monkeypatch.setattr("tools.editions.pdf", lambda root: None)
    monkeypatch.setattr("tools.solved.run", None)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in editions.rglob("*.*")
              if path.is_file() and path.suffix != ".ipynb"}  # fmt: skip
    (editions / "course/left-over.md").write_text("of an older version")
    build(root=editions.parents[1])
    assert f"solved/{NAME}: up to date" in capsys.readouterr().out
    assert not (editions / "course/left-over.md").exists()
    assert before == {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before}


def test_the_solved_notebook_answers_every_exercise(editions, made):
    notebook = nbformat.read(editions / f"solved/{NAME}.ipynb", as_version=4)
    cells = {cell.id: cell for cell in notebook.cells}
    first = cells["ex-first"]
    assert first.source == 'doubled = 2 * slope\n\ncheck("ex-first", doubled)'
    assert first.outputs[0].data["text/plain"] == "Right."
    assert cells["ex-first-1"].source == "assert doubled == 4"
    assert all(cell.execution_count for cell in chapter_cells(notebook))
    assert "..." not in "".join(cell.source for cell in chapter_cells(notebook))
    assert "**Solved edition.**" in notebook.cells[0].source
    reader = nbformat.read(made / f"notebooks/{NAME}.ipynb", as_version=4)
    assert "Solved" not in reader.cells[0].source
    assert cells["cell-line"].outputs[0].metadata["image/png"]["alt"].startswith("A line that")


def test_solutions_must_work_one_after_the_other(made, tmp_path):
    (task,) = plan([NAME], made)
    mdast = tools.notebooks.parse_book(made).pages[task.chapter.path].mdast
    first, second = exercises(task.chapter.path, mdast, task.chapter.text)
    spoils = replace(first, answer="doubled = 2 * slope; slope = 0")
    where = f"^chapters/{NAME}.md:{second.line}: "
    with pytest.raises(BookError, match=f"{where}cell 8 failed: AssertionError"):
        write_solved(task, [spoils, second], tmp_path / "one.ipynb", made)
    wrong = replace(second, answer="answer = False", looks=())
    with pytest.raises(BookError, match=f"{where}exercise 1.2, solved after .* is not accepted: Not yet"):
        write_solved(task, [first, wrong], tmp_path / "one.ipynb", made)
    assert not (tmp_path / "one.ipynb").exists()


def test_the_plan_says_what_a_teacher_asks(editions):
    text = read(editions, f"course/{NAME}/plan.md")
    assert "**Do.** Draw a line with $\\mathbb{E} x$." in text
    assert "**Learn.** What it says." in text
    assert "**Prerequisites.** The glossary." in text, "a sheet is handed out without the book's pages"
    assert "| Exercise 1.1 A first one | predict | 1/5 | 5 |" in text
    assert "all exercises take 15" in text and "The rule: 120 words a minute" in text


def test_the_sheet_holds_no_solution_and_the_teachers_does(editions):
    sheet = read(editions, f"course/{NAME}/exercises.md")
    assert "Double the slope." in sheet and "doubled = ..." in sheet
    teacher = read(editions, f"course/{NAME}/teacher/solutions.md")
    for hidden in ("2 * slope", "Twice.", "assert doubled"):
        assert hidden not in sheet and hidden in teacher
    page = read(editions, f"course/{NAME}/exercises.html")
    assert page.startswith("<!doctype html>") and "2 * slope" not in page


def test_figures_have_the_size_of_a_slide(editions):
    with Image.open(editions / f"course/{NAME}/figures/cell-line.png") as slide:
        assert slide.size == (1280, 720)
        assert slide.getpixel((0, 0)) == (255, 255, 255)
        colours = slide.convert("L").getextrema()
    assert colours[0] < 128, "something is drawn"
    with Image.open(editions / f"course/{NAME}/figures/still.png") as slide:
        assert slide.size == (1280, 720), "a picture from a file"
    text = read(editions, f"course/{NAME}/figures.md")
    assert "![A grey square.](figures/still.png)\n\n**Figure 1.2.** A picture from a file." in text
    assert "![A line that rises from 0 to 2.](figures/cell-line.png)\n\n**Figure 1.1.** What to" in text


def test_a_stale_notebook_stops_it(book, capsys):
    path = book / f"chapters/{NAME}.md"
    path.write_text(path.read_text().replace("slope = 2\n", "slope = 2.0\n"))
    assert main([], book) == 1
    error = capsys.readouterr().err
    stale = f"notebooks/{NAME}.ipynb is stale: its code, the library, data or pins changed"
    assert error == f"{stale}\nrun 'make notebooks'\n"


def test_a_notebook_without_outputs_stops_it(book, capsys):
    path = book / f"notebooks/{NAME}.ipynb"
    notebook = json.loads(path.read_text())
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            cell["outputs"], cell["execution_count"] = [], None
    path.write_text(json.dumps(notebook))
    assert main([], book) == 1
    assert capsys.readouterr().err.startswith(f"notebooks/{NAME}.ipynb is stale")


def test_no_site_stops_it(book, capsys):
    shutil.rmtree(book / "_build/html")
    assert main([], book) == 1
    assert capsys.readouterr().err == "there is no site in _build/html; run 'make book'\n"


def test_a_place_that_cannot_be_written(book, capsys):
    (book / "_build/editions").write_text("a file where a folder must be")
    assert main([], book) == 1
    error = capsys.readouterr().err
    assert error.startswith("editions: ") and error.endswith("; nothing there can be written\n")
    assert error.count("\n") == 1


def test_archives_do_not_depend_on_the_clock(tmp_path):
    files = {"a/b.txt": b"1", "c.txt": b"2"}
    packed = archive(files, "top")
    assert packed == archive(files, "top")
    with zipfile.ZipFile(io.BytesIO(packed)) as opened:
        assert opened.namelist() == ["top/a/b.txt", "top/c.txt"]
        assert {entry.date_time[0] for entry in opened.infolist()} == {2020}
    write_files(files, tmp_path)
    write_files({"c.txt": b"3"}, tmp_path)
    assert [path.name for path in tmp_path.rglob("*")] == ["c.txt"]
    assert sums({"c.txt": b"3"}) == f"{hashlib.sha256(b'3').hexdigest()}  c.txt\n".encode()
