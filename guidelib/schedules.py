r"""Noise grids: decreasing sigma from the largest level to 0.

The variance-preserving schedules of DDPM are given by ``alpha_bar``; the same noise level in the
book's convention is ``sigma = sqrt((1 - alpha_bar)/alpha_bar)`` (chapter 1, ``eq-vp``).
"""

import math

import torch
from torch import Tensor


def karras_sigmas(num_steps: int, sigma_min: float = 0.002, sigma_max: float = 80.0, rho: float = 7.0):
    r"""``sigma_i = (smax^(1/rho) + i/(n-1) (smin^(1/rho) - smax^(1/rho)))^rho``, then 0: (n + 1,).

    Source: Karras et al. 2022, eq. 5.
    """
    _check_range(num_steps, sigma_min, sigma_max)
    if not rho > 0:
        raise ValueError(f"rho must be > 0; got {rho}")
    ramp = torch.linspace(0, 1, num_steps, dtype=torch.float64)
    lo, hi = sigma_min ** (1 / rho), sigma_max ** (1 / rho)
    return _grid((hi + ramp * (lo - hi)) ** rho, sigma_min, sigma_max)


def geometric_sigmas(num_steps: int, sigma_min: float = 0.002, sigma_max: float = 80.0) -> Tensor:
    """A constant ratio between neighbours from sigma_max to sigma_min, then 0: (n + 1,)."""
    _check_range(num_steps, sigma_min, sigma_max)
    ramp = torch.linspace(math.log(sigma_max), math.log(sigma_min), num_steps, dtype=torch.float64)
    return _grid(ramp.exp(), sigma_min, sigma_max)


def linear_alpha_bar(T: int = 1000, beta_start: float = 1e-4, beta_end: float = 0.02) -> Tensor:
    r"""``alpha_bar_t = prod_{s <= t} (1 - beta_s)`` with beta linear in t: (T,).

    Source: Ho et al. 2020, section 4.
    """
    if not 0 < beta_start <= beta_end < 1:
        raise ValueError(f"need 0 < beta_start <= beta_end < 1; got {beta_start} and {beta_end}")
    beta = torch.linspace(beta_start, beta_end, T, dtype=torch.float64)
    return (1 - beta).cumprod(0)


def cosine_alpha_bar(T: int = 1000, offset: float = 0.008, beta_max: float = 0.999) -> Tensor:
    r"""``alpha_bar_t ~ cos^2((t/T + offset)/(1 + offset) pi/2)``, each beta clipped at beta_max: (T,).

    Source: Nichol and Dhariwal 2021, eq. 17.
    """
    t = torch.arange(T + 1, dtype=torch.float64) / T
    f = torch.cos((t + offset) / (1 + offset) * math.pi / 2) ** 2
    beta = (1 - f[1:] / f[:-1]).clamp_max(beta_max)
    return (1 - beta).cumprod(0)


def sigma_from_alpha_bar(alpha_bar) -> Tensor:
    r"""``sigma = sqrt((1 - alpha_bar)/alpha_bar)``, any shape; alpha_bar in (0, 1]."""
    alpha_bar = torch.as_tensor(alpha_bar, dtype=torch.float64)
    allowed = (alpha_bar > 0) & (alpha_bar <= 1)
    if not allowed.all():
        raise ValueError(f"alpha_bar must lie in (0, 1]; got {alpha_bar[~allowed].flatten()[0].item():.4g}")
    return ((1 - alpha_bar) / alpha_bar).sqrt()


def alpha_bar_from_sigma(sigma) -> Tensor:
    r"""``alpha_bar = 1/(1 + sigma^2)``, any shape."""
    return 1 / (1 + torch.as_tensor(sigma, dtype=torch.float64) ** 2)


def ddpm_sigmas(alpha_bar: Tensor, num_steps: int | None = None) -> Tensor:
    """``num_steps`` evenly spaced levels of a DDPM schedule, largest first, then 0: (n + 1,)."""
    T = len(alpha_bar)
    num_steps = T if num_steps is None else num_steps
    if not 1 <= num_steps <= T:
        raise ValueError(f"num_steps must lie in 1..{T}, the levels of this schedule; got {num_steps}")
    t = torch.linspace(T - 1, 0, num_steps).round().long()
    return _end_in_zero(sigma_from_alpha_bar(alpha_bar[t]))


def sigma_grid(name: str, num_steps: int, **settings) -> Tensor:
    """A grid by name: 'karras', 'geometric', 'linear' or 'cosine' (the last two with T levels)."""
    makers = {
        "karras": karras_sigmas,
        "geometric": geometric_sigmas,
        "linear": lambda n, **kw: ddpm_sigmas(linear_alpha_bar(**kw), n),
        "cosine": lambda n, **kw: ddpm_sigmas(cosine_alpha_bar(**kw), n),
    }
    if name not in makers:
        raise ValueError(f"unknown schedule {name!r}; choose one of {', '.join(makers)}")
    return makers[name](num_steps, **settings)


def check_sigmas(sigmas) -> list[float]:
    """A sigma grid as floats; ValueError unless it is 1-D, finite, >= 0 and strictly decreasing."""
    sigmas = torch.as_tensor(sigmas, dtype=torch.float64)
    if sigmas.ndim != 1 or len(sigmas) < 2:
        raise ValueError(f"sigmas must be a 1-D grid of two or more levels; got {tuple(sigmas.shape)}")
    if not torch.isfinite(sigmas).all() or (sigmas < 0).any():
        bad = sigmas[~(torch.isfinite(sigmas) & (sigmas >= 0))][0].item()
        raise ValueError(f"sigmas must be finite and >= 0; got {bad:.4g}")
    if (sigmas.diff() >= 0).any():
        i = int((sigmas.diff() >= 0).nonzero()[0])
        raise ValueError(
            f"sigmas must decrease; got {sigmas[i].item():.4g} and then {sigmas[i + 1].item():.4g}. "
            "Flip an increasing grid with sigmas.flip(0)."
        )
    return sigmas.tolist()


def _check_range(num_steps: int, sigma_min: float, sigma_max: float) -> None:
    if num_steps < 2 or not 0 < sigma_min < sigma_max < math.inf:
        raise ValueError(
            f"need num_steps >= 2 and 0 < sigma_min < sigma_max; got {num_steps}, {sigma_min}, {sigma_max}"
        )


def _grid(sigmas: Tensor, sigma_min: float, sigma_max: float) -> Tensor:
    """The grid with its ends exactly as asked: an interval up to sigma_max must hold the first level."""
    sigmas[0], sigmas[-1] = sigma_max, sigma_min
    return _end_in_zero(sigmas)


def _end_in_zero(sigmas: Tensor) -> Tensor:
    return torch.cat([sigmas, sigmas.new_zeros(1)])
