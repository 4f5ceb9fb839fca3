"""Chapters into notebooks: `python -m tools.notebooks [--check] [--force] [NAMES]`.

Text is exported anew each time (seconds); cells are executed only where the stamp in the notebook
says that code, library, data or pins have changed since. Nothing is written unless all is well.
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from guidelib.ledger import MIME, load_claims
from tools.chapters import (
    BookError,
    Chapter,
    chapter_paths,
    line_of,
    listed_chapters,
    read_chapter,
)
from tools.execute import Trial, chapter_cells, run, stamp
from tools.exercises import exercises, places
from tools.export import describe_images, export, trials
from tools.files import ROOT, write_text
from tools.mystmd import Book, parse_book
from tools.status import check_budget, read_status, write_status


@dataclass(frozen=True)
class Task:
    """One chapter, the notebook its text makes today, and the one that is stored."""

    chapter: Chapter
    fresh: NotebookNode
    trials: list[Trial]
    stored: NotebookNode | None
    measured: dict | None
    path: Path

    def must_run(self) -> bool:
        """Were the stored outputs made by other code than today's?"""
        if self.stored is None or self.measured is None:
            return True
        ours = self.stored.metadata.get("guidelib", {}).get("stamp")
        if ours != self.fresh.metadata.guidelib.stamp:
            return True
        # a stamp says nothing of outputs that somebody removed
        return any(cell.execution_count is None for cell in chapter_cells(self.stored))

    def with_stored_outputs(self, root: Path) -> NotebookNode:
        """Today's text with the stored outputs: the cells are the same where the stamp is."""
        stored, fresh = chapter_cells(self.stored), chapter_cells(self.fresh)
        for new, old in zip(fresh, stored, strict=True):
            new.outputs, new.execution_count = old.outputs, old.execution_count
        finish(self.fresh, self.chapter, root)
        return self.fresh


def plan(names: list[str], root: Path = ROOT, book: Book | None = None) -> list[Task]:
    """What there is to do for these chapters, or for all, which must then all be there."""
    if names:
        paths = [path for path in listed_chapters(root) if (root / path).exists()]
    else:
        paths = chapter_paths(root)
    unknown = set(names) - {path.stem for path in paths}
    if unknown:
        known = ", ".join(path.stem for path in paths) or "none yet"
        raise BookError(f"no chapter {', '.join(sorted(unknown))}; chapters are: {known}")
    book = book or parse_book(root)
    chosen = [path for path in paths if not names or path.stem in names]
    tasks, problems = [], []
    for path in chosen:
        try:
            tasks.append(_task(path, book, root))
        except BookError as error:
            problems.append(str(error))
    if problems:
        raise BookError("\n".join(problems))
    return tasks


def _task(path: Path, book: Book, root: Path) -> Task:
    chapter = read_chapter(path, root)
    fresh = export(chapter, book, listed_chapters(root), root)
    todo = trials(exercises(path, book.pages[path].mdast, chapter.text))
    fresh.metadata.guidelib["stamp"] = stamp(chapter, todo, root)
    target = root / "notebooks" / f"{chapter.name}.ipynb"
    stored = nbformat.read(target, as_version=4) if target.exists() else None
    return Task(chapter, fresh, todo, stored, read_status(root).get(chapter.name), target)


def finish(notebook: NotebookNode, chapter: Chapter, root: Path) -> None:
    """Describe the images, and hold the recorded claims against those that the chapter names."""
    describe_images(notebook, chapter)
    claims = load_claims(root / "data/claims.toml")
    recorded = {entry["claim"] for entry in records(notebook)}
    where = f"{chapter.path}:{line_of(chapter.text, '^claims:')}"
    for name in chapter.claims:
        if name not in claims:
            raise BookError(f"{where}: unknown claim {name}; data/claims.toml has "
                            f"{', '.join(claims)}")  # fmt: skip
        if name not in recorded:
            raise BookError(f"{where}: claim {name} is named and no cell records it")
    for name in sorted(recorded - set(chapter.claims)):
        raise BookError(f"{where}: a cell records claim {name}, which the front matter lacks")


def records(notebook: NotebookNode) -> list[dict]:
    """The claims that a notebook's outputs record, in order."""
    outputs = [output.get("data", {}) for cell in chapter_cells(notebook) for output in cell.outputs]
    return [data[MIME] for data in outputs if MIME in data]


def stale(tasks: list[Task], root: Path = ROOT) -> list[str]:
    """One line for each notebook that is not what its chapter makes."""
    found = []
    for task in tasks:
        name = f"notebooks/{task.path.name}"
        if task.stored is None:
            found.append(f"{name} is missing")
        elif task.must_run():
            found.append(f"{name} is stale: its code, the library, data or pins changed")
        elif dump(task.with_stored_outputs(root)) != task.path.read_text(encoding="utf-8"):
            found.append(f"{name} is stale: its text changed")
        else:
            check_budget(task.chapter, task.measured)
    return found


def places_file(book: Book, root: Path = ROOT) -> tuple[Path, str]:
    """What the exercises' checkers call the places of the book, and where that is stored."""
    return root / "guidelib/checks/places.json", json.dumps(places(book), indent=1) + "\n"


def orphans(root: Path = ROOT) -> list[str]:
    """Notebooks that no chapter makes any more."""
    names = {path.stem for path in chapter_paths(root)}
    found = sorted((root / "notebooks").glob("*.ipynb"))
    return [f"notebooks/{f.name} has no chapter; delete it" for f in found if f.stem not in names]


def dump(notebook: NotebookNode) -> str:
    """The notebook as it is stored."""
    nbformat.validate(notebook)
    return nbformat.writes(notebook) + "\n"


def update(task: Task, force: bool, root: Path = ROOT) -> str:
    """Bring one notebook up to date; returns what was done."""
    if force or task.must_run():
        count = len(task.chapter.cells)

        def progress(done: int) -> None:
            if sys.stderr.isatty():
                print(f"\r{task.chapter.name}: cell {done} of {count}", end="", file=sys.stderr)

        print(f"{task.chapter.name}: running {count} cells", flush=True)
        measured = run(task.fresh, task.chapter, task.trials, root, progress)
        if sys.stderr.isatty():
            print("\r\x1b[K", end="", file=sys.stderr)
        finish(task.fresh, task.chapter, root)
        entry = vars(measured)
        check_budget(task.chapter, entry)
        write_text(task.path, dump(task.fresh))
        write_status(task.chapter.name, measured, {p.stem for p in listed_chapters(root)}, root)
        return f"executed in {measured.seconds:.1f} s, {measured.memory_mib:.0f} MiB"
    check_budget(task.chapter, task.measured)
    text = dump(task.with_stored_outputs(root))
    if text == task.path.read_text(encoding="utf-8"):
        return "up to date"
    write_text(task.path, text)
    return "text exported, outputs kept"


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.notebooks", description=__doc__)
    parser.add_argument("names", nargs="*", help="chapters, such as 01_noise_scores_denoisers")
    parser.add_argument("--check", action="store_true", help="only say what is out of date")
    parser.add_argument("--force", action="store_true", help="execute also what is up to date")
    options = parser.parse_args(arguments)
    failed = False
    try:
        names = [Path(name).stem for name in options.names]
        book = parse_book(root)
        tasks = plan(names, root, book)
        path, text = places_file(book, root)
        if options.check:
            lines = stale(tasks, root) + ([] if names else orphans(root))
            print("\n".join(lines + ["run 'make notebooks'"]) if lines else "all up to date")
            return 1 if lines else 0
        if path.parent.is_dir() and (not path.exists() or path.read_text(encoding="utf-8") != text):
            write_text(path, text)
        for task in tasks:
            try:
                print(f"{task.chapter.name}: {update(task, options.force, root)}", flush=True)
            except BookError as error:
                print(error, file=sys.stderr)
                failed = True
        for line in [] if names else orphans(root):
            print(line, file=sys.stderr)
            failed = True
    except BookError as error:
        print(error, file=sys.stderr)
        failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
