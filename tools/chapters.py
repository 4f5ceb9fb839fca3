"""Read the book's sources: the pages that myst.yml lists, and what a chapter declares and runs."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import jupytext
import yaml

from tools.files import ROOT

BUDGET = {"seconds": "wall clock of all cells", "memory_mib": "peak", "download_mib": "in total"}
# front matter that is for other tools: mystmd would warn of it
OUR_KEYS = ("budget", "claims", "gpu", "jupytext")
CELL_METADATA = {"label", "tags"}


class BookError(Exception):
    """Something in the book's sources that its author must mend: one line, with file and line."""


@dataclass(frozen=True)
class Budget:
    """What a chapter may cost its reader on two CPU cores."""

    seconds: float
    memory_mib: int
    download_mib: int


@dataclass(frozen=True)
class Cell:
    """One code cell; ``line`` is that of its opening fence in the chapter."""

    source: str
    tags: tuple[str, ...]
    label: str | None
    line: int


@dataclass(frozen=True)
class Chapter:
    """A chapter: ``name`` is its file name without the ending, ``path`` is below the root.

    ``gpu``: its readers are told to have one, by ``gpu: true`` in the front matter.
    """

    name: str
    path: Path
    title: str
    description: str
    budget: Budget
    claims: tuple[str, ...]
    cells: tuple[Cell, ...]
    text: str
    gpu: bool = False


def project(root: Path = ROOT) -> dict:
    """The project table of myst.yml; an empty one while that file does not exist."""
    path = root / "myst.yml"
    if not path.exists():
        return {}
    try:
        return yaml.safe_load(path.read_text(encoding="utf-8"))["project"]
    except (yaml.YAMLError, KeyError, TypeError) as error:
        raise BookError(f"myst.yml: cannot read its project table ({error!r})") from error


def github(root: Path = ROOT) -> str | None:
    """The address of the repository, from project.github of myst.yml; None where that is not set."""
    given = project(root).get("github")
    if given is None:
        return None
    match = re.fullmatch(r"(?:https://github\.com/)?([\w.-]+/[\w.-]+?)(?:\.git)?/?", str(given))
    if not match:
        raise BookError(f"myst.yml: github is {given!r}; give OWNER/NAME or https://github.com/OWNER/NAME")
    return f"https://github.com/{match[1]}"


def pages(root: Path = ROOT) -> list[Path]:
    """Every page of the book in reading order, as paths below the root."""
    entries = project(root).get("toc")
    if entries is None:
        return [path.relative_to(root) for path in sorted((root / "chapters").glob("*.md"))]

    def files(items: list[dict]) -> list[Path]:
        found = []
        for item in items:
            if "file" in item:
                found.append(Path(item["file"]))
            found += files(item.get("children", []))
        return found

    return files(entries)


def listed_chapters(root: Path = ROOT) -> list[Path]:
    """The pages that are chapters, NN_slug.md, in reading order; some may not be written yet."""
    return [page for page in pages(root) if re.match(r"\d\d_", page.name)]


def chapter_paths(root: Path = ROOT) -> list[Path]:
    """The chapters in reading order; raises BookError where toc and folder disagree."""
    listed = listed_chapters(root)
    for page in listed:
        if not (root / page).exists():
            raise BookError(f"myst.yml: toc lists {page}, which does not exist; write it or drop it")
    for path in sorted((root / "chapters").glob("[0-9][0-9]_*.md")):
        if path.relative_to(root) not in listed:
            raise BookError(f"myst.yml: toc does not list {path.relative_to(root)}; add it")
    return listed


def read_chapter(path: Path, root: Path = ROOT) -> Chapter:
    """Read and check one chapter; raises BookError with file and line."""
    text = (root / path).read_text(encoding="utf-8")
    front = front_matter(path, text)
    notebook = jupytext.reads(text, fmt="md:myst")
    found = [cell for cell in notebook.cells if cell.cell_type == "code"]
    lines = _cell_lines(path, text)
    if len(lines) != len(found):
        raise BookError(
            f"{path}: {len(lines)} code cells stand in the text and jupytext sees {len(found)}; "
            "a code cell stands at the left margin, outside every other directive"
        )
    cells = tuple(_cell(path, cell, line) for cell, line in zip(found, lines, strict=True))
    return Chapter(
        name=path.stem,
        path=path,
        title=_required(path, front, "title", str),
        description=_required(path, front, "description", str),
        budget=_budget(path, front),
        claims=tuple(_required(path, front, "claims", list)),
        cells=cells,
        text=text,
        gpu=_required(path, {"gpu": False} | front, "gpu", bool),
    )


def front_matter(path: Path, text: str) -> dict:
    """The YAML block a page opens with."""
    match = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    if not match:
        raise BookError(f"{path}:1: no front matter; a chapter opens with a block between --- lines")
    try:
        return yaml.safe_load(match.group(1)) or {}
    except yaml.YAMLError as error:
        line = error.problem_mark.line + 2 if getattr(error, "problem_mark", None) else 1
        problem = getattr(error, "problem", error)
        raise BookError(f"{path}:{line}: front matter is not YAML: {problem}") from error


def blank_our_keys(text: str) -> str:
    """The page as mystmd may see it: our front matter keys become comments, lines keep their place.

    >>> blank_our_keys("---\\ntitle: T\\nclaims: [B5]\\n---\\nText")
    '---\\ntitle: T\\n#\\n---\\nText'
    """
    match = re.match(r"---\n(.*?)\n---\n", text, re.DOTALL)
    if not match:
        return text
    ours, lines = False, []
    for line in match.group(1).split("\n"):
        if re.match(r"\S", line):
            ours = line.split(":")[0] in OUR_KEYS
        lines.append("#" if ours else line)
    return "---\n" + "\n".join(lines) + "\n---\n" + text[match.end() :]


def line_of(text: str, pattern: str) -> int:
    """The line on which a pattern first matches, 1 if it does not."""
    match = re.search(pattern, text, re.MULTILINE)
    return text.count("\n", 0, match.start()) + 1 if match else 1


def _required(path: Path, front: dict, key: str, kind: type):
    if not isinstance(front.get(key), kind):
        words = {str: "a line of text", list: "a list, [] for none", dict: "a table", bool: "true or false"}
        given = f"is {front[key]!r}" if key in front else "is missing"
        raise BookError(f"{path}:1: front matter: {key} {given}; give {words[kind]}")
    return front[key]


def _budget(path: Path, front: dict) -> Budget:
    table = _required(path, front, "budget", dict)
    if set(table) != set(BUDGET) or not all(
        isinstance(value, int | float) and value >= 0 for value in table.values()
    ):
        wanted = ", ".join(f"{key} ({meaning})" for key, meaning in BUDGET.items())
        raise BookError(f"{path}:1: front matter: budget is {table}; give numbers for {wanted}")
    return Budget(**table)


def _cell(path: Path, cell, line: int) -> Cell:
    extra = set(cell.metadata) - CELL_METADATA
    if extra:
        raise BookError(
            f"{path}:{line}: code cell has the option {', '.join(sorted(extra))}; "
            f"allowed are {', '.join(sorted(CELL_METADATA))}"
        )
    if cell.source.lstrip().startswith("#|"):
        raise BookError(f"{path}:{line}: code cell opens with '#|'; write :label: and :tags: lines")
    if not cell.source.strip():
        raise BookError(f"{path}:{line}: empty code cell")
    return Cell(cell.source, tuple(cell.metadata.get("tags", ())), cell.metadata.get("label"), line)


def _cell_lines(path: Path, text: str) -> list[int]:
    """The lines on which code cells open, outside of other fences."""
    lines, fence = [], None
    for number, line in enumerate(text.split("\n"), 1):
        match = re.match(r"\s*(`{3,}|:{3,}|~{3,})(.*)", line)
        if not match:
            continue
        marks, rest = match.groups()
        if fence and marks.startswith(fence) and not rest.strip():
            fence = None
        elif "{code-cell}" in rest and (fence or not line.startswith("`")):
            raise BookError(
                f"{path}:{number}: a code cell stands at the left margin between ``` lines, "
                "outside every other directive"
            )
        elif fence is None and not marks.startswith(":"):
            fence = marks
            if "{code-cell}" in rest:
                lines.append(number)
    return lines
