r"""Classifier-free guidance.

Reference: Ho and Salimans 2022, "Classifier-free diffusion guidance", arXiv:2207.12598, eq. 6.
"""

import torch

from guidelib.denoisers import Denoiser
from guidelib.guidance.scales import check_scale


def cfg(denoiser: Denoiser, guidance_scale: float) -> Denoiser:
    r"""Extrapolate from the unconditional through the conditional denoiser.

    .. math:: D_g(x, \sigma, y) = D(x, \sigma) + g\,[D(x, \sigma, y) - D(x, \sigma)]

    ``guidance_scale`` g is any finite number: 1 returns the conditional denoiser bit for bit, 0 the
    unconditional one, each at one call instead of two. Called without labels it raises ValueError.
    Source: chapter 3, ``eq-cfg``.
    """
    g = check_scale(guidance_scale)

    def guided(x, sigma, cond=None):
        if cond is None:
            raise ValueError("cfg needs labels: call denoiser(x, sigma, cond) with cond of shape (B,)")
        if g == 0:
            return denoiser(x, sigma)
        if g == 1:
            return denoiser(x, sigma, cond)
        return torch.lerp(denoiser(x, sigma), denoiser(x, sigma, cond), g)

    return guided
