r"""Moment matching posterior sampling (MMPS): reconstruction guidance that knows how unsure the denoiser is.

Reference: Rozet et al. 2024, "Learning diffusion priors from observations by expectation maximization",
arXiv:2405.13712, section 4.2.
"""

import torch

from guidelib.denoisers import Denoiser, check_labels, expand_sigma
from guidelib.guidance.reconstruction import traced


def mmps(denoiser: Denoiser, A, y, cov) -> Denoiser:
    r"""The denoiser given y = A x_0 + noise, noise ~ N(0, C_y), if x_0 given x were Gaussian.

    .. math:: D_y = D + \sigma^2 J^\top A^\top \bigl(C_y + \sigma^2 A J^\top A^\top\bigr)^{-1} (y - A D),
              \qquad J = \frac{\partial D}{\partial x}

    By Tweedie sigma^2 J is the covariance of x_0 given x. That x_0 given x is Gaussian is true of a Gaussian
    prior, for which the rule is exact, and a guess for others. ``reconstruction`` leaves the covariance out.
    ``A(x0)`` maps points (B, ...) to (B, m), linearly; ``y`` (K, m) holds an observation per label; ``cov``
    (m, m) is C_y, positive definite, in the units of y squared. The denoiser is called once, without labels,
    and differentiated m times: for a few measurements (for many, the paper solves by conjugate gradients).
    Rows with the null label, ``len(y)``, are not guided. Works under ``torch.no_grad``, not under
    ``torch.inference_mode``. Called without labels it raises ValueError.
    Source: chapter 5, ``eq-mmps``.
    """
    y, cov = (torch.as_tensor(v, dtype=torch.float64) for v in (y, cov))
    if y.ndim != 2 or y.numel() == 0 or cov.shape != y.shape[1:] * 2 or not torch.isfinite(y).all():
        raise ValueError(
            "y must be finite, (K, m), an observation per label, and cov (m, m); "
            f"got {tuple(y.shape)} and {tuple(cov.shape)}"
        )
    if not torch.equal(cov, cov.T) or torch.linalg.cholesky_ex(cov).info:
        raise ValueError(
            "cov must be symmetric and positive definite; for exact measurements take a small one"
        )

    def guided(x, sigma, cond=None):
        if cond is None:
            raise ValueError("mmps needs labels: call denoiser(x, sigma, cond) with cond of shape (B,)")
        cond = check_labels(cond, len(x), len(y))
        var = expand_sigma(sigma, x) ** 2
        with torch.enable_grad():
            at, D = traced(denoiser, x, sigma)
            seen = A(D)
            if seen.shape != (len(x), y.shape[1]):
                raise ValueError(f"A must return shape ({len(x)}, {y.shape[1]}); got {tuple(seen.shape)}")
            rows = [torch.autograd.grad(column.sum(), at, retain_graph=True)[0] for column in seen.T]
        if A(torch.zeros_like(x)).any():
            raise ValueError("A must be linear, but A(0) is not 0; subtract it from A and from y")
        cross = var * torch.stack(rows)  # (m, B, ...): the covariance of x_0 with each measurement
        S = torch.stack([A(row) for row in cross], dim=2) + cov.to(x.device)
        surprise = (y.to(x.device)[cond.clamp_max(len(y) - 1)] - seen.detach()) * (cond < len(y))[:, None]
        weight = torch.linalg.solve(S, surprise)
        return D.detach() + torch.einsum("bj,jb...->b...", weight.to(x.dtype), cross)

    return guided
