"""Class samples of textures by feature, and the judges of samples.

Source: Kadkhodaie, Mallat and Simoncelli 2024, figures 7 and 10. The judge is a classifier of its own
that guides nothing; for Gaussian classes the exact posterior judges too.
"""

import torch
from torch import Tensor

from guidelib import checkpoints, metrics
from guidelib.datasets.gaussian import GAUSSIAN, gaussian_power, gaussian_textures
from guidelib.datasets.photographs import PHOTOGRAPHS
from guidelib.datasets.textures import TEXTURES, textures
from guidelib.guidance.features import feature_guided
from guidelib.samplers import sample_sde
from guidelib.schedules import geometric_sigmas
from guidelib.sisa import sample_sisa

SIZE, CALLS, BATCH = 24, 32, 152
HIGH, LOW = 1.0, 0.02
BF16 = torch.autocast("cpu", torch.bfloat16)  # as the networks were trained
EXAMPLES = 32  # images that a class mean is taken from
SEEN = 0.1  # noise through which the exact posterior looks


@BF16
@torch.no_grad()
def draw(
    denoiser, y: Tensor, *, calls: int = CALLS, seed: int = 0, size: int = SIZE, start: float | Tensor = 0.5
) -> Tensor:
    """A sample for each label, (B, 1, size, size): the reverse SDE on a geometric grid of ``calls`` steps.

    It starts from white noise about ``start``: the mean of the data, or an image for each sample.
    """
    generator, grid = torch.Generator().manual_seed(seed), geometric_sigmas(calls, LOW, HIGH)
    made = []
    start = torch.as_tensor(start).expand(len(y), 1, size, size)
    for rows, part in zip(y.split(BATCH), start.split(BATCH), strict=True):
        x = part + HIGH * torch.randn(len(rows), 1, size, size, generator=generator)
        made.append(sample_sde(denoiser, x, grid, rows, generator=generator))
    return torch.cat(made)


@BF16
@torch.no_grad()
def draw_sisa(denoiser, y: Tensor, *, seed: int = 0) -> Tensor:
    """The same by the sampler of the source, with steps as large as about 30 calls allow."""
    generator, made = torch.Generator().manual_seed(seed), []
    for rows in y.split(BATCH):
        x = 0.5 + HIGH * torch.randn(len(rows), 1, SIZE, SIZE, generator=generator)
        settings = {"h": 0.2, "beta": 0.5, "sigma_end": LOW, "denoise": True}
        made.append(sample_sisa(denoiser, x, rows, **settings, generator=generator).x)
    return torch.cat(made)


def family(names) -> Tensor:
    """0 for a Gaussian class, 1 for a procedural one, 2 for a photograph, (K,)."""
    return torch.tensor([0 if name in GAUSSIAN else 2 if name in PHOTOGRAPHS else 1 for name in names])


@torch.no_grad()
def judged(images: Tensor, y: Tensor, real: Tensor, names, judge) -> dict:
    """What the judge and the spectra say of class samples, held against as many real images of each class.

    "accuracy" and that of each family; "distance" of Frechet, "precision", "recall" in the judge's
    features; "diversity": the mean distance within a class, over that of real images. Of the Gaussian
    classes: "bayes", the accuracy of the exact posterior; "power" over the true one; "spectral error".
    """
    features = torch.cat([judge.features(part) for part in images.split(BATCH)])
    theirs = torch.cat([judge.features(part) for part in real.split(BATCH)])
    right, group = (judge.out(features).argmax(1) == y).double(), family(names)[y]
    K, each = len(names), len(y) // len(names)
    rows = [y == k for k in range(K)]
    spread = [metrics.diversity(features[row]) / metrics.diversity(theirs[row]) for row in rows]
    precision, recall = metrics.precision_recall(theirs, features, k=min(3, each - 1))
    found = {
        "accuracy": right.mean().item(),
        "families": [right[group == g].mean().item() for g in range(3)],
        "classes": [right[row].mean().item() for row in rows],
        "distance": metrics.frechet_distance(features, theirs),
        "precision": precision,
        "recall": recall,
        "diversity": sum(spread) / K,
    }
    return found | spectra(images, y, names)


def spectra(images: Tensor, y: Tensor, names) -> dict:
    """Of the samples of Gaussian classes: accuracy of the exact posterior, power ratio, spectral error."""
    known = [k for k, name in enumerate(names) if name in GAUSSIAN]
    world = gaussian_textures(SIZE, [names[k] for k in known])
    right, power, error = [], [], []
    for row, k in enumerate(known):
        x = images[y == k].double()
        noise = SEEN * torch.randn(x.shape, generator=torch.Generator().manual_seed(k), dtype=torch.float64)
        right.append((world.posterior((x + noise)[:, 0], SEEN).argmax(1) == row).double().mean().item())
        true = gaussian_power(names[k], SIZE)
        mine = (torch.fft.fft2(x[:, 0] - 0.5, norm="ortho").abs() ** 2).mean(0)
        power.append((mine.flatten()[1:].sum() / true.flatten()[1:].sum()).item())
        error.append(metrics.log_spectral_distance(mine, true))
    mean = lambda values: sum(values) / len(values)  # noqa: E731
    return {"bayes": mean(right), "power": mean(power), "spectral error": mean(error)}


def by_feature(net, names, n: int):
    """The denoiser guided by the features of n training images of each class."""
    train = textures("train", size=SIZE, names=names, per_class=EXAMPLES)
    chosen = torch.arange(len(train.labels)) % EXAMPLES < n
    return feature_guided(net, net.phi_y(train.images[chosen], train.labels[chosen], batch=BATCH))


def experiment(load, names=TEXTURES, per_class: int = 8, judge=None) -> dict:
    """Class samples of textures by feature: accuracy, distance, diversity and spectra."""
    judge, net = judge or checkpoints.load("textures-evaluator"), load("textures-feature")
    real, others, y = held_out(names, per_class)
    many, one = by_feature(net, names, EXAMPLES), by_feature(net, names, 1)
    made = {
        "real": others,
        "feature": draw(many, y),
        "one image": draw(one, y),
        "feature, SISA": draw_sisa(many, y),
    }
    return rounded({name: judged(images, y, real, names, judge) for name, images in made.items()})


def held_out(names, per_class: int):
    """Two sets of test images, and the labels of each: what samples are held against, and the floor."""
    test = textures("test", size=SIZE, names=names, per_class=2 * per_class)
    other = torch.arange(len(test.labels)) % (2 * per_class) >= per_class
    return test.images[~other], test.images[other], test.labels[other]


def rounded(found):
    """All numbers to five decimals."""
    if isinstance(found, dict):
        return {key: rounded(value) for key, value in found.items()}
    return [rounded(value) for value in found] if isinstance(found, list) else round(found, 5)
