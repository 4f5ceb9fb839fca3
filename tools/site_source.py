"""Assemble what mystmd builds the site from: the book's text with the notebooks' stored outputs.

Nothing is executed here. A chapter becomes a notebook whose markdown cells are the chapter's own
text and whose outputs are those of notebooks/NN_slug.ipynb, cell by cell.
"""

from __future__ import annotations

import base64
import os
import re
import shutil
from pathlib import Path

import jupytext
import nbformat
import yaml

from guidelib import __version__
from tools.chapters import BookError, Chapter, front_matter, github, pages, read_chapter
from tools.export import cost_line
from tools.moving import moving_figures
from tools.status import read_status

# the front matter that a page of the book may have and mystmd knows
KNOWN_KEYS = ("title", "short_title", "subtitle", "description", "numbering", "kernelspec", "math")
PICTURES = {"image/png": "png", "image/svg+xml": "svg", "image/jpeg": "jpg", "image/webp": "webp"}
FIGURE = re.compile(r"^([:`]{3,}\{figure\})[ \t]+#([\w-]+)", re.MULTILINE)
FOOTNOTE = re.compile(r"^\[\^([^\]]+)\]:.*(?:\n(?:[ ]{4}|\t).*|\n(?=\n(?:[ ]{4}|\t)))*\n?", re.MULTILINE)


def assemble(root: Path, target: Path) -> None:
    """Fill the folder ``target`` with a mystmd project; raises BookError."""
    target.mkdir(parents=True)
    listed = pages(root)
    missing = [str(page) for page in listed if not (root / page).is_file()]
    if missing:
        raise BookError(f"myst.yml: toc lists {', '.join(missing)}, which is not there; write it or drop it")
    chapters = {page: page.with_suffix(".ipynb") for page in listed if re.match(r"\d\d_", page.name)}
    for folder in {page.parts[0] for page in listed if len(page.parts) > 1}:
        # pictures, bibliography, modules of moving figures
        shutil.copytree(root / folder, target / folder, ignore=shutil.ignore_patterns("*.md", "*.ipynb"))
    _configuration(root, target, chapters)
    for page in listed:
        text = (root / page).read_text(encoding="utf-8")
        moving_figures(page, text)  # complains early
        if page in chapters:
            _write_chapter(root, target, page)
        else:
            # only a chapter's sections carry numbers
            front = {"numbering": {"headings": False}} | front_matter(page, text)
            head, body = text.split("\n---\n", 1)
            header = _header(front, head.count("\n"))
            (target / page).write_text(header + _page_links(body), encoding="utf-8")


def _configuration(root: Path, target: Path, chapters: dict[Path, Path]) -> None:
    """myst.yml, with chapters as notebooks and with paths that hold from where it now lies."""
    configuration = yaml.safe_load((root / "myst.yml").read_text(encoding="utf-8"))
    project, site = configuration["project"], configuration["site"]

    def renamed(items: list[dict]) -> list[dict]:
        for item in items:
            if Path(item.get("file", "")) in chapters:
                item["file"] = str(chapters[Path(item["file"])])
            renamed(item.get("children", []))
        return items

    def from_here(path: str) -> str:
        return os.path.relpath(root / path, target)

    project["toc"] = renamed(project["toc"])
    project["plugins"] = [from_here(path) for path in project.get("plugins", [])]
    site["template"] = from_here(site["template"])
    text = yaml.safe_dump(configuration, sort_keys=False, allow_unicode=True)
    (target / "myst.yml").write_text(text, encoding="utf-8")


def _write_chapter(root: Path, target: Path, page: Path) -> None:
    """One chapter as a notebook with its stored outputs, and the two files a reader may take away."""
    chapter = read_chapter(page, root)
    stored_path = root / "notebooks" / f"{chapter.name}.ipynb"
    notebook = jupytext.reads(chapter.text, fmt="md:myst")
    _fill_outputs(notebook.cells, stored_path, page)
    downloads = target / "downloads"
    downloads.mkdir(exist_ok=True)
    (downloads / page.name).write_text(chapter.text, encoding="utf-8")
    shutil.copy(stored_path, downloads)
    front = front_matter(page, chapter.text)
    up = "../" * (len(page.parts) - 1)
    front["downloads"] = [
        {"file": f"{up}downloads/{page.name}", "title": "Text (.md)"},
        {"file": f"{up}downloads/{chapter.name}.ipynb", "title": "Notebook (.ipynb)"},
    ]
    address = github(root)
    if address:
        front["downloads"].append({"url": colab(address, chapter.name), "title": "Open in Colab"})
    cells = [nbformat.v4.new_markdown_cell(_header(front) + "\n" + _cost(chapter, root))]
    cells += notebook.cells
    _place_figures(cells, target / page.parent, page)
    _place_footnotes(cells)
    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = _page_links(cell.source)
    notebook.cells = cells
    notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"]}
    nbformat.write(notebook, target / page.with_suffix(".ipynb"), version=nbformat.NO_CONVERT)


def colab(address: str, name: str) -> str:
    """Where Colab opens a chapter's notebook, as it is at the tag of this version."""
    repository = address.removeprefix("https://github.com/")
    return f"https://colab.research.google.com/github/{repository}/blob/v{__version__}/notebooks/{name}.ipynb"


def _fill_outputs(cells: list, stored_path: Path, page: Path) -> None:
    """Give each code cell the outputs of the same cell in the executed notebook."""
    if not stored_path.exists():
        raise BookError(f"{page}: there is no notebooks/{stored_path.name}; run 'make notebooks'")
    stored = nbformat.read(stored_path, as_version=4)
    # the notebook may have cells of its own (one that installs the library, say): they are passed over
    rest = iter([cell for cell in stored.cells if cell.cell_type == "code"])
    for cell in cells:
        if cell.cell_type != "code":
            continue
        match = next((other for other in rest if other.source.strip() == cell.source.strip()), None)
        if match is None:
            first = cell.source.strip().split("\n")[0]
            raise BookError(
                f"{page}: notebooks/{stored_path.name} is out of date at the cell '{first}'; "
                "run 'make notebooks'"
            )
        cell.outputs, cell.execution_count = match.outputs, match.execution_count


def _place_figures(cells: list, folder: Path, page: Path) -> None:
    """Make ``{figure} #cell`` a figure from a file, and take the picture out of the cell's outputs."""
    labelled = {cell.metadata["label"]: cell for cell in cells if "label" in cell.metadata}

    def place(match: re.Match) -> str:
        opening, label = match.groups()
        cell = labelled.get(label)
        found = [
            (output, kind)
            for output in (cell.outputs if cell else [])
            for kind in PICTURES
            if kind in output.get("data", {})
        ]
        if cell is None or not found:
            what = "no code cell has this label" if cell is None else "its cell has no stored picture"
            raise BookError(f"{page}: figure #{label}: {what}; label the cell, or run 'make notebooks'")
        if len(found) > 1:
            raise BookError(f"{page}: figure #{label}: its cell made {len(found)} pictures; allowed is one")
        output, kind = found[0]
        data = output["data"][kind]
        name = f"{page.stem}-{label}.{PICTURES[kind]}"
        raw = data.encode() if kind == "image/svg+xml" else base64.b64decode(data)
        (folder / name).write_bytes(raw)
        cell.outputs = [other for other in cell.outputs if other is not output]
        return f"{opening} {name}"

    for cell in cells:
        if cell.cell_type == "markdown":
            cell.source = FIGURE.sub(place, cell.source)


def _place_footnotes(cells: list) -> None:
    """Move each footnote's text to the cell that refers to it: mystmd reads a notebook cell by cell."""
    notes: dict[str, str] = {}
    texts = [cell for cell in cells if cell.cell_type == "markdown"]
    for cell in texts:
        for match in FOOTNOTE.finditer(cell.source):
            notes[match[1]] = match[0].rstrip()
        cell.source = FOOTNOTE.sub("", cell.source)
    for cell in texts:
        wanted = [name for name in notes if f"[^{name}]" in cell.source]
        cell.source += "".join(f"\n\n{notes[name]}" for name in wanted)


def _page_links(text: str) -> str:
    """Links between chapters point at the notebooks that they have become."""
    return re.sub(r"(\]\((?:[^()\s]*/)?\d\d_\w+)\.md(?=[)#])", r"\1.ipynb", text)


def _header(front: dict, lines: int = 1) -> str:
    """Front matter that mystmd knows, on as many lines as it had, so that line numbers stay true."""
    kept = {key: front[key] for key in (*KNOWN_KEYS, "downloads") if key in front}
    table = yaml.safe_dump(kept, default_flow_style=True, sort_keys=False, allow_unicode=True, width=10**6)
    return f"---\n{table}" + "#\n" * (lines - 1) + "---\n"


def _cost(chapter: Chapter, root: Path) -> str:
    """The line under the title: what a run of this chapter costs at most, and what the last one did."""
    line = f"Running this chapter takes {cost_line(chapter.budget)}."
    measured = read_status(root).get(chapter.name)
    if measured:
        line += f" The last run took {measured['seconds']:g} s and {measured['memory_mib']:g} MiB."
    return f":::{{admonition}} Cost\n:class: cost\n{line}\n:::\n"
