"""K Gaussians at once, their covariances kept in a form that noise only shifts."""

import math

import torch
from torch import Tensor


class Components:
    r"""``N(mu_k, C_k)`` with ``C_k = U_k diag(spectrum_k) U_k^T + floor_k (I - U_k U_k^T)``, k < K.

    ``means`` (K, d); ``basis`` U (K, d, r) has orthonormal columns; ``spectrum`` (K, r); ``floor`` (K, 1).
    r = d is a full covariance, r < d low rank. Isotropic ones have r = 0, diagonal ones r = 0 and
    ``floor`` (K, d). Adding ``sigma^2 I`` adds sigma^2 to spectrum and floor.

    ``center`` (d,) is a point in the middle: products are taken of coordinates from there, so that a
    far-off origin costs no digits.
    """

    def __init__(self, means: Tensor, basis: Tensor, spectrum: Tensor, floor: Tensor, center: Tensor):
        self.means, self.basis, self.spectrum, self.floor, self.center = means, basis, spectrum, floor, center
        self.dim, self.rank = basis.shape[1:]
        self.centered = means - center
        self._norms = self.centered.square().sum(1)
        self._rows = basis.permute(2, 0, 1)  # (r, K, d): tables (B, r, K) run along the components
        self._along = (self._rows * self.centered).sum(-1)
        variances = torch.cat([spectrum.flatten(), floor.flatten()])
        self._least = variances.min().item()
        self._extent = self._norms.max().item() + variances.max().item() - self._least

    def noised(self, var: float) -> "Components":
        return Components(self.means, self.basis, self.spectrum + var, self.floor + var, self.center)

    def only(self, k: int) -> "Components":
        at = slice(k, k + 1)
        return Components(self.means[at], self.basis[at], self.spectrum[at], self.floor[at], self.means[k])

    def width(self) -> int:
        """Numbers per point and component that the methods below hold at a time."""
        return 1 if self.rank == 0 and self.dim <= 4 else self.dim

    def variances(self, var: float | Tensor) -> tuple[Tensor, Tensor]:
        """Noised variances inside the basis, (., K, r), and outside, (., K, 1 or d).

        ``var`` is a number or (B, 1, 1).
        """
        least = var + self._least
        if (least == 0).any() if isinstance(least, Tensor) else least == 0:
            raise ValueError("a degenerate covariance has no density at sigma = 0; give sigma > 0")
        return self.spectrum[None] + var, self.floor[None] + var

    def log_density(self, x: Tensor, var: float | Tensor) -> tuple[Tensor, Tensor | float]:
        r"""``log N(x; mu_k, C_k + var I)`` as a table (B, K) plus a part that all k share, (B, 1) or 0.

        Apart, because far out the shared part is so large that it would swallow the differences between
        components, which decide the posterior. Under wide noise, with ``tau = var + least``,

        .. math:: (x - \mu)^T (C + var)^{-1} (x - \mu)
                  = \frac{|x|^2 + |\mu|^2 - 2\mu \cdot x - (x - \mu)^T G (x - \mu)}{\tau}, \quad
                  G = (C - least)(C + var)^{-1}
        """
        inside, outside = self.variances(var)
        free = self.dim - self.rank
        # what does not depend on x first: it is small unless sigma varies over the batch
        constant = outside.log().sum(-1) * (free if outside.shape[-1] == 1 else 1)
        constant = -0.5 * (constant + self.dim * math.log(2 * math.pi))
        if self.rank:
            constant = constant - 0.5 * inside.log().sum(-1)
        tau = var + self._least
        wide = 1000 * tau >= self._extent  # the expanded square then costs three digits at most
        if isinstance(tau, Tensor):
            tau, wide = tau[..., 0], wide[..., 0]
            some, all_rows = bool(wide.any()), bool(wide.all())
        else:
            some = all_rows = wide
        if not some:
            return constant - 0.5 * self._form(x, 1 / inside, 1 / outside), 0.0
        z = x - self.center
        norm = z.square().sum(1, keepdim=True)
        shared = -0.5 * norm / tau
        if self.rank == 0 and outside.shape[::2] == (1, 1):  # isotropic, one sigma: linear in z and |z|^2
            precision = 1 / outside[..., 0]
            excess = 0.5 / tau * (self.floor[:, 0] - self._least) * precision
            slopes = torch.cat([self.centered.T * precision, excess])
            constant = constant - 0.5 * self._norms * precision
            return torch.addmm(constant, torch.cat([z, norm], 1), slopes), shared
        gains = (self.spectrum - self._least) / inside, (self.floor - self._least) / outside
        table = constant + (z @ self.centered.T - 0.5 * self._norms + 0.5 * self._form(x, *gains)) / tau
        if all_rows:
            return table, shared
        near = constant - 0.5 * self._form(x, 1 / inside, 1 / outside)
        return torch.where(wide, table, near), torch.where(wide, shared, 0.0)

    def pull(self, x: Tensor, weight: Tensor, inside: Tensor, outside: Tensor) -> Tensor:
        """sum_k weight_k [U diag(inside) U^T + outside (I - U U^T)] (x - mu_k), (B, d)."""
        z = x - self.center
        if self.rank == self.dim:
            return self._inside(z, weight, inside)
        if outside.shape[-1] == 1:
            total = weight * outside[..., 0]
            out = z * row_sums(total) - total @ self.centered
        elif len(outside) == 1:
            out = z * (weight @ outside[0]) - weight @ (outside[0] * self.centered)
        else:
            total = weight[..., None] * outside
            out = z * total.sum(1) - (total * self.centered).sum(1)
        return out + self._inside(z, weight, inside - outside) if self.rank else out

    def draw(self, labels: Tensor, z: Tensor) -> Tensor:
        """Standard normal z (n, d) turned into points of the components ``labels`` (n,)."""
        x = self.means[labels]
        for k in labels.unique().tolist():
            at = labels == k
            inner = (z[at] @ self.basis[k]) * (self.spectrum[k].sqrt() - self.floor[k, :1].sqrt())
            x[at] += self.floor[k].sqrt() * z[at] + inner @ self.basis[k].T
        return x

    def dense(self) -> Tensor:
        """The covariances as matrices, (K, d, d)."""
        scaled = self.basis * (self.spectrum - self.floor[:, :1])[:, None, :]
        return torch.diag_embed(self.floor.expand(-1, self.dim)) + scaled @ self.basis.mT

    def _form(self, x: Tensor, inside: Tensor, outside: Tensor) -> Tensor:
        """(x - mu_k)^T [U diag(inside) U^T + outside (I - U U^T)] (x - mu_k), (B, K).

        By differences: an expanded square would cancel for close points.
        """
        if self.rank == self.dim:
            return (self._coordinates(x - self.center).square() * inside.mT).sum(1)
        if self.rank:
            y = self._coordinates(x - self.center)
            rest = x[:, None] - self.means - torch.einsum("brk,kdr->bkd", y, self.basis)
            return (y.square() * inside.mT).sum(1) + rest.square().sum(-1) * outside[..., 0]
        if self.dim > 4:
            return ((x[:, None] - self.means).square() * outside).sum(-1)
        squares = [(x[:, i, None] - self.means[:, i]).square() for i in range(self.dim)]
        if outside.shape[-1] == 1:
            return sum(squares) * outside[..., 0]
        return sum(square * outside[..., i] for i, square in enumerate(squares))

    def _inside(self, z: Tensor, weight: Tensor, inside: Tensor) -> Tensor:
        y = self._coordinates(z) * inside.mT * weight[:, None]
        return y.flatten(1) @ self._rows.flatten(0, 1)

    def _coordinates(self, z: Tensor) -> Tensor:
        """U_k^T (x - mu_k), (B, r, K), of z = x - center."""
        return (z @ self._rows.flatten(0, 1).T).unflatten(1, self._along.shape) - self._along


def row_sums(table: Tensor) -> Tensor:
    """``table.sum(1, keepdim=True)``; the product is ten times faster where rows are short."""
    return table @ table.new_ones(table.shape[1], 1)


def components(means: Tensor, covs, center: Tensor) -> Components:
    """Components of means (K, d) and covs (K,), (K, d), (K, d, d) or (factors (K, d, r), floor)."""
    K, d = means.shape
    none = torch.zeros(K, d, 0, dtype=torch.float64), torch.zeros(K, 0, dtype=torch.float64)
    if _is_pair(covs):
        basis, spectrum, floor = _low_rank(*covs, K, d)
    else:
        covs = _finite(covs)
        if covs.shape == (K,):
            basis, spectrum, floor = *none, covs[:, None]
        elif covs.shape == (K, d):
            basis, spectrum, floor = *none, covs
        elif covs.shape == (K, d, d):
            basis, spectrum, floor = _full(covs)
        else:
            raise ValueError(
                f"covs must be (K,), (K, d), (K, d, d) or a pair (factors (K, d, r), floor) "
                f"with K={K}, d={d}; got shape {tuple(covs.shape)}"
            )
    smallest = torch.cat([spectrum, floor], dim=1).amin(1)
    if (smallest < 0).any():
        k = int(smallest.argmin())
        raise ValueError(
            f"covs must be positive semi-definite; component {k} has variance {smallest[k].item():.3g} in "
            "one direction: add at least that much to its diagonal"
        )
    return Components(means, basis, spectrum, floor, center)


def _full(covs: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    largest = covs.abs().amax((1, 2), keepdim=True)
    if ((covs - covs.mT).abs() > 1e-6 * largest).any():
        raise ValueError("covs must be symmetric matrices; got one that is not: take (C + C.mT) / 2")
    spectrum, basis = torch.linalg.eigh((covs + covs.mT) / 2)
    # rounding in eigh may leave a zero eigenvalue slightly negative
    tiny = 1e-12 * spectrum.amax(1, keepdim=True).clamp_min(0)
    spectrum = torch.where(spectrum.abs() <= tiny, spectrum.clamp_min(0), spectrum)
    return basis, spectrum, spectrum[:, :1]  # the floor is never used: the basis spans everything


def _low_rank(factors, floor, K: int, d: int) -> tuple[Tensor, Tensor, Tensor]:
    factors, floor = _finite(factors), _finite(floor)
    if factors.ndim != 3 or factors.shape[:2] != (K, d):
        raise ValueError(f"factors must be (K, d, r) = ({K}, {d}, r); got shape {tuple(factors.shape)}")
    if floor.shape not in [(), (K,)]:
        raise ValueError(f"the floor must be one variance or ({K},) of them; got shape {tuple(floor.shape)}")
    basis, singular, _ = torch.linalg.svd(factors, full_matrices=False)
    floor = floor.expand(K)[:, None]
    return basis, singular.square() + floor, floor


def _is_pair(covs) -> bool:
    """Whether covs is (factors, floor), not a list of two covariances: those have the same shape."""
    return (
        isinstance(covs, tuple | list)
        and len(covs) == 2
        and torch.as_tensor(covs[0]).ndim != torch.as_tensor(covs[1]).ndim
    )


def _finite(values) -> Tensor:
    values = torch.as_tensor(values, dtype=torch.float64)
    if not torch.isfinite(values).all():
        raise ValueError("covs must be finite; got infinity or NaN")
    return values
