"""Class samples of Fashion-MNIST, and of four data sets in one network.

Source: Kadkhodaie, Mallat and Simoncelli 2024, figures 14 and 16.
"""

import torch

from guidelib import checkpoints, metrics, stats
from guidelib.experiments.samples import draw, rounded
from guidelib.guidance.features import feature_guided

MEAN = 0.286  # of all training pixels


@torch.no_grad()
def experiment(load, per_class: int = 60, judge=None, shipped=None) -> dict:
    """Class samples of Fashion-MNIST by feature: accuracy, distance and diversity."""
    judge, net = judge or checkpoints.load("fashion-evaluator"), load("fashion-feature")
    tensors, _ = shipped or stats.read("fashion")
    K = len(tensors["phi"])
    y = torch.arange(K).repeat_interleave(per_class)
    features = judge.features(draw(feature_guided(net, tensors["phi"]), y, size=28, mean=MEAN))
    right = (judge.out(features).argmax(1) == y).double().reshape(K, -1).mean(1)
    real = tensors["features"].float().reshape(K, -1, features.shape[1])
    label = torch.arange(K)[:, None].expand(real.shape[:2])
    known = (judge.out(real).argmax(2) == label).double().mean()
    spread = [metrics.diversity(features[y == k]) / metrics.diversity(real[k]) for k in range(K)]
    moments = (tensors["mean"].double(), tensors["cov"].double())
    floor = (tensors["floor mean"].double(), tensors["floor cov"].double())
    return rounded({
        "accuracy": right.mean().item(),
        "se": (right.mean() * (1 - right.mean()) / len(y)).sqrt().item(),
        "classes": right.tolist(),
        "real": known.item(),
        "distance": metrics.frechet_of_moments(metrics.moments(features), moments),
        "floor": metrics.frechet_of_moments(floor, moments),
        "diversity": sum(spread) / K,
    })  # fmt: skip
