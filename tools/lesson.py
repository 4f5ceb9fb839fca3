"""How long a chapter takes in class, section by section, and how its sections fill lessons."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tools.chapters import Chapter
from tools.exercises import nodes, words
from tools.export import HIDES_SOURCE
from tools.mystmd import Page

WORDS_A_MINUTE = 120
MINUTES = {"equation": 1.0, "cell": 1.5, "figure": 2.0}
LESSON = 50
RULE = (
    f"The rule: {WORDS_A_MINUTE} words a minute, {MINUTES['equation']:g} minute for a displayed equation, "
    f"{MINUTES['cell']:g} for a cell whose code is shown, {MINUTES['figure']:g} for a figure; exercises "
    f"take the minutes that they state. A lesson has {LESSON} minutes, and a section is not cut in two "
    "unless it is longer than that."
)
# hints are admonitions
_NOT_TAUGHT = {"exercise", "solution", "admonition", "details", "footnoteDefinition"}


@dataclass
class Section:
    """One section of second rank; what stands before the first is called ``Opening``."""

    title: str
    words: int = 0
    equations: int = 0
    cells: int = 0
    figures: int = 0

    @property
    def minutes(self) -> int:
        counts = {"equation": self.equations, "cell": self.cells, "figure": self.figures}
        needed = sum(MINUTES[name] * count for name, count in counts.items())
        return math.ceil(self.words / WORDS_A_MINUTE + needed)


def sections(chapter: Chapter, page: Page) -> list[Section]:
    """The sections of a chapter with what they hold; folded text and exercises are not counted."""
    cells = iter(chapter.cells)
    found = [Section("Opening")]
    for part in page.mdast["children"]:
        if part.get("kind") == "notebook-code":
            found[-1].cells += not HIDES_SOURCE & set(next(cells).tags)
            continue
        for node in part["children"]:
            if node["type"] == "heading" and node["depth"] <= 2:
                number = f"{node['enumerator']} " if node.get("enumerator") else ""
                found.append(Section(number + words(node)))
            elif node["type"] not in _NOT_TAUGHT:
                _count(node, found[-1])
    return [section for section in found if section.minutes]


def lessons(minutes: Iterable[int]) -> list[list[int]]:
    """Which sections make up each lesson: in order, as many as fit.

    >>> lessons([20, 25, 10, 60, 5])
    [[0, 1], [2], [3], [4]]
    """
    plan: list[list[int]] = []
    left = 0
    for n, needed in enumerate(minutes):
        if not plan or needed > left:
            plan.append([])
            left = LESSON
        plan[-1].append(n)
        left -= needed
    return plan


def _count(node: dict, section: Section) -> None:
    section.words += len(words(node).split())
    kinds = [part["type"] for part in nodes(node)]
    section.equations += kinds.count("math")
    # a formula within a line is read as one word
    section.words += kinds.count("inlineMath")
    section.figures += kinds.count("container")
