"""Read the figures that move from a chapter's text: a ``{figure}`` around an ``{anywidget}``.

The widget's body is JSON: the options of the figure, read by its module in the browser and by the
function of tools.stills that draws the still picture, the figure's ``:placeholder:``.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import Path

from tools.chapters import BookError

WANTED = ("label", "placeholder", "alt")


@dataclass(frozen=True)
class Moving:
    """One figure that moves; ``module`` and ``still`` are paths beside the chapter."""

    name: str  # of the module: noise, for figures/noise.mjs
    module: str
    still: str
    options: dict
    where: str  # file:line


def moving_figures(path: Path, text: str) -> list[Moving]:
    """Every figure of the page that moves; BookError with file and line at what is wrong."""
    found = []
    lines = text.split("\n")
    for i, line in enumerate(lines):
        match = re.match(r"[ \t]*(:{3,}|`{3,})\{anywidget\}[ \t]*(\S*)", line)
        if not match:
            continue
        marks, module = match.groups()
        where = f"{path}:{i + 1}"
        if not re.fullmatch(r"figures/[\w-]+\.mjs", module):
            raise BookError(f"{where}: {{anywidget}} {module}: a module is named figures/NAME.mjs")
        end = next((j for j in range(i + 1, len(lines)) if lines[j].strip() == marks), len(lines))
        options = _options(path, lines, i + 1, end)
        figure = _figure(lines, i)
        lacks = [f":{key}:" for key in WANTED if not figure.get(key)]
        if lacks:
            raise BookError(
                f"{where}: a figure that moves stands in a {{figure}} with :label:, :placeholder: (its still "
                f"picture) and :alt:; here {', '.join(lacks)} is missing"
            )
        found.append(Moving(Path(module).stem, module, figure["placeholder"], options, where))
    return found


def _options(path: Path, lines: list[str], first: int, end: int) -> dict:
    try:
        options = json.loads("\n".join(lines[first:end]))
    except json.JSONDecodeError as error:
        raise BookError(
            f"{path}:{first + error.lineno}: the options of a moving figure are not JSON: {error.msg}"
        ) from error
    if not isinstance(options, dict):
        raise BookError(f"{path}:{first + 1}: the options of a moving figure are a JSON object, {{...}}")
    return options


def _figure(lines: list[str], i: int) -> dict[str, str]:
    """The options of the ``{figure}`` that opens above line i with nothing else between."""
    options = {}
    for line in reversed(lines[:i]):
        if re.match(r"[ \t]*[:`]{4,}\{figure\}[ \t]*$", line):
            return options
        option = re.match(r"[ \t]*:([\w-]+):[ \t]*(\S.*)", line)
        if option:
            options[option[1]] = option[2].strip()
        elif line.strip():
            break
    return {}
