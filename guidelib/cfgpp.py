r"""CFG++: guided clean point, unguided noise.

Reference: Chung et al. 2024, "CFG++: Manifold-constrained classifier free guidance for diffusion
models", arXiv:2406.08070, algorithm 2.
"""

import torch
from torch import Tensor

from guidelib.denoisers import Denoiser
from guidelib.guidance.scales import check_scale
from guidelib.schedules import check_sigmas


def sample_cfgpp(
    denoiser: Denoiser, x: Tensor, sigmas, cond, *, guidance_scale: float, generator=None, callback=None
) -> Tensor:
    r"""DDIM steps that take the denoised point from guidance and the noise from the unconditional model.

    .. math:: x \leftarrow D_{g_{++}} + \frac{\sigma'}{\sigma}\,\bigl(x - D(x, \sigma)\bigr), \qquad
              D_{g_{++}} = D(x, \sigma) + g_{++}\,[D(x, \sigma, y) - D(x, \sigma)]

    ``denoiser`` is the plain (unguided) one; ``guidance_scale`` g_++ is any finite number; the paper
    calls it lambda and keeps it in [0, 1]. It is no scale of the other rules: a step is that of CFG at
    ``cfgpp_scale``, so what is sampled depends on the number of steps. ``x``, ``sigmas`` and
    ``callback(i, sigma, x, denoised)``, which sees the guided point, are as for ``samplers``;
    deterministic, ``generator`` is not used. Two calls a step. Source: chapter 5, ``eq-cfgpp``.
    """
    g = check_scale(guidance_scale, "guidance_scale (the lambda of CFG++, usually in [0, 1])")
    if cond is None:
        raise ValueError("sample_cfgpp needs labels: cond (B,); without them nothing is guided")
    levels = check_sigmas(sigmas)
    for i, (sigma, sigma_next) in enumerate(zip(levels[:-1], levels[1:], strict=True)):
        plain = denoiser(x, sigma)
        guided = torch.lerp(plain, denoiser(x, sigma, cond), g)
        if callback:
            callback(i, sigma, x, guided)
        x = guided + (sigma_next / sigma) * (x - plain)
    return x


def cfgpp_scale(guidance_scale: float, sigmas) -> Tensor:
    r"""The scale at which each step of plain CFG with DDIM does the same as a step of CFG++, (n,).

    .. math:: g_k = \frac{g_{++}}{1 - \sigma_{k+1}/\sigma_k}

    Constant on a geometric grid, g_++ itself in a last step to 0. Source: chapter 5, ``eq-cfgpp-scale``.
    """
    g = check_scale(guidance_scale, "guidance_scale (the lambda of CFG++, usually in [0, 1])")
    levels = torch.tensor(check_sigmas(sigmas), dtype=torch.float64)
    return g / (1 - levels[1:] / levels[:-1])
