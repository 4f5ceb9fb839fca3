"""Samples at twice the size a network was trained at.

Source: Kadkhodaie, Mallat and Simoncelli 2024, figure 7, bottom row.
"""

import torch
from torch import Tensor

from guidelib import checkpoints
from guidelib.datasets.gaussian import GAUSSIAN, gaussian_power, gaussian_samples
from guidelib.datasets.procedural import PROCEDURAL, procedural_samples
from guidelib.datasets.textures import TEXTURES, textures
from guidelib.experiments.samples import BATCH, EXAMPLES, SIZE, draw, rounded
from guidelib.guidance.features import feature_guided

LARGE = 2 * SIZE
GROWING = ("lines", "leaves", "gabors")  # generators that fill a larger image more thinly


def real_large(names, n: int) -> tuple[Tensor, Tensor]:
    """``n`` real images of LARGE pixels of each class whose generator does not depend on the size."""
    images, labels = [], []
    for k, name in enumerate(names):
        generator = torch.Generator().manual_seed(k)
        if name in GAUSSIAN:
            images.append(gaussian_samples(n, LARGE, generator, gaussian_power(name, LARGE)))
        elif name in PROCEDURAL and PROCEDURAL[name][0] not in GROWING:
            images.append(procedural_samples(n, LARGE, generator, name))
        else:
            continue
        labels += [k] * n
    return torch.cat(images)[:, None].float(), torch.tensor(labels)


@torch.no_grad()
def experiment(load, names=TEXTURES, per_class: int = 2, judge=None) -> dict:
    """Samples of twice the training size: distance of their features from the class, and accuracy.

    The distances are mean squares over those of real images of the training size, median over classes.
    """
    judge, net = judge or checkpoints.load("textures-evaluator"), load("textures-feature")
    train = textures("train", size=SIZE, names=names, per_class=EXAMPLES)
    test = textures("test", size=SIZE, names=names, per_class=EXAMPLES)
    phi = net.phi_y(train.images, train.labels, batch=BATCH)

    def squares(images, y):
        gap = torch.cat([net.features(part) for part in images.split(BATCH)]) - phi.values[y]
        return gap.square().sum(1)

    inside = squares(test.images, test.labels).reshape(len(names), -1).mean(1)

    def report(images, y):
        ratio = squares(images, y) / inside[y]
        each = torch.stack([ratio[y == k].mean() for k in y.unique()])
        right = torch.cat([judge(part).argmax(1) for part in images.split(BATCH)]) == y
        return {"distance": each.median().item(), "accuracy": right.double().mean().item()}

    y = torch.arange(len(names)).repeat(per_class)
    guided = feature_guided(net, phi)
    return rounded({
        "24 pixels": report(draw(guided, y), y),
        "48 pixels": report(draw(guided, y, size=LARGE), y),
        "real, 24 pixels": report(test.images, test.labels),
        "real, 48 pixels": report(*real_large(names, 4)),
    })  # fmt: skip
