"""Inline nodes of a mystmd tree as markdown that plain Jupyter, Colab and GitHub read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

from tools.chapters import BookError
from tools.macros import expand


@dataclass
class Context:
    """What the converter knows while it walks a page; ``line`` follows it for error messages."""

    path: Path  # of the page, below the root
    macros: dict[str, str]
    addresses: dict[str, Path]  # mystmd's address of each page -> its path
    notebooks: set[Path]  # the pages that have a notebook, or will have
    text: str = ""  # of the source, where a node does not say its line
    line: int = 1
    footnotes: list[dict] = field(default_factory=list)
    attachments: dict[str, Path] = field(default_factory=dict)  # pictures that cells carry, by name

    def error(self, what: str) -> BookError:
        return BookError(f"{self.path}:{self.line}: {what}")

    def at(self, node: dict) -> None:
        self.line = node.get("position", {}).get("start", {}).get("line", self.line)


def inline(nodes: list[dict], context: Context) -> str:
    """Markdown of a run of inline nodes; raises BookError at a node that it does not know."""
    out = []
    for node in nodes:
        context.at(node)
        convert = _INLINE.get(node["type"])
        if convert is None:
            if "position" not in node:
                rest = context.text.split("\n")[context.line - 1 :]
                named = (i for i, line in enumerate(rest) if f"{{{node['type']}" in line)
                context.line += next(named, 0)
            raise context.error(_unknown(node))
        out.append(convert(node, context))
    return "".join(out)


def _unknown(node: dict) -> str:
    name = node.get("name", node["type"])
    if node["type"] == "mystRole":
        return f"unknown role {{{name}}}"
    if node["type"] == "mystDirective":
        return f"unknown directive {{{name}}}"
    return f"notebooks cannot show {name!r} yet; teach tools/plain.py or say it otherwise"


def escape(text: str) -> str:
    """Plain text so that markdown, HTML and the maths of notebooks leave it alone.

    >>> escape("a_b *c* $5 <i> x_ [0, 1]")
    'a_b \\\\*c\\\\* \\\\$5 &lt;i> x\\\\_ [0, 1]'
    """
    text = re.sub(r"&(?=#?\w+;)", "&amp;", text)
    text = re.sub(r"([\\`*$])", r"\\\1", text)
    text = re.sub(r"(?<!\w)_|_(?!\w)", r"\\_", text)
    # brackets stay as they are: notebooks would read \[ as the start of an equation
    text = text.replace("](", "]&#40;")
    text = re.sub(r"~(?=~)", r"\\~", text)
    return re.sub(r"<(?=[A-Za-z/!?])", "&lt;", text)


def tex(node: dict, context: Context) -> str:
    """A formula with the book's macros expanded, without blank lines or comments."""
    value = re.sub(r"(?<!\\)%.*", "", node["value"])
    try:
        value = expand(value, context.macros)
    except ValueError as error:
        raise context.error(str(error)) from error
    return re.sub(r"\n\s*\n", "\n", value).strip()


def target(path: Path, context: Context) -> str:
    """A link from the notebook of this page to another page: its notebook, or its source."""
    if path in context.notebooks:
        return f"{path.stem}.ipynb"
    return f"../{path.as_posix()}"


def image(node: dict, context: Context) -> str:
    url = node.get("urlSource", node["url"])
    alt = node.get("alt") or ""
    if not alt.strip():
        raise context.error(f"image {url} has no alt text")
    if "://" not in url:
        url = _relative(PurePosixPath(context.path.as_posix()).parent / url)
    return f"![{escape(alt)}]({url})"


def _relative(path: PurePosixPath) -> str:
    parts: list[str] = []
    for part in path.parts:
        if part == ".." and parts:
            parts.pop()
        elif part != ".":
            parts.append(part)
    return "/".join(["..", *parts])


def _text(node: dict, context: Context) -> str:
    note = re.search(r"\[\^[^\]]*\]", node["value"])
    if note:
        raise context.error(f"footnote {note[0]} is not defined on this page")
    return escape(node["value"])


def _children(node: dict, context: Context) -> str:
    return inline(node.get("children", []), context)


def _wrap(before: str, after: str) -> Callable[[dict, Context], str]:
    return lambda node, context: f"{before}{_children(node, context)}{after}"


def _code(node: dict, _context: Context) -> str:
    longest = max([0, *(len(run) for run in re.findall(r"`+", node["value"]))])
    marks = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{marks}{pad}{node['value']}{pad}{marks}"


def _math(node: dict, context: Context) -> str:
    return "$" + re.sub(r"\s+", " ", tex(node, context)) + "$"


def _cite_group(node: dict, context: Context) -> str:
    items = "; ".join(_children(child, context) for child in node["children"])
    return f"({items})" if node.get("kind") == "parenthetical" else items


def _link(node: dict, context: Context) -> str:
    text, url = _children(node, context), node["url"]
    if node.get("internal") or node.get("protocol") == "file":
        address, _, anchor = url.partition("#")
        if address not in context.addresses:
            raise context.error(f"link to {node.get('urlSource', url)}: no such page in the book")
        url = target(context.addresses[address], context)
    elif (context.path.parent / url) in context.notebooks:  # a chapter that is not written yet
        url = target(context.path.parent / url, context)
    elif not re.match(r"[a-z]+:", url):
        raise context.error(f"link to {url}: no such page in the book, and not a full address")
    return f"[{text}]({url})"


def _cross_reference(node: dict, context: Context) -> str:
    if not node.get("resolved"):
        raise context.error(f"unknown label {node.get('label', node.get('identifier'))!r}")
    text = _children(node, context)
    if node.get("kind") == "definitionTerm":
        text = f"*{text}*"
    if node.get("remote"):
        return f"[{text}]({target(context.addresses[node['url']], context)})"
    return text


def _footnote(node: dict, _context: Context) -> str:
    return f"<sup>{node['enumerator']}</sup>"


_INLINE: dict[str, Callable[[dict, Context], str]] = {
    "text": _text,
    "inlineMath": _math,
    "inlineCode": _code,
    "emphasis": _wrap("*", "*"),
    "strong": _wrap("**", "**"),
    "delete": _wrap("<del>", "</del>"),
    "underline": _wrap("<u>", "</u>"),
    "keyboard": _wrap("<kbd>", "</kbd>"),
    "subscript": _wrap("<sub>", "</sub>"),
    "superscript": _wrap("<sup>", "</sup>"),
    "abbreviation": _children,
    "span": _children,
    "break": lambda node, _: "<br>",
    "cite": _children,
    "citeGroup": _cite_group,
    "crossReference": _cross_reference,
    "footnoteReference": _footnote,
    "image": image,
    "link": _link,
    "comment": lambda node, _: "",
    # the label of a caption: the block that holds the caption writes it
    "captionNumber": lambda node, _: "",
}
