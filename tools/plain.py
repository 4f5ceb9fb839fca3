"""Blocks of a mystmd tree as markdown and HTML that plain Jupyter, Colab and GitHub read.

Admonitions and theorems become quotations with a bold title, what can be folded becomes
<details>, numbers are mystmd's own. A node that is not known here stops the export.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from tools.inline import Context, image, inline, tex
from tools.tables import table


def blocks(nodes: list[dict], context: Context) -> str:
    """Markdown of a run of block nodes, parted by blank lines."""
    parts = [block(node, context) for node in nodes]
    return "\n\n".join(part for part in parts if part)


def block(node: dict, context: Context) -> str:
    """Markdown of one block; raises BookError at one that it does not know."""
    context.at(node)
    convert = _BLOCKS.get(node["type"])
    if convert is not None:
        return convert(node, context)
    return _unmark(inline([node], context))


def details(summary: str, body: str) -> str:
    """Folded text. Its title is HTML; the blank lines make its inside markdown again, everywhere."""
    summary = re.sub(r"`([^`]+)`", r"<code>\1</code>", summary)
    summary = re.sub(r"(?<!\\)\*+(.+?)(?<!\\)\*+", r"<em>\1</em>", summary)
    return f"<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>"


def caption(node: dict, context: Context) -> str:
    """'**Figure 3.1.** What to notice.' for a figure or table that stands in a container."""
    name = {"figure": "Figure", "table": "Table", "code": "Listing"}.get(node.get("kind", ""))
    if name is None:
        raise context.error(f"no caption for a container of kind {node.get('kind')!r}")
    number = f" {node['enumerator']}" if "enumerator" in node else ""
    texts = [
        blocks(child["children"], context).strip()
        for child in node["children"]
        if child["type"] in ("caption", "legend")
    ]
    return "\n\n".join([f"**{name}{number}.** {texts[0] if texts else ''}".strip(), *texts[1:]])


def shows_cell(node: dict) -> bool:
    """Is this container the figure of a code cell, or of nothing that is a file?"""
    return node["type"] == "container" and any(c["type"] == "outputs" for c in node["children"])


def _unmark(text: str) -> str:
    """A paragraph must not open like a heading, a list or a quotation."""
    text = re.sub(r"^([#>]|[-+](?= ))", r"\\\1", text)
    return re.sub(r"^(\d+)([.)])(?= )", r"\1\\\2", text)


def _quote(text: str) -> str:
    # an equation over several quoted lines would take the marks for part of its formula
    text = re.sub(r"^( *)\$\$\n(.*?)\n *\$\$$", _one_line, text, flags=re.DOTALL | re.MULTILINE)
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _one_line(match: re.Match) -> str:
    return f"{match[1]}$$" + re.sub(r"\s*\n\s*", " ", match[2].strip()) + "$$"


def _paragraph(node: dict, context: Context) -> str:
    return _unmark(inline(node["children"], context).strip())


def _heading(node: dict, context: Context) -> str:
    number = f"{node['enumerator']} " if node.get("enumerator") else ""
    return f"{'#' * node['depth']} {number}{inline(node['children'], context)}"


def _math(node: dict, context: Context) -> str:
    # inside $$ TeX allows aligned and gathered, not the environments that number for themselves
    value = re.sub(r"(begin|end)\{(align|gather)\*?\}", r"\1{\2ed}", tex(node, context))
    tag = f"\n\\tag{{{node['enumerator']}}}" if "enumerator" in node else ""
    return f"$$\n{value}{tag}\n$$"


def _code(node: dict, _context: Context) -> str:
    marks = "````" if "```" in node["value"] else "```"
    return f"{marks}{node.get('lang') or ''}\n{node['value']}\n{marks}"


def _list(node: dict, context: Context) -> str:
    items = []
    start = node.get("start") or 1
    for number, item in enumerate(node["children"], start):
        mark = f"{number}. " if node.get("ordered") else "- "
        children = item["children"]
        if children and children[0]["type"] not in _BLOCKS:
            children = [{"type": "paragraph", "children": children}]
        parts = [block(child, context) for child in children]
        tight = [child["type"] for child in children] in (["paragraph"], ["paragraph", "list"])
        text = ("\n" if tight else "\n\n").join(parts)
        items.append(mark + text.replace("\n", "\n" + " " * len(mark)))
    return "\n".join(re.sub(r"^\s+$", "", item, flags=re.MULTILINE) for item in items)


def _definitions(node: dict, context: Context) -> str:
    lines = []
    for child in node["children"]:
        if child["type"] == "definitionTerm":
            lines.append(f"- **{inline(child['children'], context)}**:")
        else:
            children = child["children"]
            if children and children[0]["type"] not in _BLOCKS:
                children = [{"type": "paragraph", "children": children}]
            lines[-1] += " " + blocks(children, context).replace("\n", "\n  ")
    return "\n".join(lines)


def _container(node: dict, context: Context) -> str:
    if any(child["type"] == "anywidget" for child in node["children"]):
        return _moving(node, context)
    inside = [
        image(child, context) if child["type"] == "image" else block(child, context)
        for child in node["children"]
        if child["type"] not in ("caption", "legend", "outputs")
    ]
    first = node.get("kind") == "table"
    parts = [caption(node, context), *inside] if first else [*inside, caption(node, context)]
    return "\n\n".join(parts)


def _moving(node: dict, context: Context) -> str:
    """A figure that moves on the site: here its still picture, which the cell carries with it."""
    still = next((child for child in node["children"] if child.get("placeholder")), None)
    if still is None:
        raise context.error("a figure that moves has no :placeholder:, the picture that stands in for it")
    path = context.path.parent / still["urlSource"]
    context.attachments[path.name] = path
    picture = image({**still, "urlSource": f"attachment://{path.name}"}, context).replace("://", ":")
    return f"{picture}\n\n{caption(node, context)}\n\n*In the book's pages this figure moves.*"


def _titled(node: dict, context: Context) -> tuple[str, list[dict]]:
    """The title of an admonition, exercise, proof ... and what follows it."""
    children = node.get("children", [])
    if children and children[0]["type"] in ("admonitionTitle", "summary"):
        return inline(children[0]["children"], context), children[1:]
    return "", children


def _folded(node: dict) -> bool:
    return "dropdown" in node.get("class", "").split()


def _admonition(node: dict, context: Context) -> str:
    title, children = _titled(node, context)
    body = blocks(children, context)
    if _folded(node):
        return details(title, body)
    mark = "" if title.endswith(("?", "!", ".", ":")) else "."
    return _quote(f"**{title}{mark}**\n\n{body}" if title else body)


def _details(node: dict, context: Context) -> str:
    title, children = _titled(node, context)
    return details(title, blocks(children, context))


def _named(name: str, node: dict, context: Context) -> tuple[str, str]:
    """'Theorem 3.1 (Tweedie)' and the body."""
    title, children = _titled(node, context)
    number = f" {node['enumerator']}" if node.get("enumerator") else ""
    return f"{name}{number}{f' ({title})' if title else ''}", blocks(children, context)


def _proof(node: dict, context: Context) -> str:
    kind = node.get("kind", "proof")
    head, body = _named(kind.capitalize(), node, context)
    if _folded(node):
        return details(head, body)
    if kind == "proof":
        return f"*{head}.* {body} ∎"
    return _quote(f"**{head}.**\n\n{body}")


def _exercise(node: dict, context: Context) -> str:
    head, body = _named("Exercise", node, context)
    return f"**{head}.**\n\n{body}"


def _footnote(node: dict, context: Context) -> str:
    context.footnotes.append(node)
    return ""


def _children(node: dict, context: Context) -> str:
    return blocks(node.get("children", []), context)


_BLOCKS: dict[str, Callable[[dict, Context], str]] = {
    "paragraph": _paragraph,
    "heading": _heading,
    "math": _math,
    "code": _code,
    "list": _list,
    "definitionList": _definitions,
    "glossary": _children,
    "table": table,
    "container": _container,
    "admonition": _admonition,
    "details": _details,
    "exercise": _exercise,
    "solution": _details,
    "proof": _proof,
    "blockquote": lambda node, context: _quote(blocks(node["children"], context)),
    "thematicBreak": lambda node, context: "---",
    "html": lambda node, context: node["value"],
    "div": _children,
    "block": _children,
    "comment": lambda node, context: "",
    "footnoteDefinition": _footnote,
}


def footnotes(context: Context) -> str:
    """The notes of the page, in the order of their numbers."""
    notes = sorted(context.footnotes, key=lambda note: int(note["enumerator"]))
    return "\n".join(f"{note['enumerator']}. {blocks(note['children'], context)}" for note in notes)
