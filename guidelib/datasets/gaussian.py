r"""Stationary Gaussian textures whose spectra are known, so that scores and distances are exact.

A class is a power spectrum on the periodic size x size grid. Its samples are periodic: the covariance
of the image is circulant, and no crop from a larger field is taken, whose covariance would not be. A
spectrum is a shape plus a floor of white noise, so that no frequency is without power, scaled to
pixels of standard deviation 1/8 about the mean 1/2. **Nothing is clipped**: clipped pixels would not be
Gaussian. So one pixel in 16,000 lies outside [0, 1], by a little.
"""

import math

import torch
from torch import Tensor

from guidelib.exact.textures import TextureMixture

MEAN, STD, FLOOR = 0.5, 0.125, 0.01


def ring(size: int, *, frequency: float, bandwidth: float = 0.02) -> Tensor:
    r"""One frequency, every direction: shape :math:`\exp[-(|f| - f_0)^2 / 2b^2]`, (size, size).

    ``frequency`` f_0 and ``bandwidth`` b in cycles per pixel (at most 1/2 along an axis).
    """
    fy, fx = _frequencies(size)
    return _power((-((fy.hypot(fx) - frequency) ** 2) / (2 * bandwidth**2)).exp())


def band(size: int, *, frequency: float, angle: float, bandwidth: float = 0.025) -> Tensor:
    r"""One frequency, one direction: :math:`\exp[-|f - f_0 u|^2 / 2b^2]` and its mirror image.

    ``angle`` in degrees: of u = (cos, sin), across the stripes; 0 gives upright ones. (size, size).
    """
    fy, fx = _frequencies(size)
    uy, ux = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    square = (fy - frequency * uy) ** 2 + (fx - frequency * ux) ** 2
    return _power((-square / (2 * bandwidth**2)).exp())


def weave(size: int, *, frequency: float, angle: float, bandwidth: float = 0.025) -> Tensor:
    """Two bands at right angles, of equal power, (size, size)."""
    first = band(size, frequency=frequency, angle=angle, bandwidth=bandwidth)
    return 0.5 * (first + band(size, frequency=frequency, angle=angle + 90, bandwidth=bandwidth))


def cloud(size: int, *, exponent: float, angle: float = 0.0, stretch: float = 1.0) -> Tensor:
    r"""A power law :math:`(|f'|^2 + f_{\min}^2)^{-e/2}` with f_min = 1/32 cycles per pixel, (size, size).

    ``stretch`` > 1 draws the texture out along ``angle`` (degrees): f' is f with its component along
    that direction multiplied by ``stretch``. ``exponent`` e: 0 is white noise, 2 a natural image.
    """
    fy, fx = _frequencies(size)
    uy, ux = math.sin(math.radians(angle)), math.cos(math.radians(angle))
    along, across = fx * ux + fy * uy, fy * ux - fx * uy
    return _power(((stretch * along) ** 2 + across**2 + 1 / 32**2) ** (-exponent / 2))


SPECTRA = {"ring": ring, "band": band, "weave": weave, "cloud": cloud}
GAUSSIAN = {
    **{f"ring {f:g}": ("ring", {"frequency": f}) for f in (0.07, 0.11, 0.16, 0.23, 0.34)},
    **{f"band {a}": ("band", {"frequency": 0.14, "angle": a}) for a in (0, 30, 60, 90, 120, 150)},
    "band 45 fine": ("band", {"frequency": 0.3, "angle": 45}),
    "weave 0": ("weave", {"frequency": 0.16, "angle": 0}),
    "weave 45": ("weave", {"frequency": 0.2, "angle": 45}),
    "white noise": ("cloud", {"exponent": 0}),
    "cloud 2": ("cloud", {"exponent": 2}),
    "cloud 4": ("cloud", {"exponent": 4}),
    "grain 0": ("cloud", {"exponent": 3, "angle": 0, "stretch": 6}),
    "grain 60": ("cloud", {"exponent": 3, "angle": 60, "stretch": 6}),
}


def gaussian_power(name: str, size: int = 32) -> Tensor:
    """The exact power spectrum of a Gaussian class, (size, size), in the order of ``torch.fft``."""
    if name not in GAUSSIAN:
        raise ValueError(f"no Gaussian class is called {name!r}; the names are: {', '.join(GAUSSIAN)}")
    kind, parameters = GAUSSIAN[name]
    return SPECTRA[kind](size, **parameters)


def gaussian_textures(size: int = 32, names=None) -> TextureMixture:
    """The exact world of the Gaussian classes ``names`` (default: all), equally likely.

    It takes points (B, size, size): drop the channel of a data set with ``images[:, 0]``. Label k is
    the k-th name; in ``textures()`` the Gaussian classes come first, so that labels agree.
    Source: chapter 4, ``eq-texture``.
    """
    powers = torch.stack([gaussian_power(name, size) for name in names or GAUSSIAN])
    weights = torch.full((len(powers),), 1 / len(powers), dtype=torch.float64)
    return TextureMixture(weights, torch.full_like(weights, MEAN), powers)


def gaussian_samples(n: int, size: int, generator: torch.Generator, power: Tensor) -> Tensor:
    """``n`` samples of one spectrum, (n, size, size), float64, mean 1/2."""
    world = TextureMixture([1.0], [MEAN], power[None])
    return world.sample(n, generator)[0]


def _frequencies(size: int) -> tuple[Tensor, Tensor]:
    f = torch.fft.fftfreq(size, dtype=torch.float64)
    return f[:, None], f[None, :]


def _power(shape: Tensor) -> Tensor:
    """A shape made even, P(f) = P(-f), and scaled: its mean, the variance of a pixel, is STD^2."""
    even = 0.5 * (shape + shape.flip(0, 1).roll((1, 1), (0, 1)))
    return FLOOR**2 + (STD**2 - FLOOR**2) * even / even.mean()
