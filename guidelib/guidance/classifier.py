r"""Classifier guidance.

Reference: Dhariwal and Nichol 2021, "Diffusion models beat GANs on image synthesis",
arXiv:2105.05233, section 4 and algorithm 2.
"""

import torch

from guidelib.denoisers import Denoiser, expand_sigma
from guidelib.guidance.scales import check_scale


def classifier(denoiser: Denoiser, log_prob, guidance_scale: float) -> Denoiser:
    r"""Push the unconditional denoiser along the gradient of a classifier.

    .. math:: D_g(x, \sigma, y) = D(x, \sigma) + g\,\sigma^2\,\nabla_x \log p(y \mid x, \sigma)

    ``log_prob(x, sigma, cond)`` gives log p(cond | x_sigma), (B,); its gradient is taken by autograd at
    x_sigma, row by row, so no row depends on its batch-mates. ``guidance_scale`` g is any finite number;
    with the exact posterior, 1 is the conditional denoiser. Works under ``torch.no_grad``, not under
    ``torch.inference_mode``, which forbids gradients. Source: chapter 2, ``eq-classifier``.
    """
    g = check_scale(guidance_scale)

    def guided(x, sigma, cond=None):
        if cond is None:
            raise ValueError(
                "classifier guidance needs labels: call denoiser(x, sigma, cond) with cond of shape (B,)"
            )
        with torch.enable_grad():
            at = x.detach().requires_grad_(True)
            value = log_prob(at, sigma, cond)
            if value.shape != (len(x),):  # (B, K) would be summed over all classes below
                raise ValueError(
                    f"log_prob must return log p(cond | x), shape ({len(x)},); got {tuple(value.shape)}"
                )
            (gradient,) = torch.autograd.grad(value.sum(), at)
        return denoiser(x, sigma) + g * expand_sigma(sigma, x) ** 2 * gradient

    return guided
