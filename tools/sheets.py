"""Markdown of the course kit as pages that stand alone: no script, formulas as MathML."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from tools.chapters import BookError
from tools.files import ROOT
from tools.mathml import letters

# mystmd and the theme set formulas with the same KaTeX
_KATEX = """
const katex = require('katex');
const formulas = JSON.parse(require('fs').readFileSync(0, 'utf8'));
console.log(JSON.stringify(formulas.map(([tex, displayMode]) => katex
  .renderToString(tex, { displayMode, output: 'mathml', strict: false })
  .replace(/<annotation.*?<\\/annotation>/gs, ''))));
"""
_STYLE = (
    "body{font:17px/1.55 Georgia,serif;max-width:44rem;margin:2.5rem auto;padding:0 1rem;color:#1a1a1a}"
    "h1,h2,h3{font-weight:400;line-height:1.2}"
    "table{margin:1.4rem 0}td:first-child{min-width:9rem}"
    "pre{background:#f5f5f2;padding:.7rem .9rem;font-size:.8em;overflow:auto}"
    "table{border-collapse:collapse}td,th{border-bottom:1px solid #ccc;padding:.3rem .8rem;"
    "text-align:left}img{max-width:100%}.math.block{overflow-x:auto}h2{break-after:avoid;margin-top:2.2rem}"
    "@media print{body{margin:0;font-size:11pt}pre,img,tr{break-inside:avoid}}"
)


def pages(documents: dict[str, str]) -> dict[str, str]:
    """HTML for each markdown text, by the same keys; the title is the first heading."""
    formulas: dict[tuple[str, bool], str] = {}

    def note(tex: str, options: dict) -> str:
        key = (tex.strip(), options["display_mode"])
        return formulas.setdefault(key, "")

    def parser() -> MarkdownIt:
        # HTML in the text stays: alt texts and folded hints are written so
        return MarkdownIt("commonmark", {"html": True}).enable("table").use(
            dollarmath_plugin, renderer=note, allow_space=False, double_inline=True
        )

    for text in documents.values():  # once to collect the formulas, once with their MathML
        parser().render(text)
    for key, html in zip(formulas, _mathml(list(formulas)), strict=True):
        formulas[key] = html
    return {name: _page(text, parser().render(text)) for name, text in documents.items()}


def _page(text: str, body: str) -> str:
    title = next((line[2:] for line in text.split("\n") if line.startswith("# ")), "")
    title = title.replace("&", "&amp;").replace("<", "&lt;")
    return (
        f'<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n<title>{title}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n{body}</body>\n</html>\n"
    )


def _mathml(formulas: list[tuple[str, bool]], theme: Path = ROOT / "theme") -> list[str]:
    done = subprocess.run(
        ["node", "-e", _KATEX], cwd=theme, input=json.dumps(formulas), capture_output=True, text=True
    )
    if done.returncode:
        error = next((line for line in done.stderr.split("\n") if "Error" in line), done.stderr[-300:])
        raise BookError(f"course kit: KaTeX could not set a formula: {error.strip()}")
    return [letters(html) for html in json.loads(done.stdout)]
