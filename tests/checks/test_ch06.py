"""The truths of chapter 6's checkers against computations that do not use their formulas."""

import math

import torch

from guidelib.checks.ch06 import EXERCISES
from guidelib.denoisers import from_v, to_v
from guidelib.exact.mixtures import GaussianMixture
from guidelib.samplers import sample_ddim, sample_ddpm

WORLD = GaussianMixture([1 / 3, 2 / 3], [-2.0, 1.0], [0.25, 0.25])


def seed(n):
    return torch.Generator().manual_seed(n)


def test_the_lowest_losses_are_those_of_the_exact_denoiser():
    x0_loss, eps_loss = EXERCISES["ex-good-loss"].truth
    world = GaussianMixture([1.0], [0.0], [1.0])
    x0 = world.sample(400_000, seed(1))[0]
    z = torch.randn(400_000, generator=seed(2), dtype=torch.float64)
    D = world(x0 + 2 * z, 2.0)
    assert abs((D - x0).square().mean() - x0_loss) < 0.008
    assert abs(((x0 + 2 * z - D) / 2 - z).square().mean() - eps_loss) < 0.002


def test_the_printed_step_is_the_one_of_the_paper():
    x_t, eps = torch.randn(2, 9, generator=seed(3), dtype=torch.float64)
    alpha_bar, alpha_bar_next = 0.3, 0.4
    alpha = alpha_bar / alpha_bar_next
    printed = (x_t - (1 - alpha) / math.sqrt(1 - alpha_bar) * eps) / math.sqrt(alpha)
    assert torch.allclose(EXERCISES["ex-printed"].truth(x_t, eps, alpha_bar, alpha_bar_next), printed)


def test_the_coat_of_v_is_the_librarys():
    alpha_bar = torch.tensor([0.2], dtype=torch.float64)
    sigma = 2.0
    x = torch.linspace(-3, 3, 7, dtype=torch.float64)
    v = to_v(WORLD, alpha_bar)(x / math.hypot(1, sigma), 0)
    n = math.hypot(1, sigma)
    c_skip, c_out = EXERCISES["ex-any-coat"].truth(-sigma / n, 1 / n, sigma)
    assert torch.allclose(c_skip * x + c_out * v, WORLD(x, sigma))
    assert torch.allclose(from_v(to_v(WORLD, alpha_bar), alpha_bar)(x, sigma), WORLD(x, sigma))


def test_the_photocopier_is_a_mixture_of_spikes():
    clean = torch.randn(5, 3, generator=seed(4), dtype=torch.float64)
    spikes = GaussianMixture(torch.full((5,), 0.2), clean, torch.zeros(5))
    x = torch.randn(8, 3, generator=seed(5), dtype=torch.float64)
    assert torch.allclose(EXERCISES["ex-copier"].truth(x, 0.7, clean), spikes(x, 0.7))


def test_the_displacement_is_that_of_the_samplers():
    delta, levels, x = 0.05, torch.tensor([100.0, 8.0]), torch.zeros(1, dtype=torch.float64)
    truth = EXERCISES["ex-cliff"].truth(delta, 100.0, 8.0)
    for sampler, ours in zip((sample_ddim, sample_ddpm), truth, strict=True):
        ends = [
            sampler(lambda x, sigma, cond=None, d=d: 0 * x - sigma * d, x, levels, generator=seed(6))
            for d in (0.0, delta)
        ]
        assert abs((ends[0] - ends[1]).item() / 8.0 - ours) < 1e-9


def test_the_reading_is_the_residual_of_the_exact_denoiser():
    lam, sigma, rank, dim = 0.8, 0.6, 3, 8
    factor = torch.zeros(1, dim, rank, dtype=torch.float64)
    factor[0, :rank] = lam * torch.eye(rank, dtype=torch.float64)
    world = GaussianMixture([1.0], torch.zeros(1, dim), (factor, 0.0))
    x = world.sample(200_000, seed(7))[0]
    x = x + sigma * torch.randn(x.shape, generator=seed(8), dtype=torch.float64)
    read = (world(x, sigma) - x).square().mean().sqrt()
    assert abs(read / EXERCISES["ex-reading"].truth(sigma, lam, rank, dim) - 1) < 0.003
