"""The truths of chapter 11's checkers against computations that do not use their formulas."""

import torch

from guidelib.checks.ch11 import EXERCISES
from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.textures import TextureMixture
from guidelib.geometry import noise_levels, separation


def seed(n):
    return torch.Generator().manual_seed(n)


def test_strays_of_two_round_classes():
    share, scaled = EXERCISES["ex-stray"].truth
    centres = torch.tensor([[0.0, 0.0], [4.0, 0.0]], dtype=torch.float64)
    y = torch.arange(2).repeat_interleave(200_000)
    phi = centres[y] + torch.randn(400_000, 2, generator=seed(1), dtype=torch.float64)
    assert abs(separation(phi, y, centres)[0, 1] - 16) < 0.2
    assert abs(separation(10 * phi, y, 10 * centres)[0, 1] - scaled) < 0.2
    stray = torch.cdist(phi, centres).argmin(1) != y
    assert abs(stray.double().mean() - share) < 0.001


def test_the_share_is_an_integral_of_squared_score_differences():
    lam, low, high = 0.7, 0.2, 1.5
    a, b = (GaussianMixture([1.0], [m], [lam**2]) for m in (0.0, 0.9))
    x = torch.linspace(-25, 25, 20_001, dtype=torch.float64)

    def integrand(s):
        weight = a.log_prob(x, s).exp() + b.log_prob(x, s).exp()
        return (weight * (a.score(x, s) - b.score(x, s)).square()).sum() * (x[1] - x[0]) * s**2

    def integral(low, high):
        levels, weights = noise_levels(40, low, high)
        return sum(w * integrand(s) for w, s in zip(weights, levels.tolist(), strict=True))

    log_ratio = a.log_prob(x) - b.log_prob(x)
    whole = ((a.log_prob(x).exp() - b.log_prob(x).exp()) * log_ratio).sum() * (x[1] - x[0])
    assert abs(integral(low, high) / whole - EXERCISES["ex-share"].truth(lam, low, high)) < 1e-4


def test_the_distance_of_denoisers_is_jeffreys_divergence():
    a, b = (GaussianMixture([1.0], [0.0], [v]) for v in (1.0, 3.0))
    x = torch.linspace(-25, 25, 20_001, dtype=torch.float64)
    levels, weights = noise_levels(30, 0.1, 2.0)
    rows = []
    for s in levels.tolist():
        square = (a(x, s) - b(x, s)).square() * (x[1] - x[0])
        rows.append(torch.stack([(p.log_prob(x, s).exp() * square).sum() for p in (a, b)]))
    ours = EXERCISES["ex-denoisers"].truth(torch.stack(rows), levels, weights)
    world = TextureMixture([0.5, 0.5], [0.0, 0.0], [[1.0], [3.0]])
    assert abs(ours - (world.jeffreys(0.1) - world.jeffreys(2.0))[0, 1]) < 1e-4


def test_the_way_with_stops_is_a_sum_of_roots_and_the_shortest_of_its_kind():
    way = EXERCISES["ex-stopovers"].truth
    powers = 5.0 ** (torch.arange(4, dtype=torch.float64) / 3)
    root = TextureMixture([0.25] * 4, [0.0] * 4, powers[:, None]).jeffreys().sqrt()
    assert abs(root.diagonal(1).sum() - way(5.0, 2)) < 1e-9
    stop = torch.linspace(1.1, 4.9, 381, dtype=torch.float64)
    line = torch.cat([torch.tensor([1.0, 5.0], dtype=torch.float64), stop])
    J = TextureMixture([1 / 383] * 383, [0.0] * 383, line[:, None]).jeffreys().sqrt()
    assert abs((J[0] + J[1])[2:].min() - way(5.0, 1)) < 1e-4
