"""The picture of the front page and the README, out of chapter 3's notebook: `python -m tools.front`."""

from __future__ import annotations

import base64
import sys
from pathlib import Path

import nbformat

from tools.files import ROOT, write_bytes

CELL = "cell-three-laws"
NOTEBOOK = Path("notebooks/03_what_cfg_samples.ipynb")
PICTURE = Path("chapters/figures/three-laws.png")


def picture(root: Path = ROOT) -> bytes:
    """The PNG that the cell stored; ValueError when there is none."""
    path = root / NOTEBOOK
    cells = nbformat.read(path, as_version=4).cells if path.exists() else []
    for cell in cells:
        for output in cell.get("outputs", []) if cell.get("id") == CELL else []:
            if "image/png" in output.get("data", {}):
                return base64.b64decode(output["data"]["image/png"])
    raise ValueError(f"{NOTEBOOK} holds no picture of the cell {CELL}: run 'make notebooks'")


def main(root: Path = ROOT) -> int:
    try:
        made = picture(root)
    except ValueError as error:
        print(f"front: {error}", file=sys.stderr)
        return 1
    target = root / PICTURE
    if not target.exists() or target.read_bytes() != made:
        write_bytes(target, made)
        print(f"{PICTURE} is new")
    return 0


if __name__ == "__main__":
    sys.exit(main())
