"""Timing that a noisy machine disturbs as little as can be, and tables of it."""

import importlib.metadata
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from datetime import date

import torch


def interleaved(
    calls: Mapping[str, Callable[[], object]],
    repetitions: int,
    steps: int = 1,
    warm=2,
    clock=time.perf_counter,
) -> dict[str, tuple[float, float, float]]:
    """(median, lower and upper quartile) of the seconds per step of each call.

    The calls take turns, so that a slow second of the machine falls on all of them.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(repetitions + warm):
        for name, call in calls.items():
            start = clock()
            call()
            if turn >= warm:  # the first ones warm caches up
                seconds[name].append((clock() - start) / steps)
    return {name: quartiles(values) for name, values in seconds.items()}


def quartiles(values: list[float]) -> tuple[float, float, float]:
    low, middle, high = statistics.quantiles(values, n=4, method="inclusive")
    return middle, low, high


def agree(found: Mapping[str, torch.Tensor], tolerance: float) -> dict[str, float]:
    """Largest difference of every entry from the first, relative to the first's largest value."""
    first, *_ = found.values()
    gaps = {name: ((x - first).abs().max() / first.abs().max()).item() for name, x in found.items()}
    for name, gap in gaps.items():
        if not gap <= tolerance:
            raise ValueError(f"{name} differs by {gap:.2g}, more than {tolerance:.0e}: no timing")
    return gaps


def table(header: list[str], rows: list[list[str]]) -> str:
    """A markdown table: first column text, the others numbers."""
    rule = ["---"] + ["---:"] * (len(header) - 1)
    return "\n".join("| " + " | ".join(row) + " |" for row in [header, rule, *rows])


def milliseconds(times: tuple[float, float, float], scale: float = 1e3) -> str:
    middle, low, high = (scale * t for t in times)
    return f"{middle:.3g} ({low:.3g} to {high:.3g})"


def surroundings() -> str:
    """Date, machine, versions and load, as a line of markdown for each."""
    names = ["torch", "numpy", "scipy", "diffusers", "azula", "smalldiffusion", "denoising-diffusion-pytorch"]
    versions = []
    for name in names:
        try:
            versions.append(f"{name} {importlib.metadata.version(name)}")
        except importlib.metadata.PackageNotFoundError:
            versions.append(f"{name} not installed")
    return "\n".join(
        [
            f"- date: {date.today()}",
            f"- machine: {processor()}, {os.cpu_count()} logical cores, {platform.system()}; "
            f"torch threads: {torch.get_num_threads()}",
            f"- versions: Python {platform.python_version()}, {', '.join(versions)}",
            f"- load average over a minute, before the run: {load_average()}",
        ]
    )


def load_average() -> str:
    return f"{os.getloadavg()[0]:.2f}"


def processor() -> str:
    try:
        with open("/proc/cpuinfo") as lines:
            return next(line.split(":")[1].strip() for line in lines if "model name" in line)
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
