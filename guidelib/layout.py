"""Laying things out in the plane by their distances, for maps that a reader can look at."""

import torch
from sklearn.manifold import smacof
from torch import Tensor


def two_dimensional(distance: Tensor) -> Tensor:
    """Places in the plane, (K, 2), whose distances differ least, in squares, from ``distance`` (K, K).

    Multidimensional scaling by scikit-learn's SMACOF, from the first two principal coordinates.
    """
    distance = distance.double()
    K = len(distance)
    centre = torch.eye(K, dtype=torch.float64) - 1 / K
    values, vectors = torch.linalg.eigh(-0.5 * centre @ distance.square() @ centre)
    start = vectors[:, -2:].flip(1) * values[-2:].flip(0).clamp_min(0).sqrt()
    settings = {"n_init": 1, "max_iter": 1000, "eps": 1e-9, "normalized_stress": False}
    return torch.from_numpy(smacof(distance.numpy(), init=start.numpy(), **settings)[0])


def spread_out(X: Tensor, side: float, steps: int = 2000) -> Tensor:
    """The places (K, 2) moved a little, so that squares of the given ``side`` around them do not overlap."""
    X = X.clone()
    for _ in range(steps):
        gap = X[:, None] - X[None]
        lack = (side - gap.abs()).clamp_min(0)
        overlap = (lack.amin(2) > 1e-9).fill_diagonal_(False)
        if not overlap.any():
            break
        across = lack.argmin(2, keepdim=True)  # the shorter way out
        push = torch.zeros_like(gap).scatter(2, across, lack.gather(2, across))
        X = X + 0.5 * (push * gap.sign() * overlap[..., None]).sum(1)
    return X
