"""What a notebook away from the checkout installs from and reads: the wheel, and the files of data/.

``GUIDELIB_MIRROR`` may name the folder that `write_mirror` fills, or an address that serves it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tools.chapters import BookError
from tools.files import ROOT
from tools.first_cell import WHEEL
from tools.manifest import MANIFEST, manifest

# all that a wheel is made of; a copy of it is built, so that nothing old in build/ gets in
SOURCES = ("pyproject.toml", "setup.py", "MANIFEST.in", "README.md", "LICENSE", "LICENSE-TEXT",
           "data/claims.toml", MANIFEST)  # fmt: skip
EPOCH = "1577836800"  # 2020-01-01: the same sources make the same bytes
_BUILD = "from setuptools import build_meta; build_meta.build_wheel({!r})"


def build_wheel(target: Path, root: Path = ROOT) -> Path:
    """guidelib as a wheel in ``target``; needs no network."""
    target.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="guidelib-wheel-") as folder:
        copy = Path(folder)
        for name in SOURCES:
            (copy / name).parent.mkdir(exist_ok=True)
            shutil.copyfile(root / name, copy / name)
        shutil.copytree(root / "guidelib", copy / "guidelib", ignore=shutil.ignore_patterns("__pycache__"))
        command = [sys.executable, "-c", _BUILD.format(str(target.resolve()))]
        environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH}
        done = subprocess.run(command, cwd=copy, env=environment, capture_output=True, text=True)
    if done.returncode or not (target / WHEEL).exists():
        made = ", ".join(path.name for path in target.glob("*.whl"))
        reason = done.stderr.strip().splitlines()[-1] if done.returncode else f"it made {made}"
        raise BookError(f"{WHEEL} could not be built: {reason}; do pyproject.toml and guidelib agree?")
    return target / WHEEL


def write_mirror(target: Path, root: Path = ROOT) -> None:
    """Wheel and data files into ``target``; raises BookError where the manifest is out of date."""
    text = manifest(root)
    if (root / MANIFEST).read_text(encoding="utf-8") != text:
        raise BookError(f"{MANIFEST} is stale; run 'python -m tools.manifest' and commit it")
    build_wheel(target, root)
    for name in json.loads(text)["files"]:
        (target / "data" / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / "data" / name, target / "data" / name)
