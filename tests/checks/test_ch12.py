"""The truths of chapter 12's checkers against computations that do not use their formulas."""

import math

import torch

from guidelib.checks.ch12 import EXERCISES
from guidelib.datasets.gaussian import band, gaussian_samples
from guidelib.guidance import cfg


def seed(n):
    return torch.Generator().manual_seed(n)


def test_the_errors_of_shares_are_those_of_repeated_draws():
    one, two, needed = EXERCISES["ex-resolved"].truth
    draws = torch.rand(4000, 600, generator=seed(1)).lt(0.6).double().mean(1)
    assert abs(draws.std() / one - 1) < 0.05
    assert abs((draws[:2000] - draws[2000:]).std() / two - 1) < 0.05
    assert abs(2 * math.sqrt(2 * 0.24 / needed) - 0.02) < 1e-9


def test_the_frequency_of_a_band_is_the_one_it_was_made_with():
    images = gaussian_samples(200, 24, seed(2), band(24, frequency=0.2, angle=30))
    assert abs(EXERCISES["ex-shown"].truth(images) - 0.2) < 0.01


def test_the_contrast_between_textures_is_that_of_a_sum_of_scaled_images():
    weights = torch.tensor([0.2, 0.3, 0.5], dtype=torch.float64)
    t = torch.arange(64, dtype=torch.float64)
    waves = torch.stack([torch.cos(2 * math.pi * k * t / 64) for k in (3, 7, 12)])
    mixed = (weights[:, None] * waves).sum(0)
    measured = mixed.std(correction=0) / waves[0].std(correction=0)
    assert torch.allclose(EXERCISES["ex-chord"].truth(weights), measured)


def test_the_reading_is_that_of_the_guided_denoiser():
    x, plain, cond = torch.randn(3, 4, 5, 5, generator=seed(3), dtype=torch.float64)
    guided = cfg(lambda x, sigma, y=None: plain if y is None else cond, 3.0)
    residual = guided(x, 1.0, torch.zeros(4)) - x
    measured = residual.flatten(1).norm(dim=1) / 5
    assert torch.allclose(EXERCISES["ex-stall"].truth(x, plain, cond, 3.0), measured)
