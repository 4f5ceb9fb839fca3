"""The truths of chapter 3's checkers against computations that do not use their formulas."""

import math

import numpy as np
import torch
from scipy.integrate import solve_ivp
from scipy.special import expit, ndtri

from guidelib.checks.ch03 import EXERCISES
from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.transport import ode_law, sde_law
from guidelib.guidance import cfg


def truth(label):
    return EXERCISES[label].truth


def variances(x, sigma, cond=None):
    """The class N(0, 1) in the whole N(0, 2)."""
    variance = 2.0 if cond is None else 1.0
    return x * variance / (variance + sigma**2)


def test_below_one_the_laws_have_these_variances():
    widest, narrowest, sde_variance = truth("ex-below-one")
    half = cfg(variances, 0.5)
    laws = {"ODE": ode_law(half, 1e6, 0).std ** 2, "SDE": sde_law(half, 1e6, 0).std ** 2, "tilted": 4 / 3}
    assert abs(laws["SDE"] - sde_variance) < 1e-5
    assert (max(laws, key=laws.get), min(laws, key=laws.get)) == (widest, narrowest)
    answer = EXERCISES["ex-below-one"].variant.answer
    for g in (0.25, 5.0):
        assert abs(ode_law(cfg(variances, g), 1e6, 0).std ** 2 - answer(g, "ODE")) < 1e-6
        assert abs(sde_law(cfg(variances, g), 1e6, 0).std ** 2 - answer(g, "SDE")) < 1e-5


def test_the_excess_is_that_of_two_densities_on_a_grid():
    g, q, a, b = 2.5, 1.7, 0.6, 2.2
    x = torch.linspace(-30, 30, 60_001, dtype=torch.float64)

    def variance(log_p):
        p = log_p.softmax(0)
        return (p @ x**2).item()

    def tilted(sigma):
        whole, one = (GaussianMixture([1.0], [0.0], [v]) for v in (b, a))
        return g * one.log_prob(x, sigma) + (1 - g) * whole.log_prob(x, sigma)

    excess = variance(tilted(0.0)) + q - variance(tilted(q**0.5))  # independent noise adds its variance
    assert abs(truth("ex-not-a-copy")(g, q, a, b) - excess) < 1e-9


def test_both_code_bases_are_guided_denoisers_of_two_scales():
    world = GaussianMixture([0.3, 0.7], [0.0, -3.0], [1.0, 0.5])
    x, y = torch.linspace(-6, 3, 20, dtype=torch.float64), torch.arange(20) % 2
    first, second = truth("ex-whose-scale")(world, x, 1.3, y, 4.5)
    assert torch.allclose(first, cfg(world, 4.5)(x, 1.3, y), atol=1e-12)
    assert torch.allclose(second, cfg(world, 5.5)(x, 1.3, y), atol=1e-12)


def test_the_walls_denoise_as_tweedie_says():
    x, sigma = torch.linspace(-2.5, 2.5, 25, dtype=torch.float64, requires_grad=True), 0.9
    edges = torch.tensor([1.0, 2.0], dtype=torch.float64)

    def mass(x):  # of the uniform class on the right, noised
        return (torch.special.ndtr((x[:, None] - edges) / sigma) @ edges.new_tensor([1.0, -1.0])).log()

    for cond, log_p in (
        (torch.zeros(25), mass(x)),
        (torch.ones(25), mass(-x)),
        (None, torch.logaddexp(mass(x), mass(-x))),
    ):
        (score,) = torch.autograd.grad(log_p.sum(), x)
        assert torch.allclose(truth("ex-edge")(x, sigma, cond), x + sigma**2 * score, atol=1e-4)


def test_a_wrong_start_ends_where_the_laws_say():
    lam, sigma_max, prior_mean = 0.7, 6.0, -3.0
    world = GaussianMixture([0.5, 0.5], [0.0, -4.0], [lam**2, 1.0])
    means = truth("ex-wrong-start")(prior_mean, sigma_max, lam)
    for law, mean in zip((ode_law, sde_law), means, strict=True):
        assert abs(law(world, sigma_max, 0, prior_mean=prior_mean).mean - mean) < 1e-6


def test_the_race_at_a_large_scale_comes_near_its_limits():
    power, factor, spread = truth("ex-run-away")
    u0, means = ndtri((np.arange(2000) + 0.5) / 2000), []
    for w in (1e4, 1e6):
        far = 40 + 3 * w**0.5
        u = solve_ivp(lambda r, u, w=w: w * expit(-(r * u + r**2 / 2)), (0, far), u0, method="LSODA",
                      rtol=1e-10, atol=1e-10).y[:, -1]  # fmt: skip
        means.append(u.mean())
    assert abs(math.log10(means[1] / means[0]) / 2 - power) < 1e-3
    assert abs(means[1] / 1e3 - factor) < 1e-3 and abs(u.std() - spread) < 2e-3
