"""Have mystmd parse the whole book, and read its result.

mystmd resolves numbers, references, citations and glossary terms for the site. The notebooks take
all of that from the same place, so a number in a notebook is the number on the site. No template
and no network are needed: only `myst build --site`, which writes each page as JSON.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from tools.chapters import (
    BookError,
    blank_our_keys,
    front_matter,
    line_of,
    listed_chapters,
    pages,
    project,
)
from tools.files import ROOT

LIMIT_SECONDS = 300
# what concerns the site alone, or would make mystmd reach for the network
_NOT_NEEDED = ("exports", "downloads", "resources", "jupyter", "thebe", "references")


@dataclass(frozen=True)
class Page:
    """A page as mystmd resolved it. ``problems`` are mystmd's complaints, with file and line."""

    path: Path
    mdast: dict
    macros: dict[str, str]
    citations: list[str]
    problems: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Book:
    """All pages by their path, and the path of the page behind each of mystmd's addresses."""

    pages: dict[Path, Page]
    addresses: dict[str, Path]


def parse_book(root: Path = ROOT) -> Book:
    """Every page of the book, parsed and cross-referenced by mystmd."""
    present = [page for page in pages(root) if (root / page).exists()]
    with tempfile.TemporaryDirectory(prefix="guidelib-myst-") as folder:
        work = Path(folder)
        _assemble(root, work, present)
        log = build_content(work)
        contents = [
            json.loads(path.read_text(encoding="utf-8"))
            for path in sorted((work / "_build/site/content").glob("*.json"))
        ]
    if len(contents) != len(present):
        raise BookError(f"mystmd built {len(contents)} of {len(present)} pages; it said:\n{log}")
    problems = _problems(log, root, present)
    found, addresses = {}, {}
    for content in contents:
        path = Path(content["location"].lstrip("/"))
        math = content["frontmatter"].get("math", {})
        data = content["references"].get("cite", {"order": [], "data": {}})
        found[path] = Page(
            path,
            content["mdast"],
            {name: value["macro"] for name, value in math.items()},
            [data["data"][key]["html"] for key in data["order"]],
            problems.get(path, []),
        )
        addresses["/" if path == present[0] else f"/{content['slug']}"] = path
    return Book(found, addresses)


def _assemble(root: Path, work: Path, present: list[Path]) -> None:
    """A copy of the sources with a configuration that needs no site template."""
    shutil.copytree(root / "chapters", work / "chapters")
    chapters = listed_chapters(root)
    for page in present:
        text = blank_our_keys((root / page).read_text(encoding="utf-8"))
        if page not in chapters:
            text = _without_numbers(page, text)
        (work / page).write_text(text, encoding="utf-8")
    table = {key: value for key, value in project(root).items() if key not in _NOT_NEEDED}
    if "toc" not in table:
        bibliography = root / "chapters/references.bib"
        table["bibliography"] = ["chapters/references.bib"] if bibliography.exists() else []
    # a list that is empty says: look at no .bib file, local or remote, but these
    table["bibliography"] = [name for name in table.get("bibliography", []) if "://" not in name]
    table["plugins"] = [str(root.resolve() / name) for name in table.get("plugins", [])]
    table["toc"] = _only(table["toc"], present) if "toc" in table else _listing(present)
    configuration = {"version": 1, "project": table, "site": {"template": "template"}}
    (work / "myst.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    (work / "template").mkdir()
    (work / "template/template.yml").write_text("myst: v1\nkind: site\n", encoding="utf-8")


def _without_numbers(page: Path, text: str) -> str:
    """As on the site, only a chapter's sections carry numbers."""
    front = {"numbering": {"headings": False}} | front_matter(page, text)
    return f"---\n{yaml.safe_dump(front)}---\n" + text.split("\n---\n", 1)[1]


def _listing(present: list[Path]) -> list[dict]:
    return [{"file": str(page)} for page in present]


def _only(toc: list[dict], present: list[Path]) -> list[dict]:
    """The toc without the pages that are not written yet."""
    kept = []
    for item in toc:
        if "file" in item and Path(item["file"]) not in present:
            continue
        if "children" in item:
            item = {**item, "children": _only(item["children"], present)}
        kept.append(item)
    return kept


def build_content(work: Path) -> str:
    """Have mystmd write the pages of a project as JSON; returns what it said."""
    # node and myst lie beside this Python in the virtual environment
    here = Path(sys.executable).parent
    environment = {**os.environ, "PATH": f"{here}{os.pathsep}{os.environ.get('PATH', '')}"}
    command = shutil.which("myst", path=environment["PATH"])
    if command is None:
        raise BookError("mystmd is not installed; run 'make setup'")
    try:
        done = subprocess.run(
            [command, "build", "--site"],
            cwd=work,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=LIMIT_SECONDS,
        )
    except subprocess.TimeoutExpired as error:
        raise BookError(f"mystmd took longer than {LIMIT_SECONDS} s; run it again") from error
    if done.returncode:
        raise BookError(f"mystmd failed:\n{done.stdout}")
    return done.stdout


def _problems(log: str, root: Path, present: list[Path]) -> dict[Path, list[str]]:
    """mystmd's warnings and errors by page, each as 'file:line: what is wrong'."""
    found: dict[Path, list[str]] = {}
    for where, line, what in re.findall(
        r"^(?:⚠️|⛔️) +(\S+?\.\w+)(?::(\d+)(?::\d+)?)? +(.+)$", log, re.MULTILINE
    ):
        path = Path(where)
        if "<undefined>" in what or "text is empty for <#" in what:
            # another line says which target was not found
            continue
        if path not in present:
            path = present[0] if present else path
            what = f"{where}: {what}"
        line = line or _line(what, (root / path).read_text(encoding="utf-8"))
        message = f"{path}:{line}: {what.strip()}"
        if message not in found.setdefault(path, []):
            found[path].append(message)
    return found


def _line(what: str, text: str) -> int:
    """Where the thing stands that mystmd complains of without saying where."""
    name = re.search(r'"([^"]+)"|<([^>]+)>|found: (?:term-)?(\S+)', what)
    return line_of(text, rf"[`#({{<,]{re.escape(name[name.lastindex])}\b") if name else 1
