"""Class samples of textures by label and with classifier-free guidance, at the cost of those by feature."""

import math

from guidelib import checkpoints
from guidelib.datasets.textures import TEXTURES
from guidelib.experiments.samples import CALLS, EXAMPLES, by_feature, draw, held_out, judged, rounded
from guidelib.guidance.cfg import cfg
from guidelib.guidance.interval import interval

HALF = 0.3  # where one network hands over to the other


def arms(feature, label) -> dict:
    """The ways to condition, by name: a denoiser and its number of steps. A guided step calls twice."""
    return {
        "label": (label, CALLS),
        "cfg 1.5": (cfg(label, 1.5), CALLS // 2),
        "cfg 2": (cfg(label, 2), CALLS // 2),
        "cfg 4": (cfg(label, 4), CALLS // 2),
        "cfg 2, twice the calls": (cfg(label, 2), CALLS),
        "feature, then label": (interval(feature, label, HALF, math.inf), CALLS),
        "label, then feature": (interval(label, feature, HALF, math.inf), CALLS),
    }


def experiment(load, names=TEXTURES, per_class: int = 8, judge=None) -> dict:
    """Class samples of textures by label, at scales 1 to 4, and by two networks in turn."""
    judge = judge or checkpoints.load("textures-evaluator")
    net, label = load("textures-feature"), load("textures-label")
    real, _, y = held_out(names, per_class)
    found = {}
    for name, (denoiser, calls) in arms(by_feature(net, names, EXAMPLES), label).items():
        found[name] = judged(draw(denoiser, y, calls=calls), y, real, names, judge)
    return rounded(found)
