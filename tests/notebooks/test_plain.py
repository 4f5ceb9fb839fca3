"""The converter: every construct of the fixture's first chapter, and what stops the export."""

import base64
import re
import shutil
from pathlib import Path

import nbformat
import pytest

from tests.notebooks.conftest import FIXTURE, copy_book
from tools.chapters import BookError, read_chapter
from tools.exercises import exercises, follows, places
from tools.export import attach, export, figures, trials
from tools.inline import escape
from tools.mystmd import parse_book

FIRST, SECOND = Path("chapters/01_every_construct.md"), Path("chapters/02_second.md")
CHAPTERS = [FIRST, SECOND]


@pytest.fixture(scope="module")
def parsed():
    return parse_book(FIXTURE)


@pytest.fixture(scope="module")
def notebook(parsed):
    return export(read_chapter(FIRST, FIXTURE), parsed, CHAPTERS)


@pytest.fixture(scope="module")
def text(notebook):
    cells = [cell.source for cell in notebook.cells if cell.cell_type == "markdown"]
    return "\n\n".join(cells)


CONSTRUCTS = {
    "title": "# Every construct\n\n*One page that uses all that chapters use.*\n",
    "cost": "takes at most 30 s on two CPU cores, 1 GiB of memory, no download.",
    "macros": r"The mean is $\mathbb{E} x$",
    "macro with argument": r"is $\nabla\log p$",
    "glossary term": "the [*score*](../chapters/glossary.md) is",
    "narrative citation": "; Efron (2011) says it",
    "citations in parentheses": "others too (Efron, 2011; Ho & Salimans, 2022).",
    "footnote mark": "2022).<sup>1</sup>",
    "footnote": "## Notes\n\n1. A note with $\\mathbb{E} y$.",
    "text that markdown must not read": "\nA price of \\$5, an index a_b, *emphasis*, **strong**, "
    "`code`, a < b, ",
    "address": "[https://example.org](https://example.org)",
    "link": "[a link](https://example.org/x_y)",
    "section": "\n\n## 1.1 The first section\n\n",
    "equation": "\n\n$$\na = b\n\\tag{1.1}\n$$\n\n",
    "equation over two lines": "$$\n\\mathbb{E}[x_0 \\mid x] = x + \\sigma^2 \\nabla\\log p(x), \\\\\n"
    "c < d\n\\tag{1.2}\n$$",
    "references": "See (1.2), (1.2), Figure\u00a01.1, Figure\u00a01.1, Figure\u00a01.2, Section\u00a01.1, "
    "Section\u00a01.1,\nthe formula, ",
    "reference to another chapter": "[(2.1)](02_second.ipynb), Exercise\u00a01.1, Theorem\u00a01.1, "
    "Table\u00a01.1, ",
    "link to another chapter": "[The second chapter](02_second.ipynb), ",
    "link to a page that is no notebook": "[back](../chapters/glossary.md).",
    "figure of a cell": "**Figure 1.1.** What to *notice*: it rises by $\\mathbb{E}$.",
    "figure from a file": "![A grey square.](../chapters/figures/still.png)\n\n"
    "**Figure 1.2.** A picture from a file.",
    "note with an equation": "> **Note.**\n>\n> A note with an equation\n>\n> $$x = 1 \\tag{1.3}$$\n"
    ">\n> in it, and\n>\n> - one\n> - two\n>\n>   $$y = 2 \\tag{1.4}$$",
    "tip": "> **A title.**\n>\n> Say it.",
    "admonition": "> **Of our own.**\n>\n> Body.",
    "seealso": "> **See Also.**\n>\n> [The second chapter](02_second.ipynb)",
    "dropdown": "<details>\n<summary>A <em>folded</em> proof of <code>f</code></summary>\n\nBy (1.2).\n\n"
    '```python\nshown = "not run"\n```\n\n</details>',
    "theorem": "> **Theorem 1.1 (Tweedie).**\n>\n> For all $x$,\n>\n> $$y = x. \\tag{1.5}$$",
    "proof": "*Proof.* Clear. ∎",
    "table": "**Table 1.1.** Some values, $|x|$ among them\n\n"
    "| a | b |\n|---|---|\n| 1 | $\\lvert x \\rvert$ |\n| 2 | `code` |",
    "list-table": "| a | b |\n|---|---|\n| $p(x\\vert y)$, (1.2), `f` | 2 |",
    "quotation": "\n\n> Quoted.\n\n",
    "lists": "1. first\n   - inner\n2. second\n\n   with a paragraph\n\n---",
    "exercise": "**Exercise 1.1 (A first one).**\n\n*predict · difficulty 1/5 · 5 min*\n\nDouble",
    "hint": "<details>\n<summary>Hint</summary>\n\nTwice.\n\n</details>",
    "solution": "<details>\n<summary>Solution to Exercise\u00a01.1</summary>\n\nLike this:\n\n"
    "```python\ndoubled = 2 * slope\n```\n\nand then\n\n",
    "bibliography": "## References\n\n- Efron, B. (2011). Tweedie’s formula and selection bias.",
}


@pytest.mark.parametrize("expected", CONSTRUCTS.values(), ids=CONSTRUCTS)
def test_construct(text, expected):
    assert expected in text


def test_nothing_of_myst_is_left(text):
    assert not re.search(r":::|\{[a-z:]+\}`|^:[a-z]+:|\]\(#|\\score|\\E\b|\(sec-", text, re.MULTILINE)


def test_text_starts_anew_at_headings_and_figures(notebook):
    cells = [cell.source for cell in notebook.cells]
    assert not [cell for cell in cells if re.search(r"^## ", cell[1:], re.MULTILINE)]
    code = [cell.id for cell in notebook.cells].index("cell-line")
    assert cells[code + 1].startswith("**Figure 1.1.**")


def test_hidden_cells_are_folded(notebook):
    folded = [cell.metadata for cell in notebook.cells if cell.metadata.get("cellView") == "form"]
    assert [list(cell.tags) for cell in folded] == [["generated", "setup"], ["hide-input"], ["remove-cell"]]
    assert folded[0].jupyter == folded[1].jupyter == {"source_hidden": True}
    assert folded[2].jupyter == {"source_hidden": True, "outputs_hidden": True}


def test_identifiers_do_not_move_with_other_cells(parsed, notebook, tmp_path):
    again = export(read_chapter(FIRST, FIXTURE), parsed, CHAPTERS)
    assert [cell.id for cell in again.cells] == [cell.id for cell in notebook.cells]
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def found(book, path=FIRST, root=FIXTURE):
    return exercises(path, book.pages[path].mdast, (root / path).read_text())


def test_exercises_are_read_with_all_their_parts(parsed):
    first, second = found(parsed)
    assert (first.number, first.title, first.kind, first.difficulty, first.minutes) == (
        "1.1", "A first one", "predict", 1, 5,
    )  # fmt: skip
    assert first.stub == "doubled = ..." and first.check == 'check("ex-first", doubled)'
    assert first.answer == "doubled = 2 * slope" and first.looks == ("assert doubled == 4\nslope = None",)
    assert first.hint and not second.hint and second.title == ""
    lines = (FIXTURE / FIRST).read_text().split("\n")
    assert [lines[e.line - 1] for e in (first, second)] == [":label: ex-first", ":label: ex-second"]


def test_a_notebook_offers_the_stub_between_statement_and_solution(notebook):
    ids = [cell.id for cell in notebook.cells]
    at = ids.index("ex-first")
    before, stub, after = notebook.cells[at - 1 : at + 2]
    assert before.source.endswith("Double the slope.") and "```" not in before.source
    assert stub.source == 'doubled = ...\n\ncheck("ex-first", doubled)'
    assert stub.execution_count is None and not stub.outputs
    assert {"nbval-skip", "skip-execution"} < set(stub.metadata.tags)
    assert after.source.startswith("<details>\n<summary>Hint</summary>")


def test_solutions_and_stubs_are_tried(parsed):
    names = [(trial.name, trial.line) for trial in trials(found(parsed))]
    lines = [exercise.line for exercise in found(parsed)]
    assert names == [
        (f"{what} of Exercise 1.{n}", lines[n - 1]) for n in (1, 2) for what in ("solution", "stub")
    ]


def test_places_are_called_by_their_numbers(parsed):
    known = places(parsed)
    assert known["eq-tweedie"] == "equation (1.2)" and known["sec-one"] == "section 1.1"
    assert known["fig-line"] == "figure 1.1" and known["eq-second"] == "equation (2.1)"


@pytest.mark.parametrize(("stub", "answer", "good"), [
    ("x = ...", "x = 1", True),
    ("def f(x):\n    y = ...\n    return ...", "def f(x):\n    y = x\n    z = y\n    return z", True),
    ("x = ...\n\n\ny = 1", "x = 2\ny = 1", True),
    ("x = ...", "x = ...", False),
    ("x = ...", "y = 1", False),
    ("def f(x):\n    return ...", "def f(x, y):\n    return y", False),
])  # fmt: skip
def test_an_answer_is_the_stub_filled_in(stub, answer, good):
    assert follows(stub, answer) == good


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("2 * 3 * 4", r"2 \* 3 \* 4"),
        ("_private and in_word", r"\_private and in_word"),
        ("<br> but a < b", "&lt;br> but a < b"),
        (r"a \ b", r"a \\ b"),
        ("[0, 1](x)", "[0, 1]&#40;x)"),
        ("&lt; & so on", "&amp;lt; & so on"),
    ],
)
def test_plain_text_stays_plain(given, expected):
    assert escape(given) == expected


META = "*predict · difficulty 1/5 · 5 min*\n\n"
STUB = '```python\nx = ...\n\ncheck("{}", x)\n```\n'


def bad(label, *parts):
    return f":::{{exercise}} One\n:label: {label}\n\n" + "".join(parts).replace("{}", label)


MOVING = """
::::{figure}
:label: fig-moves
:placeholder: figures/still.png
:alt: A grey square.

:::{anywidget} figures/square.mjs
{"size": 1}
:::

It grows by $x$.
::::
"""


def test_a_moving_figure_is_its_still_picture_which_the_cell_carries(tmp_path):
    root = copy_book(tmp_path / "book")
    (root / "chapters/figures/square.mjs").write_text("export default { render() {} };\n")
    (root / SECOND).write_text((root / SECOND).read_text() + MOVING)
    notebook = export(read_chapter(SECOND, root), parse_book(root), CHAPTERS, root)
    (cell,) = [cell for cell in notebook.cells if "attachments" in cell]
    assert cell.source.endswith(
        "![A grey square.](attachment:still.png)\n\n**Figure 2.1.** It grows by $x$.\n\n"
        "*In the book's pages this figure moves.*"
    )
    data = base64.b64decode(cell.attachments["still.png"]["image/png"])
    assert data == (root / "chapters/figures/still.png").read_bytes()
    nbformat.validate(notebook)
    (root / "chapters/figures/still.png").unlink()
    with pytest.raises(BookError, match="still.png is not there; run 'python -m tools.figures'"):
        attach(notebook.cells, {"still.png": Path("chapters/figures/still.png")}, root)


WRONG = {
    ":::{anywidget} figures/square.mjs\n{}\n:::": "a figure that moves stands in a {figure} with :label:",
    ":::{nosuch}\nx\n:::": "unknown directive: nosuch",
    "a {nosuch}`role`": "unknown role: nosuch",
    "see [](#eq-nowhere)": r'No target for internal reference "#eq-nowhere"',
    "see {eq}`eq-nowhere`": "eq-nowhere",
    "see {cite:t}`nobody1999`": r'Could not link citation with label "nobody1999"',
    "see {term}`nothing`": "nothing",
    "see [that](04_none.md)": "04_none.md",
    "a note[^none]": r"footnote \[\^none\] is not defined on this page",
    "see [](04_none.md#sec-x)": "04_none.md",
    "see [claims](../data/claims.toml)": "link to ../data/claims.toml: no such page in the book",
    ":::{iframe} https://example.org\n:::": "notebooks cannot show 'iframe' yet",
    "![](figures/still.png)": "image figures/still.png has no alt text",
    "$\\score$": "in a macro argument",
    ":::{figure} #cell-line\nNot after its cell.\n:::": "figure #cell-line has no :alt: text",
    bad("ex-a", "Guess.\n:::"): "exercise ex-a: open it with .kind · difficulty n/5 · m min",
    bad("ex-b", META, "Say it.\n:::"): "exercise ex-b: it holds one python block, the stub",
    bad("ex-c", META, "```python\nx = ...\n```\n:::"): "the stub ends with an empty line and check",
    bad("ex-d", META, STUB, ":::"): "exercise ex-d: its solution must follow it",
    bad("ex-e", META, STUB, ":::\n\n:::{solution} ex-e\nOne.\n:::"): "must be the stub with every ... repl",
    ":::{figure} #cell-x\n:alt: x\nNo cell.\n:::": "figure #cell-x: no cell has this label",
    ":::{figure} #cell-line\n:alt: x\nNot after it.\n:::": "figure #cell-line must stand right after",
}


@pytest.fixture(scope="module")
def wrong(tmp_path_factory):
    """One book with a page for each mistake: mystmd reads them all at once."""
    root = copy_book(tmp_path_factory.mktemp("wrong") / "book")
    head = (FIXTURE / SECOND).read_text().split("(sec-back)=")[0]
    cell = "```{code-cell} python\n:label: cell-line\n\nx = 1\n```\n\n"
    for number, mistake in enumerate(WRONG, 10):
        page = f"{head}Text.\n\n{cell}More.\n\n{mistake}\n"
        (root / f"chapters/{number}_wrong.md").write_text(page)
    (root / "myst.yml").write_text(
        "project: {math: {'\\score': '\\nabla #1'}, bibliography: [chapters/references.bib]}\n"
    )
    return root, parse_book(root)


@pytest.mark.parametrize(("number", "message"), list(enumerate(WRONG.values(), 10)), ids=WRONG)
def test_wrong_source_stops_the_export(wrong, number, message):
    root, parsed = wrong
    path = Path(f"chapters/{number}_wrong.md")
    with pytest.raises(BookError, match=message) as caught:
        export(read_chapter(path, root), parsed, [])
    last = len((root / path).read_text().rstrip().split("\n"))
    where = re.match(rf"{path}:(\d+): ", str(caught.value))
    assert where, caught.value
    # the mistake is the last thing on the page
    opening = last - list(WRONG)[number - 10].count("\n")
    assert int(where[1]) in (opening, opening + 1)


def test_alt_text_comes_from_the_source():
    assert figures(read_chapter(FIRST, FIXTURE)) == {"cell-line": "A line that rises from 0 to 2."}


def test_a_missing_page_leaves_the_others_readable(tmp_path):
    root = copy_book(tmp_path / "book")
    shutil.move(root / SECOND, tmp_path)
    parsed = parse_book(root)
    assert SECOND not in parsed.pages
    with pytest.raises(BookError, match="eq-second"):
        export(read_chapter(FIRST, root), parsed, CHAPTERS)
