"""The truths of chapter 1's checkers against computations that do not use their formulas."""

import math

import torch

from guidelib.checks.ch01 import EXERCISES
from guidelib.denoisers import from_eps, to_eps
from guidelib.exact.mixtures import GaussianMixture
from guidelib.samplers import sample_ddim, sample_heun
from guidelib.schedules import geometric_sigmas

WORLD = GaussianMixture([1 / 3, 2 / 3], [-2.0, 1.0], [0.25, 0.25])


def test_far_points_are_what_the_denoiser_answers():
    at_one, at_infinity = EXERCISES["ex-far"].truth
    far = torch.tensor([30.0], dtype=torch.float64)
    assert abs(WORLD(far, 1.0).item() - at_one) < 1e-9
    assert abs(WORLD(far, 1e7).item() - at_infinity) < 1e-9


def test_the_slope_is_that_of_autograd():
    x, sigma = torch.linspace(-3, 2, 21, dtype=torch.float64, requires_grad=True), 0.8
    (by_autograd,) = torch.autograd.grad(WORLD(x, sigma).sum(), x)
    slope = EXERCISES["ex-second"].truth(WORLD.posterior(x, sigma)[:, 1], 3.0, 0.5, sigma)
    assert torch.allclose(slope, by_autograd, atol=1e-10)


def test_the_step_is_ddim_between_two_levels():
    alpha_bar = torch.tensor([0.7, 0.2], dtype=torch.float64)
    sigmas = ((1 - alpha_bar) / alpha_bar).sqrt()
    x_t = torch.linspace(-2, 2, 9, dtype=torch.float64)
    denoiser = from_eps(to_eps(WORLD, alpha_bar), alpha_bar)
    x = sample_ddim(denoiser, x_t / alpha_bar[1].sqrt(), sigmas.flip(0))
    ours = EXERCISES["ex-vp"].truth(WORLD, x_t, 0.2, 0.7)
    assert torch.allclose(ours, x * alpha_bar[0].sqrt(), atol=1e-12)


def test_the_wreck_is_what_the_wrong_sign_does_to_one_class():
    one, spread, sigma_max = GaussianMixture([1.0], [0.0], [0.25]), 3.0, 10.0
    start = torch.tensor([spread], dtype=torch.float64)
    sigmas = geometric_sigmas(4000, 1e-3, sigma_max)
    end = sample_heun(lambda x, sigma, cond=None: 2 * x - one(x, sigma), start, sigmas)
    assert abs(end.item() / EXERCISES["ex-sign"].truth(spread, sigma_max, 0.5) - 1) < 1e-3


def test_at_the_field_a_second_bump_appears():
    r = 2.7
    b = EXERCISES["ex-bump"].truth(r)
    world = GaussianMixture([1 / (1 + math.exp(b)), 1 / (1 + math.exp(-b))], [-2.0, 1.0], [0.25, 0.25])
    x = torch.linspace(-4, 3, 70_001, dtype=torch.float64)
    modes = []
    for nearer in (0.99, 1.01):
        s = world.score(x, math.sqrt(9 / (r * nearer) ** 2 - 0.25))
        modes.append(((s[:-1] > 0) & (s[1:] <= 0)).sum().item())
    assert modes == [1, 2]
