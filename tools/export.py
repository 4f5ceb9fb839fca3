"""Assemble a chapter's notebook: text from mystmd's tree, code from jupytext, no outputs yet."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.chapters import BookError, Budget, Cell, Chapter, line_of
from tools.execute import GENERATED, Trial, chapter_cells
from tools.exercises import Exercise, exercises
from tools.files import ROOT
from tools.first_cell import first_cell
from tools.inline import Context, escape
from tools.moving import moving_figures
from tools.mystmd import Book, Page
from tools.plain import block, caption, footnotes, shows_cell

TITLE = "Guiding Diffusion Models"
HIDES_SOURCE = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
_HIDES_OUTPUT = {"hide-output", "hide-cell", "remove-output", "remove-cell"}


def cost_line(budget: Budget) -> str:
    """What running a chapter costs at most, in words: for the notebook, the site and `status`."""
    memory = (
        f"{budget.memory_mib / 1024:g} GiB" if budget.memory_mib >= 1024 else f"{budget.memory_mib:g} MiB"
    )
    download = f"{budget.download_mib:g} MiB of downloads" if budget.download_mib else "no download"
    return f"at most {budget.seconds:g} s on two CPU cores, {memory} of memory, {download}"


def export(chapter: Chapter, book: Book, chapters: list[Path], root: Path = ROOT) -> NotebookNode:
    """The chapter as a notebook without outputs; raises BookError at what it cannot show."""
    page = book.pages[chapter.path]
    moving_figures(chapter.path, chapter.text)  # complains early
    if page.problems:
        raise BookError("\n".join(page.problems))
    context = Context(chapter.path, page.macros, book.addresses, set(chapters), chapter.text)
    cells = [new_markdown_cell(_head(chapter)), *_body(chapter, page, context)]
    if context.footnotes:
        cells.append(new_markdown_cell(f"## Notes\n\n{footnotes(context)}"))
    if page.citations:
        entries = "\n".join(f"- {entry}" for entry in page.citations)
        cells.append(new_markdown_cell(f"## References\n\n{entries}"))
    attach(cells, context.attachments, root)
    _name(cells)
    cells.insert(1, first_cell(chapter.gpu, root))
    metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
        "guidelib": {"source": chapter.path.as_posix()},
    }
    return new_notebook(cells=cells, metadata=metadata)


def figures(chapter: Chapter) -> dict[str, str]:
    """The alt text of every figure that a cell draws, by the label of the cell.

    mystmd drops the alt text of a figure that embeds a cell, so it is read from the source.
    """
    found = {}
    opening = r"^[ \t]*[`:]{3,}\{figure\}[ \t]+#(\S+)[ \t]*\n((?:[ \t]*:[\w-]+:.*\n)*)"
    for match in re.finditer(opening, chapter.text, re.MULTILINE):
        line = chapter.text.count("\n", 0, match.start()) + 1
        alt = re.search(r":alt:[ \t]*(\S.*)", match[2])
        if not alt:
            raise BookError(f"{chapter.path}:{line}: figure #{match[1]} has no :alt: text")
        if match[1] not in {cell.label for cell in chapter.cells}:
            raise BookError(f"{chapter.path}:{line}: figure #{match[1]}: no cell has this label")
        found[match[1]] = alt[1].strip()
    return found


def exercise_cell(exercise: Exercise) -> NotebookNode:
    """The stub and its check, for the reader to fill in and run: the book does not run it."""
    # nbval and mystmd each have their own tag
    tags = [GENERATED, "exercise", "nbval-skip", "skip-execution"]
    made = new_code_cell(exercise.cell, metadata={"tags": tags})
    made["id"] = exercise.label
    return made


def describe_images(notebook: NotebookNode, chapter: Chapter) -> None:
    """Alt text into the metadata of the images; raises BookError where text or image is missing."""
    alts = figures(chapter)
    for cell, source in zip(chapter_cells(notebook), chapter.cells, strict=True):
        images = [output for output in cell.outputs if "image/png" in output.get("data", {})]
        where = f"{chapter.path}:{source.line}"
        if source.label in alts and len(images) != 1:
            raise BookError(
                f"{where}: cell {source.label} stands in a figure and shows {len(images)} images; "
                "a figure is one image"
            )
        if images and source.label not in alts:
            raise BookError(
                f"{where}: the cell shows an image and no {{figure}} after it gives its alt text; "
                "give the cell a :label: and a figure, or end its last line with ;"
            )
        for output in images:
            output.metadata = NotebookNode({"image/png": {"alt": alts[source.label]}})


def trials(found: list[Exercise]) -> list[Trial]:
    """What is run after the chapter: every solution, which its check must accept, and every stub."""
    todo = []
    for exercise in found:
        name = f"Exercise {exercise.number}"
        accepted = f"_verdict = {exercise.check}\nassert _verdict, _verdict"
        code = "\n\n".join([exercise.answer, accepted, *exercise.looks])
        todo.append(Trial(f"solution of {name}", exercise.line, code))
        open_still = f"_verdict = {exercise.check}\nassert _verdict.name == 'unanswered', _verdict"
        todo.append(Trial(f"stub of {name}", exercise.line, f"{exercise.stub}\n\n{open_still}"))
    return todo


def _head(chapter: Chapter) -> str:
    command = "python -m tools.notebooks"
    return (
        f"<!-- Generated from {chapter.path.as_posix()} by `{command}`: edit that file. -->\n"
        f"# {escape(chapter.title)}\n\n"
        f"*{escape(chapter.description)}*\n\n"
        f"> **Cost.** Running this chapter takes {cost_line(chapter.budget)}."
    )


def _body(chapter: Chapter, page: Page, context: Context) -> Iterator[NotebookNode]:
    """Cells in order: code, and text that starts anew at every heading and after every figure."""
    figures(chapter)  # complains early
    waiting = list(chapter.cells)
    todo = iter(exercises(chapter.path, page.mdast, chapter.text))
    before: Cell | None = None
    for part in page.mdast["children"]:
        context.at(part)
        if part.get("kind") == "notebook-code":
            before = _next_cell(part, waiting, context)
            context.line = before.line
            yield _code_cell(before, chapter)
            continue
        text: list[str] = []
        for node in part["children"]:
            context.at(node)
            if shows_cell(node):
                label = node.get("source", {}).get("label")
                if text or before is None or before.label != label:
                    context.line = line_of(chapter.text, rf"\{{figure\}}\s+#{label}\b")
                    raise context.error(f"figure #{label} must stand right after its cell")
                yield new_markdown_cell(caption(node, context))
                before = None
                continue
            if node["type"] in ("heading", "exercise") and text:
                yield new_markdown_cell("\n\n".join(text))
                text = []
            if node["type"] == "exercise":
                exercise = next(todo)
                text.append(block(exercise.statement, context))
                yield new_markdown_cell("\n\n".join(text))
                yield exercise_cell(exercise)
                text, before = [], None
                continue
            text += filter(None, [block(node, context)])
        if text:
            before = None
            yield new_markdown_cell("\n\n".join(text))
    if waiting:
        raise BookError(f"{chapter.path}:{waiting[0].line}: mystmd does not see this code cell")


def _next_cell(part: dict, waiting: list[Cell], context: Context) -> Cell:
    """jupytext's cell for mystmd's; they read the same file and must see the same cells."""
    value = next(node["value"] for node in part["children"] if node["type"] == "code")
    if not waiting or waiting[0].source.strip() != value.strip():
        opening = value.strip().split("\n")[0]
        raise context.error(f"jupytext and mystmd disagree about the code cell {opening!r}")
    return waiting.pop(0)


def _code_cell(cell: Cell, chapter: Chapter) -> NotebookNode:
    metadata: dict = {}
    if cell.tags:
        metadata["tags"] = list(cell.tags)
    tags = set(cell.tags)
    hidden = {}
    if tags & HIDES_SOURCE:
        hidden["source_hidden"] = True
        metadata["cellView"] = "form"  # the same for Colab
    # a site may hide the output of a cell and show it as the figure below: here it is the figure
    if tags & _HIDES_OUTPUT and cell.label not in figures(chapter):
        hidden["outputs_hidden"] = True
    if hidden:
        metadata["jupyter"] = hidden
    made = new_code_cell(cell.source, metadata=metadata)
    made["id"] = cell.label or ""
    return made


def attach(cells: list[NotebookNode], pictures: dict[str, Path], root: Path) -> None:
    """Put the pictures into the cells that show them: Colab has the notebook and no folder beside it."""
    for cell in cells if pictures else []:
        for name in re.findall(r"\]\(attachment:([^)]+)\)", cell.source):
            if not (root / pictures[name]).exists():
                raise BookError(f"{pictures[name]} is not there; run 'python -m tools.figures'")
            data = base64.b64encode((root / pictures[name]).read_bytes()).decode()
            cell.setdefault("attachments", NotebookNode())[name] = {"image/png": data}


def _name(cells: list[NotebookNode]) -> None:
    """Identifiers that stay when other cells change: the label, or a hash of the text."""
    seen: dict[str, int] = {}
    for cell in cells:
        labelled = cell.cell_type == "code" and cell["id"]
        name = cell["id"] if labelled else hashlib.sha256(cell.source.encode()).hexdigest()[:12]
        seen[name] = seen.get(name, 0) + 1
        cell["id"] = name if seen[name] == 1 else f"{name}-{seen[name]}"
