"""Class samples by two networks in turn, and by guidance at twice the cost: where accuracy is lost."""

import math

from guidelib import checkpoints
from guidelib.datasets.textures import TEXTURES
from guidelib.experiments.samples import CALLS, EXAMPLES, by_feature, draw, held_out, judged, rounded
from guidelib.guidance.cfg import cfg
from guidelib.guidance.interval import interval

HALF = 0.3  # where one network hands over to the other


def experiment(load, names=TEXTURES, per_class: int = 8, judge=None) -> dict:
    """Class samples by feature above a noise level and by label below, and the other way round."""
    judge = judge or checkpoints.load("textures-evaluator")
    feature, label = by_feature(load("textures-feature"), names, EXAMPLES), load("textures-label")
    real, _, y = held_out(names, per_class)
    arms = {
        "cfg 2, twice the calls": cfg(label, 2),
        "feature, then label": interval(feature, label, HALF, math.inf),
        "label, then feature": interval(label, feature, HALF, math.inf),
    }
    found = {name: judged(draw(D, y, calls=CALLS), y, real, names, judge) for name, D in arms.items()}
    return rounded(found)
