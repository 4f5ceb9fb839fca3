r"""Expand the book's TeX macros: Jupyter and Colab do not know them.

Only what ``project.math`` in myst.yml allows: a control word, its arguments #1 to #9, a body.
"""

from __future__ import annotations

import re

_TOKEN = re.compile(r"\\[A-Za-z]+|\\.|[{}]|[^\\{}]", re.DOTALL)


def expand(tex: str, macros: dict[str, str], depth: int = 0) -> str:
    r"""Replace every macro, also inside arguments and bodies.

    >>> expand(r"\score{p}_\R x", {r"\score": r"\nabla\log #1", r"\R": r"\mathbb{R}"})
    '\\nabla\\log p_\\mathbb{R} x'
    """
    if depth > 20:
        raise ValueError(f"TeX macros call each other without end, near {tex!r}")
    tokens, out, i = _TOKEN.findall(tex), [], 0
    while i < len(tokens):
        token = tokens[i]
        i += 1
        if token not in macros:
            _append(out, token)
            continue
        body = macros[token]
        arguments = []
        for _ in range(max([0, *map(int, re.findall(r"#([1-9])", body))])):
            argument, i = _argument(tokens, i, token)
            arguments.append(argument)
        pieces: list[str] = []
        for piece in re.split(r"(#[1-9])", body):
            _append(pieces, arguments[int(piece[1]) - 1] if piece[:1] == "#" else piece)
        _append(out, expand("".join(pieces), macros, depth + 1))
    return "".join(out)


def _append(out: list[str], piece: str) -> None:
    """Join as TeX reads tokens: a control word and a letter after it stay two."""
    if out and piece[:1].isalpha() and re.search(r"\\[A-Za-z]+$", out[-1]):
        out.append(" ")
    if piece:
        out.append(piece)


def _argument(tokens: list[str], i: int, macro: str) -> tuple[str, int]:
    while i < len(tokens) and tokens[i].isspace():
        i += 1
    if i == len(tokens):
        raise ValueError(f"TeX macro {macro} lacks an argument")
    if tokens[i] != "{":
        return tokens[i], i + 1
    depth, start = 1, i + 1
    for j in range(start, len(tokens)):
        depth += {"{": 1, "}": -1}.get(tokens[j], 0)
        if depth == 0:
            return "".join(tokens[start:j]), j + 1
    raise ValueError(f"TeX macro {macro}: its argument has no closing brace")
