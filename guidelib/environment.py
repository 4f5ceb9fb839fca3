"""What the first cell of a notebook calls: complete the installation and say what is there.

Nothing of torch is imported before it is known to be there.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import platform
import re
import subprocess
import sys
from pathlib import Path

from guidelib import __version__

SHOWN = ("torch", "numpy")


def setup(wanted: str, gpu: bool = False) -> None:
    """Install the requirements that are missing, print versions and device; silent in a checkout.

    What is installed already keeps its version. ``wanted``: the version of guidelib that the notebook
    was made with. ``gpu``: the chapter expects one, and a machine without it gets a warning. Raises
    RuntimeError where something cannot be installed.
    """
    if wanted != __version__:
        print(f"This notebook belongs to guidelib {wanted}, and here is {__version__}: results may differ")
    if is_checkout():
        return  # a stored output must not depend on the machine
    _complete()
    import torch

    version = importlib.metadata.version
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    packages = ", ".join(f"{name} {version(name)}" for name in ("guidelib", *SHOWN))
    print(f"{packages}, Python {platform.python_version()}, {device}")
    if gpu and device == "CPU":
        where = ": Runtime > Change runtime type" if "google.colab" in sys.modules else ""
        print(f"This chapter expects a GPU and there is none; on a CPU it takes hours{where}")


def is_checkout() -> bool:
    """Does this package lie in a checkout of the book, rather than among installed packages?"""
    return (Path(__file__).resolve().parents[1] / "chapters").is_dir()


def _complete() -> None:
    """pip for the requirements that are missing, with all that are there held at their versions."""
    needs = [need for need in importlib.metadata.requires("guidelib") or [] if "extra ==" not in need]
    names = {need: re.match(r"[\w.-]+", need)[0] for need in needs}
    missing = [need for need, name in names.items() if not _installed(name)]
    if not missing:
        return
    held = [f"{name}=={importlib.metadata.version(name)}" for name in names.values() if _installed(name)]
    command = [sys.executable, "-m", "pip", "--no-color", "install", "--quiet", *missing, *held]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
        raise RuntimeError(f"pip could not install {', '.join(missing)}: {reason}")
    importlib.invalidate_caches()


def _installed(name: str) -> bool:
    return any(importlib.metadata.distributions(name=name))
