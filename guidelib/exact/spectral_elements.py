"""Piecewise polynomials on a refinable mesh, and high-order implicit steps for equations on them."""

from dataclasses import dataclass

import numpy as np
from numpy.polynomial import legendre
from scipy.linalg import solve_banded

DEGREE = 12
STAGES = 7


def _lobatto(n):
    """Points, weights of Gauss-Lobatto quadrature of degree n, and the differentiation matrix."""
    top = legendre.Legendre.basis(n)
    x = np.concatenate([[-1.0], np.sort(top.deriv().roots().real), [1.0]])
    weights = 2 / (n * (n + 1) * top(x) ** 2)
    V = legendre.legvander(x, n)
    dV = np.stack([legendre.legval(x, legendre.legder(row)) for row in np.eye(n + 1)], axis=1)
    return x, weights, np.linalg.inv(V), dV @ np.linalg.inv(V)


POINTS, WEIGHTS, TO_MODES, DERIVATIVE = _lobatto(DEGREE)


@dataclass(frozen=True, eq=False)
class Mesh:
    """Panels between ``edges`` (P + 1,); a function is its values (P * DEGREE + 1,) at ``nodes``."""

    edges: np.ndarray

    @property
    def widths(self) -> np.ndarray:
        return np.diff(self.edges)

    @property
    def panel_nodes(self) -> np.ndarray:
        return self.edges[:-1, None] + 0.5 * self.widths[:, None] * (1 + POINTS)

    @property
    def nodes(self) -> np.ndarray:
        return np.append(self.panel_nodes[:, :-1].ravel(), self.edges[-1])

    def split(self, values: np.ndarray) -> np.ndarray:
        """Node values as (P, DEGREE + 1), shared end points repeated."""
        return values[np.arange(len(self.widths))[:, None] * DEGREE + np.arange(DEGREE + 1)]

    def gather(self, panels: np.ndarray) -> np.ndarray:
        """The transpose of ``split``: contributions of panels summed at shared end points."""
        out = np.append(panels[:, :-1].ravel(), panels[-1, -1])
        out[DEGREE:-1:DEGREE] += panels[:-1, -1]
        return out

    @property
    def mass(self) -> np.ndarray:
        """Quadrature weights at the nodes."""
        return self.gather(0.5 * self.widths[:, None] * WEIGHTS)

    def modes(self, values: np.ndarray) -> np.ndarray:
        """Legendre coefficients of every panel, (P, DEGREE + 1)."""
        return self.split(values) @ TO_MODES.T

    def interpolate(self, values: np.ndarray, x: np.ndarray) -> np.ndarray:
        """The piecewise polynomial at any x; zero outside the mesh."""
        panel = np.clip(np.searchsorted(self.edges, x, side="right") - 1, 0, len(self.widths) - 1)
        t = 2 * (x - self.edges[panel]) / self.widths[panel] - 1
        out = legendre.legval(t, self.modes(values)[panel].T, tensor=False)
        return np.where((x >= self.edges[0]) & (x <= self.edges[-1]), out, 0.0)


def transport_operator(mesh: Mesh, B: np.ndarray, diffusion: float) -> np.ndarray:
    """Panel matrices (P, n, n) of ``int v' (B q - diffusion q') du``; columns sum to 0: mass is kept."""
    flux = WEIGHTS[:, None] * (
        np.eye(DEGREE + 1) * mesh.split(B)[:, :, None]
        - diffusion * (2 / mesh.widths)[:, None, None] * DERIVATIVE
    )
    return DERIVATIVE.T @ flux


def apply(mesh: Mesh, panels: np.ndarray, q: np.ndarray) -> np.ndarray:
    """The operator, given panel by panel, times the nodal values q."""
    return mesh.gather(np.einsum("pij,pj->pi", panels, mesh.split(q)))


def _radau():
    """Radau IIA: stage times c, inverse of the stage matrix a, weights of the embedded estimate."""
    s = STAGES
    c = np.sort(legendre.legroots([0] * (s - 1) + [1, -1]))  # P_{s-1} - P_s has the root 1
    c = 0.5 * (1 + c)
    c[-1] = 1.0
    powers = np.arange(1, s + 1)
    V = c[:, None] ** (powers - 1)
    a = (c[:, None] ** powers / powers) @ np.linalg.inv(V)
    inverse = np.linalg.inv(a)
    eigenvalues = np.linalg.eigvals(inverse)
    gamma = 1 / eigenvalues[np.abs(eigenvalues.imag).argmin()].real
    rhs = 1 / powers - gamma * (powers == 1)
    embedded = np.linalg.solve(V.T, rhs)
    return c, inverse, gamma, (embedded - a[-1]) @ inverse


C, A_INVERSE, GAMMA, ERROR_WEIGHTS = _radau()


def radau_step(mesh: Mesh, operators: list, at_start: np.ndarray, q: np.ndarray, h: float, retry: bool):
    """One step of ``M q' = A(t) q`` by Radau IIA of order 13, L-stable: the new q and its error.

    ``operators`` are the panel matrices of A at the times ``t + C h``, ``at_start`` those at t. The
    error is that of an embedded formula of order 7, damped as in Hairer and Wanner, Solving Ordinary
    Differential Equations II, section IV.8; in a retry damped twice, which spares fast transients
    that are already forgotten.
    """
    weights = 0.5 * mesh.widths[:, None] * WEIGHTS
    mass = mesh.gather(weights)
    node = np.arange(DEGREE + 1)
    K = np.zeros((len(weights), DEGREE + 1, STAGES, DEGREE + 1, STAGES))
    K[:, node, :, node, :] = weights.T[:, :, None, None] * A_INVERSE
    for i, operator in enumerate(operators):
        K[:, :, i, :, i] -= h * operator
    stages = solve_panels(K, np.outer(mass * q, A_INVERSE.sum(axis=1)))
    error = h * GAMMA * apply(mesh, at_start, q) + mass * ((stages - q[:, None]) @ ERROR_WEIGHTS)
    K = -h * GAMMA * at_start
    K[:, node, node] += weights
    for _ in range(2 if retry else 1):
        error = solve_panels(K[:, :, None, :, None], error[:, None])[:, 0]
        error, last = mass * error, error
    return stages[:, -1], last


def solve_panels(K: np.ndarray, rhs: np.ndarray) -> np.ndarray:
    """Solve for s unknowns per node, (P * DEGREE + 1, s), panel by panel: the points inside each
    panel are eliminated first, which leaves a narrow banded system for the panel ends.

    ``K`` (P, n, s, n, s) holds panel matrices, which add up at shared ends; ``rhs`` like the result.
    """
    P, s = len(K), rhs.shape[1]
    K = K.reshape(P, (DEGREE + 1) * s, (DEGREE + 1) * s)
    inside, ends = slice(s, -s), np.r_[0:s, -s:0]
    f = rhs[:-1].reshape(P, DEGREE * s)[:, s:, None]
    X = np.linalg.solve(K[:, inside, inside], np.concatenate([K[:, inside, ends], f], axis=2))
    to_ends, f = X[:, :, :-1], X[:, :, -1:]
    S = K[:, ends][:, :, ends] - K[:, ends, inside] @ to_ends
    load = (K[:, ends, inside] @ f)[:, :, 0]
    g = rhs[::DEGREE].copy()
    g[:-1] -= load[:, :s]
    g[1:] -= load[:, s:]
    band = np.zeros((4 * s - 1, (P + 1) * s))
    for i in range(2 * s):
        for j in range(2 * s):
            band[2 * s - 1 + i - j, j : j + P * s : s] += S[:, i, j]
    at_ends = solve_banded((2 * s - 1, 2 * s - 1), band, g.ravel(), check_finite=False).reshape(-1, s)
    both = np.concatenate([at_ends[:-1], at_ends[1:]], axis=1)[:, :, None]
    inner = (f - to_ends @ both).reshape(P, DEGREE - 1, s)
    panels = np.concatenate([at_ends[:-1, None], inner], axis=1).reshape(P * DEGREE, s)
    return np.concatenate([panels, at_ends[-1:]])
