"""Laying things out in the plane by their distances, for maps that a reader can look at."""

import torch
from torch import Tensor


def two_dimensional(distance: Tensor, steps: int = 1000) -> Tensor:
    r"""Places in the plane, (K, 2), whose distances differ least, in squares, from ``distance`` (K, K).

    From the first two principal components, ``steps`` times every place moves to the mean of where the
    others want it: :math:`X \leftarrow \tfrac1K B X`, with :math:`B_{kj} = -\delta_{kj} / |X_k - X_j|` off
    the diagonal and rows that sum to 0. The stress never grows. Source: de Leeuw 1977 (SMACOF).
    """
    distance = distance.double()
    K = len(distance)
    centre = torch.eye(K, dtype=torch.float64) - 1 / K
    values, vectors = torch.linalg.eigh(-0.5 * centre @ distance.square() @ centre)
    X = vectors[:, -2:].flip(1) * values[-2:].flip(0).clamp_min(0).sqrt()
    for _ in range(steps):
        B = -distance / torch.cdist(X, X).clamp_min(1e-12)
        B.fill_diagonal_(0)
        X = (B - torch.diag(B.sum(1))) @ X / K
    return X


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
