"""The real chapters: nothing committed is out of date, and a chapter runs with the network off."""

import copy

import pytest

from tools.execute import run
from tools.files import ROOT
from tools.mystmd import parse_book
from tools.notebooks import finish, orphans, places_file, plan, stale
from tools.pages import generate


@pytest.fixture(scope="module")
def tasks():
    return plan([])


def test_no_notebook_is_stale(tasks):
    lines = stale(tasks) + orphans()
    assert not lines, "\n".join([*lines, "run 'make notebooks' and commit what it writes"])


def test_checkers_call_the_places_of_the_book_by_their_numbers():
    path, text = places_file(parse_book(ROOT))
    assert path.read_text(encoding="utf-8") == text, "run 'make notebooks' and commit what it writes"


def test_no_generated_page_is_stale():
    old = [path.name for path, text in generate().items() if path.read_text("utf-8") != text]
    assert not old, f"{', '.join(old)}: run 'python -m tools.pages' and commit what it writes"


def test_a_chapter_gives_the_same_again_without_a_network(tasks):
    """The quickest chapter, in a kernel that refuses connections: the same file but for images."""
    task = min(tasks, key=lambda task: task.measured["seconds"])
    run(task.fresh, task.chapter, task.trials)
    finish(task.fresh, task.chapter, ROOT)
    assert [_without_images(c) for c in task.fresh.cells] == [_without_images(c) for c in task.stored.cells]


def _without_images(cell) -> dict:
    cell = copy.deepcopy(dict(cell))
    for output in cell.get("outputs", []):
        output.get("data", {}).pop("image/png", None)
    return cell
