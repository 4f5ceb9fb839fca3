"""Tables of a mystmd tree as markdown."""

from __future__ import annotations

import re

from tools.inline import Context, inline


def table(node: dict, context: Context) -> str:
    """Markdown of a table node. Without a header row markdown needs an empty one."""
    rows = []
    for row in node["children"]:
        cells = []
        for cell in row["children"]:
            text = ""
            for child in cell.get("children", []):
                if child["type"] == "paragraph":  # several of them share the cell's one line
                    text += (" " if text else "") + inline(child["children"], context)
                else:
                    text += inline([child], context)
            cells.append(_bar_free(text))
        rows.append(f"| {' | '.join(cells)} |")
    rule = "|" + "---|" * len(node["children"][0]["children"])
    if not node["children"][0]["children"][0].get("header"):
        rows.insert(0, "|" + "   |" * len(node["children"][0]["children"]))
    return "\n".join([rows[0], rule, *rows[1:]])


def _bar_free(text: str) -> str:
    """No | in a table cell: in a formula as TeX says it, elsewhere as HTML says it."""
    formula = [r"\Vert ", r"\vert "]
    parts = re.split(r"((?<!\\)\$[^$]+\$)", text)
    for i, part in enumerate(parts):
        if i % 2:
            parts[i] = part.replace(r"\|", formula[0]).replace("|", formula[1])
        else:
            parts[i] = part.replace("|", "&#124;")
    return "".join(parts).replace("\n", " ")
