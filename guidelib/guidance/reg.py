r"""Rectified gradient guidance (REG): the guidance passes through the slope of the denoiser.

Reference: Gao et al. 2025, "REG: rectified gradient guidance for conditional diffusion models",
arXiv:2501.18865.
"""

import torch

from guidelib.denoisers import Denoiser
from guidelib.guidance.reconstruction import traced
from guidelib.guidance.scales import check_scale


def reg(denoiser: Denoiser, guidance_scale: float) -> Denoiser:
    r"""Multiply the step of ``cfg``, coordinate by coordinate, with the gradient of the sum of D_c.

    .. math:: D_g = D_c + (g - 1)\,\frac{\partial\,(1^\top D_c)}{\partial x} \odot (D_c - D_u)

    In the paper: eps_c + w (1 - sqrt(1 - abar) d(1^T eps_c)/dx_t) (eps_c - eps_u), w = g - 1. Its target is
    the law of whole chains tilted by a reward of their end, p(x_0|y) [p(x_0|y)/p(x_0)]^w, whose guided
    denoiser is D_c + sigma^2 grad log E[reward(x_0) | x, y]; the rule approximates it, and not exactly even
    in Gaussian worlds. The factor is one vector-Jacobian product with ones, the column sums of dD_c/dx, as
    in the authors' code: the diagonal only where the Jacobian is diagonal, and not the same in rotated axes.
    ``guidance_scale`` g is any finite number; 1 returns the conditional denoiser bit for bit at one call
    without a gradient. Works under ``torch.no_grad``, not under ``torch.inference_mode``.
    Called without labels it raises ValueError.
    Source: chapter 5, ``eq-reg``.
    """
    g = check_scale(guidance_scale)

    def guided(x, sigma, cond=None):
        if cond is None:
            raise ValueError("reg needs labels: call denoiser(x, sigma, cond) with cond of shape (B,)")
        if g == 1:
            return denoiser(x, sigma, cond)
        with torch.enable_grad():
            at, D_c = traced(denoiser, x, sigma, cond)
            (slope,) = torch.autograd.grad(D_c.sum(), at)
        D_c = D_c.detach()
        return D_c + (g - 1) * slope * (D_c - denoiser(x, sigma))

    return guided
