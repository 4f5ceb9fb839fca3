"""What the book calls the places that a verdict points to: 'equation (1.9)' for ``eq-ddim``."""

import json
from functools import cache
from importlib.resources import files


def place(label: str) -> str:
    """The printed name of a labelled equation, section, figure ...; a label that is not known: KeyError."""
    return _places()[label]


@cache
def _places() -> dict[str, str]:
    # written by `python -m tools.notebooks` from the numbers that mystmd gives
    return json.loads(files("guidelib.checks").joinpath("places.json").read_text(encoding="utf-8"))
