"""Between two classes and beyond all: the parameter that samples show, against the one that was asked for.

Source: Kadkhodaie, Mallat and Simoncelli 2024, figure 8.
"""

import torch
from scipy.stats import spearmanr
from torch import Tensor

from guidelib.datasets.gaussian import SPECTRA, gaussian_samples
from guidelib.datasets.regular import stripes
from guidelib.experiments.samples import EXAMPLES, SIZE, draw, rounded
from guidelib.guidance.features import feature_guided

STEPS = 9
PAIRS = {  # what is asked for at both ends, of rings in cycles per pixel, of bands in degrees
    "ring 0.07 to 0.34": ("ring", 0.07, 0.34),
    "ring 0.11 to 0.23": ("ring", 0.11, 0.23),
    "band 30 to 60": ("band", 30.0, 60.0),
    "band 90 to 120": ("band", 90.0, 120.0),
}
UNSEEN = {  # none of these is a class that a network was trained on
    "ring": (0.09, 0.13, 0.19, 0.28),
    "band": (15.0, 45.0, 75.0, 105.0, 135.0),
    "wave": (1 / 12, 1 / 8, 1 / 6),
}


def images_of(kind: str, value: float, n: int, seed: int) -> Tensor:
    """``n`` images (n, 1, SIZE, SIZE): a ring or a cosine wave of that frequency, a band of that angle."""
    generator = torch.Generator().manual_seed(seed)
    if kind == "wave":
        images = stripes(n, SIZE, generator, period=1 / value, angle=0)
    else:
        asked = {"frequency": value} if kind == "ring" else {"frequency": 0.14, "angle": value}
        images = gaussian_samples(n, SIZE, generator, SPECTRA[kind](SIZE, **asked))
    return images[:, None].float()


def shown(kind: str, images: Tensor, guess: float = 0.0) -> float:
    r"""The frequency or the angle that the mean spectrum shows, with weights :math:`P(f)^2`.

    Rings and waves: the mean of |f|. Bands: half the argument of the mean of :math:`e^{2i\theta}`, in
    degrees, on the turn nearest to ``guess``.
    """
    square = torch.fft.fft2(images[:, 0].double() - 0.5, norm="ortho").abs().square().mean(0) ** 2
    square[0, 0] = 0
    f = torch.fft.fftfreq(images.shape[-1], dtype=torch.float64)
    radius, theta = f[:, None].hypot(f[None, :]), torch.atan2(f[:, None], f[None, :])
    if kind != "band":
        return ((square * radius).sum() / square.sum()).item()
    twice = torch.atan2((square * (2 * theta).sin()).sum(), (square * (2 * theta).cos()).sum())
    angle = torch.rad2deg(twice).item() / 2
    return angle - 180 * round((angle - guess) / 180)


def contrast(images: Tensor) -> float:
    """The mean over images of the standard deviation of their pixels."""
    return images.flatten(1).std(1).mean().item()


def line(net, kind: str, a: float, b: float, per_step: int) -> dict:
    """Samples along the line between the features of two classes: what they show, and their contrast."""
    ends = torch.cat([net.phi_y(images_of(kind, value, EXAMPLES, seed=1)).values for value in (a, b)])
    alpha = torch.linspace(0, 1, STEPS)
    phi = (1 - alpha)[:, None] * ends[0] + alpha[:, None] * ends[1]
    made = draw(feature_guided(net, phi), torch.arange(STEPS).repeat_interleave(per_step))
    parts = made.split(per_step)
    guess = [a + (b - a) * t for t in alpha.tolist()]
    found = [shown(kind, part, g) for part, g in zip(parts, guess, strict=True)]
    spread = [contrast(part) for part in parts]
    return {
        "shown": found,
        "contrast": spread,
        "spearman": float(spearmanr(found, guess).statistic),
        "lowest contrast": min(spread) / (0.5 * (spread[0] + spread[-1])),
        "sag": sag(net, kind, a, b, ends),
    }


@torch.no_grad()
def sag(net, kind: str, a: float, b: float, ends: Tensor) -> float:
    """Distance of the line's middle from the curve of true intermediates, over the length of the line."""
    values = torch.linspace(a, b, 33).tolist()
    curve = torch.cat([net.phi_y(images_of(kind, value, EXAMPLES, seed=1)).values for value in values])
    gap = (curve - ends.mean(0)).norm(dim=1).min()
    return (gap / (ends[0] - ends[1]).norm()).item()


def unseen(net, kind: str, values, per_value: int) -> dict:
    """Samples from the features of one image of textures that are no class: what they show."""
    phi = torch.cat([net.phi_y(images_of(kind, value, 1, seed=2)).values for value in values])
    made = draw(feature_guided(net, phi), torch.arange(len(values)).repeat_interleave(per_value))
    parts = made.split(per_value)
    return {
        "asked": list(values),
        "shown": [shown(kind, part, value) for part, value in zip(parts, values, strict=True)],
        "image": [shown(kind, images_of(kind, value, 1, seed=2), value) for value in values],
        "contrast": [contrast(part) for part in parts],
    }


def experiment(load, per_step: int = 16, pairs=PAIRS, asked=UNSEEN) -> dict:
    """Features between two classes, and of textures never seen: the parameter that samples show."""
    net = load("textures-feature")
    found = {name: line(net, *pair, per_step) for name, pair in pairs.items()}
    return rounded(found | {f"unseen {k}": unseen(net, k, v, per_step) for k, v in asked.items()})
