"""Separation, the quadrature of the density distance, and its estimate, where the answers are known."""

import math

import pytest
import torch

from guidelib.datasets import gaussian_textures
from guidelib.geometry import (
    centroids,
    channel_means,
    cone,
    noise_levels,
    score_differences,
    separation,
    squared_distances,
)
from guidelib.layout import spread_out, two_dimensional
from guidelib.nets import ProjectedUNet


def seed(n):
    return torch.Generator().manual_seed(n)


def test_channel_means_are_the_features_of_a_projected_network():
    torch.manual_seed(0)
    net = ProjectedUNet(widths=(4, 6, 8))
    images = torch.rand(7, 1, 16, 16, generator=seed(0))
    with torch.no_grad():
        torch.testing.assert_close(channel_means(net, images, batch=3), net.features(images))
    labels = torch.tensor([0, 1, 1, 0, 2, 2, 2])
    ours = centroids(channel_means(net, images), labels)
    torch.testing.assert_close(ours, net.phi_y(images, labels).values)
    with pytest.raises(ValueError, match="class 1 has no image"):
        centroids(torch.zeros(2, 3), torch.tensor([0, 2]))


def test_separation_is_the_squared_distance_in_widths():
    z = torch.randn(40_000, 3, generator=seed(1), dtype=torch.float64)
    labels = torch.arange(2).repeat_interleave(20_000)
    width = torch.tensor([[1.0, 9.0, 9.0], [3.0, 9.0, 9.0]], dtype=torch.float64)
    phi_y = torch.tensor([[0.0, 0.0, 0.0], [4.0, 0.0, 0.0]], dtype=torch.float64)
    ratio = separation(phi_y[labels] + width[labels] * z, labels, phi_y)
    assert ratio.diagonal().isnan().all() and ratio[0, 1] == ratio[1, 0]
    assert abs(ratio[0, 1] / (16 / 5) - 1) < 0.05  # the mean of the variances 1 and 9
    again = separation(10 * (phi_y[labels] + width[labels] * z), labels, 10 * phi_y)
    torch.testing.assert_close(again, ratio, equal_nan=True)


def test_noise_levels_integrate_a_power_in_the_logarithm():
    levels, weights = noise_levels(6, 0.1, 2.0)
    assert abs((weights * levels**2).sum() - (2.0**2 - 0.1**2) / 2) < 1e-4
    assert abs(weights.sum() - math.log(20)) < 1e-12


def test_with_exact_denoisers_the_estimate_is_jeffreys_divergence():
    world = gaussian_textures(16, ("ring 0.11", "band 0", "cloud 2"))
    images, labels = world.sample(900, seed(2), torch.arange(3).repeat_interleave(300))
    levels, weights = noise_levels(6, 0.05, 1.0)
    A = score_differences(world, images, labels, levels, seed(3), batch=50)
    assert (A.diagonal(dim1=1, dim2=2) == 0).all()
    d2 = (weights[:, None, None] * (A + A.mT)).sum(0)
    exact = world.jeffreys(0.05) - world.jeffreys(1.0)
    i, j = torch.triu_indices(3, 3, 1)
    assert (d2[i, j] / exact[i, j] - 1).abs().max() < 0.08


def test_the_cone_holds_the_central_pairs():
    square = torch.ones(101, dtype=torch.float64)
    A, B = cone(torch.arange(101, dtype=torch.float64), square)
    assert abs(A - 5) < 1e-9 and abs(B - 95) < 1e-9


def test_points_of_the_plane_are_laid_out_as_they_are():
    points = torch.randn(20, 2, generator=seed(4), dtype=torch.float64)
    place = two_dimensional(squared_distances(points).sqrt())
    torch.testing.assert_close(squared_distances(place), squared_distances(points), atol=1e-6, rtol=1e-6)


def test_nothing_overlaps_after_spreading_out_and_far_things_stay():
    points = torch.tensor([[0.0, 0.0], [0.1, 0.05], [0.15, 0.0], [9.0, 9.0]], dtype=torch.float64)
    place = spread_out(points, 1.0)
    gap = (place[:, None] - place[None]).abs().amax(2) + 9 * torch.eye(4)
    assert gap.min() > 0.999 and torch.equal(place[3], points[3])
