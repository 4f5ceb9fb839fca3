"""The book as PDF: the pages of the built site one after the other, printed by headless Chromium."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from tools.articles import contents
from tools.chapters import BookError
from tools.files import ROOT

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking "
    "--no-pdf-header-footer --generate-pdf-document-outline --virtual-time-budget=20000"
).split()
LIMIT_SECONDS = 300
# the code of pictures is in the notebooks and on the site
_PAGE = """<!doctype html>
<html lang="en" data-theme="light"><head><meta charset="utf-8"><title>{title}</title>
<link rel="stylesheet" href="../html/assets/book.css">
<style>
@page {{ size: A4; margin: 20mm 22mm; @bottom-center {{ content: counter(page); font: 9pt serif; }} }}
article + article {{ break-before: page; }}
article {{ padding: 0 !important; }}
.fold {{ display: none; }}
</style>
</head><body class="first"><main>{body}</main></body></html>
"""


def pdf(root: Path = ROOT) -> bytes | None:
    """The bytes of the PDF; None, with a line that says so, where there is no Chromium."""
    command = next(filter(None, map(shutil.which, NAMES)), None)
    if command is None:
        print("no PDF: Chromium is not here; install it with 'apt-get install chromium'", flush=True)
        return None
    source = root / "_build/print/book.html"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(one_page(root / "_build/html"), encoding="utf-8")
    with tempfile.TemporaryDirectory(prefix="guidelib-print-") as folder:
        target = Path(folder, "book.pdf")
        options = [f"--user-data-dir={folder}/profile", f"--print-to-pdf={target}"]
        try:
            done = subprocess.run(
                [command, *FLAGS, *options, source.as_uri()],
                capture_output=True, text=True, timeout=LIMIT_SECONDS,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise BookError(f"Chromium printed for longer than {LIMIT_SECONDS} s; run it again") from error
        if not target.exists():
            raise BookError(f"Chromium made no PDF: {done.stderr.strip()[-300:]}")
        return _the_same(target.read_bytes())


def one_page(site: Path) -> str:
    """All articles of the site in one page; anchors carry their page's name, and links lead there."""
    bodies, title = [], ""
    for name, _ in contents(site):
        html = (site / f"{name}.html").read_text(encoding="utf-8")
        title = title or re.search(r"<title>(.*?)</title>", html)[1]
        body = html[html.index("<article>") : html.index("</article>") + len("</article>")]
        body = re.sub(r' id="', f' id="{name}--', body)
        body = re.sub(r'(aria-labelledby=")', rf"\1{name}--", body)
        body = re.sub(r'href="#', f'href="#{name}--', body)
        body = re.sub(r'href="([\w-]+)\.html(?:#([^"]*))?"', _internal, body)
        # a picture that nobody scrolled to, and a fold that nobody opened, would not be printed
        body = body.replace(' loading="lazy"', "").replace("<details", "<details open")
        # the outline takes a heading's words as they stand
        body = re.sub(r'(<span class="number">[^<]*</span>)(?=[^\s<])', r"\1 ", body)
        body = re.sub(r'src="(?!https?:)', 'src="../html/', body)
        bodies.append(body.replace("<article>", f'<article id="{name}--">', 1))
    return _PAGE.format(title=title, body="\n".join(bodies))


def _internal(match: re.Match) -> str:
    return f'href="#{match[1]}--{match[2] or ""}"'


def _the_same(printed: bytes) -> bytes:
    """What differs between two prints of one page: the time, and where Chromium began to count."""
    printed = re.sub(rb"\(D:\d{14}", b"(D:20200101000000", printed)
    nodes = sorted(set(re.findall(rb"\(node(\d{8})\)", printed)))
    rank = {node: b"(node%08d)" % number for number, node in enumerate(nodes, 1)}
    return re.sub(rb"\(node(\d{8})\)", lambda match: rank[match[1]], printed)
