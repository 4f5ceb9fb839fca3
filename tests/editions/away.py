"""A machine like Colab's: packages that are there, no guidelib, an empty folder, no network."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import nbformat

# runs in the bare environment: every cell in order, until one fails
_RUNNER = """
import sys
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
notebook = nbformat.read(sys.argv[1], as_version=4)
try:
    NotebookClient(notebook, timeout=300, kernel_name="python3", skip_cells_with_tag="").execute()
except CellExecutionError:
    pass
nbformat.write(notebook, sys.argv[1])
"""
PRINTS = "import json, sys; print(json.dumps([p for p in sys.path if p.endswith('-packages')]))"


class Away:
    """A bare virtual environment below ``folder``. ``without``: packages that it lacks, too."""

    def __init__(self, folder: Path, without: tuple[str, ...] = ()) -> None:
        self.folder = folder
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
        self.python = folder / "venv/bin/python"
        done = subprocess.run([self.python, "-c", PRINTS], capture_output=True, text=True, check=True)
        self.packages = Path(json.loads(done.stdout)[0])
        there = folder / "there"
        there.mkdir()
        for path in Path(sysconfig.get_path("purelib")).iterdir():
            ours = path.name.startswith(("guidelib", "__editable__", *without)) or path.suffix == ".pth"
            if not ours:
                (there / path.name).symlink_to(path)
        (there / "google/colab").mkdir(parents=True)
        (there / "google/colab/__init__.py").touch()
        # Colab's kernels have imported their module before the first cell runs
        (self.packages / "there.pth").write_text(f"{there}\nimport google.colab\n")
        self.before = self.installed()

    def installed(self) -> set[str]:
        """What pip has put into the environment itself."""
        return {path.name for path in self.packages.iterdir() if path.name != "__pycache__"}

    def run(self, notebook, name: str, **settings: str) -> list:
        """Execute a notebook that lies alone in a folder; returns its code cells."""
        alone = self.folder / name
        alone.mkdir(parents=True)
        path = alone / f"{name}.ipynb"
        nbformat.write(notebook, path)
        nowhere = "http://127.0.0.1:9"
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(alone), "OMP_NUM_THREADS": "1",
            "PIP_NO_INDEX": "1", "http_proxy": nowhere, "https_proxy": nowhere, "PIP_RETRIES": "0",
        }  # fmt: skip
        command = [self.python, "-W", "ignore", "-c", _RUNNER, path.name]
        subprocess.run(command, cwd=alone, env=environment | settings, check=True, capture_output=True)
        cells = nbformat.read(path, as_version=4).cells
        return [cell for cell in cells if cell.cell_type == "code"]


def said(cell) -> str:
    """What a cell printed, on both streams."""
    return "".join(output.get("text", "") for output in cell.outputs)


def failure(cell) -> str | None:
    """'Name: message' of the error that stopped a cell."""
    errors = [output for output in cell.outputs if output.output_type == "error"]
    return f"{errors[0].ename}: {errors[0].evalue}" if errors else None


def fake_wheel(folder: Path, name: str, version: str) -> None:
    """A wheel that holds one empty module."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    with zipfile.ZipFile(folder / f"{name}-{version}-py3-none-any.whl", "w") as wheel:
        wheel.writestr(f"{name}.py", "")
        wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
        wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        wheel.writestr(f"{info}/RECORD", "")
