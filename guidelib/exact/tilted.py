"""Laws with a known density in one dimension: a mixture's own, and the tilted density."""

import math

import numpy as np
import torch

from guidelib.exact.law import Law, density_law

_DEPTH = 80.0  # a law reaches out to where its density is exp(-80) of the peak: z = 12.6


def mixture_law(mixture, cond: int | None = None) -> Law:
    """The law of a one-dimensional mixture, or of its class ``cond``: the exact target."""
    plain, classes = _log_densities(mixture, cond)
    return tilted_law_of(classes, plain, 1.0, *_features(mixture))


def tilted_law(mixture, cond: int, guidance_scale: float) -> Law:
    r"""The density that classifier-free guidance is said to sample, normalised by quadrature.

    .. math:: p_g(x \mid y) \propto p(x \mid y)^{g}\, p(x)^{1-g}
                            \propto p(x)\, p(y \mid x)^{g}

    ``mixture`` is a GaussianMixture of scalars, ``cond`` a label, ``guidance_scale`` g any finite
    number for which the product can be normalised; ValueError otherwise. Source: Ho and Salimans 2022,
    arXiv:2207.12598; chapter 3, ``eq-tilted``.
    """
    plain, classes = _log_densities(mixture, cond)
    return tilted_law_of(classes, plain, guidance_scale, *_features(mixture))


def tilted_law_of(log_p_class, log_p, guidance_scale: float, centres=0.0, scales=1.0) -> Law:
    r"""``p(x|y)^g p(x)^(1-g)`` for any two log densities, functions from arrays to arrays.

    ``centres`` and ``scales``, numbers or equal-length lists, say where the densities have features
    and how wide these are.
    """
    g = float(guidance_scale)
    if not math.isfinite(g):
        raise ValueError(f"guidance_scale must be a finite number; got {g}")

    def log_tilted(x):
        if g == 1:
            return log_p_class(x)
        return g * log_p_class(x) + (1 - g) * log_p(x)

    centres, scales = np.atleast_1d(centres).astype(float), np.atleast_1d(scales).astype(float)
    steps = np.array([-9.0, -5.0, -2.5, 0.0, 2.5, 5.0, 9.0])
    core = np.unique(centres[:, None] + scales[:, None] * steps)
    # Seen from far away the logarithm must fall for good: out to 1e6 widths on either side.
    far = (core[-1] - core[0]) * 2.0 ** np.arange(-2, 21)
    x = np.concatenate([core[0] - far[::-1], core, core[-1] + far])
    height = log_tilted(x)
    top = height.max()
    if not height[[0, -1]].max() < min(top, height[[1, -2]].min()) - 100:
        raise ValueError(
            f"p(x|y)^g p(x)^(1-g) cannot be normalised at g = {g:g}: it does not fall off at infinity. "
            "A scale g between 0 and 1 always can."
        )
    inside = np.flatnonzero(height > top - _DEPTH)
    first, last = inside[0], inside[-1]
    ends = _where_it_drops(log_tilted, x[[first - 1, last + 1]], x[[first, last]], top - _DEPTH)
    # components at nearly the same place would leave panels too thin to have a slope
    between = x[first : last + 1]
    thin = 0.1 * scales.min()
    keep = (np.diff(between, prepend=ends[0]) > thin) & (ends[1] - between > thin)
    return density_law(log_tilted, np.concatenate([ends[:1], between[keep], ends[1:]]))


def _where_it_drops(log_density, outside, inside, level):
    """The points between outside (2,) and inside (2,) where the log density crosses the level."""
    for _ in range(50):
        mid = 0.5 * (outside + inside)
        high = log_density(mid) > level
        outside, inside = np.where(high, outside, mid), np.where(high, mid, inside)
    return inside


def _log_densities(mixture, cond):
    if mixture.means.ndim != 1:
        raise ValueError(f"laws need a mixture of scalars, means (K,); got {tuple(mixture.means.shape)}")
    if cond is None:
        chosen = mixture
    else:
        chosen = mixture.conditional(cond)
    return (_on_arrays(part.log_prob) for part in (mixture, chosen))


def _on_arrays(log_prob):
    def log_density(x):
        return log_prob(torch.from_numpy(np.ravel(x))).numpy().reshape(np.shape(x))

    return log_density


def _features(mixture):
    stds = [mixture.conditional(k).cov.sqrt().item() for k in range(mixture.num_classes)]
    return mixture.means.numpy(), stds
