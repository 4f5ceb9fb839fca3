"""Hours, variants and pages of the course kit, against counts and formulas made here."""

import math
import re
from pathlib import Path
from types import SimpleNamespace

import pytest

from guidelib.checks import ch01
from tests.notebooks.conftest import FIXTURE
from tools.chapters import BookError, read_chapter
from tools.inline import Context
from tools.kit import GOALS, plan
from tools.lesson import LESSON, lessons, sections
from tools.mystmd import parse_book
from tools.sheets import pages
from tools.variants import draw

FIRST = Path("chapters/01_every_construct.md")
CHAPTER = SimpleNamespace(name="01_noise_scores_denoisers", path=Path("chapters/01.md"))
EXERCISES = [SimpleNamespace(label=label) for label in ch01.EXERCISES]


def test_hours_count_what_a_section_holds():
    chapter = read_chapter(FIRST, FIXTURE)
    found = {section.title: section for section in sections(chapter, parse_book(FIXTURE).pages[FIRST])}
    first = found["1.1 The first section"]
    assert (first.equations, first.cells, first.figures) == (2, 2, 2), "hidden cells are not taught"
    assert first.minutes == math.ceil(2 * 1 + 2 * 1.5 + 2 * 2 + first.words / 120)
    assert "1.3 Exercises" not in found, "exercises take their own minutes"


def test_lessons_are_whole_sections_in_order():
    assert lessons([20, 25, 10, 60, 5]) == [[0, 1], [2], [3], [4]]
    minutes = [7, 30, 13, 50, 1, 49, 80, 3]
    plan = lessons(minutes)
    assert [n for lesson in plan for n in lesson] == list(range(len(minutes)))
    assert all(len(lesson) == 1 or sum(minutes[n] for n in lesson) <= LESSON for lesson in plan)


def test_the_same_seed_draws_the_same_and_another_does_not():
    drawn = draw(CHAPTER, EXERCISES, seed=1)
    assert drawn == draw(CHAPTER, EXERCISES, seed=1) != draw(CHAPTER, EXERCISES, seed=2)
    far = [one.question for one in drawn if one.exercise.label == "ex-far"]
    assert len(far) == len(set(far)) == 6, "every letter has its own numbers"


def test_the_key_answers_the_question_that_is_asked():
    """Read the numbers off the printed question, and compute the answer without the book's library."""
    drawn = [one for one in draw(CHAPTER, EXERCISES, seed=5) if one.exercise.label == "ex-far"]
    for one in drawn:
        mean, width, x, sigma = map(float, re.findall(r"-?\d+(?:\.\d+)?", one.question))
        weight = width**2 / (width**2 + sigma**2)
        assert float(one.answer) == pytest.approx(mean + weight * (x - mean), rel=1e-3)


def test_a_chapter_without_checkers_is_named():
    chapter = SimpleNamespace(name="99_none", path=Path("chapters/99_none.md"))
    with pytest.raises(BookError, match="^chapters/99_none.md: its exercises need the module"):
        draw(chapter, EXERCISES, seed=1)
    assert draw(chapter, [], seed=1) == []


def test_pages_stand_alone():
    text = "# A & B\n\nSee $x_1$.\n\n$$\na < b\n\\tag{1.2}\n$$\n\n| a |\n| --- |\n| 1 |\n"
    page = pages({"one": text})["one"]
    assert "<title>A &amp; B</title>" in page and "(1.2)" in page
    assert page.count("<math ") == 2 and "annotation" not in page
    assert "<script" not in page and "http" not in page.replace("http://www.w3.org/1998/Math/MathML", "")


def test_a_formula_that_cannot_be_set_is_named():
    with pytest.raises(BookError, match=r"course kit: KaTeX could not set a formula: .*\\nosuch"):
        pages({"one": "$\\nosuch x$"})


def test_a_chapter_without_its_opening_is_named():
    book = parse_book(FIXTURE)
    chapter, page = read_chapter(FIRST, FIXTURE), book.pages[FIRST]
    context = Context(FIRST, page.macros, book.addresses, set(), chapter.text)
    with pytest.raises(BookError, match=rf"{FIRST}:1: no paragraph opens with \*\*{list(GOALS)[0]}\*\*"):
        plan(chapter, page, [], context)
