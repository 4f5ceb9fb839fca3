r"""Gibbs-like guidance: noise a clean sample a little, denoise it with guidance, and again.

Reference: Moufad et al. 2025, "Conditional diffusion models with classifier-free Gibbs-like guidance",
arXiv:2505.21101.
"""

import torch
from torch import Tensor

from guidelib.denoisers import Denoiser
from guidelib.samplers import sample_heun


def sample_gibbs(
    denoiser: Denoiser,
    x: Tensor,
    sigmas,
    cond=None,
    *,
    rounds: int,
    generator: torch.Generator | None = None,
    callback=None,
) -> Tensor:
    r"""``rounds`` times: add noise of level sigma*, then the guided ODE from sigma* back to 0.

    .. math:: x_{\sigma_*} = x + \sigma_* z, \qquad x \leftarrow \text{ODE}_g(x_{\sigma_*};\ \sigma_* \to 0)

    ``x`` (B, ...) are *clean* points, samples of the conditional model; ``denoiser`` is the guided one;
    ``sigmas`` decrease from sigma* = ``sigmas[0]``, usually to 0. With the exact score of the noised
    tilted density its law would stay invariant; guidance lacks a term that vanishes with the noise, so
    sigma* trades bias for speed: in the limit sigma* -> 0 this is Langevin dynamics of step sigma*^2 / 2
    with the tilted score. ``callback(i, x)`` sees the points after every round. ``rounds`` >= 1.
    Source: chapter 5, ``eq-gibbs``.
    """
    if rounds < 1:
        raise ValueError(f"rounds must be >= 1; got {rounds}")
    for i in range(rounds):
        z = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)
        x = sample_heun(denoiser, x + float(sigmas[0]) * z, sigmas, cond)
        if callback:
            callback(i, x)
    return x
