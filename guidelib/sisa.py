r"""Stochastic iterative score ascent (SISA): a sampler that reads the noise level off the denoiser.

References: Kadkhodaie and Simoncelli 2021, "Stochastic solutions for linear inverse problems using the
prior implicit in a denoiser"; Kadkhodaie, Mallat and Simoncelli 2024, arXiv:2410.11646, algorithms 1
and 3. As printed there the sign of s disagrees with the training loss, and the estimate of the noise
is called an upper bound; it is a lower one in the mean, see ``sample_sisa``.
"""

import math
import warnings
from typing import NamedTuple

import torch
from torch import Tensor

from guidelib.denoisers import Denoiser


class Sisa(NamedTuple):
    """What ``sample_sisa`` returns; B rows, K steps of the row that took most."""

    x: Tensor  # (B, ...) the samples
    sigmas: Tensor  # (K, B): the estimate that a row's k-th step was taken with; nan once it has stopped
    steps: Tensor  # (B,) int64: steps of each row, one call of the denoiser each
    calls: int  # calls of the denoiser for the batch, the final one included
    finished: Tensor  # (B,) bool: False where max_steps ended a row above sigma_end


def sample_sisa(
    denoiser: Denoiser,
    x: Tensor,
    cond=None,
    *,
    h: float = 0.01,
    beta: float = 0.05,
    sigma_0: float = 1.0,
    sigma_end: float = 0.01,
    max_steps: int | None = None,
    denoise: bool = False,
    generator: torch.Generator | None = None,
    callback=None,
) -> Sisa:
    r"""Partial denoising steps with as much new noise as the estimated noise level calls for.

    .. math:: s = D(x) - x, \quad \hat\sigma = \lVert s\rVert/\sqrt d, \quad
              x \leftarrow x + h\,s + \hat\sigma\sqrt{(1-\beta h)^2 - (1-h)^2}\;z

    until sigma-hat < ``sigma_end``, row by row. ``x`` (B, ...) is a draw from N(m, sigma_0^2) with the
    mean m of the data; ``h`` and ``beta`` lie in (0, 1], and beta = 1 adds no noise. Where s = -sigma z,
    a step leaves noise of level (1 - beta h) sigma; ``sisa_steps`` counts them. A blind denoiser ignores
    the level it is handed; any other gets the latest estimate, ``sigma_0`` at first.

    For the exact denoiser :math:`E\lVert s\rVert^2/d = \sigma^2 - \mathrm{mse}/d`: the estimate is low,
    a little where the data fill few of many dimensions, and by the factor sigma/spread where they fill
    them all: then rows stop early, with noise left, after far fewer than ``sisa_steps``. Below d = 16 it
    is small by chance too, and a warning says so. A denoiser whose ``s`` does not shrink, such as a
    strongly guided network, stalls: a warning counts the rows that ``max_steps`` ended (default: twice
    ``sisa_steps``), and ``finished`` names them.

    ``denoise`` replaces the result, which has noise sigma_end, by D(x): one more call. The noise of all
    rows is drawn at each step: what becomes of a row depends on its place and on the size of the batch,
    not on what the other rows hold. ``callback(k, sigma, x, denoised)`` sees the rows that still move
    before each step. Source: algorithms 1 and 3, with the sign of s that the training loss implies.
    """
    _check(h, beta, sigma_0, sigma_end)
    d = x[0].numel()
    if d < 16:
        warnings.warn(
            f"d = {d}: the noise estimate is a mean of {d} squares and can be small by chance, so rows stop "
            "early; take d >= 16, or a fixed grid with sample_sde",
            RuntimeWarning,
            stacklevel=2,
        )
    limit = 2 * math.ceil(sisa_steps(h, beta, sigma_0, sigma_end)) if max_steps is None else max_steps
    if limit < 1:
        raise ValueError(f"max_steps must be >= 1, or None for twice sisa_steps; got {max_steps}")
    gamma = math.sqrt((1 - beta * h) ** 2 - (1 - h) ** 2)
    x, cond = x.clone(), None if cond is None else torch.as_tensor(cond)
    level = torch.full((len(x),), sigma_0, dtype=x.dtype, device=x.device)
    steps = torch.zeros(len(x), dtype=torch.int64, device=x.device)
    active = torch.arange(len(x), device=x.device)
    history = []
    while len(active) and len(history) < limit:
        here = x[active]
        denoised = denoiser(here, level[active], None if cond is None else cond[active])
        s = denoised - here
        sigma = s.reshape(len(s), -1).square().mean(1).sqrt()
        if callback:
            callback(len(history), sigma, here, denoised)
        z = torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)[active]
        x[active] = here + h * s + gamma * sigma.reshape(-1, *[1] * (x.ndim - 1)) * z
        level[active] = sigma
        steps[active] += 1
        history.append(torch.full_like(level, math.nan).index_copy(0, active, sigma))
        active = active[sigma >= sigma_end]
    finished = level < sigma_end
    if len(active):
        warnings.warn(
            f"{len(active)} of {len(x)} rows stand at noise estimates up to {level.max().item():.3g} after "
            f"{limit} steps, above sigma_end = {sigma_end:g}: give more steps, or a grid with sample_sde",
            RuntimeWarning,
            stacklevel=2,
        )
    if denoise:
        x = denoiser(x, level, cond)
    return Sisa(x, torch.stack(history), steps, len(history) + denoise, finished)


def sisa_steps(
    h: float, beta: float, sigma_0: float = 1.0, sigma_end: float = 0.01, dim: int | None = None
) -> float:
    r"""How many steps take the noise from sigma_0 to sigma_end: ``ln(sigma_0/sigma_end)`` over the rate.

    .. math:: -\ln(1 - \beta h) \quad\text{or, to first order in } h \text{ in } d \text{ dimensions,}
              \quad h\,\beta_{\text{eff}}, \quad \beta_{\text{eff}} = \beta + 2(1-\beta)/d

    The noise level is multiplied by a random factor at each step, and the mean logarithm of the factor
    is below the logarithm of its mean square, by 2(1 - beta)h/d. ``dim`` None: no such correction.
    """
    _check(h, beta, sigma_0, sigma_end)
    rate = -math.log1p(-beta * h) if dim is None else h * (beta + 2 * (1 - beta) / dim)
    return math.log(sigma_0 / sigma_end) / rate


def _check(h: float, beta: float, sigma_0: float, sigma_end: float) -> None:
    if not (0 < h <= 1 and 0 < beta <= 1 and beta * h < 1):
        raise ValueError(f"need 0 < h <= 1, 0 < beta <= 1 and beta h < 1; got h = {h}, beta = {beta}")
    if not 0 < sigma_end < sigma_0 < math.inf:
        raise ValueError(f"need 0 < sigma_end < sigma_0; got {sigma_end} and {sigma_0}")
