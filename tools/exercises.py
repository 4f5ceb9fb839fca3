"""The exercises of a chapter, read from mystmd's tree: statement, stub, check, hint, solution.

:::{exercise} Title        opens with *kind · difficulty n/5 · m min*, then the statement, then a
                           python block: the stub with ... in it and, last, the call of check(...)
:::{hint}                  with :class: dropdown, where there is one
:::{solution} ex-label     its first python block is the stub with every ... filled in; further
                           blocks look at the answer, and run after it
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tools.chapters import BookError, line_of
from tools.mystmd import Book

KINDS = ("predict", "derive", "implement", "break")
_META = re.compile(r"(\w+) · difficulty ([1-5])/5 · (\d+) min")


@dataclass(frozen=True)
class Exercise:
    """One exercise; ``number`` is mystmd's, "3.1"; the nodes are what stands in its parts."""

    label: str
    number: str
    title: str
    kind: str
    difficulty: int
    minutes: int
    line: int
    stub: str
    check: str
    answer: str  # the solution's first python block
    looks: tuple[str, ...]  # its further ones
    statement: dict  # the exercise without its stub
    hint: dict | None
    solution: dict

    @property
    def cell(self) -> str:
        """What a reader's notebook offers to be filled in."""
        return f"{self.stub}\n\n{self.check}"

    @property
    def solved(self) -> str:
        """The cell with the answer in it."""
        return f"{self.answer}\n\n{self.check}"


def exercises(path: Path, mdast: dict, text: str) -> list[Exercise]:
    """All exercises of a page in order; raises BookError with file and line."""
    return [
        _exercise(path, node, list(rest), text)
        for node, rest in _with_followers(mdast)
        if node["type"] == "exercise"
    ]


def places(book: Book) -> dict[str, str]:
    """What each labelled place of the book is called: {"eq-ddim": "equation (1.9)", ...}."""
    found = {}
    for page in book.pages.values():
        for node in nodes(page.mdast):
            label, number = node.get("label", ""), node.get("enumerator")
            if number is None:
                continue
            if node["type"] == "math":
                found[label] = f"equation ({number})"
            elif node["type"] == "heading":
                found[label] = f"section {number}"
            elif node["type"] in ("container", "proof"):
                found[label] = f"{node.get('kind', 'figure')} {number}"
    return {label: found[label] for label in sorted(found) if re.match(r"(eq|sec|fig|tab|thm)-", label)}


def follows(stub: str, answer: str) -> bool:
    """Is the answer the stub with every ... replaced, and nothing else changed?

    >>> follows("x = ...", "x = 1"), follows("x = ...", "y = 1"), follows("x = ...", "x = ...")
    (True, False, False)
    """
    parts = [re.escape(part) for part in _squeezed(stub).split("...")]
    return "..." not in answer and re.fullmatch(".+".join(parts), _squeezed(answer), re.DOTALL) is not None


def _squeezed(code: str) -> str:
    return re.sub(r"\n\s*\n+", "\n", code.strip())


def _with_followers(node: dict) -> Iterator[tuple[dict, list[dict]]]:
    children = node.get("children", [])
    for n, child in enumerate(children):
        yield child, children[n + 1 :]
        yield from _with_followers(child)


def nodes(node: dict) -> Iterator[dict]:
    """A node of mystmd's tree and all below it, in the order of the text."""
    yield node
    for child in node.get("children", []):
        yield from nodes(child)


def words(node: dict) -> str:
    """The text of a node without its formulas."""
    return "".join(part.get("value", "") for part in nodes(node) if part["type"] in ("text", "inlineCode"))


def _python(node: dict) -> list[str]:
    return [part["value"] for part in nodes(node) if part["type"] == "code" and part.get("lang") == "python"]


def _exercise(path: Path, node: dict, rest: list[dict], text: str) -> Exercise:
    label = node.get("label") or ""
    line = line_of(text, rf"^:label:\s+{re.escape(label)}\s*$") if label else 1

    def wrong(what: str) -> BookError:
        return BookError(f"{path}:{line}: exercise {label or '(no label)'}: {what}")

    if not label:
        raise wrong("give it a :label:")
    children = [child for child in node["children"] if child["type"] != "admonitionTitle"]
    title = next((words(child) for child in node["children"] if child["type"] == "admonitionTitle"), "")
    meta = _META.fullmatch(words(children[0])) if children else None
    if not meta or meta[1] not in KINDS:
        raise wrong(f"open it with *kind · difficulty n/5 · m min*; kinds are {', '.join(KINDS)}")
    stub, check = _stub(children, label, wrong)
    hint, solution = _followers(rest, label, wrong)
    blocks = _python(solution)
    if not blocks or not follows(stub, blocks[0]):
        raise wrong(
            "the solution's first python block must be the stub with every ... replaced, "
            "and nothing else changed"
        )
    kept = [child for child in node["children"] if child.get("value") != f"{stub}\n\n{check}"]
    number = node.get("enumerator", "")
    return Exercise(
        label, number, title, meta[1], int(meta[2]), int(meta[3]), line, stub, check,
        blocks[0], tuple(blocks[1:]), {**node, "children": kept}, hint, solution,
    )  # fmt: skip


def _stub(children: list[dict], label: str, wrong) -> tuple[str, str]:
    blocks = [block for child in children for block in _python(child)]
    if len(blocks) != 1 or "..." not in blocks[0]:
        raise wrong("it holds one python block, the stub, with ... where the reader writes")
    stub, _, check = blocks[0].rpartition("\n\n")
    if not re.fullmatch(rf'check\("{re.escape(label)}", .+\)', check):
        raise wrong(f'the stub ends with an empty line and check("{label}", ...)')
    return stub, check


def _followers(rest: list[dict], label: str, wrong) -> tuple[dict | None, dict]:
    """The hint and the solution that come right after an exercise."""
    hint = rest.pop(0) if rest and rest[0].get("kind") == "hint" else None
    if not rest or rest[0]["type"] != "solution":
        raise wrong("its solution must follow it (after a hint, if there is one)")
    title = rest[0]["children"][0]
    if label not in [part.get("label") for part in nodes(title)]:
        raise wrong(f"the solution that follows it must be :::{{solution}} {label}")
    return hint, rest[0]
