"""EPUB and PDF of the small book: well formed, whole, and every link leads somewhere."""

import io
import re
import xml.etree.ElementTree as ET
import zipfile
from pathlib import PurePosixPath

import pytest

from tests.chromium import chromium
from tools.epub import epub
from tools.mathml import letters
from tools.pdf import one_page, pdf

XHTML = "{http://www.w3.org/1999/xhtml}"
OPF = "{http://www.idpf.org/2007/opf}"
MATHML = "{http://www.w3.org/1998/Math/MathML}"


@pytest.fixture(scope="module")
def held(made):
    """The EPUB's files; every XML file among them parses."""
    with zipfile.ZipFile(io.BytesIO(epub(made))) as packed:
        first = packed.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        files = {name: packed.read(name) for name in packed.namelist()}
    assert files["mimetype"] == b"application/epub+zip"
    return {
        name: ET.fromstring(content) if name.endswith((".xhtml", ".opf", ".xml")) else content
        for name, content in files.items()
    }


def pages(held):
    return {name: tree for name, tree in held.items() if name.endswith(".xhtml")}


def test_the_manifest_names_what_is_there_and_no_more(held):
    package = held["book/book.opf"]
    items = {item.get("id"): item for item in package.iter(f"{OPF}item")}
    listed = {f"book/{item.get('href')}" for item in items.values()}
    assert listed == {name for name in held if name.startswith("book/")} - {"book/book.opf"}
    spine = [items[ref.get("idref")].get("href") for ref in package.iter(f"{OPF}itemref")]
    assert spine == ["index.xhtml", "every-construct.xhtml", "second.xhtml", "glossary.xhtml"]
    for item in items.values():
        if item.get("href").endswith(".xhtml"):
            tree = held[f"book/{item.get('href')}"]
            has_math = next(tree.iter(f"{MATHML}math"), None) is not None
            assert has_math == ("mathml" in (item.get("properties") or ""))


def test_every_link_and_picture_of_the_epub_is_there(held):
    anchors = {name: {e.get("id") for e in tree.iter()} - {None} for name, tree in pages(held).items()}
    count = 0
    for name, tree in pages(held).items():
        ids = [element.get("id") for element in tree.iter() if element.get("id")]
        assert len(ids) == len(set(ids)), name
        for element in tree.iter():
            for address in filter(None, (element.get("href"), element.get("src"))):
                if "://" in address:
                    continue
                page, _, anchor = address.partition("#")
                target = str(PurePosixPath(name).parent / page) if page else name
                assert target in held, f"{name}: {address}"
                assert not anchor or anchor in anchors[target], f"{name}: {address}"
                count += 1
    assert count > 20


def test_the_epub_says_what_the_site_says(held):
    tree = held["book/every-construct.xhtml"]
    text = " ".join("".join(tree.itertext()).split())
    for words in ("The first section", "A folded proof of", "Double the slope.", "slope 2"):
        assert words in text
    assert "Download" not in text and "katex-html" not in ET.tostring(tree, "unicode")
    assert tree.find(f".//{XHTML}img").get("alt") == "A line that rises from 0 to 2."
    assert set(tree.find(f".//{XHTML}img").keys()) == {"src", "alt"}, "what only a browser needs is gone"
    assert any(formula.get("display") == "block" for formula in tree.iter(f"{MATHML}math"))
    assert any("𝔼" in "".join(formula.itertext()) for formula in tree.iter(f"{MATHML}math"))


def test_letters_of_mathml():
    assert letters('<mi mathvariant="script">N</mi><mi mathvariant="double-struck">R</mi>') == (
        "<mi>\N{MATHEMATICAL SCRIPT CAPITAL N}</mi><mi>\N{DOUBLE-STRUCK CAPITAL R}</mi>"
    )
    assert letters('<mi mathvariant="normal">x</mi>') == '<mi mathvariant="normal">x</mi>'


def test_one_page_of_all_has_links_that_lead_within_it(made):
    page = one_page(made / "_build/html")
    anchors = re.findall(r' id="([^"]*)"', page)
    assert len(anchors) == len(set(anchors)) > 20
    links = re.findall(r'href="#([^"]*)"', page)
    assert links and set(links) <= set(anchors)
    for address in re.findall(r'src="([^"]*)"', page):
        assert (made / "_build/print" / address).resolve().is_file(), address


def test_the_pdf_is_the_same_again(made):
    with chromium():  # says what to do where there is none
        pass
    printed = pdf(made)
    assert printed[:5] == b"%PDF-" and len(printed) > 50_000
    assert printed.count(b"/Type /Page\n") + printed.count(b"/Type /Page ") >= 4
    assert pdf(made) == printed


def test_without_chromium_there_is_no_pdf_and_a_line_says_so(made, monkeypatch, capsys):
    monkeypatch.setenv("PATH", "/nowhere")
    assert pdf(made) is None
    assert capsys.readouterr().out.startswith("no PDF: Chromium is not here; install it")
