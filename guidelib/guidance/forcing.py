r"""A spring towards the mean of the class.

Reference: Kadkhodaie, Mallat and Simoncelli 2024, "Feature-guided score diffusion for sampling
conditional densities", arXiv:2410.11646, section 3.
"""

import torch
from torch import Tensor

from guidelib.denoisers import Denoiser, check_labels, expand_sigma


def forcing(denoiser: Denoiser, target, strength) -> Denoiser:
    r"""Add a linear pull towards the mean of the class to the unconditional score.

    .. math:: s + K(\sigma)\,(m_y - x)
              \quad\Longleftrightarrow\quad D(x, \sigma) + \sigma^2 K(\sigma)\,(m_y - x)

    ``target`` holds the points m_y, one row per class, (K, ...); rows with fewer axes than those of x
    are repeated along the last ones, so that (K,) gives every coordinate the same target. ``strength``
    K is a number or a function of sigma (a tensor, () or (B,), float64), in units of 1/x^2. The
    denoiser is called without labels; rows with the null label, ``len(target)``, are not pushed.
    Called without labels it raises ValueError. Source: chapter 4, ``eq-forcing``.
    """
    targets = as_targets(target)

    def pushed(x, sigma, cond=None):
        to, active = rows_of(targets, cond, x)
        K = strength_at(strength, sigma, x) * active
        return denoiser(x, sigma) + expand_sigma(sigma, x) ** 2 * K * (to - x)

    return pushed


def as_targets(target) -> Tensor:
    """The targets in float64, a row per class; ValueError if they are not finite or not rows."""
    targets = torch.as_tensor(target, dtype=torch.float64)
    if targets.ndim == 0 or not torch.isfinite(targets).all():
        raise ValueError(
            f"target must hold a finite point per class, shape (K, ...); got {target!r}. "
            "For one class write [m]."
        )
    return targets


def rows_of(targets: Tensor, cond, x: Tensor) -> tuple[Tensor, Tensor]:
    """The target of every row of x, and 1 for rows that are pushed, 0 for the null label."""
    if cond is None:
        raise ValueError("a push needs labels: call denoiser(x, sigma, cond) with cond of shape (B,)")
    cond = check_labels(cond, len(x), len(targets))
    rows = targets.to(x)[cond.clamp_max(len(targets) - 1).to(x.device)]
    if rows.ndim > x.ndim or rows.shape[1:] != x.shape[1 : rows.ndim]:
        raise ValueError(
            f"a target of shape {tuple(rows.shape[1:])} does not fit points of shape {tuple(x.shape[1:])}"
        )
    one = [1] * (x.ndim - 1)
    active = (cond < len(targets)).to(x).reshape(-1, *one)
    return rows.reshape(*rows.shape, *[1] * (x.ndim - rows.ndim)), active


def strength_at(strength, sigma, x: Tensor) -> Tensor:
    """The strength at sigma so that it broadcasts with x; ValueError if it is not finite."""
    level = torch.as_tensor(sigma, dtype=torch.float64)
    value = torch.as_tensor(strength(level) if callable(strength) else strength, dtype=torch.float64)
    if value.shape not in [(), level.shape] or not torch.isfinite(value).all():
        raise ValueError(
            f"strength must give one finite number for each sigma, shape {tuple(level.shape)}; got {value}"
        )
    return expand_sigma(value, x)
