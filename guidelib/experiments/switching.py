"""Conditioning that is switched off on the way: which samples keep their class.

Source: Kadkhodaie, Mallat and Simoncelli 2024, figure 13.
"""

import math

import torch
from scipy.stats import spearmanr
from torch import Tensor

from guidelib import checkpoints
from guidelib.datasets.textures import TEXTURES, textures
from guidelib.experiments.samples import BATCH, EXAMPLES, HIGH, SIZE, draw, rounded
from guidelib.guidance.features import feature_guided
from guidelib.guidance.interval import interval

LEVELS = (0.8, 0.5, 0.3, 0.2, 0.1, 0.05)


def until(guided, mixture, level: float):
    """``guided`` above the level, the ``mixture`` without labels from there down."""
    return interval(guided, lambda x, sigma, cond=None: mixture(x, sigma), level, math.inf)


def commitment(kept: Tensor) -> list[float]:
    """For each class the highest level from which at least half of the samples keep theirs, (K,).

    ``kept`` (levels, K) are shares, from the highest level down. Where too few ever do: 0.
    """
    enough = (kept >= 0.5).flip(0).cumprod(0).flip(0)  # here and at all lower levels
    return [next((s for s, ok in zip(LEVELS, row, strict=True) if ok), 0.0) for row in enough.T.tolist()]


@torch.no_grad()
def experiment(load, names=TEXTURES, per_class: int = 4, judge=None) -> dict:
    """Conditioning switched off at six noise levels: the share of samples that keep their class."""
    judge = judge or checkpoints.load("textures-evaluator")
    net, mixture = load("textures-feature"), load("textures-mixture")
    train = textures("train", size=SIZE, names=names, per_class=EXAMPLES)
    phi = net.phi_y(train.images, train.labels, batch=BATCH)
    guided, y = feature_guided(net, phi), torch.arange(len(names)).repeat(per_class)

    def classes(denoiser):
        return torch.cat([judge(part).argmax(1) for part in draw(denoiser, y).split(BATCH)])

    full = classes(guided)
    off = [classes(until(guided, mixture, level)) for level in LEVELS]
    same = torch.stack([(c == full).double() for c in off])
    kept = same.reshape(len(LEVELS), per_class, len(names)).mean(1)
    star = commitment(kept)
    nearest = torch.cdist(phi.values, phi.values).fill_diagonal_(math.inf).min(1).values
    never = classes(until(guided, mixture, HIGH))
    return rounded({
        "kept": same.mean(1).tolist(),
        "accuracy": [(c == y).double().mean().item() for c in off],
        "accuracy to the end": (full == y).double().mean().item(),
        "levels of classes": star,
        "spearman": float(spearmanr(star, nearest.tolist()).statistic),
        "classes without conditioning": len(never.unique()),
    })  # fmt: skip
