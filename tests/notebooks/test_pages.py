"""The generated pages: what they say, and that a stale one is noticed."""

from dataclasses import replace
from pathlib import Path

import pytest

from tools.chapters import BookError, read_chapter
from tools.pages import _number, _rule, claims_page, main, status_page

FIRST = Path("chapters/01_every_construct.md")


def test_claims_are_listed_by_chapter_with_their_verdict(executed):
    text = claims_page([read_chapter(FIRST, executed)], executed)
    assert "Measurements so far: 2 (2 confirmed, 0 refuted, 0 unresolved)." in text
    assert "## [Every construct](01_every_construct.md)\n" in text
    row = text.split("* - B5\n")[1].split("\n")
    assert row[0] == r"  - $2 \times 10^{-16}$, n = 10"
    assert row[1] == "  - below $10^{-9}$"
    assert row[2] == "  - **confirmed**"
    words = text.split("**B5.** ")[1].split("\n\n")
    assert words[0].startswith("Classifier-free guidance is guidance by the implicit classifier")
    assert words[1].startswith("Published\n: ") and words[1].endswith(": a derivation")
    measured = r"**$2 \times 10^{-16}$, n = 10**, largest absolute difference"
    assert words[2].startswith(f"Measured\n: {measured}")
    assert words[3] == "Verdict\n: confirmed; the rule asks for a value below $10^{-9}$"
    waiting = text.split("## Not measured yet")[1]
    assert "**B1.**" in waiting and "**B5.**" not in waiting


def test_status_shows_what_was_measured_beside_what_is_declared(executed):
    chapter = read_chapter(FIRST, executed)
    text = status_page([chapter], executed)
    assert " of 30\n" in text and " of 1024\n" in text and "  - 0 of 0\n" in text
    with pytest.raises(BookError, match="data/status.json lacks 07_none; run 'make notebooks'"):
        status_page([replace(chapter, name="07_none")], executed)


def test_pages_are_written_once_and_noticed_when_stale(book, capsys):
    assert main([], book) == 0
    assert capsys.readouterr().out == "chapters/claims.md written\nchapters/status.md written\n"
    assert main(["--check"], book) == 0
    status = book / "data/status.json"
    status.write_text(status.read_text().replace('"python": "3', '"python": "4'))
    assert main(["--check"], book) == 1
    assert capsys.readouterr().out == "chapters/status.md is stale; run 'python -m tools.pages'\n"


def test_a_missing_notebook_stops_the_pages(book, capsys):
    (book / "notebooks/02_second.ipynb").unlink()
    assert main([], book) == 1
    assert "notebooks/02_second.ipynb is missing; run 'make notebooks'" in capsys.readouterr().err
    assert not (book / "chapters/claims.md").exists()


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0, "0"), (0.25, "0.25"), (-1.5, "−1.5"), (1e-9, "$10^{-9}$"), (9.999e-5, "$10^{-4}$"),
     (123456, r"$1.23 \times 10^{5}$"), (-2e-7, r"$-2 \times 10^{-7}$")],
)  # fmt: skip
def test_numbers_are_short(value, expected):
    assert _number(value) == expected


def test_rules_in_words():
    assert _rule({"kind": "near", "target": 0.25, "tolerance": 1e-6}) == "within $10^{-6}$ of 0.25"
    assert _rule({"kind": "above", "bound": 0.05}) == "above 0.05"
