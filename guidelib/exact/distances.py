"""Distances between two laws on the line, by Gauss quadrature between the nodes of both."""

import numpy as np

from guidelib.exact.law import Law, gauss_points, panel_nodes

_Z_MAX = 9.0  # the standard normal has 1e-19 of its mass beyond


def wasserstein1(p: Law, q: Law) -> float:
    r"""``W_1 = int_0^1 |Q_p(t) - Q_q(t)| dt``, in the units of x; Q is the quantile function."""
    z = _common_nodes(p, q)
    # |.| has a kink where the quantile functions cross: make each crossing a node.
    z = np.sort(np.concatenate([z, _crossings(p, q, z)]))
    return _quantile_integral(p, q, z, np.abs)


def wasserstein2(p: Law, q: Law) -> float:
    r"""``W_2 = [int_0^1 (Q_p(t) - Q_q(t))^2 dt]^{1/2}``, in the units of x."""
    return float(np.sqrt(_quantile_integral(p, q, _common_nodes(p, q), np.square)))


def kl(p: Law, q: Law) -> float:
    r"""``KL(p || q) = int p log(p / q) dx`` in nats."""
    z = _common_nodes(p, q)
    x, weights = gauss_points(np.unique(p.from_normal_score(z)), order=6)
    log_p = p.log_pdf(x)
    return float((weights * np.exp(log_p) * (log_p - q.log_pdf(x))).sum())


def _common_nodes(p: Law, q: Law) -> np.ndarray:
    """Levels z in [-9, 9] between which both quantile functions are smooth."""
    levels = [law.normal_score(panel_nodes(law.edges).ravel()) for law in (p, q)]
    z = np.concatenate([*levels, [-_Z_MAX, _Z_MAX]])
    return np.unique(z[np.abs(z) <= _Z_MAX])


def _difference(p: Law, q: Law, z: np.ndarray) -> np.ndarray:
    return p.from_normal_score(z) - q.from_normal_score(z)


def _crossings(p: Law, q: Law, z: np.ndarray) -> np.ndarray:
    """Where the quantile functions cross between neighbouring levels, by one secant step."""
    d = _difference(p, q, z)
    at = np.flatnonzero(d[:-1] * d[1:] < 0)
    return z[at] + (z[at + 1] - z[at]) * d[at] / (d[at] - d[at + 1])


def _quantile_integral(p: Law, q: Law, z: np.ndarray, cost) -> float:
    points, weights = gauss_points(z, order=6)
    phi = np.exp(-0.5 * points**2) / np.sqrt(2 * np.pi)
    return float((weights * phi * cost(_difference(p, q, points))).sum())
