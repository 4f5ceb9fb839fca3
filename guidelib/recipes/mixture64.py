r"""Two Gaussians in 64 dimensions whose exact denoiser is known, for small networks.

Means :math:`\pm e`, so that Delta = 2; variance :math:`\lambda^2` along e, lambda = 1/4, and 1/100^2
across: rank 1 but for a floor, as in Kadkhodaie, Mallat and Simoncelli 2024, figure 6. In 64 dimensions a
blind network reads the noise level off the point.
"""

from functools import partial

import torch

from guidelib.datasets.dataset import Dataset
from guidelib.exact.mixtures import GaussianMixture
from guidelib.guidance import cfg
from guidelib.guidance.features import feature_guided
from guidelib.recipes import denoising
from guidelib.recipes.measures import rms_error
from guidelib.samplers import sample_sde
from guidelib.schedules import geometric_sigmas
from guidelib.training import Recipe

DIM, LAMBDA, FLOOR = 64, 0.25, 0.01
AXIS = torch.full((DIM,), DIM**-0.5, dtype=torch.float64)
SIGMA_MIN, SIGMA_MAX = 0.01, 3.0
N = 2_000  # samples to judge by


def world() -> GaussianMixture:
    """The mixture that is learned: class 0 around -e, class 1 around e, equally likely."""
    factor = LAMBDA * AXIS[None, :, None].expand(2, -1, -1)
    return GaussianMixture([0.5, 0.5], torch.stack([-AXIS, AXIS]), (factor, FLOOR**2))


def points(split: str, n: int) -> Dataset:
    """``n`` points of the world and their labels, sorted by label; train and test differ in their seed."""
    generator = torch.Generator().manual_seed({"train": 64, "test": 65}[split])
    x, labels = world().sample(n, generator)
    return denoising.by_label(Dataset(x.float(), labels, ("left", "right")))


def data() -> tuple[Dataset, Dataset]:
    """50,000 points to learn from, 4,000 to measure on."""
    return points("train", 50_000), points("test", 4_000)


@torch.no_grad()
def metrics(net, train, test, *, scales=()) -> dict:
    """How far the denoiser is from the exact one, and its samples from the class.

    "rms error" is that of D, per coordinate, over sigma. "samples" are 2,000 of class 1 by the reverse SDE
    in 100 steps: along e, in units of lambda, W1 to the class, their mean off its mean, their spread;
    and the share that went to the other class. "one example": each has the features of its own example.
    ``scales`` are guidance scales, for a network that also learned without labels.
    """
    ones = torch.ones(N, dtype=torch.int64)
    guides = {"class": (net, ones)}
    if hasattr(net, "gains"):
        each = net.features(test.images[test.labels == 1][:N])
        guides = {
            "class": (feature_guided(net, net.phi_y(train.images, train.labels)), ones),
            "one example": (feature_guided(net, each), torch.arange(N) % len(each)),
        }
    guides |= {f"guidance scale {g}": (cfg(net, g), ones) for g in scales}
    errors = {
        str(sigma): rms_error(guides["class"][0], world(), test.images, test.labels, sigma)
        for sigma in (0.03, 0.1, 0.3, 1.0, 3.0)
    }
    return {"rms error": errors, "samples": {name: _samples(*guide) for name, guide in guides.items()}}


def _samples(guide, cond) -> dict:
    generator = torch.Generator().manual_seed(1)
    x = SIGMA_MAX * torch.randn(N, DIM, generator=generator)
    x = sample_sde(guide, x, geometric_sigmas(100, SIGMA_MIN, SIGMA_MAX), cond, generator=generator)
    along = (x.double() @ AXIS - 1) / LAMBDA
    quantiles = torch.special.ndtri((torch.arange(N, dtype=torch.float64) + 0.5) / N)
    values = {
        "W1": (along.sort().values - quantiles).abs().mean(),
        "mean": along.mean(),
        "std": along.std(),
        "wrong class": (along < -1 / LAMBDA).double().mean(),
    }
    return {name: round(value.item(), 4) for name, value in values.items()}


LEVELS = ("log", SIGMA_MIN, SIGMA_MAX)
common = {
    "data": data, "loss": denoising.loss, "metrics": metrics,
    "steps": 20_000, "batch": 512, "lr": 2e-3, "bf16": False,
}  # fmt: skip
MIXTURE64 = (
    Recipe(
        "mixture64-feature",
        about="projected MLP on two Gaussians in 64 dimensions",
        cost="CPU 3 min",
        network={"network": "ProjectedMLP", "dim": DIM},
        draw=partial(denoising.draw, sigma=LEVELS, pairs=True),
        **common,
    ),
    Recipe(
        "mixture64-label",
        about="the same with labels, 10% of them hidden: for guidance without a classifier",
        cost="CPU 2 min",
        network={"network": "MLP", "dim": DIM, "num_classes": 2},
        draw=partial(denoising.draw, sigma=LEVELS, labels=True, null=0.1),
        **common | {"metrics": partial(metrics, scales=(2, 4))},
    ),
    Recipe(
        "mixture64-label-always",
        about="the same with every label shown: the fair comparison at guidance scale 1",
        cost="CPU 2 min",
        network={"network": "MLP", "dim": DIM, "num_classes": 2},
        draw=partial(denoising.draw, sigma=LEVELS, labels=True),
        **common,
    ),
)
