"""The library's docstrings and the chapters cite each other: what is cited is there."""

import importlib
import inspect
import pkgutil
import re
from pathlib import Path

import guidelib

ROOT = Path(__file__).parent.parent
CHAPTERS = "\n".join(path.read_text() for path in (ROOT / "chapters").glob("*.md"))


def modules():
    found = pkgutil.walk_packages(guidelib.__path__, "guidelib.")
    return [importlib.import_module(info.name) for info in found]


def test_every_equation_that_a_docstring_cites_stands_in_a_chapter():
    cited = {
        label
        for path in (ROOT / "guidelib").rglob("*.py")
        for label in re.findall(r"``(eq-[\w-]+)``", path.read_text())
    }
    defined = set(re.findall(r"^\s*:label: (eq-[\w-]+)$", CHAPTERS, re.MULTILINE))
    assert cited, "no docstring cites an equation: has the form changed?"
    assert cited <= defined, f"cited, but in no chapter: {sorted(cited - defined)}"


def test_every_public_function_says_what_it_does():
    bare = []
    for module in modules():
        for name, thing in vars(module).items():
            ours = getattr(thing, "__module__", None) == module.__name__
            if ours and not name.startswith("_") and callable(thing) and not inspect.getdoc(thing):
                bare.append(f"{module.__name__}.{name}")
    assert not bare, f"without a docstring: {bare}"
