r"""Two Gaussians in 64 dimensions: what feature guidance, labels and guidance scales sample of one of them.

Everything is seen along the axis of the means, from the mean of class 1, in units of its width. The exact
denoiser passes through the same samplers, from the same noise: what it misses is the sampler's and the
finite number's; what a network misses beyond is its own. Source: Kadkhodaie, Mallat and Simoncelli 2024,
figure 6.
"""

import warnings
from functools import cache

import torch
from torch import Tensor

from guidelib.guidance import cfg
from guidelib.guidance.features import feature_guided
from guidelib.recipes.mixture64 import AXIS, DIM, FLOOR, LAMBDA, SIGMA_MAX, SIGMA_MIN, points
from guidelib.samplers import sample_ddim, sample_sde
from guidelib.schedules import geometric_sigmas
from guidelib.sisa import sample_sisa

N, STEPS = 2_000, 100
LEVELS = geometric_sigmas(97, SIGMA_MIN, SIGMA_MAX)[:-1]  # the levels a blind network was trained on
NETWORKS = ("mixture64-feature", "mixture64-label", "mixture64-label-always")


def blind_exact(x: Tensor, sigma=None, cond=None) -> Tensor:
    r"""What a perfect blind network of the world of ``recipes.mixture64`` answers, (B, 64).

    .. math:: E[x_0 \mid x, y] = \sum_{k, \sigma} p(k, \sigma \mid x, y)\, E[x_0 \mid x, k, \sigma]

    with log sigma uniform between the levels of training; sigma is not looked at. Labels 0 and 1; 2, or no
    labels, is the mixture. Source: chapter 6, ``eq-blind``.
    """
    dtype, x = x.dtype, x.double()
    along = x @ AXIS
    across = x - along[:, None] * AXIS
    square, var = across.square().sum(1)[:, None], LEVELS.double().square()
    parts, logs = [], []
    for k, mean in enumerate((-1.0, 1.0)):
        along_var = LAMBDA**2 + FLOOR**2
        wide, thin = along_var + var, FLOOR**2 + var
        off = along[:, None] - mean
        log = -0.5 * (off.square() / wide + wide.log() + square / thin + (DIM - 1) * thin.log())
        if cond is not None:
            log = log.masked_fill(((cond != k) & (cond < 2))[:, None], -torch.inf)
        logs.append(log)
        parts.append(torch.stack([mean + along_var / wide * off, (FLOOR**2 / thin).expand_as(log)]))
    weights = torch.softmax(torch.cat(logs, 1), 1)
    a, shrunk = (torch.cat(parts, 2) * weights).sum(2)
    return (a[:, None] * AXIS + shrunk[:, None] * across).to(dtype)


@torch.no_grad()
def guides(load) -> dict:
    """Each way to ask for class 1: its denoiser, the labels of N rows, and the examples they stand for."""
    feature, label, always = map(load, NETWORKS)
    train, test = points("train", 50_000), points("test", 4_000)
    rows = test.images[test.labels == 1]
    rows = rows[torch.arange(N) % len(rows)]
    ones = torch.ones(N, dtype=torch.int64)
    mean = feature_guided(feature, feature.phi_y(train.images, train.labels))
    single = feature_guided(feature, feature.features(rows))
    return {
        "mean features": (mean, ones, None),
        "one example": (single, torch.arange(N), rows),
        "label, always": (always, ones, None),
        "label, dropout": (label, ones, None),
        "CFG 2": (cfg(label, 2), ones, None),
        "CFG 4": (cfg(label, 4), ones, None),
    }


def draw(denoiser, cond: Tensor, sampler: str = "SDE", seed: int = 1) -> Tensor:
    """Samples along the axis, (N,), in class widths: by "SDE" or "ODE" in 100 steps, or by "SISA"."""
    generator = torch.Generator().manual_seed(seed)
    x = SIGMA_MAX * torch.randn(len(cond), DIM, generator=generator)
    if sampler == "SISA":
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # strong guidance may stall; it is judged too
            x = sample_sisa(
                denoiser, x, cond, h=0.05, beta=0.05, sigma_0=SIGMA_MAX, sigma_end=0.02,
                max_steps=2_500, denoise=True, generator=generator,
            ).x  # fmt: skip
    else:
        step = {"SDE": sample_sde, "ODE": sample_ddim}[sampler]
        x = step(denoiser, x, geometric_sigmas(STEPS, SIGMA_MIN, SIGMA_MAX), cond, generator=generator)
    return (x.double() @ AXIS - 1) / LAMBDA


def judged(along: Tensor) -> dict:
    """W1 to the class, mean and spread in class widths; the share on the other side."""
    n = len(along)
    quantiles = torch.special.ndtri((torch.arange(n, dtype=torch.float64) + 0.5) / n)
    return {
        "W1": (along.sort().values - quantiles).abs().mean().item(),
        "mean": along.mean().item(),
        "std": along.std().item(),
        "wrong": (along < -1 / LAMBDA).double().mean().item(),
    }


@torch.no_grad()
def measured(denoiser, cond: Tensor, rows: Tensor | None, sampler: str) -> dict:
    """``judged`` samples; with ``rows``, their examples, also the slope of a sample on its example."""
    along = draw(denoiser, cond, sampler)
    found = judged(along)
    if rows is not None:
        example = (rows.double() @ AXIS - 1) / LAMBDA
        found["slope"] = (torch.cov(torch.stack([along, example]))[0, 1] / example.var()).item()
    return {name: round(value, 5) for name, value in found.items()}


@cache
def exact(name: str, sampler: str) -> dict:
    """What the exact arm of that name samples: the same for all networks."""
    denoiser = {"exact": blind_exact, "exact CFG 2": cfg(blind_exact, 2), "exact CFG 4": cfg(blind_exact, 4)}
    return measured(denoiser[name], torch.ones(N, dtype=torch.int64), None, sampler)


def experiment(load) -> dict:
    """Class 1 of two Gaussians in 64 dimensions by features, labels and CFG, with three samplers."""
    ways = guides(load)
    return {
        sampler: {name: exact(name, sampler) for name in ("exact", "exact CFG 2", "exact CFG 4")}
        | {name: measured(*way, sampler) for name, way in ways.items()}
        for sampler in ("SDE", "ODE", "SISA")
    }
