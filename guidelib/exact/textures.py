r"""Stationary Gaussian textures: images whose scores and distances are exact, by Fourier transform."""

import math

import torch
from torch import Tensor

from guidelib.denoisers import check_labels, check_sigma


class TextureMixture:
    r"""A mixture of stationary Gaussian textures on a periodic grid that is its own exact denoiser.

    Class k has the constant mean ``means[k]`` and, in the unitary DFT, independent coefficients of
    variance ``powers[k]``: its covariance is circulant with these eigenvalues, and noise adds sigma^2
    to each. With ``X = fft(x - mean)``,

    .. math:: s(x, \sigma, k) = -\mathrm{ifft}\Bigl[\frac{X}{P_k + \sigma^2}\Bigr], \qquad
              \log p_\sigma(x \mid k) = -\tfrac12 \sum_f \Bigl[\frac{|X_f|^2}{P_k(f) + \sigma^2}
              + \log 2\pi (P_k(f) + \sigma^2)\Bigr]

    ``weights`` (K,) sum to 1; ``means`` (K,) in units of x; ``powers`` (K, n) for lines or (K, n, m)
    for images, >= 0 and even, P(f) = P(-f). P(0) is d times the variance of the mean of a sample.
    Points are (B, n) or (B, n, m). Labels as for ``GaussianMixture``; arithmetic is float64.
    Source: chapter 4, ``eq-texture``.
    """

    def __init__(self, weights, means, powers):
        weights, means, powers = (torch.as_tensor(v, dtype=torch.float64) for v in (weights, means, powers))
        K = len(weights)
        if weights.ndim != 1 or means.shape != (K,) or powers.ndim not in (2, 3) or len(powers) != K:
            raise ValueError(
                f"weights (K,), means (K,) and powers (K, n) or (K, n, m) must agree in K; got "
                f"{tuple(weights.shape)}, {tuple(means.shape)} and {tuple(powers.shape)}"
            )
        if not ((weights >= 0).all() and abs(weights.sum().item() - 1) <= 1e-6):
            raise ValueError(f"weights must be non-negative and sum to 1; got sum {weights.sum().item():.9g}")
        self._axes = tuple(range(1, powers.ndim))
        mirrored = powers.flip(self._axes).roll([1] * len(self._axes), self._axes)
        if not (powers >= 0).all() or not torch.allclose(powers, mirrored, rtol=1e-9, atol=0):
            raise ValueError(
                "powers must be >= 0 and even, P(f) = P(-f): average them with their mirror image"
            )
        self.weights, self.means, self.powers = weights / weights.sum(), means, powers
        self.num_classes, self.shape, self.dim = K, tuple(powers.shape[1:]), powers[0].numel()

    def __call__(self, x, sigma, cond=None) -> Tensor:
        r"""The denoiser ``sum_k p(k|x_sigma, cond) ifft[mean_k + P_k/(P_k + sigma^2) X_k]``, like x."""
        X, var = self._fourier(x, sigma)
        weight = self._posterior(X, var, cond)
        D = torch.zeros_like(X)
        for k in range(self.num_classes):
            mean = self._mean(k)
            D += self._column(weight[:, k]) * (mean + self.powers[k] / self._noised(k, var) * (X - mean))
        return self._back(D).to(x.dtype)

    def score(self, x, sigma, cond=None) -> Tensor:
        """``grad log p_sigma(x | cond)``, like x."""
        X, var = self._fourier(x, sigma)
        weight = self._posterior(X, var, cond)
        s = torch.zeros_like(X)
        for k in range(self.num_classes):
            s -= self._column(weight[:, k]) * (X - self._mean(k)) / self._noised(k, var)
        return self._back(s).to(x.dtype)

    def posterior(self, x, sigma=0.0) -> Tensor:
        """``p(k | x_sigma)``, (B, K)."""
        return self._posterior(*self._fourier(x, sigma), None)

    def log_prob(self, x, sigma=0.0, cond=None) -> Tensor:
        """``log p_sigma(x | cond)``, (B,), differentiable in x."""
        return torch.logsumexp(self._joint(*self._fourier(x, sigma), cond), dim=1)

    def sample(self, n: int, generator: torch.Generator, cond=None) -> tuple[Tensor, Tensor]:
        """``n`` independent textures (n, ...) and their labels (n,), of the classes ``cond`` if given."""
        if cond is None:
            cond = torch.multinomial(self.weights, n, replacement=True, generator=generator)
        cond = check_labels(cond, n, self.num_classes - 1)
        z = torch.randn(n, *self.shape, generator=generator, dtype=torch.float64)
        filtered = self._back(self.powers[cond].sqrt() * self._forth(z))
        return self._column(self.means[cond]) + filtered, cond

    def jeffreys(self, sigma: float = 0.0) -> Tensor:
        r"""The symmetrised Kullback-Leibler divergences of all pairs of noised classes, (K, K), in nats.

        .. math:: J_\sigma(k, j) = \sum_f 2 \sinh^2\Bigl(\tfrac12 \ln \frac{P_k + \sigma^2}{P_j + \sigma^2}
                  \Bigr) + \frac{d\,(\mu_k - \mu_j)^2}{2} \Bigl(\frac{1}{P_k(0) + \sigma^2}
                  + \frac{1}{P_j(0) + \sigma^2}\Bigr)

        It is the integral of the squared score differences over noise levels from sigma to infinity,
        ``eq-jeffreys``; over an interval it is ``J(sigma_lo) - J(sigma_hi)``.
        """
        power = self.powers + float(check_sigma(sigma, None)) ** 2
        if not (power > 0).all():
            raise ValueError("a texture without power at some frequency has no density; give sigma > 0")
        logs = power.log().flatten(1)
        spectral = 2 * torch.sinh((logs[:, None] - logs[None]) / 2).square().sum(-1)
        first = 1 / power.flatten(1)[:, 0]
        gap = (self.means[:, None] - self.means[None]).square()
        return spectral + 0.5 * self.dim * gap * (first[:, None] + first[None])

    def _fourier(self, x, sigma) -> tuple[Tensor, Tensor]:
        """The unitary DFT of x and sigma^2, () or (B, 1, ...), after checks."""
        x = torch.as_tensor(x)
        if tuple(x.shape[1:]) != self.shape:
            raise ValueError(f"x must have shape (B, {str(self.shape)[1:-1]}); got {tuple(x.shape)}")
        var = check_sigma(sigma, len(x)).square()
        return self._forth(x.to(torch.float64)), self._column(var) if var.ndim else var

    def _forth(self, x: Tensor) -> Tensor:
        return torch.fft.fftn(x, dim=self._axes, norm="ortho")

    def _back(self, X: Tensor) -> Tensor:
        return torch.fft.ifftn(X, dim=self._axes, norm="ortho").real

    def _column(self, values: Tensor) -> Tensor:
        return values.reshape(-1, *[1] * len(self.shape))

    def _mean(self, k: int) -> Tensor:
        """The DFT of the mean of class k: sqrt(d) mean at frequency 0."""
        mean = torch.zeros(self.shape, dtype=torch.float64)
        mean[(0,) * len(self.shape)] = math.sqrt(self.dim) * self.means[k]
        return mean

    def _noised(self, k: int, var: Tensor) -> Tensor:
        power = self.powers[k] + var
        if not (power > 0).all():
            raise ValueError("a texture without power at some frequency has no density; give sigma > 0")
        return power

    def _joint(self, X: Tensor, var: Tensor, cond) -> Tensor:
        """log p(k | cond) + log p_sigma(x | k), (B, K)."""
        columns = []
        for k in range(self.num_classes):
            power = self._noised(k, var)
            form = (X - self._mean(k)).abs().square() / power + (2 * math.pi * power).log()
            columns.append(-0.5 * form.flatten(1).sum(1))
        prior = self.weights.log().expand(len(X), -1)
        if cond is not None:
            cond = check_labels(cond, len(X), self.num_classes)
            other = torch.arange(self.num_classes) != cond[:, None]
            prior = torch.where(cond[:, None] == self.num_classes, prior, 0.0)
            prior = prior.masked_fill(other & (cond[:, None] < self.num_classes), -math.inf)
        return prior + torch.stack(columns, dim=1)

    def _posterior(self, X: Tensor, var: Tensor, cond) -> Tensor:
        return torch.softmax(self._joint(X, var, cond), dim=1)
