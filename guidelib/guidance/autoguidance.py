r"""Autoguidance: away from a worse version of the same model.

Reference: Karras et al. 2024, "Guiding a diffusion model with a bad version of itself",
arXiv:2406.02507, section 3.
"""

import torch

from guidelib.denoisers import Denoiser
from guidelib.guidance.scales import check_scale


def autoguidance(good: Denoiser, bad: Denoiser, guidance_scale: float) -> Denoiser:
    r"""Extrapolate from a bad denoiser through a good one; both see the same labels.

    .. math:: D_g(x, \sigma, y) = D_{\text{bad}}(x, \sigma, y)
              + g\,[D_{\text{good}}(x, \sigma, y) - D_{\text{bad}}(x, \sigma, y)]

    ``guidance_scale`` g is any finite number: 1 returns the good denoiser bit for bit, 0 the bad one,
    each at one call instead of two. ``cond`` may be None: the rule needs no labels. Source: chapter 5,
    ``eq-autoguidance``.
    """
    g = check_scale(guidance_scale, "guidance_scale (1 = the good model, 0 = the bad one)")

    def guided(x, sigma, cond=None):
        if g == 0:
            return bad(x, sigma, cond)
        if g == 1:
            return good(x, sigma, cond)
        return torch.lerp(bad(x, sigma, cond), good(x, sigma, cond), g)

    return guided
