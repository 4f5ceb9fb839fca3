"""The truths of chapter 10's checkers against computations that do not use their formulas."""

import torch

from guidelib import checkpoints
from guidelib.checks.ch10 import EXERCISES
from guidelib.exact.mixtures import GaussianMixture
from guidelib.experiments import mixture
from guidelib.guidance.features import feature_guided
from guidelib.recipes.mixture64 import points


def seed(n):
    return torch.Generator().manual_seed(n)


def test_decibels_are_those_of_the_book():
    gone, grown = EXERCISES["ex-decibels"].truth
    error = 0.01
    psnr = -10 * torch.tensor([error, error * (1 - gone), error * grown]).log10()
    assert torch.allclose(psnr - psnr[0], torch.tensor([0.0, 1.45, -3.4]), atol=1e-4)


def test_the_law_of_an_example_is_the_posterior_of_a_mixture():
    world = GaussianMixture([0.5, 0.5], [0.0, 2.0], [1.0, 1.0])
    x = world.conditional(0).sample(4000, seed(1))[0]
    log_p = torch.stack([world.conditional(k).log_prob(x) for k in (0, 1)], 1)
    share = EXERCISES["ex-exemplar-law"].truth(log_p[:, None])
    assert torch.allclose(share, world.posterior(x, 0.0).mean(0))
    paired = EXERCISES["ex-exemplar-law"].truth(log_p.reshape(2000, 2, 2))
    assert paired[1] < share[1] and abs(share[1] - 0.2248) < 0.02  # e(4) for one example


def test_the_gain_of_pairs_is_that_of_least_squares():
    sigma, tau, d = 0.8, 0.1, 16
    g = seed(2)
    centre = 50 * torch.randn(200_000, generator=g, dtype=torch.float64)  # flat: classes lie anywhere
    clean, example, noise = torch.randn(3, 200_000, generator=g, dtype=torch.float64)
    clean, example = centre + tau * clean, centre + tau * example
    noisy = clean + sigma / d**0.5 * noise
    gain = ((clean - noisy) @ (example - noisy)) / (example - noisy).square().sum()
    assert abs(gain - EXERCISES["ex-pair-gain"].truth(sigma, tau, d)) < 0.01


def test_the_guided_error_is_that_of_correlated_errors():
    g, a, b, c = 4.0, 0.5, 0.8, 0.6
    first, second = torch.randn(2, 400_000, generator=seed(3), dtype=torch.float64)
    delta_y, delta = a * first, b * (c * first + (1 - c**2) ** 0.5 * second)
    error = (delta_y + (g - 1) * (delta_y - delta)).square().mean().sqrt()
    assert abs(error / EXERCISES["ex-amplified"].truth(g, a, b, c) - 1) < 0.005


@torch.no_grad()
def test_the_three_ways_are_those_of_the_shipped_network():
    net, train = checkpoints.load("mixture64-feature"), points("train", 50_000)
    phi = net.phi_y(train.images, train.labels).values
    zeros, coin = torch.zeros(600, dtype=torch.int64), torch.arange(600) % 2
    ways = (
        (lambda x, sigma, cond: net(x, sigma), zeros),
        (feature_guided(net, phi.mean(0, keepdim=True)), zeros),
        (feature_guided(net, phi), coin),
    )
    for (denoiser, cond), share in zip(ways, EXERCISES["ex-three-ways"].truth, strict=True):
        found = (mixture.draw(denoiser, cond) > -4).double().mean()
        assert abs(found - share) < 0.03
