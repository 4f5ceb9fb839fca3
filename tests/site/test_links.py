"""The link checker finds what is broken, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools.links import check_links

GOOD = '<h2 id="a">A</h2><a href="#a">a</a><a href="two.html#b">b</a><img src="p.png" alt="p">'


@pytest.fixture
def site(tmp_path: Path) -> Path:
    (tmp_path / "one.html").write_text(GOOD + '<a href="https://example.org/x#y">out</a>')
    (tmp_path / "two.html").write_text('<h2 id="b">B</h2><link rel="stylesheet" href="s.css">')
    (tmp_path / "s.css").write_text("@font-face { src: url(f.woff2) } .x { background: url('p.png') }")
    (tmp_path / "f.woff2").write_text("")
    (tmp_path / "p.png").write_text("")
    return tmp_path


def test_a_whole_site_has_no_problem(site: Path) -> None:
    assert check_links(site) == []


@pytest.mark.parametrize(
    ("added", "problem"),
    [
        ('<a href="three.html">x</a>', "one.html: three.html: there is no such file"),
        ('<a href="two.html#c">x</a>', "one.html: two.html#c: there is no such anchor"),
        ('<a href="#c">x</a>', "one.html: #c: there is no such anchor"),
        ('<img src="q.png" alt="">', "one.html: q.png: there is no such file"),
        ('<script src="q.js"></script>', "one.html: q.js: there is no such file"),
        ('<div data-module="q.mjs"></div>', "one.html: q.mjs: there is no such file"),
        ('<a href="">x</a>', "one.html: an empty link: not an address"),
        ('<a href="javascript:x">x</a>', "one.html: javascript:x: not an address"),
        (
            '<a href="/two.html">x</a>',
            "one.html: /two.html: starts at the root of the server; the site must work under any path",
        ),
        ('<p id="a"></p>', "one.html: the anchor #a is there twice"),
    ],
)
def test_each_kind_of_broken_link_is_named(site: Path, added: str, problem: str) -> None:
    (site / "one.html").write_text(GOOD + added)
    assert check_links(site) == [problem]


def test_a_link_out_of_the_site_is_named(site: Path) -> None:
    inner = site / "inner"
    inner.mkdir()
    (inner / "one.html").write_text('<a href="../two.html">x</a>')
    assert check_links(inner) == ["one.html: ../two.html: leads out of the site"]


def test_a_missing_font_is_named(site: Path) -> None:
    (site / "f.woff2").unlink()
    assert check_links(site) == ["s.css: f.woff2: there is no such file"]
