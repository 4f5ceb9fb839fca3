"""A build is strict, whole or not at all, and done once."""

from __future__ import annotations

import json
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from guidelib import __version__
from tests.site.conftest import make_book
from tools.chapters import BookError
from tools.files import ROOT
from tools.links import check_links
from tools.site import build, main

CHAPTER = "chapters/02_second_chapter.md"


def edit(path: Path, change: Callable[[str], str]) -> None:
    path.write_text(change(path.read_text(encoding="utf-8")), encoding="utf-8")


def adding(text: str) -> Callable[[str], str]:
    return lambda old: f"{old}\n{text}\n"


def test_all_links_of_the_built_site_resolve(site: Path) -> None:
    assert check_links(site) == []


def test_a_broken_link_in_the_built_site_is_found(site: Path, tmp_path: Path) -> None:
    broken = Path(shutil.copytree(site, tmp_path / "html"))
    edit(broken / "second-chapter.html", lambda text: text.replace("#eq-tweedie", "#eq-gone"))
    assert check_links(broken) == [
        "second-chapter.html: every-construct.html#eq-gone: there is no such anchor"
    ]


# what an author may get wrong, and a part of the line that says so
MYSTMD_WARNS = {
    "[](#eq-nowhere)": "eq-nowhere",
    "{cite:p}`nobody1999`": "nobody1999",
    "$$ \\nosuchmacro $$": "nosuchmacro",
    "{nosuchrole}`x`": "nosuchrole",
}
THEME_STOPS = {
    "```{mermaid}\ngraph TD\n```": 'the theme cannot set a node of type "mermaid"',
    "[gone](99_gone.md)": 'a link to nothing: "99_gone.md"',
    "![](figures/ladder.svg)": "ladder.svg has no alt text",
    "```brainfuck\n+\n```": 'no highlighting for language "brainfuck"',
    "A note.[^gone]": "a footnote without a text: [^gone]",
}


@pytest.mark.parametrize("faults", [MYSTMD_WARNS, THEME_STOPS], ids=["mystmd", "theme"])
def test_whatever_is_wrong_in_the_text_stops_the_build(book: Path, faults: dict[str, str]) -> None:
    edit(book / CHAPTER, adding("\n\n".join(faults)))
    with pytest.raises(BookError) as error:
        build(book)
    lines = str(error.value).split("\n")[1:]
    for message in faults.values():
        assert any(message in line and line.startswith(f"  {CHAPTER}: ") for line in lines), message
    assert not (book / "_build/html").exists()


def test_a_warning_in_a_page_names_its_line(book: Path) -> None:
    edit(book / "chapters/notation.md", lambda text: text.replace("[](#sec-maths)", "[](#sec-gone)"))
    with pytest.raises(BookError, match=r"chapters/notation.md:\d+ .*sec-gone") as error:
        build(book)
    line = int(str(error.value).split("notation.md:")[1].split()[0])
    text = (book / "chapters/notation.md").read_text(encoding="utf-8").split("\n")
    # mystmd counts from the start of the table
    assert "{list-table}" in text[line - 1] or "sec-gone" in text[line - 1]


def test_a_failed_build_leaves_the_last_site_in_place(site: Path, tmp_path: Path) -> None:
    book = make_book(tmp_path / "book")
    (book / "_build").mkdir()
    shutil.copytree(site, book / "_build/html")
    edit(book / CHAPTER, adding("[](#eq-nowhere)"))
    with pytest.raises(BookError):
        build(book)
    assert check_links(book / "_build/html") == []


def test_a_second_build_does_nothing_and_a_change_does(book: Path) -> None:
    index = build(book) / "index.html"
    first = index.stat().st_mtime_ns
    start = time.perf_counter()
    build(book)
    assert time.perf_counter() - start < 1
    assert index.stat().st_mtime_ns == first
    edit(book / CHAPTER, adding("A new sentence."))
    page = build(book) / "second-chapter.html"
    assert "A new sentence." in page.read_text(encoding="utf-8")
    assert {path.name for path in (book / "_build").iterdir()} == {"html", "html.stamp", "src"}


def test_stored_outputs_must_be_those_of_the_text(book: Path) -> None:
    edit(book / CHAPTER, lambda text: text.replace('print("two", 2)', 'print("three", 3)'))
    with pytest.raises(
        BookError, match=r"out of date at the cell 'print\(\"three\", 3\)'; run 'make notebooks'"
    ):
        build(book)


def test_a_missing_notebook_is_named(book: Path) -> None:
    (book / "notebooks/02_second_chapter.ipynb").unlink()
    with pytest.raises(BookError, match="no notebooks/02_second_chapter.ipynb; run 'make notebooks'"):
        build(book)


def test_a_missing_page_is_named(book: Path) -> None:
    (book / "chapters/glossary.md").unlink()
    with pytest.raises(BookError, match="toc lists chapters/glossary.md, which is not there"):
        build(book)


def test_a_figure_needs_its_picture(book: Path) -> None:
    path = book / "notebooks/01_every_construct.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["outputs"] = [] if cell["cell_type"] == "code" else None
        if cell["outputs"] is None:
            del cell["outputs"]
    path.write_text(json.dumps(notebook), encoding="utf-8")
    with pytest.raises(BookError, match="figure #cell-bell: its cell has no stored picture"):
        build(book)


def test_cells_that_only_the_notebook_has_are_passed_over(book: Path) -> None:
    path = book / "notebooks/02_second_chapter.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    extra = {"cell_type": "code", "metadata": {}, "source": "install()", "outputs": [], "execution_count": 1}
    notebook["cells"].insert(0, extra | {"id": "extra"})
    path.write_text(json.dumps(notebook), encoding="utf-8")
    assert "install()" not in (build(book) / "second-chapter.html").read_text(encoding="utf-8")


def test_colab_is_offered_where_the_repository_is_set(site: Path, book: Path) -> None:
    page = (site / "second-chapter.html").read_text(encoding="utf-8")
    assert ">Notebook (.ipynb)</a>" in page and "Colab" not in page, "a link to nothing is not shown"
    edit(book / "myst.yml", lambda text: text.replace("project:\n", "project:\n  github: some/book\n", 1))
    page = (build(book) / "second-chapter.html").read_text(encoding="utf-8")
    address = "https://colab.research.google.com/github/some/book/blob/"
    link = f'href="{address}v{__version__}/notebooks/02_second_chapter.ipynb"'
    assert f'{link} class="open-in">Open in Colab</a>' in page
    assert ">Notebook (.ipynb)</a>" in page


def test_without_node_the_way_out_is_named(book: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", "/nowhere/python")
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(BookError, match="node is not there; run 'make setup'"):
        build(book)


def test_without_a_registry_the_way_out_is_named(
    book: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theme = tmp_path / "theme"
    shutil.copytree(ROOT / "theme", theme, ignore=shutil.ignore_patterns("node_modules"))
    edit(book / "myst.yml", lambda text: text.replace(str(ROOT / "theme"), str(theme)))
    monkeypatch.setenv("npm_config_registry", "http://127.0.0.1:9/")
    monkeypatch.setenv("npm_config_cache", str(tmp_path / "cache"))
    with pytest.raises(BookError) as error:
        build(book)
    assert str(error.value).startswith("npm could not install the theme's parts: ")
    assert "connect to a network" in str(error.value) and "\n" not in str(error.value)
    assert not (theme / "node_modules/.installed").exists()


def test_main_says_where_the_site_is_or_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture, tmp_path: Path
) -> None:
    monkeypatch.setattr("tools.site.build", lambda: tmp_path / "html")
    assert main() == 0
    assert "html/index.html: open it in a browser" in capsys.readouterr().out

    def broken() -> Path:
        raise BookError("what is wrong")

    monkeypatch.setattr("tools.site.build", broken)
    assert main() == 1
    assert capsys.readouterr().err == "site: what is wrong\n"


def test_the_lock_file_names_no_registry() -> None:
    assert "resolved" not in (ROOT / "theme/package-lock.json").read_text(encoding="utf-8")


def test_the_style_sheet_is_of_the_katex_that_mystmd_carries() -> None:
    import mystmd_py

    bundle = Path(mystmd_py.__file__).with_name("myst.cjs").read_text(encoding="utf-8")
    package = json.loads((ROOT / "theme/package.json").read_text(encoding="utf-8"))
    assert f'version: "{package["dependencies"]["katex"]}"' in bundle
