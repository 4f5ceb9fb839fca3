"""A denoiser as a plain function of numpy arrays, checked at every call, and its natural scale."""

import math
import operator
from collections.abc import Callable

import numpy as np
import torch

Drift = Callable[[np.ndarray, float], np.ndarray]


def numpy_denoiser(denoiser, cond: int | None) -> Drift:
    """``D(x, sigma)`` for x (B,) float64 and one label; what is not a finite (B,) answer stops."""
    if cond is not None:
        try:
            cond = operator.index(cond)
        except TypeError:
            raise ValueError(f"cond must be one integer label or None; got {cond!r}") from None
        if cond < 0:
            raise ValueError(f"cond must be a label 0, 1, ... or None; got {cond}")

    def D(x, sigma):
        labels = None if cond is None else torch.full((len(x),), cond)
        out = torch.as_tensor(denoiser(torch.from_numpy(x), float(sigma), labels)).detach()
        if out.shape != (len(x),):
            raise ValueError(f"denoiser must return the shape of x, ({len(x)},); got {tuple(out.shape)}")
        out = out.to(torch.float64).numpy()
        if not np.isfinite(out).all():
            raise ValueError(f"denoiser returned NaN or inf at sigma = {sigma:.4g}; it must be finite")
        return out

    return D


def check_prior(sigma_max, prior_mean) -> tuple[float, float]:
    """The prior N(prior_mean, sigma_max^2) as two floats; ValueError if it is none."""
    sigma_max, prior_mean = float(sigma_max), float(prior_mean)
    if not (math.isfinite(sigma_max) and sigma_max > 0):
        raise ValueError(f"sigma_max must be finite and > 0; got {sigma_max}")
    if not math.isfinite(prior_mean):
        raise ValueError(f"prior_mean must be finite; got {prior_mean}")
    return sigma_max, prior_mean


def pieces(D: Drift, sigma_max: float, breaks) -> list[tuple[Drift, float, float]]:
    """``(D, sigma_hi, sigma_lo)`` from sigma_max down to 0, cut at the breaks.

    Each piece sees D from its inside only, so that a jump at a break is no step size problem.
    """
    breaks = [float(sigma) for sigma in breaks]
    if not all(sigma >= 0 for sigma in breaks):
        raise ValueError(f"breaks must be noise levels sigma >= 0; got {breaks}")
    cuts = sorted({sigma for sigma in breaks if 0 < sigma < sigma_max} | {0.0, sigma_max})[::-1]
    return [(_inside(D, hi, lo), hi, lo) for hi, lo in zip(cuts, cuts[1:], strict=False)]


def _inside(D: Drift, hi: float, lo: float) -> Drift:
    top, bottom = hi * (1 - 1e-12), lo * (1 + 1e-12)
    return lambda x, sigma: D(x, min(max(sigma, bottom), top))


def structure_scale(D: Drift, sigma_max: float, prior_mean: float) -> float:
    """The sigma, within a factor 4, at which the denoiser starts to see structure.

    There D varies by sigma/2 over the noised points; for N(m, s^2) that is sigma = s.
    """
    z = np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    sigma = sigma_max
    while sigma > 1e-14 * sigma_max:
        if np.ptp(D(prior_mean + sigma * z, sigma)) > sigma:
            return sigma
        sigma /= 4
    raise RuntimeError("the denoiser is constant at every sigma: the law is one point and has no density")
