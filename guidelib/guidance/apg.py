r"""Adaptive projected guidance: the part of the step that only lengthens the denoised point is left out.

Reference: Sadat, Hilliges and Weber 2024, "Eliminating oversaturation and artifacts of high guidance
scales in diffusion models", arXiv:2410.02416, section 4 and algorithm 1.
"""

import math

import torch
from torch import Tensor

from guidelib.denoisers import Denoiser
from guidelib.guidance.scales import check_scale


def apg(denoiser: Denoiser, guidance_scale: float, eta: float = 0.0, max_norm: float = math.inf) -> Denoiser:
    r"""Guide across the conditional point D_c, and along it only by the share ``eta``.

    .. math:: D_g = D_c + (g - 1)\,\bigl(\Delta_\perp + \eta\,\Delta_\parallel\bigr), \qquad
              \Delta = (D_c - D_u)\,\min\Bigl(1, \frac{r}{|D_c - D_u|}\Bigr)

    Delta is split, row by row and in float64, into its part parallel to D_c and the rest: "parallel" is
    measured from the origin, so a shift of the data changes the rule. ``max_norm`` r > 0 bounds the norm of
    a row's Delta, in units of x. ``guidance_scale`` g and ``eta`` are any finite numbers; g = 1 returns D_c
    bit for bit at one call instead of two, ``eta`` = 1 without a bound is ``cfg``. The paper's negative
    momentum is left out: it needs the Delta of the step before, and a denoiser remembers nothing.
    In one dimension everything is parallel: with ``eta`` = 0 nothing is guided.
    Called without labels it raises ValueError.
    Source: chapter 5, ``eq-apg``.
    """
    g = check_scale(guidance_scale)
    eta = check_scale(eta, "eta (0 = no step along the denoised point, 1 = cfg)")
    if not max_norm > 0:
        raise ValueError(f"max_norm must be > 0 (infinity = no bound); got {max_norm!r}")

    def guided(x, sigma, cond=None):
        if cond is None:
            raise ValueError("apg needs labels: call denoiser(x, sigma, cond) with cond of shape (B,)")
        D_c = denoiser(x, sigma, cond)
        if g == 1:
            return D_c
        delta = (D_c - denoiser(x, sigma)).double()
        size = row_dot(delta, delta).sqrt()
        delta = delta * torch.where(size > max_norm, max_norm / size, 1.0)
        parallel = project(delta, D_c.double())
        return D_c + ((g - 1) * (delta - parallel + eta * parallel)).to(x.dtype)

    return guided


def row_dot(a: Tensor, b: Tensor) -> Tensor:
    """The inner product of every row of a with its row of b, (B, 1, ...), to broadcast against both."""
    return (a * b).reshape(len(a), -1).sum(1).reshape(-1, *[1] * (a.ndim - 1))


def project(a: Tensor, b: Tensor) -> Tensor:
    """The part of every row of a that is parallel to its row of b, like a; 0 where b is 0."""
    square = row_dot(b, b)
    return torch.where(square > 0, row_dot(a, b) / square, 0.0) * b
