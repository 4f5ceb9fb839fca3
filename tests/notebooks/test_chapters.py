"""Reading chapters: what they declare, where their cells are, and what is said of a bad one."""

from pathlib import Path

import jupytext
import pytest

from tests.notebooks.conftest import FIXTURE, copy_book
from tools.chapters import BookError, blank_our_keys, chapter_paths, front_matter, read_chapter
from tools.macros import expand

FIRST = Path("chapters/01_every_construct.md")


def test_a_chapter_says_what_it_costs_and_runs():
    chapter = read_chapter(FIRST, FIXTURE)
    assert chapter.budget.seconds == 30
    assert chapter.claims == ("B4", "B5")
    assert [cell.label for cell in chapter.cells] == [None, "cell-line", "cell-said", None]
    lines = chapter.text.split("\n")
    for cell in chapter.cells:
        assert lines[cell.line - 1] == "```{code-cell} python"
        assert lines[cell.line : cell.line + 12].index(cell.source.split("\n")[0]) >= 0


def test_saving_in_jupyter_keeps_labels_and_front_matter():
    text = (FIXTURE / FIRST).read_text()
    notebook = jupytext.reads(text, fmt="md:myst")
    notebook.metadata["language_info"] = {"name": "python", "version": "3"}
    saved = jupytext.writes(notebook, fmt="md:myst")
    assert front_matter(FIRST, saved) == front_matter(FIRST, text)
    body = text.split("\n---\n", 1)[1]
    assert saved.split("\n---\n", 1)[1] == body


def test_reading_order_is_that_of_the_toc(tmp_path):
    root = copy_book(tmp_path / "book")
    names = ["01_every_construct.md", "02_second.md"]
    assert [path.name for path in chapter_paths(root)] == names
    (root / "myst.yml").unlink()
    assert [path.name for path in chapter_paths(root)] == names


def test_toc_and_folder_must_agree(tmp_path):
    root = copy_book(tmp_path / "book")
    (root / "chapters/03_new.md").write_text("---\ntitle: New\n---\n")
    with pytest.raises(BookError, match=r"myst.yml: toc does not list chapters/03_new.md; add it"):
        chapter_paths(root)
    (root / "chapters/03_new.md").unlink()
    (root / "chapters/02_second.md").unlink()
    with pytest.raises(BookError, match=r"toc lists chapters/02_second.md, which does not exist"):
        chapter_paths(root)


BAD = {
    "no front matter": ("---\ntitle: The second chapter", "title: The", r":1: no front matter"),
    "not YAML": ("title: The", "title: [The", r":\d+: front matter is not YAML"),
    "no title": ("title: The second chapter\n", "", r":1: front matter: title is missing; give"),
    "budget": ("  memory_mib: 512\n", "", r":1: front matter: budget is .* give numbers for sec"),
    "negative": ("seconds: 20", "seconds: -1", r":1: front matter: budget is"),
    "claims": ("claims: []", "claims: B5", r":1: front matter: claims is 'B5'; give a list"),
    "option": (":tags: [nbval", ":caption: x\n:tags: [nbval", r":32: code cell has the option capt"),
    "comment": (
        ":tags: [nbval-check-output]\n\n", "#| label: x\n", r":32: code cell opens with '#\|'",
    ),
    "empty": ("print(1 + 1)\n", "", r":32: empty code cell"),
    "colons": ("```{code-cell} python", ":::{code-cell} python", r":32: a code cell stands at"),
    "nested": (
        "```{code-cell}", "````{note}\n```{code-cell}", r":33: a code cell stands at",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("old", "new", "message"), BAD.values(), ids=BAD)
def test_bad_chapter(tmp_path, old, new, message):
    root = copy_book(tmp_path / "book")
    path = root / "chapters/02_second.md"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))
    with pytest.raises(BookError, match=r"^chapters/02_second.md" + message):
        read_chapter(Path("chapters/02_second.md"), root)


def test_mystmd_sees_none_of_our_keys_and_the_same_lines():
    text = (FIXTURE / FIRST).read_text()
    blanked = blank_our_keys(text)
    assert set(front_matter(FIRST, text)) - set(front_matter(FIRST, blanked)) == {
        "budget", "claims", "jupytext",
    }  # fmt: skip
    assert blanked.count("\n") == text.count("\n")
    assert blank_our_keys("no front matter") == "no front matter"


MACROS = {
    r"\E": r"\mathbb{E}",
    r"\score": r"\nabla\log #1",
    r"\law": r"#1\mid#2",
    r"\outer": r"\score{\E}",
    r"\loop": r"\loop",
}


@pytest.mark.parametrize(
    ("tex", "expected"),
    [
        (r"\E[x]", r"\mathbb{E}[x]"),
        (r"\Ex", r"\Ex"),
        (r"\score{p_{\E}}", r"\nabla\log p_{\mathbb{E}}"),
        (r"\score p q", r"\nabla\log p q"),
        (r"\law{x}{y}", r"x\mid y"),
        (r"\outer x", r"\nabla\log \mathbb{E} x"),
        (r"\\E \{ \%", r"\\E \{ \%"),
    ],
)
def test_macros_expand(tex, expected):
    assert expand(tex, MACROS) == expected


@pytest.mark.parametrize(("tex", "problem"), [
    (r"\score", "lacks an argument"), (r"\score{p", "no closing brace"), (r"\loop", "without end"),
])  # fmt: skip
def test_bad_macros(tex, problem):
    with pytest.raises(ValueError, match=problem):
        expand(tex, MACROS)
