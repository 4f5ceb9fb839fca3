"""Execute one notebook in a fresh kernel, measure it, and keep only what is the same every time.

The stamp that tells whether a notebook is out of date covers this file: what is stored depends on
it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

from guidelib.ledger import load_claims
from tools.chapters import BookError, Chapter
from tools.files import ROOT
from tools.manifest import CARRIED

GENERATED = "generated"  # the tag of code cells that the chapter does not have

# a cell may take as long as the whole chapter declares, and this many seconds more, on a crowded
# machine; a chapter twice as long. Both only stop a run that hangs: the budget itself is checked
# against what was measured.
GRACE_SECONDS = 60
IMAGE_LIMIT = 400_000  # characters of base64: about 300 kB of PNG

# processor time of the thread that runs the cells and of programs that it started, and the peak
# memory of the kernel: on Linux not getrusage, which inherits the peak of whoever started it
_PROBE = """
import json as _json, os as _os, pathlib as _pathlib, re as _re, time as _time
_peak = _re.search(r"VmHWM:\\s*(\\d+)", _pathlib.Path("/proc/self/status").read_text()) \\
    if _pathlib.Path("/proc/self/status").exists() else None
if _peak is None:
    import resource as _resource, sys as _sys
    _unit = 1024**2 if _sys.platform == "darwin" else 1024
    _mib = _resource.getrusage(_resource.RUSAGE_SELF).ru_maxrss / _unit
else:
    _mib = int(_peak[1]) / 1024
print(_json.dumps([_time.thread_time() + sum(_os.times()[2:4]), _mib]))
"""
_OFFLINE = f"exec({Path(__file__).with_name('offline.py').read_text()!r}, {{}})"
# each solution or stub sees what the chapter defined, and leaves nothing behind
_TRIAL = """
exec(compile({code!r}, {name!r}, "exec"), dict(globals()))
import sys as _sys
if "matplotlib.pyplot" in _sys.modules:
    _sys.modules["matplotlib.pyplot"].close("all")
"""


@dataclass(frozen=True)
class Trial:
    """Code of an exercise that is run after the chapter: a solution, or the stub that must not pass."""

    name: str  # "solution of Exercise 3.1"
    line: int
    code: str


@dataclass(frozen=True)
class Measured:
    """What a run cost; ``seconds`` as `run` explains."""

    seconds: float
    memory_mib: float
    download_mib: float


def chapter_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The code cells that stand in the chapter, one for one: not those that only notebooks have."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return [cell for cell in code if GENERATED not in cell.metadata.get("tags", [])]


def stamp(chapter: Chapter, trials: list[Trial], root: Path = ROOT) -> str:
    """A hash of all that the outputs depend on: cells, exercises, claims, library, data, pins."""
    known = load_claims(root / "data/claims.toml")
    parts = [
        [[cell.source, cell.tags] for cell in chapter.cells],
        [[trial.name, trial.code] for trial in trials],
        {name: known.get(name) for name in chapter.claims},
    ]
    digest = hashlib.sha256(json.dumps(parts, sort_keys=True, default=str).encode())
    library = (f for f in (root / "guidelib").rglob("*") if f.suffix in {".py", ".mplstyle"})
    files = [*sorted(library), root / "constraints.txt", Path(__file__)]
    ours = {root / "data" / name for name in CARRIED}
    files += [f for f in sorted((root / "data").rglob("*")) if f.is_file() and f not in ours]
    for file in files:
        name = file.relative_to(root).as_posix() if file.is_relative_to(root) else file.name
        digest.update(name.encode() + hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()[:16]


def run(
    notebook: NotebookNode,
    chapter: Chapter,
    trials: list[Trial],
    root: Path = ROOT,
    progress: Callable[[int], None] = lambda done: None,
) -> Measured:
    """Fill in outputs and execution counts; raises BookError with the chapter's line.

    The network is refused. Seconds are the wall clock of the cells, or the processor time of the
    thread that runs them where that is less: on a machine with nothing else to do the two agree,
    and a chapter is not charged for waiting while other programs hold the cores.
    """
    if chapter.budget.download_mib:
        raise BookError(
            f"{chapter.path}:1: budget: download_mib is {chapter.budget.download_mib}; chapters "
            "run without a network, so it must be 0"
        )
    mine = {cell.id for cell in chapter_cells(notebook)}
    code = [(n, cell) for n, cell in enumerate(notebook.cells) if cell.id in mine]
    deadline = 2 * chapter.budget.seconds + GRACE_SECONDS
    started = time.monotonic()

    def limit(_cell) -> int:
        left = started + deadline - time.monotonic()
        return max(1, int(min(chapter.budget.seconds + GRACE_SECONDS, left)))

    # quiet: each kernel would warn that it listens, on this machine's loopback, unencrypted
    quiet = ["--IPKernelApp.log_level=40"]
    client = NotebookClient(notebook, timeout_func=limit, kernel_name="python3", extra_arguments=quiet)

    def hidden(source: str) -> str:
        cell = new_code_cell(source)
        client.nb = new_notebook(cells=[cell])  # nbclient stores what it ran: not in ours
        client.execute_cell(cell, 0, store_history=False)
        client.nb = notebook
        return "".join(output.get("text", "") for output in cell.outputs)

    folder = root / "notebooks"  # where a reader runs it too
    folder.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory(prefix="guidelib-ipython-") as profile,
        client.setup_kernel(cwd=str(folder), env=_environment(root, profile)),
    ):
        hidden(_OFFLINE)
        before = json.loads(hidden(_PROBE))
        started = time.monotonic()
        for count, ((n, cell), source) in enumerate(zip(code, chapter.cells, strict=True), 1):
            where = f"{chapter.path}:{source.line}: cell {count}"
            _guarded(lambda n=n, cell=cell, i=count: client.execute_cell(cell, n, i), where)
            clean(cell, where, root)
            progress(count)
        wall = time.monotonic() - started
        after = json.loads(hidden(_PROBE))
        for trial in trials:
            where = f"{chapter.path}:{trial.line}: {trial.name}"
            started = time.monotonic()
            source = _TRIAL.format(code=trial.code, name=f"<{trial.name}>")
            _guarded(lambda source=source: hidden(source), where)
    return Measured(min(wall, after[0] - before[0]), after[1], 0)


def _environment(root: Path, profile: str) -> dict[str, str]:
    return {
        **os.environ,
        "IPYTHONDIR": profile,  # the settings of whoever builds the book stay out of it
        "OMP_NUM_THREADS": "1",  # small tensors: threads would only wait for each other on a busy machine
        "PYTHONPATH": os.pathsep.join(filter(None, [str(root), str(ROOT), os.environ.get("PYTHONPATH")])),
    }


def _guarded(action: Callable[[], object], where: str) -> None:
    try:
        action()
    except CellExecutionError as error:
        inside = re.findall(r"<(?:solution|stub) of [^>]*>\D*(\d+)", re.sub(r"\x1b\[[\d;]*m", "", str(error)))
        at = f" (its line {inside[-1]})" if inside else ""
        raise BookError(f"{where} failed{at}: {error.ename}: {error.evalue}") from error
    except CellTimeoutError as error:
        raise BookError(f"{where} ran into the time limit and was stopped") from error
    except DeadKernelError as error:
        raise BookError(f"{where} killed its kernel (out of memory?)") from error


def clean(cell: NotebookNode, where: str, root: Path) -> None:
    """Drop what differs from run to run; what cannot be dropped is an error."""
    cell.metadata.pop("execution", None)
    for output in cell.outputs:
        if output.output_type == "error":  # only where the cell is tagged raises-exception
            output.traceback = [f"{output.ename}: {output.evalue}"]
        if output.get("name") == "stderr":
            last = output.text.strip().split("\n")[-1]
            raise BookError(f"{where} writes to stderr: {last!r}; mend the cause of the warning")
        if "data" in output:
            output.metadata = NotebookNode()
            output.data.pop("application/vnd.jupyter.widget-view+json", None)
            if len(output.data.get("image/png", "")) > IMAGE_LIMIT:
                raise BookError(f"{where} shows an image over 300 kB; draw it smaller")
        _no_machine_facts(output, where, root)


def _no_machine_facts(output: NotebookNode, where: str, root: Path) -> None:
    texts = {kind: text for kind, text in output.get("data", {}).items() if "image/" not in kind}
    text = json.dumps([output.get("text", ""), output.get("evalue", ""), texts])
    address = re.search(r"<[^<>]*\bat 0x[0-9a-f]+>", text)
    if address:
        raise BookError(f"{where} shows the address {address[0]}; end the cell's last line with ;")
    for place in {str(root), sys.prefix, str(Path.home()), tempfile.gettempdir()} - {"/"}:
        if re.search(rf"{re.escape(place)}(?![\w.-])", text):
            raise BookError(f"{where} shows the path {place} of this machine; print less of it")
