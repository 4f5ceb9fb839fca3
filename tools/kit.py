"""The course kit: for each chapter what a teacher needs to set it, without a word that is not the book's.

plan: goals, prerequisites, hours · exercises: without solutions · variants: with other numbers ·
teacher/: solutions and the variants' key · figures/: at the size of a slide, with captions.
"""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Iterator
from pathlib import Path

from nbformat import NotebookNode
from PIL import Image

from tools.chapters import BookError, Chapter
from tools.execute import chapter_cells
from tools.exercises import Exercise, nodes, words
from tools.export import figures
from tools.files import ROOT
from tools.inline import Context, escape
from tools.lesson import LESSON, RULE, lessons, sections
from tools.mystmd import Book, Page
from tools.plain import block, blocks, caption, shows_cell
from tools.sheets import pages
from tools.variants import Drawn, draw

SLIDE = (1280, 720)
MARGIN = 40
GOALS = {"You will": "Do", "You will learn": "Learn", "You need": "Prerequisites"}


def kit(chapter: Chapter, book: Book, notebook: NotebookNode, exercises: list[Exercise], seed: int,
        root: Path = ROOT) -> dict[str, str | bytes]:  # fmt: skip
    """Every file of one chapter's kit by its path: markdown, the same as HTML, and PNG."""
    page = book.pages[chapter.path]
    context = Context(chapter.path, page.macros, book.addresses, set(), chapter.text)
    drawn = draw(chapter, exercises, seed)
    pictures = dict(slides(chapter, page, notebook, root))
    texts = {
        "plan": plan(chapter, page, exercises, context),
        "exercises": sheet(chapter, exercises, context),
        "teacher/solutions": sheet(chapter, exercises, context, solved=True),
        "figures": captions(chapter, page, context),
    }
    if drawn:
        texts["variants"] = variants(chapter, drawn, seed)
        texts["teacher/key"] = key(chapter, drawn, seed)
    texts = {name: _alone(text) + "\n" for name, text in texts.items()}
    files: dict[str, str | bytes] = {f"{name}.md": text for name, text in texts.items()}
    files |= {f"{name}.html": html for name, html in pages(texts).items()}
    return files | {f"figures/{label}.png": png for label, png in pictures.items()}


def plan(chapter: Chapter, page: Page, exercises: list[Exercise], context: Context) -> str:
    """Goals, prerequisites, and lessons made of whole sections."""
    text = [_title(chapter, "plan"), f"*{escape(chapter.description)}*"]
    text += [f"**{name}.** {goal}" for name, goal in _goals(chapter, page, context)]
    found = sections(chapter, page)
    rows = [["Lesson", "Section", "Minutes"]]
    for number, members in enumerate(lessons(section.minutes for section in found), 1):
        rows += [[str(number), found[n].title, str(found[n].minutes)] for n in members]
    problems = [["Exercise", "Kind", "Difficulty", "Minutes"]]
    problems += [[_name(e), e.kind, f"{e.difficulty}/5", str(e.minutes)] for e in exercises]
    reading, solving = (sum(item.minutes for item in items) for items in (found, exercises))
    text += [
        f"## Hours\n\nThe text takes {reading} minutes in class, in lessons of {LESSON}; all exercises "
        f"take {solving}.",
        _table(rows),
        _table(problems),
        RULE,
    ]
    return "\n\n".join(text)


def sheet(chapter: Chapter, exercises: list[Exercise], context: Context, solved: bool = False) -> str:
    """The exercises to hand out; with hints and solutions, the teacher's copy."""
    text = [_title(chapter, "solutions" if solved else "exercises")]
    for exercise in exercises:
        text.append(f"## {_name(exercise)}")
        text.append(blocks(_untitled(exercise.statement), context))
        text.append(_code(exercise.cell))
        if solved and exercise.hint:
            text.append(f"**Hint.** {blocks(_untitled(exercise.hint), context)}")
        if solved:
            text.append(f"**Solution.** {blocks(_untitled(exercise.solution), context)}")
    return "\n\n".join(text)


def variants(chapter: Chapter, drawn: list[Drawn], seed: int) -> str:
    """A sheet for each letter."""
    text = [_title(chapter, f"variants, seed {seed}")]
    for letter in sorted({one.letter for one in drawn}):
        text.append(f"## Sheet {letter}")
        mine = [one for one in drawn if one.letter == letter]
        text += [f"### {_name(one.exercise)}\n\n{one.question}" for one in mine]
    return "\n\n".join(text)


def key(chapter: Chapter, drawn: list[Drawn], seed: int) -> str:
    """The answers to all sheets."""
    letters = sorted({one.letter for one in drawn})
    rows = [["Exercise", *letters]]
    for exercise in dict.fromkeys(one.exercise.label for one in drawn):
        mine = [one for one in drawn if one.exercise.label == exercise]
        rows.append([_name(mine[0].exercise), *(one.answer for one in mine)])
    return "\n\n".join([_title(chapter, f"key to the variants, seed {seed}"), _table(rows)])


def captions(chapter: Chapter, page: Page, context: Context) -> str:
    """Every figure with its number, caption and alt text."""
    text = [_title(chapter, "figures")]
    for name, alt, node in _figures(chapter, page):
        text.append(f"![{escape(alt)}](figures/{name}.png)\n\n{caption(node, context)}")
    return "\n\n".join(text)


def slides(chapter: Chapter, page: Page, notebook: NotebookNode, root: Path = ROOT
           ) -> Iterator[tuple[str, bytes]]:  # fmt: skip
    """Every figure by its name, on white at 1280 x 720: stored by a cell, or from its file."""
    stored = {cell.id: cell.outputs for cell in chapter_cells(notebook)}
    for name, _, node in _figures(chapter, page):
        if shows_cell(node):
            found = [o.data["image/png"] for o in stored[name] if "image/png" in o.get("data", {})]
            if not found:
                raise BookError(
                    f"notebooks/{chapter.name}.ipynb: cell {name} has no stored picture; run 'make notebooks'"
                )
            yield name, _slide(base64.b64decode(found[0]))
        else:
            yield name, _slide((root / chapter.path.parent / _file(node)).read_bytes())


def _figures(chapter: Chapter, page: Page) -> Iterator[tuple[str, str, dict]]:
    """Name, alt text and node of every figure of the page that is a cell's or a PNG."""
    alts = figures(chapter)
    for node in nodes(page.mdast):
        if shows_cell(node):
            name = node["source"]["label"]
            yield name, alts[name], node
        elif node["type"] == "container" and _file(node):
            image = next(part for part in nodes(node) if part["type"] == "image")
            yield Path(_file(node)).stem, image["alt"], node


def _file(node: dict) -> str:
    """The PNG that a figure shows, as the chapter names it."""
    images = [part for part in nodes(node) if part["type"] == "image"]
    name = images[0].get("urlSource", images[0]["url"]) if images else ""
    return name if name.endswith(".png") and "://" not in name else ""


def _slide(png: bytes) -> bytes:
    with Image.open(io.BytesIO(png)) as image:
        picture = Image.new("RGB", image.size, "white")
        picture.paste(image, mask=image.convert("RGBA").getchannel("A"))
    room = [side - 2 * MARGIN for side in SLIDE]
    scale = min(room[0] / picture.width, room[1] / picture.height)
    size = (round(scale * picture.width), round(scale * picture.height))
    slide = Image.new("RGB", SLIDE, "white")
    corner = tuple((whole - part) // 2 for whole, part in zip(SLIDE, size, strict=True))
    slide.paste(picture.resize(size, Image.Resampling.LANCZOS), corner)
    buffer = io.BytesIO()
    slide.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()


def _goals(chapter: Chapter, page: Page, context: Context) -> Iterator[tuple[str, str]]:
    """What the paragraphs that open with 'You will', 'You will learn', 'You need' say."""
    found = {}
    for node in nodes(page.mdast):
        first = (node.get("children") or [{}])[0]
        if node["type"] == "paragraph" and first.get("type") == "strong":
            found.setdefault(words(first).strip(), {**node, "children": node["children"][1:]})
    for opening, name in GOALS.items():
        if opening not in found:
            raise BookError(f"{chapter.path}:1: no paragraph opens with **{opening}**; write one")
        said = _alone(block(found[opening], context).strip())
        yield name, said[:1].upper() + said[1:]


def _title(chapter: Chapter, what: str) -> str:
    return f"# {escape(chapter.title)}: {what}"


def _name(exercise: Exercise) -> str:
    return f"Exercise {exercise.number} {escape(exercise.title)}".strip()


def _untitled(node: dict) -> list[dict]:
    return [child for child in node["children"] if child["type"] != "admonitionTitle"]


def _code(source: str) -> str:
    return f"```python\n{source}\n```"


def _table(rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|{' --- |' * len(rows[0])}", *lines[1:]])


def _alone(text: str) -> str:
    """Links into the book become their words: a sheet is handed out without it."""
    return re.sub(r"(?<!!)\[([^\[\]]+)\]\((?!https?:)[^()\s]*\)", r"\1", text)
