"""Gaussian mixtures: the world in which every quantity of the book is known exactly."""

import torch
from torch import Tensor

from guidelib.denoisers import check_labels, check_sigma
from guidelib.exact.components import components, row_sums

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
    All arithmetic is float64 and in log space; denoised points and scores come back in the dtype of x.
    Source: chapter 1, ``eq-mixture``.

    Raises ValueError for weights that are negative or do not sum to 1, for shapes that do not fit
    and for a covariance that is not positive semi-definite.
    """

    def __init__(self, weights, means, covs):
        weights, means = (torch.as_tensor(v, dtype=torch.float64) for v in (weights, means))
        if weights.ndim != 1 or means.ndim not in (1, 2) or not 0 < len(weights) == len(means):
            raise ValueError(
                f"weights (K,) and means (K, d) or (K,) must agree in K >= 1; "
                f"got {tuple(weights.shape)} and {tuple(means.shape)}"
            )
        if not torch.isfinite(means).all():
            raise ValueError("means must be finite; got infinity or NaN")
        # weights that were rounded to float32 pass
        if not (weights >= 0).all() or not abs(weights.sum().item() - 1) <= 1e-6:
            raise ValueError(
                f"weights must be non-negative and sum to 1; got sum {weights.sum().item():.9g}, "
                f"smallest {weights.min().item():.3g}. Divide them by their sum."
            )
        weights = weights / weights.sum()
        flat = means[:, None] if means.ndim == 1 else means
        self._set(weights, components(flat, covs, center=weights @ flat), scalar=means.ndim == 1)

    def _set(self, weights, parts, scalar):
        self.weights, self._parts, self._scalar = weights, parts, scalar
        self.num_classes, self.dim = parts.means.shape
        only = torch.full((self.num_classes, self.num_classes), -torch.inf, dtype=torch.float64)
        # row = label: log p(k | label)
        self._log_prior = torch.cat([only.fill_diagonal_(0.0), weights.log()[None]])
        return self

    @property
    def means(self) -> Tensor:
        """Component means, (K, d), or (K,) for scalar events."""
        return self._parts.means[:, 0] if self._scalar else self._parts.means

    @property
    def mean(self) -> Tensor:
        """Mean of the whole mixture, (d,), or () for scalar events."""
        mean = self._parts.center
        return mean[0] if self._scalar else mean

    @property
    def cov(self) -> Tensor:
        """Covariance of the whole mixture, (d, d), or () for scalar events."""
        centered = self._parts.centered
        cov = torch.einsum("k,kij->ij", self.weights, self._parts.dense())
        cov = cov + torch.einsum("k,ki,kj->ij", self.weights, centered, centered)
        return cov[0, 0] if self._scalar else cov

    def log_prob(self, x, sigma=0.0) -> Tensor:
        r"""``log p_sigma(x)``, (B,): logsumexp_k [log pi_k + log N(x; mu_k, C_k + sigma^2 I)]."""

        def rows(x, var):
            table, shared = self._joint(x, var)
            return (torch.logsumexp(table, dim=1, keepdim=True) + shared)[:, 0]

        return self._in_blocks(rows, *self._points(x, sigma))

    def posterior(self, x, sigma=0.0) -> Tensor:
        r"""``p(k | x_sigma)``, (B, K), by Bayes' rule. Source: ``eq-posterior``."""
        return self._in_blocks(self._posterior, *self._points(x, sigma))

    def label_log_prob(self, x, sigma, cond) -> Tensor:
        r"""``log p(cond | x_sigma)``, (B,): the exact noise-aware classifier; 0 for the null label.

        Differentiable in ``x``; hand it to ``guidance.classifier``. Source: ``eq-posterior``.
        """

        def rows(x, var, cond):
            log_posterior = torch.log_softmax(self._joint(x, var)[0], dim=1)
            padded = torch.cat([log_posterior, torch.zeros_like(log_posterior[:, :1])], dim=1)
            return padded.gather(1, cond[:, None])[:, 0]

        x, var = self._points(x, sigma)
        return self._in_blocks(rows, x, var, check_labels(cond, len(x), self.num_classes))

    def score(self, x, sigma=0.0) -> Tensor:
        r"""``grad log p_sigma(x) = -sum_k p(k|x) (C_k + sigma^2 I)^{-1} (x - mu_k)``, like x."""

        def rows(x, var):
            precisions = (1 / v for v in self._parts.variances(var))
            return -self._parts.pull(x, self._posterior(x, var), *precisions)

        return self._like(x, self._in_blocks(rows, *self._points(x, sigma)))

    def __call__(self, x, sigma, cond=None) -> Tensor:
        r"""The denoiser ``E[x0 | x_sigma, cond]``, shaped like x.

        .. math:: \sum_k p(k \mid x_\sigma, y)\,[\mu_k + C_k (C_k + \sigma^2 I)^{-1} (x_\sigma - \mu_k)]

        ``x`` (B, d) or (B,); ``sigma`` () or (B,), >= 0; ``cond`` (B,) labels in 0..K, or None.
        """

        def rows(x, var, cond=None):
            parts, weight = self._parts, self._posterior(x, var, cond)
            inside, outside = parts.variances(var)
            shift = parts.pull(x, weight, parts.spectrum / inside, parts.floor / outside)
            return parts.center + weight @ parts.centered + shift

        args = self._points(x, sigma)
        if cond is not None:
            args = *args, check_labels(cond, len(args[0]), self.num_classes)
        return self._like(x, self._in_blocks(rows, *args))

    def noised(self, sigma: float) -> "GaussianMixture":
        """The law of ``x0 + sigma z``: the same mixture with sigma^2 added to every variance."""
        parts = self._parts.noised(float(check_sigma(sigma, None)) ** 2)
        return object.__new__(GaussianMixture)._set(self.weights, parts, self._scalar)

    def conditional(self, k: int) -> "GaussianMixture":
        """``p(x | class k)``: component k as a mixture of one."""
        k = int(check_labels(torch.tensor([k]), 1, self.num_classes - 1))
        one = torch.ones(1, dtype=torch.float64)
        return object.__new__(GaussianMixture)._set(one, self._parts.only(k), self._scalar)

    def sample(self, n: int, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """``n`` independent points, (n, d) or (n,), and their labels (n,)."""
        labels = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        z = torch.randn(n, self.dim, generator=generator, dtype=torch.float64)
        x = self._parts.draw(labels, z)
        return (x[:, 0] if self._scalar else x), labels

    def _points(self, x, sigma) -> tuple[Tensor, float | Tensor]:
        """Points (B, d) in float64 and sigma^2, a number or (B, 1, 1), after checks."""
        x = torch.as_tensor(x, dtype=torch.float64)
        if x.ndim != (1 if self._scalar else 2) or (not self._scalar and x.shape[1] != self.dim):
            want = "(B,)" if self._scalar else f"(B, {self.dim})"
            raise ValueError(f"x must have shape {want}, a row per point; got {tuple(x.shape)}")
        sigma = check_sigma(sigma, len(x))
        var = sigma[:, None, None] ** 2 if sigma.ndim else sigma.item() ** 2
        return (x[:, None] if self._scalar else x), var

    def _like(self, x, out: Tensor) -> Tensor:
        """Points (B, d) in the shape and dtype of x."""
        out = out[:, 0] if self._scalar else out
        return out.to(x.dtype) if isinstance(x, Tensor) and x.is_floating_point() else out

    def _in_blocks(self, rows, x: Tensor, *others: float | Tensor) -> Tensor:
        """``rows`` of a few points at a time: their (b, K) tables then stay in the cache, which is several
        times faster, and memory does not grow with the batch."""
        batch, size = len(x), max(1, TABLE // (self.num_classes * self._parts.width()))
        if batch <= size:
            return rows(x, *others)
        blocks = (slice(i, i + size) for i in range(0, batch, size))
        part = lambda v, at: v[at] if isinstance(v, Tensor) else v  # noqa: E731
        return torch.cat([rows(x[at], *(part(v, at) for v in others)) for at in blocks])

    def _joint(self, x: Tensor, var, cond: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """log p(k | cond) + log N(x; mu_k, C_k + sigma^2 I) as (B, K) plus (B, 1), the part all k share."""
        table, shared = self._parts.log_density(x, var)
        return self._log_prior[-1 if cond is None else cond] + table, shared

    def _posterior(self, x: Tensor, var, cond: Tensor | None = None) -> Tensor:
        table = self._joint(x, var, cond)[0]
        # torch.softmax is slow on short rows, exp where it underflows: weights below 1e-304 are 0 instead
        table = (table - table.amax(1, keepdim=True)).clamp_min(-700).exp()
        table = torch.nn.functional.threshold(table, 1e-304, 0.0)
        return table / row_sums(table)
