r"""Guidance in a limited interval of noise levels.

Reference: Kynkäänniemi et al. 2024, "Applying guidance in a limited interval improves sample and
distribution quality in diffusion models", arXiv:2404.07724, eq. 6.
"""

import torch

from guidelib.denoisers import Denoiser, expand_sigma


def interval(guided: Denoiser, plain: Denoiser, sigma_lo: float, sigma_hi: float) -> Denoiser:
    r"""``guided`` while sigma is in (sigma_lo, sigma_hi], ``plain`` elsewhere.

    ``0 <= sigma_lo < sigma_hi``, in units of x; infinity is allowed above. Outside the interval the
    guided denoiser is not called. Source: chapter 3, ``eq-interval``.
    """
    if not 0 <= sigma_lo < sigma_hi:
        raise ValueError(f"need 0 <= sigma_lo < sigma_hi; got {sigma_lo} and {sigma_hi}")

    def limited(x, sigma, cond=None):
        level = torch.as_tensor(sigma, dtype=torch.float64)  # rounding to x.dtype would move the edges
        inside = (level > sigma_lo) & (level <= sigma_hi)
        if inside.all():
            return guided(x, sigma, cond)
        if not inside.any():
            return plain(x, sigma, cond)
        return torch.where(expand_sigma(inside, x).bool(), guided(x, sigma, cond), plain(x, sigma, cond))

    return limited
