"""The law of the probability-flow ODE in one dimension, by transporting quantiles."""

import numpy as np
from scipy.integrate import solve_ivp

from guidelib.exact.blackbox import Drift, pieces, structure_scale
from guidelib.exact.fokker_planck import fokker_planck_law
from guidelib.exact.law import Law, fit_law

_Z = np.linspace(-7, 7, 225)  # the quantiles of the prior that scout the law


def quantile_law(D: Drift, sigma_max: float, prior_mean: float, breaks) -> Law:
    """The law of the ODE with denoiser D; see ``transport.ode_law``."""
    s = structure_scale(D, sigma_max, prior_mean)
    down = pieces(D, sigma_max, breaks)
    # Forward, a few quantiles show where the law is; backward, points placed there get their cdf:
    # z(x) is smooth where x(z) is nearly a jump.
    spread = 1.0
    for _ in range(2):  # again if the law turns out much narrower than s
        scout = _flow(down, prior_mean + sigma_max * _Z, s, prior_mean, 1e-6 * spread * _slack(_Z, 1e2))
        spread = min(1.0, np.ptp(np.interp([-1, 1], _Z, scout)) / s)
        if spread > 1e-2:
            break
    scout = np.maximum.accumulate(scout)
    if np.diff(scout).max() > 0.2 * (scout[-1] - scout[0]):
        # A wide gap between modes: going back, each point in it turns sharply into the watershed at a
        # moment of its own, and tiny steps are needed. The density has no such trouble.
        return fokker_planck_law(D, sigma_max, prior_mean, 1.0, breaks)
    up = [(D, lo, hi) for D, hi, lo in reversed(down)]

    def normal_score(x):
        tolerance = 1e-9 * spread * _slack(np.interp(x.ravel(), scout, _Z))
        start = _flow(up, x.ravel(), s, prior_mean, tolerance)
        return ((start - prior_mean) / sigma_max).reshape(x.shape)

    law = fit_law(normal_score, _first_edges(scout))
    if not np.abs(law.normal_score(law.edges[[0, -1]])).min() > 7:
        raise RuntimeError(
            f"the ODE's law (std about {spread * s:.1e}) is too narrow or too ragged to be resolved"
        )
    return law


def _slack(z: np.ndarray, most: float = 1e3) -> np.ndarray:
    """How much more error in z than at the centre changes the cdf as little, up to ``most``."""
    return np.minimum(np.exp(0.5 * z**2), most)


def _flow(pieces, x: np.ndarray, s: float, m: float, tolerance: np.ndarray) -> np.ndarray:
    r"""Carry points x along the ODE through ``pieces`` (D, sigma_from, sigma_to).

    With ``sigma = s tan psi`` and ``u = (x - m) / sqrt(sigma^2 + s^2)`` the flow is smooth up to both
    ends, sigma -> infinity (psi = pi/2) and sigma = 0; ``tolerance`` (B,) is the error allowed in u:

        du/dpsi = (m - D) / (s sin psi) + u cot psi
    """
    u = (x - m) / np.hypot(pieces[0][1], s)
    for D, sigma_from, sigma_to in pieces:

        def velocity(psi, u, D=D):
            if psi == 0:
                return np.zeros_like(u)  # the limit: dx/dsigma = -sigma * score -> 0
            D_u = D(m + s * u / np.cos(psi), s * np.tan(psi))
            return (m - D_u) / (s * np.sin(psi)) + u / np.tan(psi)

        psi = np.arctan(np.array([sigma_from, sigma_to]) / s)
        run = solve_ivp(velocity, psi, u, "DOP853", rtol=1e-13, atol=tolerance)
        if not run.success:
            raise RuntimeError(f"the ODE could not be integrated: {run.message}")
        u = run.y[:, -1]
    return m + u * np.hypot(pieces[-1][2], s)


def _first_edges(scout: np.ndarray) -> np.ndarray:
    """Panels of 2 in z at most, on each of which dx/dz varies by a factor 4 at most, then graded."""
    slope = np.maximum(np.diff(scout), 1e-300)
    margin = np.array([1.5, 3.0]) / (_Z[1] - _Z[0])  # out to z = 10, by the last slopes
    first, edges = 0, [*(scout[0] - slope[0] * margin), scout[0], *(scout[-1] + slope[-1] * margin)]
    for i in range(1, len(slope) + 1):
        piece = slope[first : i + 1]
        if i == len(slope) or i - first == 32 or piece.max() > 4 * piece.min():
            edges.append(scout[i])
            first = i
    edges = np.unique(edges)
    while True:  # no panel more than 4 times as wide as a neighbour
        width = np.diff(edges)
        padded = np.concatenate([[np.inf], width, [np.inf]])
        coarse = width > 4 * np.minimum(padded[:-2], padded[2:])
        if not coarse.any():
            return edges
        edges = np.sort(np.concatenate([edges, 0.5 * (edges[:-1] + edges[1:])[coarse]]))
