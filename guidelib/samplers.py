r"""Samplers: from x at the largest noise level to a sample, by calls of a denoiser.

All share the signature ``(denoiser, x, sigmas, cond=None, *, generator=None, callback=None)``:
``x`` (B, ...) lies at noise ``sigmas[0]``; ``sigmas`` decrease and usually end in 0; ``callback(i,
sigma, x, denoised)`` sees every step before it is taken. Samplers know nothing of guidance: hand them
a guided denoiser. In the equations sigma' is the next noise level.
"""

import math

import torch
from torch import Tensor

from guidelib.denoisers import Denoiser
from guidelib.schedules import check_sigmas


def _steps(sigmas):
    """(i, sigma, sigma_next) along a checked grid."""
    levels = check_sigmas(sigmas)
    return zip(range(len(levels) - 1), levels[:-1], levels[1:], strict=True)


def _noise(x: Tensor, generator: torch.Generator | None) -> Tensor:
    return torch.randn(x.shape, generator=generator, dtype=x.dtype, device=x.device)


def sample_ddim(denoiser: Denoiser, x: Tensor, sigmas, cond=None, *, generator=None, callback=None):
    r"""First-order steps of the probability-flow ODE ``dx/dsigma = (x - D)/sigma``.

    .. math:: x \leftarrow D + \frac{\sigma'}{\sigma}\,(x - D)

    Deterministic; ``generator`` is not used. Source: Song et al. 2021 (DDIM), eq. 12 with eta = 0;
    chapter 1, ``eq-ddim``.
    """
    for i, sigma, sigma_next in _steps(sigmas):
        denoised = denoiser(x, sigma, cond)
        if callback:
            callback(i, sigma, x, denoised)
        x = torch.lerp(denoised, x, sigma_next / sigma)
    return x


def sample_heun(denoiser: Denoiser, x: Tensor, sigmas, cond=None, *, generator=None, callback=None):
    r"""Second-order steps of the same ODE: an Euler step, then the mean of the two slopes.

    .. math:: x \leftarrow x + \tfrac{1}{2}(\sigma' - \sigma)\,[d(x, \sigma) + d(\tilde x, \sigma')],
              \qquad d(x, \sigma) = (x - D)/\sigma

    The step to sigma = 0 is Euler's. Deterministic. Source: Karras et al. 2022, algorithm 1;
    chapter 1, ``eq-heun``.
    """
    for i, sigma, sigma_next in _steps(sigmas):
        denoised = denoiser(x, sigma, cond)
        if callback:
            callback(i, sigma, x, denoised)
        euler = torch.lerp(denoised, x, sigma_next / sigma)
        if sigma_next > 0:
            # back along the slope found there: half of what that misses x by is Heun's correction
            back = torch.lerp(denoiser(euler, sigma_next, cond), euler, sigma / sigma_next)
            x = torch.add(euler, x - back, alpha=0.5)
        else:
            x = euler
    return x


def sample_ddpm(
    denoiser: Denoiser, x: Tensor, sigmas, cond=None, *, eta: float = 1.0, generator=None, callback=None
):
    r"""Ancestral steps with the exact posterior variance of ``x_next`` given x and ``x0 = D``.

    .. math:: x \leftarrow D + \frac{\sigma_\downarrow}{\sigma}(x - D) + \sigma_\uparrow z, \quad
              \sigma_\uparrow = \eta\,\sigma'\sqrt{1 - \sigma'^2/\sigma^2}, \quad
              \sigma_\downarrow^2 = \sigma'^2 - \sigma_\uparrow^2

    ``eta`` in [0, 1]: 1 is DDPM (then x - D is multiplied by sigma'^2/sigma^2), 0 is ``sample_ddim``.
    Source: Ho et al. 2020, eqs. 6-7; Song et al. 2021, eq. 16; chapter 1, ``eq-ancestral``.
    """
    if not 0 <= eta <= 1:
        raise ValueError(f"eta must lie in [0, 1] (0 = DDIM, 1 = DDPM); got {eta}")
    for i, sigma, sigma_next in _steps(sigmas):
        denoised = denoiser(x, sigma, cond)
        if callback:
            callback(i, sigma, x, denoised)
        ratio = sigma_next / sigma
        up = eta * sigma_next * math.sqrt(1 - ratio**2)
        x = torch.lerp(denoised, x, ratio * math.sqrt(1 - eta**2 + (eta * ratio) ** 2))
        if up > 0:
            x = torch.add(x, _noise(x, generator), alpha=up)
    return x


def sample_sde(
    denoiser: Denoiser, x: Tensor, sigmas, cond=None, *, beta: float = 0.5, generator=None, callback=None
):
    r"""The family of reverse diffusions that share one family of marginals, by exponential steps.

    .. math:: dx = \frac{1}{2\beta}\,|d\sigma^2|\,s + \sqrt{\tfrac{1-\beta}{\beta}\,|d\sigma^2|}\;dW,
              \quad
              x \leftarrow D + \Bigl(\frac{\sigma'}{\sigma}\Bigr)^{1/\beta}(x - D)
              + \sigma'\sqrt{1 - (\sigma'/\sigma)^{2/\beta - 2}}\;z

    (exact while D stands still). ``beta`` in (0, 1]: 1 is the ODE (``sample_ddim``), 1/2 the reverse
    SDE (``sample_ddpm``), towards 0 annealed Langevin. Source: chapter 1, ``eq-sde-family``.
    """
    if not 0 < beta <= 1:
        raise ValueError(f"beta must lie in (0, 1] (1 = ODE, 1/2 = reverse SDE); got {beta}")
    for i, sigma, sigma_next in _steps(sigmas):
        denoised = denoiser(x, sigma, cond)
        if callback:
            callback(i, sigma, x, denoised)
        ratio = sigma_next / sigma
        x = torch.lerp(denoised, x, ratio ** (1 / beta))
        if ratio > 0 and beta < 1:
            spread = sigma_next * math.sqrt(1 - ratio ** (2 / beta - 2))
            x = torch.add(x, _noise(x, generator), alpha=spread)
    return x


def sample_langevin(
    denoiser: Denoiser,
    x: Tensor,
    sigmas,
    cond=None,
    *,
    num_inner: int = 20,
    step: float = 0.1,
    generator=None,
    callback=None,
):
    r"""Annealed Langevin dynamics: ``num_inner`` steps at each noise level, then the next level.

    .. math:: x \leftarrow x + h\,(D - x) + \sigma\sqrt{2h - h^2}\;z

    ``step`` h in (0, 1] is in units of sigma^2; this form is exact where D stands still. At sigma = 0
    the last denoised value is returned. Source: Song and Ermon 2019, algorithm 1; ``eq-langevin``.
    """
    if num_inner < 1 or not 0 < step <= 1:
        raise ValueError(f"need num_inner >= 1 and 0 < step <= 1; got {num_inner} and {step}")
    noise_scale = math.sqrt(2 * step - step**2)
    levels = check_sigmas(sigmas)
    for i, sigma in enumerate(s for s in levels if s > 0):
        for _ in range(num_inner):
            denoised = denoiser(x, sigma, cond)
            if callback:
                callback(i, sigma, x, denoised)
            x = torch.lerp(x, denoised, step) + sigma * noise_scale * _noise(x, generator)
    return denoiser(x, sigma, cond) if levels[-1] == 0 else x
