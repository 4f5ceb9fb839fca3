"""What experiments measured on networks of several seeds: the tables in ``data/results/``.

The book ships one network of each recipe, and what was measured on all of them.
"""

import json
import statistics
import time
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path

import torch

from guidelib import checkpoints, files
from guidelib.runs import circumstances

RESULTS = checkpoints.CHECKPOINTS.parent / "results"


def read(name: str) -> list[dict]:
    """What the experiment ``name`` found, one dict for each seed, in the order of the seeds."""
    card = json.loads(files.path(f"results/{name}.json").read_text(encoding="utf-8"))
    seeds = [card["seeds"][seed] for seed in sorted(card["seeds"], key=int)]
    return [seed["found"] for seed in seeds if not seed.get("unfinished")]


def mean_se(values: Iterable[float]) -> tuple[float, float]:
    r"""The mean of one number for each seed, and its standard error :math:`s/\sqrt n`, nan for one seed."""
    values = list(values)
    if not values:
        raise ValueError("need at least one value")
    spread = statistics.stdev(values) if len(values) > 1 else float("nan")
    return statistics.fmean(values), spread / len(values) ** 0.5


def measure(name: str, experiment: Callable, seeds: Iterable[int], folder: Path, out=None) -> Path:
    """Run ``experiment(load)`` for the networks of each seed and write what it found, after each seed.

    ``load(recipe)`` gives the network of that recipe and seed: for seed 0 the shipped one, else
    ``folder/RECIPE-sS.safetensors``. Seeds that were measured before are measured again; others are kept.
    ``load.seed`` is the seed. A long experiment gives ``load.keep(found)`` what it has so far; if it is
    stopped, it finds that in ``load.kept``, a dict, when it runs again.
    """
    path = (RESULTS if out is None else Path(out)) / f"{name}.json"
    card = json.loads(path.read_text(encoding="utf-8")) if path.exists() else {"seeds": {}}
    card |= {"experiment": name} | circumstances(torch.device("cpu"))
    for seed in seeds:
        weights = {}
        before = card["seeds"].get(str(seed), {})
        before = before if before.get("unfinished") else {"found": {}, "seconds": 0.0}
        started = time.monotonic() - before["seconds"]

        def keep(found: dict, seed=seed, weights=weights, started=started, **more):
            seconds = round(time.monotonic() - started, 1)
            card["seeds"][str(seed)] = {"weights": weights, "seconds": seconds, "found": found} | more
            card["seeds"] = {key: card["seeds"][key] for key in sorted(card["seeds"], key=int)}
            checkpoints.write_whole(path, checkpoints.as_json(card).encode())

        def load(recipe: str, seed=seed, weights=weights):
            net = checkpoints.load(recipe if seed == 0 else Path(folder) / f"{recipe}-s{seed}.safetensors")
            weights[recipe] = net.card["weights"]["sha256"]
            return net

        load.seed, load.kept, load.keep = seed, before["found"], partial(keep, unfinished=True)
        keep(experiment(load))
    return path
