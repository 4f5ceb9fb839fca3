"""The truths of chapter 2's checkers against computations that do not use their formulas."""

import math

import torch

from guidelib.checks.ch02 import EXERCISES
from guidelib.denoisers import to_eps
from guidelib.exact.mixtures import GaussianMixture
from guidelib.guidance import classifier
from guidelib.samplers import sample_ddim
from guidelib.schedules import geometric_sigmas, linear_alpha_bar, sigma_from_alpha_bar

WORLD = GaussianMixture([1 / 3, 2 / 3], [-2.0, 1.0], [1.0, 1.0])
X = torch.linspace(-6, 6, 25, dtype=torch.float64)


def class0(x):
    return torch.zeros(len(x), dtype=torch.int64)


def gradient(log_prob, x):
    x = x.clone().requires_grad_()
    return torch.autograd.grad(log_prob(x).sum(), x)[0]


def test_each_of_the_three_classifiers_samples_what_is_said():
    laws = {"class": WORLD(X, 2.0, class0(X)), "mixture": WORLD(X, 2.0)}
    log_probs = (
        lambda x, s, y: 0 * x + math.log(1 / 3),
        lambda x, s, y: WORLD.label_log_prob(x, s, y) + WORLD.log_prob(x, s),
        lambda x, s, y: WORLD.label_log_prob(x, s, y) + math.sin(s),
    )
    for log_prob, said in zip(log_probs, EXERCISES["ex-b-invisible"].truth, strict=True):
        D = classifier(WORLD, log_prob, guidance_scale=1)(X, 2.0, class0(X))
        same = [name for name, law in laws.items() if torch.allclose(D, law, atol=1e-9)]
        assert same == ([] if said == "neither" else [said])


def test_the_missing_pull_is_that_of_autograd():
    world = GaussianMixture([0.2, 0.3, 0.5], [-2.0, 0.0, 1.0], [1.0, 0.5, 2.0])
    pulls = [gradient(lambda x, k=k: world.label_log_prob(x, 0.7, class0(x) + k), X) for k in range(3)]
    ours = EXERCISES["ex-b-balance"].truth(world.posterior(X, 0.7), torch.stack(pulls[:2], dim=1))
    assert torch.allclose(ours, pulls[2], atol=1e-10)


def test_the_modest_classifier_is_the_noisy_one():
    pi_0, lam, sigma = 0.3, 0.6, 1.7
    world = GaussianMixture([pi_0, 1 - pi_0], [-1.0, 1.5], [lam**2] * 2)
    clean = torch.stack([world.label_log_prob(X, 0.0, class0(X) + k) for k in (0, 1)], dim=1)
    ours = EXERCISES["ex-b-temper"].truth(clean, math.log(pi_0 / (1 - pi_0)), lam, sigma)
    assert torch.allclose(ours, world.label_log_prob(X, sigma, class0(X)), atol=1e-10)


def test_guided_ddim_is_ddim_with_the_conditional_denoiser():
    alpha_bar = linear_alpha_bar(100, 1e-3, 0.1)
    sigmas, steps = sigma_from_alpha_bar(alpha_bar), [90, 60, 30, 5]

    def log_prob(x_t, t):
        return WORLD.label_log_prob(x_t / alpha_bar[t].sqrt(), sigmas[t], class0(x_t))

    there = sample_ddim(WORLD, X / alpha_bar[90].sqrt(), sigmas[steps], class0(X))
    ours = EXERCISES["ex-b-loop"].truth(to_eps(WORLD, alpha_bar), log_prob, X, alpha_bar, steps)
    assert torch.allclose(ours, there * alpha_bar[5].sqrt(), atol=1e-9)


def test_the_wreck_misses_its_class_by_as_many_widths():
    lam, sigma, sigma_next = 0.5, 80.0, 60.0
    world = GaussianMixture([1 / 3, 2 / 3], [-2.0, 1.0], [lam**2] * 2)
    unaware = classifier(world, lambda x, s, y: world.label_log_prob(x, 0.0, y), guidance_scale=1)
    first = torch.linspace(-3, 3, 601, dtype=torch.float64)
    small = geometric_sigmas(2000, 1e-3, sigma_next)
    once = sample_ddim(unaware, first, [sigma, sigma_next], class0(first)).min()[None]
    end = sample_ddim(unaware, once, small, class0(once))
    assert abs((-2 - end) / lam / EXERCISES["ex-b-forty"].truth(3.0, lam, sigma, sigma_next) - 1) < 0.01


def test_the_rescue_is_too_strong_by_as_much_as_the_formula_says():
    pi_0, gap, lam = 0.3, 2.0, 0.7
    variance, mean = lam**2 + pi_0 * (1 - pi_0) * gap**2, (1 - pi_0) * gap  # class 0 lies at 0
    clean = [pi * math.exp(-((mean - mu) ** 2) / (2 * lam**2)) for pi, mu in ((pi_0, 0), (1 - pi_0, gap))]
    expected = (variance * clean[1] / sum(clean) / lam**2) / (1 - pi_0)
    assert abs(EXERCISES["ex-b-rescue"].truth(pi_0, gap, lam) / expected - 1) < 1e-5
    assert abs(EXERCISES["ex-b-rescue"].variant.answer(pi_0, gap, lam) / expected - 1) < 1e-12
