"""Executed notebooks for the fixture, made without a kernel: the outputs are written here."""

from __future__ import annotations

import base64
import struct
import zlib
from pathlib import Path

import jupytext
import nbformat
import numpy as np

TABLE = (
    "<style scoped>td {color: red}</style>"
    '<table border="1" class="dataframe"><thead><tr><th></th><th>variance</th></tr></thead>'
    "<tbody><tr><th>ode</th><td>0.2500</td></tr><tr><th>sde</th><td>0.3875</td></tr></tbody></table>"
)


def bell_png(width: int = 1280, height: int = 480) -> bytes:
    """A bell curve in blue on white, as PNG bytes."""
    x = np.linspace(-3.2, 3.2, width)
    curve = (height - 40 - (height - 80) * np.exp(-(x**2) / 2)).astype(int)
    rows = np.arange(height)[:, None]
    distance = np.abs(rows - curve[None, :]) / (1 + np.abs(np.gradient(curve)))[None, :]
    ink = np.clip(3.0 - distance, 0, 1)[..., None]
    pixels = (255 * (1 - ink) + np.array([0, 114, 178]) * ink).astype(np.uint8)
    raw = b"".join(b"\0" + row.tobytes() for row in pixels)

    def chunk(name: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(raw)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def outputs(source: str) -> list:
    """What the cells of the fixture would print."""
    out = nbformat.v4.new_output
    if source == "table":
        data = {"text/html": TABLE, "text/plain": "     variance\node  0.2500"}
        return [out("execute_result", data=data, execution_count=1)]
    if "ax.plot" in source:
        picture = base64.b64encode(bell_png()).decode()
        return [out("display_data", data={"image/png": picture, "text/plain": "<Figure>"})]
    if "ledger.record" in source:
        claim = {"id": "B5", "value": 1.0, "verdict": "confirmed"}
        line = "B5: 1.00 ± 0.10 (n = 100): confirmed"
        return [out("display_data", data={"application/vnd.guidelib.claim+json": claim, "text/plain": line})]
    if "warn" in source:
        return [out("stream", name="stderr", text="UserWarning: a \x1b[31mred\x1b[0m warning <b>\n")]
    if "mean {x" in source:
        return [out("stream", name="stdout", text="mean 0.000  std 2.000  and a rather long line\n")]
    if "for name, value" in source:
        return [out("stream", name="stdout", text="ode      0.2500\nsde      0.3875\ntilted   0.5000\n")]
    if source.startswith("print("):
        return [out("stream", name="stdout", text=source[7:-2] + "\n")]
    return []


def write_notebooks(root: Path) -> None:
    """notebooks/NN_slug.ipynb for every chapter of the fixture, as the exporter would leave them."""
    (root / "notebooks").mkdir(exist_ok=True)
    for chapter in sorted((root / "chapters").glob("[0-9][0-9]_*.md")):
        notebook = jupytext.read(chapter)
        count = 0
        for cell in notebook.cells:
            if cell.cell_type == "code":
                count += 1
                cell.execution_count, cell.outputs = count, outputs(cell.source)
        notebook.metadata = {"kernelspec": notebook.metadata["kernelspec"]}
        nbformat.write(notebook, root / "notebooks" / f"{chapter.stem}.ipynb", version=nbformat.NO_CONVERT)
