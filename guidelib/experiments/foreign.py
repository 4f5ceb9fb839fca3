"""Sampling that starts from a foreign image with noise on it.

Source: Kadkhodaie, Mallat and Simoncelli 2024, figure 12, with a photograph of a face; here digits.
"""

import torch
import torch.nn.functional as F
from scipy.stats import spearmanr
from torch import Tensor

from guidelib import checkpoints
from guidelib.datasets.digits import digits
from guidelib.datasets.textures import textures
from guidelib.experiments.samples import BATCH, BF16, CALLS, EXAMPLES, HIGH, LOW, SIZE, rounded
from guidelib.guidance.features import feature_guided
from guidelib.samplers import sample_sde
from guidelib.schedules import geometric_sigmas

TARGETS = ("ring 0.16", "band 60", "cloud 2", "waves 90", "stripes 20", "checks 4", "dots 6", "labyrinth",
           "blobs", "plaid 10")  # fmt: skip
STARTS = (18, 13, 7, 3, 0)  # places on the grid: sigma = 0.10, 0.19, 0.41, 0.68, 1


def sources(n: int) -> Tensor:
    """The first test digit of each of n classes, enlarged to (n, 1, SIZE, SIZE)."""
    data = digits("test")
    first = torch.stack([data.images[data.labels == k][0] for k in range(n)])
    return F.interpolate(first.reshape(n, 1, 8, 8), size=(SIZE, SIZE), mode="bicubic").clamp(0, 1)


@torch.no_grad()
def restart(denoiser, images: Tensor, y: Tensor, place: int, seed: int = 0) -> Tensor:
    """From images with the noise of a place on the grid to samples of the classes y."""
    grid = geometric_sigmas(CALLS, LOW, HIGH)[place:]
    generator = torch.Generator().manual_seed(seed)
    x = images + grid[0].float() * torch.randn(images.shape, generator=generator)
    return sample_sde(denoiser, x, grid, y, generator=generator)


@torch.no_grad()
def experiment(load, targets=TARGETS, count: int = 8, judge=None) -> dict:
    """Sampling from noised digits towards textures: distances from both, at five noise levels.

    In the features of the judge: "source" from the digit, "target" from the mean of real images of the
    class, "share" = source/(source + target).
    """
    judge, net = judge or checkpoints.load("textures-evaluator"), load("textures-feature")
    train = textures("train", size=SIZE, names=targets, per_class=EXAMPLES)
    test = textures("test", size=SIZE, names=targets, per_class=EXAMPLES)
    guided = feature_guided(net, net.phi_y(train.images, train.labels, batch=BATCH))
    images = sources(count).repeat_interleave(len(targets), 0)
    y = torch.arange(len(targets)).repeat(count)
    centres = judge.features(test.images).reshape(len(targets), EXAMPLES, -1).mean(1)
    start, found = judge.features(images), {"source": [], "target": [], "share": [], "pixels": []}
    for place in STARTS:
        with BF16:
            made = restart(guided, images, y, place)
        seen = judge.features(made)
        source, target = (seen - start).norm(dim=1), (seen - centres[y]).norm(dim=1)
        found["source"].append(source.mean().item())
        found["target"].append(target.mean().item())
        found["share"].append((source / (source + target)).mean().item())
        found["pixels"].append((made - images).square().mean().sqrt().item())
    found["spearman"] = float(spearmanr(range(len(STARTS)), found["share"]).statistic)
    return rounded(found)
