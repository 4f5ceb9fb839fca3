"""The solved notebooks: a chapter's notebook with every exercise answered, executed, outputs stored."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from tools.chapters import BookError, Cell, Chapter
from tools.execute import chapter_cells, run
from tools.exercises import Exercise
from tools.export import figures
from tools.files import ROOT, write_text
from tools.notebooks import Task, dump

SAID = "> **Solved edition.** Every exercise is filled in and checked."


def write_solved(task: Task, exercises: list[Exercise], target: Path, root: Path = ROOT) -> str:
    """Write the solved notebook to ``target``; returns what was done.

    Cells run in one kernel from top to bottom, as a reader's do, unless ``target`` holds the outputs
    of the same code. Raises BookError where a solution fails there or its check does not accept it.
    """
    notebook, chapter = fill(task, exercises)
    cells = chapter_cells(notebook)
    old = nbformat.read(target, as_version=4) if target.exists() else None
    if old is not None and _same_code(old, notebook):
        for new, stored in zip(cells, chapter_cells(old), strict=True):
            new.outputs, new.execution_count = stored.outputs, stored.execution_count
        done = "up to date"
    else:
        measured = run(notebook, chapter, [], root)
        done = f"executed in {measured.seconds:.1f} s"
    by_label = {exercise.label: exercise for exercise in exercises}
    alts = figures(task.chapter)
    for cell in cells:
        _accepted(cell, by_label.get(cell.id), chapter)
        for output in cell.outputs:
            if cell.id in alts and "image/png" in output.get("data", {}):
                output.metadata = NotebookNode({"image/png": {"alt": alts[cell.id]}})
    write_text(target, dump(notebook))
    return done


def fill(task: Task, exercises: list[Exercise]) -> tuple[NotebookNode, Chapter]:
    """The notebook with the answers in place of the stubs, and a chapter whose cells are all of these."""
    by_label = {exercise.label: exercise for exercise in exercises}
    own = iter(task.chapter.cells)
    cells: list[NotebookNode] = []
    code: list[Cell] = []
    mine = {cell.id for cell in chapter_cells(task.fresh)}
    for cell in task.fresh.cells:
        if cell.id in by_label:
            exercise = by_label[cell.id]
            made = list(_solved_cells(exercise))
            cells += made
            code += [Cell(new.source, (), None, exercise.line) for new in made]
            continue
        cells.append(NotebookNode({**cell}))
        if cell.id in mine:
            code.append(next(own))
    cells[0].source += f"\n\n{SAID}"
    notebook = NotebookNode({**task.fresh, "cells": cells})
    return notebook, replace(task.chapter, cells=tuple(code))


def _solved_cells(exercise: Exercise) -> Iterator[NotebookNode]:
    for n, source in enumerate((exercise.solved, *exercise.looks)):
        cell = new_code_cell(source)
        cell["id"] = exercise.label if n == 0 else f"{exercise.label}-{n}"
        yield cell


def _same_code(old: NotebookNode, new: NotebookNode) -> bool:
    stamps = [notebook.metadata.get("guidelib", {}).get("stamp") for notebook in (old, new)]
    sources = [[cell.source for cell in chapter_cells(notebook)] for notebook in (old, new)]
    run_already = all(cell.execution_count for cell in chapter_cells(old))
    return stamps[0] == stamps[1] and sources[0] == sources[1] and run_already


def _accepted(cell: NotebookNode, exercise: Exercise | None, chapter: Chapter) -> None:
    if exercise is None:
        return
    shown = [output.get("data", {}).get("text/plain", "") for output in cell.outputs]
    if not shown or not shown[-1].startswith("Right"):
        said = shown[-1] if shown else "nothing"
        raise BookError(
            f"{chapter.path}:{exercise.line}: exercise {exercise.number}, solved after the ones before "
            f"it, is not accepted: {said}; use names that no other solution changes"
        )
