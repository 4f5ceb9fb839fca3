"""The truths of chapter 4's checkers against computations that do not use their formulas."""

import torch
from scipy.optimize import minimize_scalar

from guidelib.checks.ch04 import EXERCISES
from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.textures import TextureMixture
from guidelib.exact.transport import mixture_law, ode_law, sde_law, wasserstein1
from guidelib.guidance import cfg, denoised_feature, forcing
from guidelib.samplers import sample_ddim
from guidelib.schedules import geometric_sigmas


def truth(label):
    return EXERCISES[label].truth


def test_the_second_lab_gets_the_narrower_samples():
    one = GaussianMixture([1.0], [0.0], [1.0])
    rule = forcing(one, [0.0], lambda s: 0.5 / (1 + s**2))
    std = {sigma_max: ode_law(rule, sigma_max, 0).std for sigma_max in (10.0, 1e3, 1e5)}
    narrower, factor = truth("ex-point")
    assert narrower == "second" and abs(std[10.0] / std[1e3] - factor) < 0.1  # 10 is not yet far out
    assert abs(std[1e3] / std[1e5] - EXERCISES["ex-point"].variant.answer(0.5, 1e3, 1e5)) < 1e-4


def test_the_missing_force_tends_to_a_constant():
    weights = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64)
    means, sigma = torch.tensor([-2.0, 1.0, 7.0], dtype=torch.float64), 1e5
    world = GaussianMixture(weights, means, [1.0] * 3)
    x = torch.linspace(-100, 100, 5, dtype=torch.float64)
    for y in range(3):
        label = torch.full((5,), y)
        exact = truth("ex-constant")(means, weights, y)
        for rule in (cfg(world, 1), denoised_feature(world, means, 1.0)):
            push = rule(x, sigma, label) - world(x, sigma)  # sigma^2, here v, times the force
            assert (push - exact).abs().max() < 1e-3


def test_matched_features_have_these_variances():
    # the feature alone is a line: the exact denoiser of N(target, tau^2), or a hard match
    n, tau, generator = 4000, 0.5, torch.Generator().manual_seed(0)
    exemplars = tau * torch.randn(n, generator=generator, dtype=torch.float64)
    start = 100 * torch.randn(n, generator=generator, dtype=torch.float64)
    rules = (
        lambda x, s, c: torch.zeros_like(x),
        lambda x, s, c: exemplars,
        lambda x, s, c: exemplars + tau**2 / (tau**2 + s**2) * (x - exemplars),
    )
    sigmas = geometric_sigmas(300, 0.01, 100.0)
    for rule, variance in zip(rules, truth("ex-exemplar"), strict=True):
        ours = sample_ddim(rule, start, sigmas, torch.zeros(n).long()).var().item() / tau**2
        assert abs(ours - variance) < 0.12


def test_overlapping_classes_are_missed_by_this_much():
    pair = GaussianMixture([0.5, 0.5], [0.0, -2.0], [1.0, 1.0])
    target = mixture_law(pair, 0)

    def miss(r, law_of):
        off = (4 / r**2 - 1) ** 0.5
        rule = denoised_feature(pair, [0.0, -2.0], lambda s: s > off)
        return wasserstein1(law_of(rule, 100.0, 0, breaks=[off]), target)

    unpushed, best, r_off = truth("ex-overlap")
    found = minimize_scalar(miss, (1.5, 1.6, 1.7), args=(sde_law,), tol=1e-3)
    assert abs(wasserstein1(mixture_law(pair), target) - unpushed) < 1e-3
    assert abs(found.fun - best) < 1e-3 and abs(found.x - r_off) < 0.01
    of_ode = minimize_scalar(miss, (1.3, 1.4, 1.5), args=(ode_law,), tol=1e-3).x
    named = [wrong.answer[2] for wrong in EXERCISES["ex-overlap"].wrong if "ODE" in wrong.name]
    assert abs(of_ode - named[0]) < 0.01


def test_a_push_without_end_leaves_this_spread():
    kappa, off, lam = 0.3, 0.6, 1.4
    one = GaussianMixture([1.0], [0.0], [lam**2])
    rule = denoised_feature(one, [0.0], lambda s: kappa * (s > off))
    law = ode_law(rule, 1e5, 0, breaks=[off])  # let go, the cloud shrinks with the noisy class
    assert abs(law.std / lam * (lam**2 + off**2) ** 0.5 - truth("ex-never")(kappa, off, lam)) < 1e-6


def test_the_cone_is_tight():
    delta, ratios = 1.7, []
    for t in torch.linspace(0.001, delta, 200, dtype=torch.float64):
        logs = torch.tensor([[0.3, -0.2], [0.3, -0.2]], dtype=torch.float64)
        logs[1, 1] += t
        J = TextureMixture([0.5, 0.5], [0.0, 0.0], logs.exp()).jeffreys()[0, 1]
        ratios.append((J / ((logs[0] - logs[1]) / 2**0.5).square().sum()).item())
    lower, upper = truth("ex-cone")(delta)
    assert abs(min(ratios) - lower) < 1e-6 and abs(max(ratios) - upper) < 1e-9
