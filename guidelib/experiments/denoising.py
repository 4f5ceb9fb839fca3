"""Denoising textures by a conditioning image: what it gains, by noise level, and what is Bayes' share of it.

Source: Kadkhodaie, Mallat and Simoncelli 2024, figures 2 and 3.
"""

import torch
from torch import Tensor

from guidelib.datasets.gaussian import GAUSSIAN, gaussian_textures
from guidelib.datasets.textures import TEXTURES, textures
from guidelib.guidance.features import feature_guided
from guidelib.recipes.textures import SIZE

SIGMAS = (0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)
PER_CLASS = 10  # held-out images of each class
EXAMPLES = 32  # images that the mean features of a class are taken from
NETWORKS = ("textures-feature", "textures-mixture")


@torch.no_grad()
def psnr(denoiser, x0: Tensor, noise: Tensor, cond=None, sigmas=None, batch: int = 380) -> Tensor:
    r""":math:`-10 \log_{10} |D - x_0|^2/d` in dB for each level (of SIGMAS, if not given) and image."""
    found = []
    for sigma in SIGMAS if sigmas is None else sigmas:
        x, D = x0 + sigma * noise, []
        for i in range(0, len(x), batch):
            rows = slice(i, i + batch)
            D.append(denoiser(x[rows], sigma, None if cond is None else cond[rows]))
        found.append(-10 * (torch.cat(D) - x0).square().flatten(1).mean(1).log10())
    return torch.stack(found)


def held_out(per_class: int = PER_CLASS) -> tuple[Tensor, Tensor, Tensor]:
    """Held-out images of every class, their labels, and noise."""
    test = textures("test", size=SIZE, per_class=per_class)
    noise = torch.randn(test.images.shape, generator=torch.Generator().manual_seed(0))
    return test.images, test.labels, noise


def features(net) -> tuple[Tensor, Tensor]:
    """Mean features of each class from 32 images, and those of one held-out image of each class."""
    train = textures("train", size=SIZE, per_class=EXAMPLES)
    first = textures("test", size=SIZE, per_class=PER_CLASS + 1).images[PER_CLASS :: PER_CLASS + 1]
    return net.phi_y(train.images, train.labels), net.phi_y(first, torch.arange(len(first)))


def exact_denoiser(x: Tensor, sigma, cond=None) -> Tensor:
    """The exact denoiser of the 19 Gaussian classes on images (B, 1, H, W)."""
    return gaussian_textures(SIZE)(x[:, 0], sigma, cond)[:, None]


def arms(feature, mixture, y: Tensor) -> dict:
    """Each way to denoise images of the classes y: denoiser and labels."""
    phi, single = features(feature)
    K = len(TEXTURES)
    return {
        "class": (feature_guided(feature, phi), y),
        "one example": (feature_guided(feature, single), y),
        "other class": (feature_guided(feature, phi), (y + 1) % K),
        "unmatched": (feature, None),
        "mixture": (mixture, None),
    }


@torch.no_grad()
def experiment(load) -> dict:
    """PSNR by noise level on textures: class, other class, one example, mixture, exact."""
    x0, y, noise = held_out()
    feature, mixture = map(load, NETWORKS)
    ways = arms(feature, mixture, y)
    every = {name: psnr(denoiser, x0, noise, cond) for name, (denoiser, cond) in ways.items()}
    gaussian = y < len(GAUSSIAN)
    found = {"sigmas": list(SIGMAS)}
    found["all"] = {name: rounded(values) for name, values in every.items()}
    found["Gaussian"] = {name: rounded(values[:, gaussian]) for name, values in every.items()}
    for name, cond in (("exact class", y[gaussian]), ("exact mixture", None)):
        found["Gaussian"][name] = rounded(psnr(exact_denoiser, x0[gaussian], noise[gaussian], cond))
    return found


def rounded(values: Tensor) -> list[float]:
    """The mean over images at each level, in dB to a thousandth."""
    return [round(value, 3) for value in values.mean(1).tolist()]
