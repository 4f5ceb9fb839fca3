"""Class samples of Fashion-MNIST by feature. It reads the data set itself, see ``guidelib.datasets``.

Source: Kadkhodaie, Mallat and Simoncelli 2024, figures 14 and 16.
"""

import torch

from guidelib import checkpoints, metrics, stats
from guidelib.datasets.mnist import fashion_mnist
from guidelib.experiments.samples import draw, rounded
from guidelib.guidance.features import feature_guided

MEAN = 0.286  # of all training pixels


@torch.no_grad()
def experiment(load, per_class: int = 60, judge=None, shipped=None, train=None) -> dict:
    """Class samples of Fashion-MNIST by feature, from white noise and from noisy examples.

    "seen": the share of training images that are nearest to the mean image of their class when noise of
    sigma = 1 lies on them. "start alone": what the judge says of the examples without sampling.
    """
    judge, net = judge or checkpoints.load("fashion-evaluator"), load("fashion-feature")
    tensors, _ = shipped or stats.read("fashion")
    train = train or fashion_mnist("train")
    K = len(tensors["phi"])
    y = torch.arange(K).repeat_interleave(per_class)
    others = torch.cat([(train.labels == k).nonzero()[-per_class:, 0] for k in range(K)])
    means = torch.stack([train.images[train.labels == k].mean(0) for k in range(K)])
    noisy = train.images[others] + torch.randn(len(y), 1, 28, 28, generator=torch.Generator().manual_seed(1))
    guided = feature_guided(net, tensors["phi"])
    made = {
        "white": draw(guided, y, size=28, start=MEAN),
        "example": draw(guided, y, size=28, start=train.images[others]),
        "start alone": train.images[others],
    }
    seen = (torch.cdist(noisy.flatten(1), means.flatten(1)).argmin(1) == y).double().mean().item()
    return rounded({"seen": seen} | {arm: judged(x, y, tensors, judge) for arm, x in made.items()})


def judged(images, y, tensors: dict, judge) -> dict:
    """Accuracy, distance and diversity of class samples, and the floors of the first two."""
    K, features = len(tensors["phi"]), torch.cat([judge.features(x) for x in images.split(200)])
    right = (judge.out(features).argmax(1) == y).double()
    real = tensors["features"].float().reshape(K, -1, features.shape[1])
    label = torch.arange(K)[:, None].expand(real.shape[:2])
    spread = [metrics.diversity(features[y == k]) / metrics.diversity(real[k]) for k in range(K)]
    moments = (tensors["mean"].double(), tensors["cov"].double())
    floor = (tensors["floor mean"].double(), tensors["floor cov"].double())
    return {
        "accuracy": right.mean().item(),
        "se": (right.mean() * (1 - right.mean()) / len(y)).sqrt().item(),
        "classes": [right[y == k].mean().item() for k in range(K)],
        "real": (judge.out(real).argmax(2) == label).double().mean().item(),
        "distance": metrics.frechet_of_moments(metrics.moments(features), moments),
        "floor": metrics.frechet_of_moments(floor, moments),
        "diversity": sum(spread) / K,
    }
