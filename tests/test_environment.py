"""pyproject.toml, constraints.txt and environment.yml describe one environment."""

import ast
import importlib.metadata
import re
import sys
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

import guidelib

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = PROJECT["optional-dependencies"]
PINS = {
    canonicalize_name(name): version
    for name, version in (
        line.split("==")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line and not line.startswith("#")
    )
}


def declared(*groups: list[str]) -> list[Requirement]:
    return [Requirement(line) for group in groups for line in group]


def imported(folder: str) -> set[str]:
    """Top-level names of every third-party module imported anywhere under a folder."""
    names = set()
    for path in (ROOT / folder).rglob("*.py"):
        if "node_modules" in path.parts:
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                names |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module.split(".")[0])
    ours = {"guidelib", "tools", "tests", "benchmarks"} | {path.stem for path in ROOT.glob("tests/*.py")}
    return names - sys.stdlib_module_names - ours


def distributions(modules: set[str]) -> set[str]:
    known = importlib.metadata.packages_distributions()
    return {canonicalize_name(name) for module in modules for name in known.get(module, [module])}


def closure(names: set[str]) -> set[str]:
    """Every distribution that the named ones pull in on this machine."""
    seen: set[str] = set()
    todo = set(names)
    while todo:
        name = todo.pop()
        seen.add(name)
        for line in importlib.metadata.requires(name) or []:
            need = Requirement(line)
            if need.marker is None or need.marker.evaluate({"extra": ""}):
                todo |= {canonicalize_name(need.name)} - seen
    return seen


@pytest.mark.parametrize("need", declared(PROJECT["dependencies"], *EXTRAS.values()), ids=str)
def test_every_declared_dependency_has_a_pin_that_satisfies_it(need):
    pin = PINS.get(canonicalize_name(need.name))
    assert pin, f"{need.name} stands in pyproject.toml and not in constraints.txt"
    assert need.specifier.contains(pin), f"constraints.txt pins {need.name}=={pin}, not {need}"


def test_pins_are_plain_versions():
    for name, version in PINS.items():
        assert re.fullmatch(r"[0-9][0-9a-z.]*", version), f"{name}=={version}: no local part"


def test_everything_that_gets_installed_is_pinned():
    needs = declared(PROJECT["dependencies"], EXTRAS["book"], EXTRAS["test"])
    missing = closure({canonicalize_name(need.name) for need in needs}) - PINS.keys()
    assert not {name for name in missing if not name.startswith(("nvidia-", "cuda-", "triton"))}


@pytest.mark.parametrize(
    ("folder", "extras"),
    [
        ("guidelib", []),
        ("tools", ["book"]),
        ("tests", ["book", "test"]),
        ("benchmarks", ["book", "test"]),
    ],
)
def test_everything_imported_is_declared(folder, extras):
    needs = declared(PROJECT["dependencies"], *(EXTRAS[extra] for extra in extras))
    allowed = {canonicalize_name(need.name) for need in needs}
    if folder == "tests":
        allowed |= {"packaging"}  # comes with pytest
    if folder == "benchmarks":
        allowed |= {"azula", "smalldiffusion"}  # peers, installed without their dependencies
    assert distributions(imported(folder)) <= allowed


def test_conda_environment_is_the_same():
    environment = yaml.safe_load((ROOT / "environment.yml").read_text())
    conda = [line for line in environment["dependencies"] if isinstance(line, str)]
    (pip,) = (line["pip"] for line in environment["dependencies"] if isinstance(line, dict))
    python = next(line.split("=")[1] for line in conda if line.startswith("python="))
    assert Requirement(f"python{PROJECT['requires-python']}").specifier.contains(python)
    assert set(conda) == {f"python={python}", "pip"}, "versions belong in constraints.txt"
    assert [line for line in pip if not line.startswith("--extra-index-url")] == [
        "-c constraints.txt",
        "-e .[book]",
    ]


def test_the_version_stands_in_three_places():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert guidelib.__version__ == PROJECT["version"] == citation["version"]
