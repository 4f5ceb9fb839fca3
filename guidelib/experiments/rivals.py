"""Class samples of textures by label and with classifier-free guidance, at the cost of those by feature."""

from guidelib import checkpoints
from guidelib.datasets.textures import TEXTURES
from guidelib.experiments.samples import CALLS, draw, held_out, judged, rounded
from guidelib.guidance.cfg import cfg


def arms(label) -> dict:
    """The ways to condition, by name: a denoiser and its number of steps. A guided step calls twice."""
    return {
        "label": (label, CALLS),
        "cfg 1.5": (cfg(label, 1.5), CALLS // 2),
        "cfg 2": (cfg(label, 2), CALLS // 2),
        "cfg 4": (cfg(label, 4), CALLS // 2),
    }


def experiment(load, names=TEXTURES, per_class: int = 8, judge=None) -> dict:
    """Class samples of textures by label, at guidance scales 1 to 4."""
    judge = judge or checkpoints.load("textures-evaluator")
    real, _, y = held_out(names, per_class)
    found = {}
    for name, (denoiser, calls) in arms(load("textures-label")).items():
        found[name] = judged(draw(denoiser, y, calls=calls), y, real, names, judge)
    return rounded(found)
