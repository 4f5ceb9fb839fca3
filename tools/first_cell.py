"""The first cell of every notebook: it installs guidelib where there is none, as in Colab.

In a checkout it does nothing and shows nothing, so the stored outputs are the same on every machine.
"""

from __future__ import annotations

from pathlib import Path

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from guidelib import __version__
from tools.chapters import github
from tools.execute import GENERATED
from tools.files import ROOT

NAME = "setup"
WHEEL = f"guidelib-{__version__}-py3-none-any.whl"
# in the archive of all editions the mirror lies beside the notebooks
BESIDE = "../mirror"

_MIRROR = 'os.environ.setdefault("GUIDELIB_MIRROR", "{source}")'
_RELEASE = 'os.environ.get("GUIDELIB_MIRROR") or (\n        "{source}"\n    )'
_SOURCE = """\
# @title Setup: installs guidelib {version} where it is missing
import os
import sys
from importlib import import_module, invalidate_caches, metadata, util
from subprocess import run

here = getattr(util.find_spec("guidelib"), "origin", None)
if not here or "-packages" in here and metadata.version("guidelib") != "{version}":
    mirror = {mirror}
    wheel = mirror + "/{wheel}"
    if run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", wheel]).returncode:
        raise ImportError(f"pip could not install {{wheel}}; set GUIDELIB_MIRROR to where it is")
    invalidate_caches()
import_module("guidelib.environment").setup("{version}", gpu={gpu})"""


def first_cell(gpu: bool, root: Path = ROOT) -> NotebookNode:
    """The cell, folded. Its source is the repository's release, or the mirror beside the notebook."""
    address = github(root)
    if address:
        mirror = _RELEASE.format(source=f"{address}/releases/download/v{__version__}")
    else:
        mirror = _MIRROR.format(source=BESIDE)
    source = _SOURCE.format(version=__version__, mirror=mirror, wheel=WHEEL, gpu=gpu)
    metadata = {"tags": [GENERATED, NAME], "cellView": "form", "jupyter": {"source_hidden": True}}
    cell = new_code_cell(source, metadata=metadata)
    cell["id"] = NAME
    return cell
