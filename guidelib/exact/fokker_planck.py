"""The law of the stochastic samplers in one dimension, by the Fokker-Planck equation."""

import math
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from guidelib.exact import spectral_elements as se
from guidelib.exact.blackbox import Drift, pieces, structure_scale
from guidelib.exact.law import Law, density_law

_TIME_TOLERANCE = 1e-7  # of the embedded estimate; the step itself is far more accurate
_SPACE_TOLERANCE = 1e-10
_EDGE_TOLERANCE = 1e-13
_TAIL = 1e-11  # mass beyond either end of the law's panels; below it lies rounding


def fokker_planck_law(D: Drift, sigma_max: float, prior_mean: float, beta: float, breaks) -> Law:
    """The law of the beta-sampler with denoiser D; see ``transport.sde_law``. beta = 1 is possible."""
    s = structure_scale(D, sigma_max, prior_mean)
    m = _centre(D, s, prior_mean)
    mesh, q = evolve(pieces(D, sigma_max, breaks), prior_mean, beta, m, s)
    mass = (mesh.mass * q).sum()
    if abs(mass - 1) > 1e-10 or q.min() < -1e-6 * q.max():
        raise RuntimeError(f"Fokker-Planck: mass {mass:.12f}, least density {q.min():.1e}; not resolved")
    return _as_law(mesh, q, m, s)


def evolve(down, prior_mean: float, beta: float, m: float, s: float) -> tuple[se.Mesh, np.ndarray]:
    r"""The density of ``u = (x - m)/sqrt(sigma^2 + s^2)`` at sigma = 0: a mesh and its node values.

    ``down`` are the pieces (D, sigma_hi, sigma_lo) to run through.
    With ``sigma = s cot phi``, phi from about 0 (noise) to pi/2 (data), all is smooth at both ends:

        dq/dphi = -d/du [B q - C dq/du],   C = a cot phi,
        B = [((D - m) sin phi / s - u) / beta + u cos^2 phi] / (sin phi cos phi)
    """

    def operator(D, mesh, phi):
        sin, cos, u = math.sin(phi), math.cos(phi), mesh.nodes
        if phi == math.pi / 2:
            return np.zeros((len(mesh.widths), se.DEGREE + 1, se.DEGREE + 1))
        D_u = D(m + s * u / sin, s * cos / sin)
        B = (((D_u - m) * sin / s - u) / beta + u * cos**2) / (sin * cos)
        return se.transport_operator(mesh, B, (1 - beta) / beta * cos / sin)

    sigma_max = down[0][1]
    scale = math.hypot(sigma_max, s)
    mean, std = (prior_mean - m) / scale, sigma_max / scale
    mesh = se.Mesh(mean + std * np.linspace(-9, 9, 13))
    q = np.exp(-0.5 * ((mesh.nodes - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi))
    for D, sigma_hi, sigma_lo in down:
        start, end = math.atan2(s, sigma_hi), math.atan2(s, sigma_lo)
        mesh, q = _integrate(partial(operator, D), mesh, q, start, end)
    return mesh, q


def _integrate(operator: Callable, mesh: se.Mesh, q: np.ndarray, t: float, end: float):
    """Adaptive steps of ``M q' = A(t) q`` from t to end, on a mesh that is refined as q needs it."""
    h, at_start, retry = 0.05, None, False
    for _ in range(500):
        h = end - t if t + 1.001 * h > end else h
        times = [end if t + c * h > end - 1e-14 else t + c * h for c in se.C]
        at_start = operator(mesh, t) if at_start is None else at_start
        operators = [operator(mesh, time) for time in times]
        new, error = se.radau_step(mesh, operators, at_start, q, h, retry)
        error = (mesh.mass * np.abs(error)).sum()
        ratio = 0.9 * (_TIME_TOLERANCE / max(error, 1e-30)) ** (1 / (se.STAGES + 1))
        if not error <= _TIME_TOLERANCE:
            h, retry = h * (max(0.1, min(ratio, 0.8)) if error < np.inf else 0.1), True
            continue
        unresolved, finer = _refine(mesh, new)
        if unresolved > 1e3 * _SPACE_TOLERANCE:  # again on the finer mesh
            mesh, q, at_start = finer, mesh.interpolate(q, finer.nodes), None
            continue
        t, h, retry, at_start = times[-1], h * min(5.0, ratio), False, operators[-1]
        if finer is not mesh:
            mesh, new, at_start = finer, mesh.interpolate(new, finer.nodes), None
        q = new
        if t == end:
            return mesh, q
        if len(mesh.widths) > 800:
            break
    raise RuntimeError(
        f"Fokker-Planck: not resolved with 500 steps and 800 panels, stuck at phi = {t:.4g} of 1.571 "
        "(sigma = s cot phi). Is the denoiser smooth in x and finite everywhere?"
    )


def _refine(mesh: se.Mesh, q: np.ndarray) -> tuple[float, se.Mesh]:
    """The largest unresolved mass of a panel, and a mesh that halves the coarse panels.

    Where q has reached an end of the mesh, a panel is added there.
    """
    unresolved = np.abs(mesh.modes(q)[:, -3:]).max(axis=1) * mesh.widths
    coarse = unresolved > _SPACE_TOLERANCE
    edges = np.concatenate([mesh.edges, 0.5 * (mesh.edges[:-1] + mesh.edges[1:])[coarse]])
    reached = np.abs(mesh.split(q)[[0, -1]]).max(axis=1) > _EDGE_TOLERANCE
    span = 0.1 * (mesh.edges[-1] - mesh.edges[0])
    edges = np.concatenate([edges, (mesh.edges[[0, -1]] + np.array([-span, span]))[reached]])
    finer = mesh if len(edges) == len(mesh.edges) else se.Mesh(np.sort(edges))
    return unresolved.max(), finer


def _centre(D: Drift, s: float, start: float) -> float:
    """A point within about 4 s of the data, by a few steps of D at sigma = 4 s."""
    m = start
    for _ in range(30):
        previous, m = m, D(np.array([m]), 4 * s).item()
        if abs(m - previous) < s:
            break
    return m


def _as_law(mesh: se.Mesh, q: np.ndarray, m: float, s: float) -> Law:
    u = np.unique(np.linspace(mesh.edges[:-1], mesh.edges[1:], 33))
    density = mesh.interpolate(q, u)
    mass = 0.5 * (density[1:] + density[:-1]) * np.diff(u)
    lo = u[np.argmax(np.cumsum(mass) > _TAIL)]
    hi = u[-1 - np.argmax(np.cumsum(mass[::-1]) > _TAIL)]
    margin = 1e-3 * (hi - lo)  # no sliver of a panel at the ends
    inner = mesh.edges[(mesh.edges > lo + margin) & (mesh.edges < hi - margin)]
    edges = np.concatenate([[lo], inner, [hi]])
    floor = 1e-13 * density.max()

    def log_density(x):
        p = mesh.interpolate(q, ((x - m) / s).ravel()).reshape(x.shape)
        return np.log(np.maximum(p, floor))

    law = density_law(log_density, m + s * edges)
    # the moments straight from q, free of the fit and of the cut tails
    weights, x = mesh.mass * q, m + s * mesh.nodes
    mean = weights @ x
    var, third = weights @ (x - mean) ** 2, weights @ (x - mean) ** 3
    return replace(law, mean=float(mean), std=float(np.sqrt(var)), skew=float(third / var**1.5))
