"""Gaussian mixtures: the world in which every quantity of the book is known exactly."""

import math

import torch
from torch import Tensor

from guidelib.denoisers import check_labels, check_sigma

TABLE = 2**16  # numbers in a block of the (B, K) tables: half a MiB


class GaussianMixture:
    r"""A Gaussian mixture that is its own exact denoiser.

    .. math:: p_\sigma(x) = \sum_k \pi_k\, \mathcal N(x;\ \mu_k,\ C_k + \sigma^2 I)

    ``weights`` (K,) sum to 1. ``means`` is (K, d), or (K,) for scalar events, where points
    are (B,) in and out. ``covs`` is one of

    - (K,) isotropic variances,
    - (K, d) diagonals,
    - (K, d, d) full matrices, positive semi-definite,
    - a pair (factors (K, d, r), floor): ``C_k = F_k F_k^T + floor * I``; no d x d matrix is formed.

    Component k is class k; the label ``num_classes``, like ``cond=None``, means "any class".
    All arithmetic is float64 and in log space. Source: chapter 1, ``eq-mixture``.

    Raises ValueError for weights that are negative or do not sum to 1, for shapes that do not fit
    and for a covariance that is not positive semi-definite.
    """

    def __init__(self, weights, means, covs):
        weights, means = _float64(weights), _float64(means)
        if weights.ndim != 1 or means.ndim not in (1, 2) or len(means) != len(weights):
            raise ValueError(
                f"weights (K,) and means (K, d) or (K,) must agree in K; "
                f"got {tuple(weights.shape)} and {tuple(means.shape)}"
            )
        if not torch.isfinite(means).all():
            raise ValueError("means must be finite")
        if not (weights >= 0).all() or abs(weights.sum().item() - 1) > 1e-9:
            raise ValueError(
                f"weights must be non-negative and sum to 1; got sum {weights.sum().item():.12g}, "
                f"smallest {weights.min().item():.3g}. Divide them by their sum."
            )
        scalar = means.ndim == 1
        means = means[:, None] if scalar else means
        self._set(weights / weights.sum(), means, *_spectral(covs, *means.shape), scalar)

    def _set(self, weights, means, basis, spectrum, floor, scalar):
        # Every covariance is kept as  U diag(spectrum) U^T + floor (I - U U^T)  with U (K, d, r);
        # r = 0 (basis None) covers the isotropic and diagonal cases, where floor is (K, 1) or (K, d).
        self.weights, self._means, self._scalar = weights, means, scalar
        self._basis, self._spectrum, self._floor = basis, spectrum, floor
        self.num_classes, self.dim = means.shape
        # Points are shifted by the mixture mean before products, so that a far-off origin costs no digits.
        self._center = weights @ means
        self._centered = means - self._center
        log_weights = weights.log()
        only = torch.full((self.num_classes, self.num_classes), -torch.inf, dtype=torch.float64)
        self._log_prior = torch.cat([only.fill_diagonal_(0.0), log_weights[None]])  # row = label
        return self

    @property
    def means(self) -> Tensor:
        """Component means, (K, d), or (K,) for scalar events."""
        return self._means[:, 0] if self._scalar else self._means

    @property
    def mean(self) -> Tensor:
        """Mean of the whole mixture, (d,), or () for scalar events."""
        return self._center[0] if self._scalar else self._center

    @property
    def cov(self) -> Tensor:
        """Covariance of the whole mixture, (d, d), or () for scalar events."""
        between = torch.einsum("k,ki,kj->ij", self.weights, self._centered, self._centered)
        within = torch.einsum("k,kij->ij", self.weights, self._dense())
        return (between + within)[0, 0] if self._scalar else between + within

    def log_prob(self, x, sigma=0.0) -> Tensor:
        r"""``log p_sigma(x)``, (B,): logsumexp_k [log pi_k + log N(x; mu_k, C_k + sigma^2 I)]."""
        x, var = self._points(x, sigma)
        return torch.logsumexp(self._joint(x, var), dim=1)

    def posterior(self, x, sigma=0.0) -> Tensor:
        r"""``p(k | x_sigma)``, (B, K), by Bayes' rule. Source: ``eq-posterior``."""
        x, var = self._points(x, sigma)
        return torch.softmax(self._joint(x, var), dim=1)

    def label_log_prob(self, x, sigma, cond) -> Tensor:
        r"""``log p(cond | x_sigma)``, (B,): the exact noise-aware classifier; 0 for the null label.

        Differentiable in ``x``; hand it to ``guidance.classifier``. Source: ``eq-posterior``.
        """
        x, var = self._points(x, sigma)
        cond = check_labels(cond, len(x), self.num_classes)
        log_posterior = torch.log_softmax(self._joint(x, var), dim=1)
        padded = torch.cat([log_posterior, torch.zeros_like(log_posterior[:, :1])], dim=1)
        return padded.gather(1, cond[:, None])[:, 0]

    def score(self, x, sigma=0.0) -> Tensor:
        r"""``grad log p_sigma(x) = -sum_k p(k|x) (C_k + sigma^2 I)^{-1} (x - mu_k)``, like x."""
        x, var = self._points(x, sigma)
        out = torch.cat([self._score(*rows) for rows in self._blocks(x, var)])
        return out[:, 0] if self._scalar else out

    def _score(self, x: Tensor, var: Tensor) -> Tensor:
        weight = torch.softmax(self._joint(x, var), dim=1)
        return -self._pull(x, weight, *(1 / v for v in self._variances(var)))

    def __call__(self, x, sigma, cond=None) -> Tensor:
        r"""The denoiser ``E[x0 | x_sigma, cond]``, shaped like x.

        .. math:: \sum_k p(k \mid x_\sigma, y)\,[\mu_k + C_k (C_k + \sigma^2 I)^{-1} (x_\sigma - \mu_k)]

        ``x`` (B, d) or (B,); ``sigma`` () or (B,), >= 0; ``cond`` (B,) labels in 0..K, or None.
        """
        x, var = self._points(x, sigma)
        if cond is not None:
            cond = check_labels(cond, len(x), self.num_classes)
        out = torch.cat([self._denoise(*rows) for rows in self._blocks(x, var, cond)])
        return out[:, 0] if self._scalar else out

    def _denoise(self, x: Tensor, var: Tensor, cond: Tensor | None = None) -> Tensor:
        weight = torch.softmax(self._joint(x, var, cond), dim=1)
        inside, outside = self._variances(var)
        gains = self._spectrum / inside, self._floor / outside
        return self._center + weight @ self._centered + self._pull(x, weight, *gains)

    def noised(self, sigma: float) -> "GaussianMixture":
        """The law of ``x0 + sigma z``: the same mixture with sigma^2 added to every variance."""
        var = float(check_sigma(sigma, None)) ** 2
        new = object.__new__(GaussianMixture)
        return new._set(
            self.weights, self._means, self._basis, self._spectrum + var, self._floor + var, self._scalar
        )

    def conditional(self, k: int) -> "GaussianMixture":
        """``p(x | class k)``: component k as a mixture of one."""
        k = int(check_labels(torch.tensor([k]), 1, self.num_classes - 1))
        basis = None if self._basis is None else self._basis[k : k + 1]
        parts = self._means[k : k + 1], basis, self._spectrum[k : k + 1], self._floor[k : k + 1]
        one = torch.ones(1, dtype=torch.float64)
        return object.__new__(GaussianMixture)._set(one, *parts, self._scalar)

    def sample(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """``n`` independent points, (n, d) or (n,), and their labels (n,)."""
        labels = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        z = torch.randn(n, self.dim, generator=generator, dtype=torch.float64)
        x = self._means[labels]
        for k in labels.unique().tolist():
            at = labels == k
            step = self._floor[k].sqrt() * z[at]
            if self._basis is not None:
                U, y = self._basis[k], z[at] @ self._basis[k]
                step = step + (y * (self._spectrum[k].sqrt() - self._floor[k].sqrt())) @ U.T
            x[at] += step
        return (x[:, 0] if self._scalar else x), labels

    def _points(self, x, sigma) -> tuple[Tensor, Tensor]:
        """Centred points (B, d) and sigma^2 shaped (1, 1) or (B, 1), after checks."""
        x = torch.as_tensor(x).to(torch.float64)
        want = "(B,)" if self._scalar else f"(B, {self.dim})"
        if x.ndim != (1 if self._scalar else 2) or (not self._scalar and x.shape[1] != self.dim):
            raise ValueError(f"x must have shape {want}; got {tuple(x.shape)}")
        var = check_sigma(sigma, len(x)).reshape(-1, 1) ** 2
        x = x[:, None] if self._scalar else x
        return x - self._center, var

    def _blocks(self, *rows):
        """The same few rows of every argument at a time: their (rows, K) tables then stay in the cache,
        which is several times faster, and memory does not grow with the batch."""
        batch = len(rows[0])
        size = max(1, TABLE // (self.num_classes * (1 if self._basis is None else self.dim)))
        for i in range(0, max(batch, 1), size):
            yield [v[i : i + size] if v is not None and len(v) == batch else v for v in rows]

    def _variances(self, var: Tensor) -> tuple[Tensor, Tensor]:
        """Variances inside the basis (., K, r) and outside it (., K, 1 or d), with noise."""
        inside, outside = self._spectrum + var[..., None], self._floor + var[..., None]
        if (outside == 0).any() or (inside == 0).any():
            raise ValueError("a degenerate covariance has no density at sigma = 0; give sigma > 0")
        return inside, outside

    def _split(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """x - mu_k as coordinates in the basis (B, K, r) and the rest (B, K, d)."""
        rest = x[:, None] - self._centered
        y = torch.einsum("bkd,kdr->bkr", rest, self._basis)
        if self._basis.shape[1] == self._basis.shape[2]:  # the basis spans everything
            return y, torch.zeros_like(rest[:1])
        return y, rest - torch.einsum("bkr,kdr->bkd", y, self._basis)

    def _joint(self, x: Tensor, var: Tensor, cond=None) -> Tensor:
        """log p(k | cond) + log N(x; mu_k, C_k + sigma^2 I), (B, K)."""
        prior = self._log_prior[-1 if cond is None else cond]
        inside, outside = self._variances(var)
        free = self.dim - self._spectrum.shape[1]
        if self._basis is not None:
            y, rest = self._split(x)
            distance = (y**2 / inside).sum(-1) + ((rest**2).sum(-1) / outside[..., 0] if free else 0)
        elif outside.shape[-1] == 1:
            distance = _square_distance(x, self._centered) / outside[..., 0]
        else:
            distance = ((x[:, None] - self._centered) ** 2 / outside).sum(-1)
        log_det = inside.log().sum(-1) + outside.log().sum(-1) * (free if outside.shape[-1] == 1 else 1)
        # what does not depend on x first: it is small unless sigma varies over the batch
        return prior - 0.5 * (log_det + self.dim * math.log(2 * math.pi)) - 0.5 * distance

    def _pull(self, x: Tensor, weight: Tensor, inside: Tensor, outside: Tensor) -> Tensor:
        """sum_k weight_k [U diag(inside) U^T + outside (I - U U^T)] (x - mu_k), (B, d)."""
        if self._basis is not None:
            y, rest = self._split(x)
            along = torch.einsum("bkr,kdr->bd", weight[..., None] * inside * y, self._basis)
            return along + torch.einsum("bk,bkd->bd", weight, outside * rest)
        if outside.shape[-1] == 1:
            weight = weight * outside[..., 0]
            return x * weight.sum(1, keepdim=True) - weight @ self._centered
        total = torch.einsum("bk,bkd->bd", weight, outside)
        return x * total - torch.einsum("bk,bkd->bd", weight, outside * self._centered)

    def _dense(self) -> Tensor:
        eye = torch.eye(self.dim, dtype=torch.float64)
        out = self._floor[:, :, None] * eye
        if self._basis is not None:
            scaled = self._basis * (self._spectrum - self._floor)[:, None, :]
            out = out + scaled @ self._basis.mT
        return out


def _float64(values) -> Tensor:
    return torch.as_tensor(values, dtype=torch.float64)


def _square_distance(x: Tensor, means: Tensor) -> Tensor:
    """|x_b - mu_k|^2, (B, K), by differences: the expanded square would cancel for close points."""
    if x.shape[1] <= 4:  # a short sum over coordinates is several times faster than cdist
        return sum((x[:, i, None] - means[:, i]) ** 2 for i in range(x.shape[1]))
    return ((x[:, None] - means) ** 2).sum(-1)


def _spectral(covs, K: int, d: int) -> tuple[Tensor | None, Tensor, Tensor]:
    """(basis (K, d, r) or None, spectrum (K, r), floor (K, 1 or d)) of the given covariances."""
    nothing = torch.zeros(K, 0, dtype=torch.float64)
    if isinstance(covs, tuple) and len(covs) == 2:
        factors, floor = _float64(covs[0]), _float64(covs[1]).expand(K)[:, None]
        if factors.shape[:2] != (K, d) or factors.ndim != 3:
            raise ValueError(f"factors must be (K, d, r) = ({K}, {d}, r); got {tuple(factors.shape)}")
        basis, singular, _ = torch.linalg.svd(factors, full_matrices=False)
        spectrum = singular**2 + floor
    else:
        covs = _float64(covs)
        if covs.shape == (K,):
            basis, spectrum, floor = None, nothing, covs[:, None]
        elif covs.shape == (K, d):
            basis, spectrum, floor = None, nothing, covs
        elif covs.shape == (K, d, d):
            if not torch.allclose(covs, covs.mT, rtol=1e-9, atol=1e-12):
                raise ValueError("covs must be symmetric matrices")
            spectrum, basis = torch.linalg.eigh(covs)
            # rounding in eigh may leave a zero eigenvalue slightly negative
            tiny = 1e-12 * spectrum.amax(1, keepdim=True).clamp_min(0)
            spectrum = torch.where(spectrum.abs() <= tiny, spectrum.clamp_min(0), spectrum)
            floor = spectrum[:, :1]  # never used: the basis spans everything
        else:
            raise ValueError(
                f"covs must be (K,), (K, d), (K, d, d) or (factors (K, d, r), floor) with K={K}, d={d}; "
                f"got {tuple(covs.shape)}"
            )
    if not (torch.isfinite(spectrum).all() and torch.isfinite(floor).all()):
        raise ValueError("covs must be finite")
    smallest = min([v.min().item() for v in (spectrum, floor) if v.numel()])
    if smallest < 0:
        raise ValueError(f"covs must be positive semi-definite; smallest variance is {smallest:.3g}")
    return basis, spectrum, floor
