r"""Where classes lie: channel means of a network, how well they separate, how far densities are apart.

Reference: Kadkhodaie, Mallat and Simoncelli 2024, "Feature-guided score diffusion for sampling
conditional densities", arXiv:2410.11646, sections 3 and 5.2.
"""

import math

import numpy as np
import torch
from torch import Tensor


@torch.no_grad()
def channel_means(net, images: Tensor, batch: int = 76) -> Tensor:
    """phi(x) of any ``UNet``, matched or not: the mean of each channel at the end of each block, (N, P)."""
    rows = []
    for x in images.split(batch):
        found = []

        def read(i, a, found=found):
            found.append(a.mean((2, 3)))
            return a

        net.denoise(x, None, None, read)
        rows.append(torch.cat(found, 1))
    return torch.cat(rows)


def centroids(phi: Tensor, labels: Tensor) -> Tensor:
    """The mean features of each class, (K, P), from features (N, P) and labels 0..K-1 (N,)."""
    counts = torch.bincount(labels)
    if (counts == 0).any():
        raise ValueError(f"class {int((counts == 0).nonzero()[0])} has no image to take features from")
    total = torch.zeros(len(counts), phi.shape[1], dtype=phi.dtype).index_add_(0, labels, phi)
    return total / counts[:, None]


def squared_distances(phi_y: Tensor) -> Tensor:
    r""":math:`\lVert\varphi_y - \varphi_{y'}\rVert^2` of all pairs, (K, K), float64."""
    phi_y = phi_y.double()
    return (phi_y[:, None] - phi_y[None]).square().sum(2)


def separation(phi: Tensor, labels: Tensor, phi_y: Tensor) -> Tensor:
    r"""The ratio between and within of all pairs of classes, (K, K), nan on the diagonal.

    .. math:: R_{yy'} = \frac{\lVert\varphi_y - \varphi_{y'}\rVert^2}
              {\tfrac12(\mathbb E_y + \mathbb E_{y'}) \langle\hat d, \varphi_{\cdot} - \varphi(x)\rangle^2},
              \qquad \hat d = \frac{\varphi_y - \varphi_{y'}}{\lVert\varphi_y - \varphi_{y'}\rVert}

    where the dot is the label of x. ``phi`` (N, P) and ``labels`` (N,) are of images that had no part in the
    centroids ``phi_y`` (K, P). R has no unit. Source: chapter 11, ``eq-separation``.
    """
    phi, phi_y = phi.double(), phi_y.double()
    K = len(phi_y)
    between, within = squared_distances(phi_y), torch.empty(K, K, dtype=torch.float64)
    for y in range(K):
        off = phi[labels == y] - phi_y[y]
        within[y] = (off @ (phi_y[y] - phi_y).T).square().mean(0)  # times the squared distance
    return between.square() / (0.5 * (within + within.T)).fill_diagonal_(math.nan)


def noise_levels(n: int, low: float, high: float) -> tuple[Tensor, Tensor]:
    r"""Gauss-Legendre quadrature in ln sigma: ``n`` levels and weights with
    :math:`\int_{\text{low}}^{\text{high}} f\,d\ln\sigma \approx \sum_l w_l f(\sigma_l)`."""
    u, w = np.polynomial.legendre.leggauss(n)
    half = 0.5 * math.log(high / low)
    return torch.from_numpy(math.sqrt(low * high) * np.exp(half * u)), torch.from_numpy(half * w)


@torch.no_grad()
def score_differences(denoiser, images: Tensor, labels: Tensor, sigmas, generator, batch: int = 76) -> Tensor:
    r"""How much the scores of all pairs of classes differ, estimated, (levels, K, K).

    .. math:: A_l(y, y') = \mathbb E_y \Bigl[\frac{\lVert D(x_\sigma, \sigma, y) - D(x_\sigma, \sigma, y')
              \rVert^2}{\sigma^2}\Bigr]_{\sigma = \sigma_l}

    the integrand of the density distance in :math:`d\ln\sigma`: with ``sigmas`` and w of ``noise_levels``,
    ``d2 = (w[:, None, None] * (A + A.mT)).sum(0)``. Every image of ``images`` (N, ...) with ``labels`` (N,)
    0..K-1 gets one noise for each level and is denoised as each class. Source: chapter 11,
    ``eq-distance-denoisers``.
    """
    K = int(labels.max()) + 1
    A, count = torch.zeros(len(sigmas), K, K, dtype=torch.float64), torch.bincount(labels, minlength=K)
    step, every = max(1, batch // K), torch.arange(K)
    for level, sigma in enumerate(sigmas.tolist()):
        for x0, y in zip(images.split(step), labels.split(step), strict=True):
            x = x0 + sigma * torch.randn(x0.shape, generator=generator, dtype=x0.dtype)
            D = denoiser(x.repeat_interleave(K, 0), sigma, every.repeat(len(x))).reshape(len(x), K, -1)
            gap = (D - D[torch.arange(len(x)), y][:, None]).double().square().sum(2)
            A[level].index_add_(0, y, gap / sigma**2)
    return A / count[:, None]


def cone(d2: Tensor, square: Tensor, share: float = 0.9) -> tuple[float, float]:
    """A and B of ``A square <= d2 <= B square`` for the central ``share`` of the pairs, (N,) both."""
    tail = (1 - share) / 2
    low, high = (d2 / square).quantile(torch.tensor([tail, 1 - tail], dtype=d2.dtype)).tolist()
    return low, high
