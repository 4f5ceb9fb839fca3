"""data/status.json: what each chapter cost when it was last executed, and on what machine."""

from __future__ import annotations

import json
import os
import platform
from importlib.metadata import version
from pathlib import Path

from tools.chapters import BookError, Chapter
from tools.execute import Measured
from tools.files import ROOT, write_text


def read_status(root: Path = ROOT) -> dict[str, dict]:
    """The measurements by chapter name."""
    path = root / "data/status.json"
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_status(name: str, measured: Measured, known: set[str], root: Path = ROOT) -> None:
    """Set one chapter's measurement, and drop those of chapters that are gone."""
    status = {key: value for key, value in read_status(root).items() if key in known}
    status[name] = {
        "seconds": round(measured.seconds, 1),
        "memory_mib": round(measured.memory_mib),
        "download_mib": round(measured.download_mib, 1),
        "machine": f"{os.cpu_count()} cores, CPU",
        "python": ".".join(platform.python_version_tuple()[:2]),
        "torch": version("torch").split("+")[0],
    }
    text = json.dumps(dict(sorted(status.items())), indent=2)
    write_text(root / "data/status.json", text + "\n")


def check_budget(chapter: Chapter, entry: dict) -> None:
    """Raise BookError when a measurement exceeds what the chapter declares."""
    over = [
        f"{unit} {entry[unit]:g} measured, {getattr(chapter.budget, unit):g} declared"
        for unit in ("seconds", "memory_mib", "download_mib")
        if entry[unit] > getattr(chapter.budget, unit)
    ]
    if over:
        raise BookError(
            f"{chapter.path}:1: over budget: {'; '.join(over)}; make the chapter cheaper, "
            "or declare what it costs"
        )
