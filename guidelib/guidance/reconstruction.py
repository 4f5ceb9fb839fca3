r"""Reconstruction guidance: ask the denoised point how likely the observation is.

Reference: Chung et al. 2023, "Diffusion posterior sampling for general noisy inverse problems",
arXiv:2209.14687; the same gradient drives universal guidance (Bansal et al. 2023, arXiv:2302.07121).
"""

import torch
from torch import Tensor

from guidelib.denoisers import Denoiser, expand_sigma
from guidelib.guidance.scales import check_scale


def reconstruction(denoiser: Denoiser, log_likelihood, guidance_scale: float = 1.0) -> Denoiser:
    r"""Push the unconditional denoiser along the gradient of a likelihood of its own answer.

    .. math:: D_g(x, \sigma, y) = D(x, \sigma) + g\,\sigma^2\,\nabla_x \log p(y \mid x_0 = D(x, \sigma))

    ``log_likelihood(x0, cond)`` gives log p(cond | x0), (B,), for points without noise, so a guide that was
    trained on clean data will do; the gradient runs through the denoiser. The true push has
    log E[p(y|x_0)|x], the mean likelihood of all x_0 that x may come from, in the place of the likelihood
    of their mean: even with exact parts, g = 1 is not the conditional denoiser. No norm is divided out, as
    the DPS code does over the whole batch. ``guidance_scale`` g is any finite number. Works under
    ``torch.no_grad``, not under ``torch.inference_mode``. Called without labels it raises ValueError.
    Source: chapter 5, ``eq-reconstruction``.
    """
    g = check_scale(guidance_scale)

    def guided(x, sigma, cond=None):
        if cond is None:
            raise ValueError(
                "reconstruction guidance needs labels: call denoiser(x, sigma, cond) with cond of shape (B,)"
            )
        with torch.enable_grad():
            at, D = traced(denoiser, x, sigma)
            value = log_likelihood(D, cond)
            if value.shape != (len(x),):  # (B, K) would be summed over all classes below
                raise ValueError(
                    f"log_likelihood must give log p(cond | x0), shape ({len(x)},); got {tuple(value.shape)}"
                )
            (gradient,) = torch.autograd.grad(value.sum(), at)
        return D.detach() + g * expand_sigma(sigma, x) ** 2 * gradient

    return guided


def traced(denoiser: Denoiser, x: Tensor, sigma, cond=None) -> tuple[Tensor, Tensor]:
    """A copy of x and the denoised point as a function of it; to be called under ``torch.enable_grad``."""
    at = x.detach().requires_grad_(True)
    D = denoiser(at, sigma, cond)
    if not D.requires_grad:
        raise ValueError(
            "this rule takes the gradient of the denoiser, which cut it off; "
            "take no_grad, inference_mode and detach out of the denoiser"
        )
    return at, D
