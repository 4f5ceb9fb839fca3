r"""How good samples are: distances between sets of feature vectors, and power spectra of images.

Features come from a fixed classifier that never guides, such as ``load("textures-evaluator").features``.
A set of N vectors is (N, P). All numbers depend on N: compare sets of equal size, and hold each against
what a second set of real images gets.
"""

import torch
from torch import Tensor


def frechet_distance(a: Tensor, b: Tensor) -> float:
    r"""The squared Frechet distance between the Gaussians of two sets of feature vectors, >= 0.

    .. math:: \lVert m_a - m_b\rVert^2 + \mathrm{tr}\bigl(C_a + C_b - 2 (C_a C_b)^{1/2}\bigr)

    With few vectors it is too large: by about P/N of the covariance's trace. Raises ValueError for sets of
    another width or with fewer than two vectors. Source: Heusel et al. 2017, eq. 6.
    """
    return frechet_of_moments(moments(a), moments(b))


def moments(features: Tensor) -> tuple[Tensor, Tensor]:
    """Mean (P,) and covariance (P, P) of a set of feature vectors, in float64."""
    if features.ndim != 2 or len(features) < 2:
        raise ValueError(f"need features (N, P) with N >= 2; got {tuple(features.shape)}")
    return features.double().mean(0), torch.cov(features.double().T).reshape(2 * features.shape[1:])


def frechet_of_moments(a: tuple[Tensor, Tensor], b: tuple[Tensor, Tensor]) -> float:
    """``frechet_distance`` of sets whose ``moments`` are known."""
    (m_a, C_a), (m_b, C_b) = a, b
    if m_a.shape != m_b.shape:
        raise ValueError(f"both sets must have the same features; got {len(m_a)} and {len(m_b)}")
    root = _root(C_a)
    cross = torch.linalg.eigvalsh(root @ C_b @ root).clamp_min(0).sqrt().sum()  # similar to C_a C_b
    return max(0.0, ((m_a - m_b).square().sum() + C_a.trace() + C_b.trace() - 2 * cross).item())


def _root(C: Tensor) -> Tensor:
    values, vectors = torch.linalg.eigh(C)
    return vectors * values.clamp_min(0).sqrt() @ vectors.T


def precision_recall(real: Tensor, made: Tensor, k: int = 3) -> tuple[float, float]:
    """The share of made vectors among the real ones, and of real vectors among the made ones.

    A vector is among a set if it lies within the distance from a member to that member's k-th neighbour.
    Raises ValueError for sets of at most k vectors. Source: Kynkaanniemi et al. 2019, eq. 1-2.
    """
    if min(len(real), len(made)) <= k or k < 1:
        raise ValueError(f"need more than k = {k} >= 1 vectors in each set; got {len(real)} and {len(made)}")
    return _share(made, real, k), _share(real, made, k)


def _share(points: Tensor, of: Tensor, k: int) -> float:
    radius = torch.cdist(of, of).kthvalue(k + 1, dim=1).values  # the nearest is the vector itself
    return (torch.cdist(points, of) <= radius).any(1).double().mean().item()


def diversity(features: Tensor) -> float:
    """The mean distance between two different vectors of a set. ValueError for fewer than two."""
    if len(features) < 2:
        raise ValueError(f"need at least two vectors; got {len(features)}")
    return torch.pdist(features.double()).mean().item()


def power_spectrum(images: Tensor) -> Tensor:
    """The mean power at each frequency, (H, W), of images (N, 1, H, W) less their mean; unitary DFT."""
    X = torch.fft.fft2(images[:, 0].double() - images.double().mean(), norm="ortho")
    return X.abs().square().mean(0)


def log_spectral_distance(power: Tensor, other: Tensor) -> float:
    r"""The root mean square over frequencies, but for 0, of :math:`\ln P - \ln P'`; both > 0."""
    gap = (power.log() - other.log()).flatten()[1:]
    return gap.square().mean().sqrt().item()
