"""Class samples of the label network that was trained for as many steps as the feature network."""

from guidelib import checkpoints
from guidelib.datasets.textures import TEXTURES
from guidelib.experiments.samples import draw, held_out, judged, rounded


def experiment(load, names=TEXTURES, per_class: int = 8, judge=None) -> dict:
    """Class samples by label after as many training steps, half the compute, as by features."""
    judge = judge or checkpoints.load("textures-evaluator")
    real, _, y = held_out(names, per_class)
    return rounded(judged(draw(load("textures-label-short"), y), y, real, names, judge))
