"""The book as EPUB 3, from the built site: formulas are MathML, pictures those of the notebooks."""

from __future__ import annotations

import uuid
import xml.etree.ElementTree as ET
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from guidelib import __version__
from tools.articles import Article, articles
from tools.bundle import EPOCH, archive
from tools.chapters import project
from tools.files import ROOT

MODIFIED = "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z".format(*EPOCH)
_CONTAINER = """<?xml version="1.0" encoding="utf-8"?>
<container version="1.0" xmlns="urn:oasis:names:tc:opendocument:xmlns:container">
<rootfiles><rootfile full-path="book/book.opf" media-type="application/oebps-package+xml"/></rootfiles>
</container>
"""
_PAGE = """<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE html>
<html xmlns="http://www.w3.org/1999/xhtml" xmlns:epub="http://www.idpf.org/2007/ops" lang="en" xml:lang="en">
<head><title>{title}</title><link rel="stylesheet" href="book.css"/></head>
<body>{body}</body>
</html>
"""
_PACKAGE = """<?xml version="1.0" encoding="utf-8"?>
<package xmlns="http://www.idpf.org/2007/opf" version="3.0" unique-identifier="id" xml:lang="en">
<metadata xmlns:dc="http://purl.org/dc/elements/1.1/">
<dc:identifier id="id">urn:uuid:{id}</dc:identifier>
<dc:title>{title}</dc:title>
<dc:language>en</dc:language>
{creators}
<dc:rights>{rights}</dc:rights>
<meta property="dcterms:modified">{modified}</meta>
</metadata>
<manifest>
<item id="nav" href="nav.xhtml" media-type="application/xhtml+xml" properties="nav"/>
<item id="css" href="book.css" media-type="text/css"/>
{items}
</manifest>
<spine>
{spine}
</spine>
</package>
"""
_CSS = """body { line-height: 1.45; }
h1, h2, h3 { font-weight: normal; line-height: 1.2; }
.equation > a { display: block; text-align: right; margin-top: -1.7em; }
img { max-width: 100%; }
pre { font-size: .8em; white-space: pre-wrap; }
.standfirst, figcaption { font-style: italic; }
.box, details { margin: 1em 0; padding: 0 .8em; border-left: 2px solid #999; }
.box .label, summary { font-weight: bold; }
table { border-collapse: collapse; }
td, th { padding: .2em .6em; border-bottom: 1px solid #ccc; text-align: left; }
.toc b { display: block; }
"""
TYPES = {".png": "image/png", ".svg": "image/svg+xml", ".jpg": "image/jpeg", ".webp": "image/webp"}


def epub(root: Path = ROOT) -> bytes:
    """The bytes of the EPUB; raises BookError where there is no site."""
    site, about = root / "_build/html", project(root)
    pages = articles(site)
    images = {f"images/{Path(url).name}": site / url for page in pages for url in page.pictures}
    files = {"mimetype": b"application/epub+zip", "META-INF/container.xml": _CONTAINER.encode()}
    files["book/book.opf"] = _package(pages, images, about).encode()
    files["book/nav.xhtml"] = _navigation(pages).encode()
    files["book/book.css"] = _CSS.encode()
    for page in pages:
        body = ET.tostring(page.tree, encoding="unicode")
        files[f"book/{page.name}.xhtml"] = _PAGE.format(title=escape(page.title), body=body).encode()
    files |= {f"book/{name}": path.read_bytes() for name, path in sorted(images.items())}
    return archive(files)


def _package(pages: list[Article], images: dict[str, Path], about: dict) -> str:
    items = []
    for page in pages:
        properties = " ".join(name for name, tag in (("mathml", "math"), ("svg", "svg")) if page.has(tag))
        more = f' properties="{properties}"' if properties else ""
        items.append(
            f'<item id="{page.name}" href="{page.name}.xhtml" media-type="application/xhtml+xml"{more}/>'
        )
    for number, name in enumerate(sorted(images), 1):
        kind = TYPES[Path(name).suffix]
        items.append(f'<item id="image-{number}" href="{name}" media-type="{kind}"/>')
    authors = [author["name"] for author in about.get("authors", [])]
    licence = about.get("license", {})
    return _PACKAGE.format(
        id=uuid.uuid5(uuid.NAMESPACE_URL, f"{about['id']} {__version__}"),
        title=escape(about["title"]),
        creators="\n".join(f"<dc:creator>{escape(name)}</dc:creator>" for name in authors),
        rights=escape(f"Text and figures {licence.get('content')}, code {licence.get('code')}"),
        modified=MODIFIED,
        items="\n".join(items),
        spine="\n".join(f'<itemref idref="{page.name}"/>' for page in pages),
    )


def _navigation(pages: list[Article]) -> str:
    """The table of contents that reading systems show, by parts."""
    entries = []
    for part, members in groupby(pages, key=lambda page: page.part):
        links = [f'<li><a href="{page.name}.xhtml">{escape(page.title)}</a></li>' for page in members]
        nested = f"<li><span>{escape(part)}</span><ol>{''.join(links)}</ol></li>"
        entries.append(nested if part else "".join(links))
    body = f'<nav epub:type="toc" id="toc"><h1>Contents</h1><ol>{"".join(entries)}</ol></nav>'
    return _PAGE.format(title="Contents", body=body)
