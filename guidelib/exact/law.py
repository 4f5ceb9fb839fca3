r"""Laws on the line, held so that bulk and tails are equally exact.

A law is kept as its normal score ``z(x) = Phi^{-1}(F(x))``, a piecewise Chebyshev polynomial:
``F = Phi(z)`` and ``p = phi(z) z'``. z is a straight line for a Gaussian, bends smoothly for mixtures,
and neither it nor its slope underflows where F or 1 - F would.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.polynomial import chebyshev
from scipy.special import ndtr, ndtri

DEGREE = 16
NODES = -np.cos(np.pi * np.arange(DEGREE + 1) / DEGREE)  # Chebyshev points of one panel, -1..1
_TO_COEFS = np.linalg.inv(chebyshev.chebvander(NODES, DEGREE))
_LOG_SQRT_2PI = 0.5 * np.log(2 * np.pi)


@dataclass(frozen=True, eq=False)
class Law:
    """A law on the line: floats ``mean``, ``std``, ``skew``; ``pdf``, ``cdf``, ``quantile``.

    The methods take and return numbers or numpy arrays of any shape, float64. Beyond the last edges
    the tails continue as Gaussian tails (z linear); less than 1e-9 of the mass lies there.
    """

    mean: float
    std: float
    skew: float
    edges: np.ndarray = field(repr=False)  # (P + 1,) ends of the panels
    coefs: np.ndarray = field(repr=False)  # (DEGREE + 1, P) Chebyshev coefficients of z

    def cdf(self, x):
        """``F(x) = P(X <= x)``."""
        return ndtr(self.normal_score(x))

    def pdf(self, x):
        """The density ``p(x) = phi(z(x)) z'(x)``."""
        return np.exp(self.log_pdf(x))

    def log_pdf(self, x):
        """``log p(x)``, finite also far out in the tails."""
        z, slope = self.normal_score(x), self._slope(x)
        floor = 1e-14 / (self.edges[-1] - self.edges[0])  # z is flat to rounding in an empty gap
        return np.log(np.maximum(slope, floor)) - 0.5 * z**2 - _LOG_SQRT_2PI

    def quantile(self, q):
        """The x with ``F(x) = q``; q in [0, 1], 0 and 1 give -inf and inf."""
        q = np.asarray(q, dtype=float)
        if not ((q >= 0) & (q <= 1)).all():
            raise ValueError(f"quantile needs probabilities in [0, 1]; got {q.min()}..{q.max()}")
        return self.from_normal_score(ndtri(q))

    def normal_score(self, x):
        """``z(x) = Phi^{-1}(F(x))``: the law's map to the standard normal."""
        x = np.asarray(x, dtype=float)
        inside = np.clip(x, self.edges[0], self.edges[-1])
        panel, t = self._locate(inside)
        z = chebyshev.chebval(t, self.coefs[:, panel], tensor=False)
        return (z + np.where(x == inside, 0.0, (x - inside) * self._slope(inside)))[()]

    def from_normal_score(self, z):
        """The inverse of ``normal_score``: ``x`` with ``F(x) = Phi(z)``."""
        z = np.asarray(z, dtype=float)
        at_edges = np.maximum.accumulate(self.normal_score(self.edges))
        panel = np.clip(np.searchsorted(at_edges, z) - 1, 0, len(self.edges) - 2)
        t = _invert(self.coefs[:, panel], z)
        left, right = self.edges[panel], self.edges[panel + 1]
        x = left + 0.5 * (1 + t) * (right - left)
        for end, beyond in ((0, z < at_edges[0]), (-1, z > at_edges[-1])):
            edge = self.edges[end]
            x = np.where(beyond, edge + (z - at_edges[end]) / self._slope(edge), x)
        return x[()]

    def _locate(self, x):
        panel = np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, len(self.edges) - 2)
        left, right = self.edges[panel], self.edges[panel + 1]
        return panel, 2 * (x - left) / (right - left) - 1

    def _slope(self, x):
        panel, t = self._locate(np.clip(x, self.edges[0], self.edges[-1]))
        width = self.edges[panel + 1] - self.edges[panel]
        return chebyshev.chebval(t, chebyshev.chebder(self.coefs)[:, panel], tensor=False) * 2 / width


def _invert(coefs: np.ndarray, z: np.ndarray) -> np.ndarray:
    """t in [-1, 1] where the rising Chebyshev series (n, ...) have the values z: Newton, bracketed."""
    result = np.zeros(z.size)
    coefs, z, shape = coefs.reshape(len(coefs), -1), z.ravel(), z.shape
    slopes, todo = chebyshev.chebder(coefs), np.arange(z.size)
    t, lo, hi = np.zeros(z.size), np.full(z.size, -1.0), np.full(z.size, 1.0)
    for _ in range(60):
        excess = chebyshev.chebval(t, coefs[:, todo], tensor=False) - z[todo]
        lo, hi = np.where(excess < 0, t, lo), np.where(excess < 0, hi, t)
        with np.errstate(all="ignore"):
            newton = t - excess / chebyshev.chebval(t, slopes[:, todo], tensor=False)
        result[todo] = np.where((newton >= lo) & (newton <= hi), newton, 0.5 * (lo + hi))
        open_ = np.abs(result[todo] - t) > 1e-14
        todo, lo, hi = todo[open_], lo[open_], hi[open_]
        t = result[todo]
    return result.reshape(shape)


def panel_nodes(edges: np.ndarray) -> np.ndarray:
    """The Chebyshev points of every panel, (P, DEGREE + 1)."""
    return edges[:-1, None] + 0.5 * np.diff(edges)[:, None] * (1 + NODES)


def fit_law(normal_score: Callable[[np.ndarray], np.ndarray], edges: np.ndarray) -> Law:
    """A Law from ``normal_score(x)`` on panel nodes (P, n), panels halved until z is resolved.

    Resolved: the cdf to 1e-9 and z itself to 1e-4 (which matters in the far tails only). What is
    still coarser than 1e-7 after 8 rounds is a RuntimeError.
    """
    for _ in range(8):
        z = normal_score(panel_nodes(edges))
        coefs = _TO_COEFS @ z.T
        weight = np.exp(-0.5 * np.abs(z).min(axis=1) ** 2)
        error = np.abs(coefs[-3:]).max(axis=0) * np.maximum(weight, 1e-5)
        coarse = error > 1e-9
        if not coarse.any():
            break
        edges = np.sort(np.concatenate([edges, 0.5 * (edges[:-1] + edges[1:])[coarse]]))
    if not np.isfinite(z).all() or error.max() > 1e-7:
        raise RuntimeError(
            f"the law is not resolved: its cdf is known to {error.max():.1e} only, after 8 rounds of "
            "refinement. Is the denoiser smooth in x and finite everywhere?"
        )
    return _with_moments(edges[: coefs.shape[1] + 1], coefs)


def _with_moments(edges: np.ndarray, coefs: np.ndarray) -> Law:
    law = Law(0.0, 1.0, 0.0, edges, coefs)
    x, weights = gauss_points(edges)
    mass = weights * law.pdf(x)
    mean = (mass * x).sum() / mass.sum()
    var, third = ((mass * (x - mean) ** k).sum() / mass.sum() for k in (2, 3))
    return Law(float(mean), float(np.sqrt(var)), float(third / var**1.5), edges, coefs)


def gauss_points(edges: np.ndarray, order: int = 24) -> tuple[np.ndarray, np.ndarray]:
    """Points and weights of Gauss quadrature on each interval between edges, both (P, order)."""
    t, w = np.polynomial.legendre.leggauss(order)
    half = 0.5 * np.diff(edges)[:, None]
    return edges[:-1, None] + half * (1 + t), half * w


def density_law(log_density: Callable[[np.ndarray], np.ndarray], edges: np.ndarray) -> Law:
    """The Law of a log density known up to a constant, by quadrature.

    ``log_density`` takes and gives an array of any shape; ``edges`` (P + 1,) are first panels which
    cover the mass and separate its features; they are halved where needed.
    """

    def normal_score(x):
        # F is summed from the left and 1 - F from the right: positive terms only, so that both tails
        # keep their relative precision.
        points = np.append(x[:, :-1].ravel(), x[-1, -1])
        inner, weights = gauss_points(points, order=8)
        log_p = log_density(inner)
        top = log_p.max()
        mass = (np.exp(log_p - top) * weights).sum(axis=1)
        ends = np.exp(log_density(points[[0, 1, -2, -1]]) - top)
        below = _tail(ends[0], ends[1], points[1] - points[0])
        above = _tail(ends[3], ends[2], points[-1] - points[-2])
        left = below + np.concatenate([[0.0], np.cumsum(mass)])
        right = above + np.concatenate([np.cumsum(mass[::-1])[::-1], [0.0]])
        total = left + right
        z = np.where(left < right, ndtri(left / total), -ndtri(right / total))
        return z[np.arange(x.shape[0])[:, None] * DEGREE + np.arange(DEGREE + 1)]

    return fit_law(normal_score, edges)


def _tail(end: float, inner: float, gap: float) -> float:
    """Mass beyond an edge, density / slope of its logarithm (Laplace)."""
    return end * gap / max(np.log(inner / end), 1e-3)
