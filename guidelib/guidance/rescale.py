r"""Rescaled classifier-free guidance: the guided output gets the spread of the conditional one.

Reference: Lin, Liu, Li and Yang 2023, "Common diffusion noise schedules and sample steps are flawed",
arXiv:2305.08891, section 3.4.
"""

import torch
from torch import Tensor

from guidelib.denoisers import Denoiser, expand_sigma
from guidelib.guidance.scales import check_scale


def rescale(denoiser: Denoiser, guidance_scale: float, phi: float = 0.7) -> Denoiser:
    r"""Guide, then shrink or stretch every row of v towards the standard deviation it has without guidance.

    .. math:: v_\phi = c\,v_g, \qquad c = \phi\,\frac{\mathrm{std}(v_c)}{\mathrm{std}(v_g)} + 1 - \phi
              \quad\Longleftrightarrow\quad D_\phi = c\,D_g + (1 - c)\,\frac{x}{1 + \sigma^2}

    D_g is ``cfg``; std runs over the numbers of one row. A row is rescaled as the output of a network that
    predicts v, as the authors' does: v is proportional to x/(1 + sigma^2) - D. The same formula on D or on
    eps is another rule. It takes data of about unit variance for granted: v = 0 belongs to x/(1 + sigma^2),
    the denoiser of N(0, 1). ``phi`` in [0, 1]: 0 is ``cfg``, 1 keeps the spread. ``guidance_scale`` g is any
    finite number; 1 returns the conditional denoiser bit for bit at one call instead of two.
    Called without labels, or with rows of one number, it raises ValueError.
    Source: chapter 5, ``eq-rescale``.
    """
    g = check_scale(guidance_scale)
    phi = check_scale(phi, "phi (0 = cfg, 1 = the spread of the conditional output)")
    if not 0 <= phi <= 1:
        raise ValueError(
            f"phi must lie in [0, 1] (0 = cfg, 1 = the spread of the conditional output); got {phi}"
        )

    def guided(x, sigma, cond=None):
        if cond is None:
            raise ValueError("rescale needs labels: call denoiser(x, sigma, cond) with cond of shape (B,)")
        if x.shape[1:].numel() < 2:
            raise ValueError(
                "rescale needs at least two numbers in a row: one number has no standard deviation; "
                f"got x of shape {tuple(x.shape)}"
            )
        D_c = denoiser(x, sigma, cond)
        if g == 1:
            return D_c
        D_g = torch.lerp(denoiser(x, sigma), D_c, g)
        still = x / (1 + expand_sigma(sigma, x) ** 2)  # where v = 0
        spread_c, spread_g = row_std(still - D_c), row_std(still - D_g)
        ratio = torch.where(spread_g > 0, spread_c / spread_g, 1.0)
        return torch.lerp(still, D_g, phi * ratio + 1 - phi)

    return guided


def row_std(a: Tensor) -> Tensor:
    """The standard deviation of the numbers of every row, (B, 1, ...), to broadcast against a."""
    return a.reshape(len(a), -1).std(1).reshape(-1, *[1] * (a.ndim - 1))
