"""Experiments on trained networks, one per file: ``experiment(load)`` returns what it found.

``load(recipe)`` gives the network of a recipe, in the seed that is measured; see ``guidelib.results``.
What is found is numbers and lists of them, by name.
"""

import difflib
import importlib
import pkgutil
from collections.abc import Callable


def names() -> list[str]:
    """The experiments there are: the modules here, but for those with an underscore, which they share."""
    return sorted(m.name for m in pkgutil.iter_modules(__path__) if not m.name.startswith("_"))


def find(name: str) -> Callable:
    """The experiment of a name; ValueError names the nearest."""
    if name not in names():
        near = difflib.get_close_matches(name, names(), n=3, cutoff=0.3) or names()
        raise ValueError(f"no experiment {name!r}; nearest: {', '.join(near)}. --list shows all")
    return importlib.import_module(f"{__name__}.{name}").experiment
