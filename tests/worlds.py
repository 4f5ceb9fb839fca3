"""Small exact worlds that several tests use."""

import torch

from guidelib.exact.mixtures import GaussianMixture

STRUCTURES = ["scalar", "isotropic", "diagonal", "full", "low-rank"]


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def normal(*shape, seed: int = 0) -> torch.Tensor:
    return torch.randn(*shape, generator=generator(seed), dtype=torch.float64)


def mixture(structure: str, d: int = 3, K: int = 4, seed: int = 0) -> GaussianMixture:
    """A random mixture of the given covariance structure, K classes of unequal weight in d dimensions."""
    weights = torch.rand(K, generator=generator(seed), dtype=torch.float64) + 0.1
    weights = weights / weights.sum()
    means = 2 * normal(K, d, seed=seed + 1)
    if structure == "scalar":
        return GaussianMixture(weights, means[:, 0], normal(K, seed=seed + 2).square() + 0.05)
    if structure == "isotropic":
        return GaussianMixture(weights, means, normal(K, seed=seed + 2).square() + 0.05)
    if structure == "diagonal":
        return GaussianMixture(weights, means, normal(K, d, seed=seed + 2).square() + 0.05)
    if structure == "full":
        root = normal(K, d, d, seed=seed + 2)
        return GaussianMixture(weights, means, root @ root.mT + 0.05 * torch.eye(d, dtype=torch.float64))
    factors = normal(K, d, max(1, d - 2), seed=seed + 2)
    return GaussianMixture(weights, means, (factors, 0.1))


def points(world: GaussianMixture, n: int, seed: int = 5) -> torch.Tensor:
    """n points around the mixture, in the shape that it takes."""
    return 2 * (normal(n, seed=seed) if world.means.ndim == 1 else normal(n, world.dim, seed=seed))


def gaussian_pair(x, sigma, cond=None):
    """Denoiser of x ~ N(0, 2), and of x | y ~ N(0, 1) for every label y: all guided laws are known."""
    variance = 2.0 if cond is None else 1.0
    return x * variance / (variance + sigma**2)
