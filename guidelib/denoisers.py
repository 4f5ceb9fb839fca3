r"""What a denoiser is, and how scores, noise estimates and DDPM networks relate to it.

With ``x_sigma = x0 + sigma z``:  score = (D - x)/sigma^2  and  eps = (x - D)/sigma.
A network in the DDPM convention sees ``x_t = sqrt(abar_t) x0 + sqrt(1 - abar_t) eps``, which is
``x_sigma / sqrt(1 + sigma^2)`` at ``sigma = sqrt((1 - abar_t)/abar_t)``.
"""

import math
from typing import Protocol

import torch
from torch import Tensor

from guidelib.schedules import sigma_from_alpha_bar


class Denoiser(Protocol):
    """``denoiser(x, sigma, cond=None) -> E[x0 | x_sigma]``.

    ``x`` (B, ...); ``sigma`` a float, () or (B,); ``cond`` (B,) integer labels. ``None`` and the
    label ``num_classes`` ask for the unconditional mean. The result has the shape and dtype of ``x``.
    """

    def __call__(self, x: Tensor, sigma, cond: Tensor | None = None) -> Tensor: ...


def expand_sigma(sigma, x: Tensor) -> Tensor:
    """sigma, () or (B,), reshaped so that it broadcasts against x (B, ...)."""
    sigma = torch.as_tensor(sigma, dtype=x.dtype, device=x.device)
    if sigma.ndim == 0:
        return sigma
    _check_shape(sigma, len(x))
    return sigma.reshape(-1, *[1] * (x.ndim - 1))


def score_from_denoiser(denoiser: Denoiser, x: Tensor, sigma, cond=None) -> Tensor:
    r"""``score = (D(x, sigma) - x) / sigma^2``, shaped like x; sigma > 0.

    D is close to x at small sigma, so rounding costs about 1e-16 |x| / sigma^2; a mixture's own ``score``
    has no such loss. Source: Tweedie, ``eq-tweedie``.
    """
    return (denoiser(x, sigma, cond) - x) / _divisor(sigma, x) ** 2


def eps_from_denoiser(denoiser: Denoiser, x: Tensor, sigma, cond=None) -> Tensor:
    r"""``eps = (x - D(x, sigma)) / sigma``, the estimate of z, like x; sigma > 0. Source: ``eq-eps``."""
    return (x - denoiser(x, sigma, cond)) / _divisor(sigma, x)


def smoothed(denoiser: Denoiser, blur: float) -> Denoiser:
    r"""The denoiser of blurred data: what ``denoiser`` would be if the data were x0 + blur * z.

    .. math:: \tilde D(x, \sigma) = x + \frac{\sigma^2}{\sigma_+^2}\,[D(x, \sigma_+) - x], \qquad
              \sigma_+^2 = \sigma^2 + \sigma_{\text{blur}}^2

    Its score is the score of ``denoiser`` at the higher noise level sigma_+: a denoiser made worse
    without training another. ``blur`` >= 0, in units of x; 0 changes nothing. Source: chapter 5,
    ``eq-smoothed``.
    """
    if not 0 <= blur < math.inf:
        raise ValueError(f"blur must be finite and >= 0, in units of x; got {blur}")

    def worse(x, sigma, cond=None):
        level = torch.as_tensor(sigma, dtype=torch.float64)
        higher = (level**2 + blur**2).sqrt()
        share = expand_sigma((level / higher) ** 2, x)
        return torch.lerp(x, denoiser(x, higher, cond), share)

    return worse if blur > 0 else denoiser


def from_eps(model, alpha_bar: Tensor) -> Denoiser:
    r"""A denoiser from a network ``model(x_t, t, cond)`` that predicts eps.

    ``x_t = x / sqrt(1 + sigma^2)``,  ``D = x - sigma * model(x_t, t)``;  ``alpha_bar`` (T,) decreasing.
    The network knows T noise levels, so t is the level nearest to sigma in log sigma; sigma above the
    largest level is a ValueError. Source: Ho et al. 2020, eq. 11; ``eq-vp``.
    """

    levels = _levels(alpha_bar)

    def denoiser(x, sigma, cond=None):
        t, s = _nearest_level(levels, sigma, x)
        return x - s * model(x / (1 + s**2).sqrt(), t, cond)

    return denoiser


def from_v(model, alpha_bar: Tensor) -> Denoiser:
    r"""A denoiser from a network that predicts ``v = sqrt(abar) eps - sqrt(1 - abar) x0``.

    ``D = x_t / sqrt(1 + sigma^2) - sigma / sqrt(1 + sigma^2) * v``. Otherwise as ``from_eps``.
    Source: Salimans and Ho 2022, appendix D.
    """

    levels = _levels(alpha_bar)

    def denoiser(x, sigma, cond=None):
        t, s = _nearest_level(levels, sigma, x)
        scale = (1 + s**2).sqrt()
        return (x / scale - s * model(x / scale, t, cond)) / scale

    return denoiser


def to_eps(denoiser: Denoiser, alpha_bar: Tensor):
    """The inverse of ``from_eps``: ``model(x_t, t, cond)`` that predicts eps; ``t`` () or (B,)."""
    levels = _levels(alpha_bar)

    def model(x_t, t, cond=None):
        sigma = levels[t]
        x = x_t * (1 + expand_sigma(sigma, x_t) ** 2).sqrt()
        return eps_from_denoiser(denoiser, x, sigma, cond)

    return model


def to_v(denoiser: Denoiser, alpha_bar: Tensor):
    """The inverse of ``from_v``: ``model(x_t, t, cond)`` that predicts v; ``t`` () or (B,)."""
    levels = _levels(alpha_bar)

    def model(x_t, t, cond=None):
        sigma = levels[t]
        s = expand_sigma(sigma, x_t)
        scale = (1 + s**2).sqrt()
        return (x_t - denoiser(x_t * scale, sigma, cond) * scale) / s

    return model


def check_sigma(sigma, batch: int | None) -> Tensor:
    """sigma as a tensor, () or (batch,); ValueError if negative, not finite or of another shape."""
    sigma = torch.as_tensor(sigma, dtype=torch.float64)
    if sigma.ndim == 0 and 0 <= sigma.item() < math.inf:
        return sigma
    _check_shape(sigma, batch)
    allowed = (sigma >= 0) & torch.isfinite(sigma)
    if not allowed.all():
        raise ValueError(f"sigma must be finite and >= 0; got {sigma[~allowed].flatten()[0].item():.4g}")
    return sigma


def check_labels(cond, batch: int, largest: int) -> Tensor:
    """Labels as a (batch,) int64 tensor; ValueError if out of 0..largest or of another shape."""
    cond = torch.as_tensor(cond)
    if cond.dtype.is_floating_point or cond.shape != (batch,):
        kind = str(cond.dtype).removeprefix("torch.")
        raise ValueError(
            f"cond must be one integer label per row, shape ({batch},); got {tuple(cond.shape)} of {kind}"
        )
    allowed = (cond >= 0) & (cond <= largest)
    if not allowed.all():
        raise ValueError(f"labels must lie in 0..{largest}; got {cond[~allowed][0].item()}")
    return cond.to(torch.int64)


def _check_shape(sigma: Tensor, batch: int | None) -> None:
    if sigma.ndim and (batch is None or sigma.shape != (batch,)):
        rows = "" if batch is None else f" or one per row, shape ({batch},)"
        raise ValueError(f"sigma must be one number{rows}; got shape {tuple(sigma.shape)}")


def _divisor(sigma, x: Tensor) -> Tensor:
    sigma = expand_sigma(sigma, x)
    if not (sigma > 0).all():
        raise ValueError(f"sigma must be > 0 to divide by it; got {sigma.min().item():.4g}")
    return sigma


def _levels(alpha_bar: Tensor) -> Tensor:
    """The sigma of every level of a DDPM schedule, (T,), increasing with t."""
    levels = sigma_from_alpha_bar(alpha_bar)
    if levels.ndim != 1 or len(levels) == 0 or (levels.diff() < 0).any():
        raise ValueError(
            f"alpha_bar must be 1-D and decrease with t; got shape {tuple(levels.shape)}. "
            "Flip an increasing one with alpha_bar.flip(0)."
        )
    return levels


def _nearest_level(levels: Tensor, sigma, x: Tensor) -> tuple[Tensor, Tensor]:
    """The integer level t, (B,), nearest to sigma in log sigma, and sigma that broadcasts with x."""
    known = check_sigma(sigma, len(x)).to(levels.device)
    if (known > levels[-1] * (1 + 1e-6)).any():
        raise ValueError(
            f"sigma {known.max().item():.4g} is above the network's largest level {levels[-1].item():.4g}; "
            "take a grid that starts there, such as ddpm_sigmas(alpha_bar)"
        )
    t = (known.reshape(-1, 1).log() - levels.log()).abs().argmin(dim=1)
    return t.to(x.device).expand(len(x)), expand_sigma(sigma, x)
