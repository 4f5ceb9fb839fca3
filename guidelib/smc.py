r"""Sequential Monte Carlo: guidance that samples the tilted density after all.

References: Skreta et al. 2025, "Feynman-Kac correctors in diffusion", arXiv:2503.02819;
Del Moral 2004, "Feynman-Kac formulae".
"""

import math

import torch
from torch import Tensor

from guidelib.denoisers import Denoiser
from guidelib.guidance.scales import check_scale
from guidelib.schedules import check_sigmas


def sample_feynman_kac(
    denoiser: Denoiser,
    x: Tensor,
    sigmas,
    cond: Tensor,
    *,
    guidance_scale: float,
    beta: float = 0.5,
    ess_threshold: float = 0.5,
    generator: torch.Generator | None = None,
    callback=None,
) -> tuple[Tensor, Tensor]:
    r"""A guided diffusion with weights that make it sample ``p(x|y)^g p(x)^(1-g)``.

    .. math:: d \log W = \tfrac{1}{2}\, g (g - 1)\,\lVert s_y - s \rVert^2\,|d\sigma^2|

    ``denoiser`` is the plain (unguided) one; ``x`` (N, ...) are the particles at ``sigmas[0]``. The
    weights are the same for every member ``beta`` in (0, 1) of the family of ``sample_sde``: 1/2 is the
    reverse SDE; less mixes more on the way, so that the weights stay mild where guidance is strong. Each
    step averages the drift at both ends (weak order 2; two guided calls). When the effective sample
    size falls below ``ess_threshold`` N the particles are resampled (systematic), so they depend on
    each other by design. ``callback(i, sigma, x, weights)`` sees every step after it is taken.
    Returns the particles and their normalised weights (N,). Source: chapter 3, ``eq-feynman-kac``.
    """
    g = check_scale(guidance_scale)
    if cond is None:
        raise ValueError("sample_feynman_kac needs labels: cond (N,); without them nothing is guided")
    if not 0 < beta < 1:
        raise ValueError(f"beta must lie in (0, 1) (1/2 = reverse SDE; 1 has no noise); got {beta}")
    if not 0 <= ess_threshold <= 1:
        raise ValueError(f"ess_threshold must lie in [0, 1]; got {ess_threshold}")

    def guided(x, sigma):
        """The guided denoiser and |s_y - s|^2 (N,)."""
        plain, conditional = denoiser(x, sigma), denoiser(x, sigma, cond)
        gap = ((conditional - plain) / sigma**2).reshape(len(x), -1).square().sum(1)
        return torch.lerp(plain, conditional, g), gap

    levels = check_sigmas(sigmas)
    log_weights = torch.zeros(len(x), dtype=x.dtype, device=x.device)
    for i, (sigma, sigma_next) in enumerate(zip(levels[:-1], levels[1:], strict=True)):
        denoised, gap = guided(x, sigma)
        ratio = sigma_next / sigma
        keep = ratio ** (1 / beta)
        if sigma_next > 0:
            z = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
            noise = sigma_next * math.sqrt(1 - (keep / ratio) ** 2) * z
            ahead, gap_ahead = guided(torch.lerp(denoised, x, keep) + noise, sigma_next)
            x = torch.lerp(0.5 * (denoised + ahead), x, keep) + noise
            gap = 0.5 * (gap + gap_ahead)
        else:
            x = denoised
        log_weights = log_weights + 0.5 * g * (g - 1) * gap * (sigma**2 - sigma_next**2)
        weights = torch.softmax(log_weights, dim=0)
        if callback:
            callback(i, sigma_next, x, weights)
        if 1 / weights.square().sum() < ess_threshold * len(x):
            x = x[_systematic(weights, generator)]
            log_weights = torch.zeros_like(log_weights)
    return x, torch.softmax(log_weights, dim=0)


def _systematic(weights: Tensor, generator: torch.Generator | None) -> Tensor:
    """Indices (N,) drawn with probability ``weights`` from one uniform number: least added noise."""
    n = len(weights)
    offset = torch.rand((), generator=generator, dtype=weights.dtype, device=weights.device)
    points = (torch.arange(n, dtype=weights.dtype, device=weights.device) + offset) / n
    return torch.searchsorted(weights.cumsum(0), points).clamp_max(n - 1)
