"""MathML as today's readers set it: they ignore mathvariant and know the letters themselves."""

from __future__ import annotations

import re
import unicodedata

_NAMES = {"double-struck": "DOUBLE-STRUCK", "script": "SCRIPT", "fraktur": "FRAKTUR", "bold": "BOLD"}


def letters(mathml: str) -> str:
    """Every letter with a mathvariant as the Unicode letter that it stands for.

    >>> letters('<mi mathvariant="double-struck">E</mi>')
    '<mi>𝔼</mi>'
    """
    pattern = rf'<(mi|mn|mtext) mathvariant="({"|".join(_NAMES)})">([A-Za-z])</\1>'
    return re.sub(pattern, lambda m: f"<{m[1]}>{_letter(m[2], m[3])}</{m[1]}>", mathml)


def _letter(variant: str, letter: str) -> str:
    case = "CAPITAL" if letter.isupper() else "SMALL"
    name = f"{_NAMES[variant]} {case} {letter.upper()}"
    # a few were in Unicode before the others came, under shorter names
    for full in (f"MATHEMATICAL {name}", name, name.replace("FRAKTUR", "BLACK-LETTER")):
        try:
            return unicodedata.lookup(full)
        except KeyError:
            continue
    return letter
