"""Distances between sets of features against closed forms and other people's square roots."""

import numpy as np
import pytest
import scipy.linalg
import torch
from sklearn.neighbors import NearestNeighbors
from worlds import generator

from guidelib import metrics
from guidelib.datasets.gaussian import gaussian_power, gaussian_samples


def normal(n, *shape, seed=0):
    return torch.randn(n, *shape, generator=generator(seed), dtype=torch.float64)


def test_frechet_distance_is_that_of_the_matrix_square_root():
    a, b = normal(50, 6), 1 + normal(60, 6, seed=1) @ normal(6, 6, seed=2)
    C_a, C_b = np.cov(a.T), np.cov(b.T)
    root = scipy.linalg.sqrtm(C_a @ C_b).real
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(C_a + C_b - 2 * root)
    assert metrics.frechet_distance(a, b) == pytest.approx(float(expected), rel=1e-9)
    assert metrics.frechet_distance(a, a) == pytest.approx(0, abs=1e-9)
    assert metrics.frechet_distance(a, a + 2) == pytest.approx(24), "6 features, moved by 2"


def test_one_feature_is_the_distance_of_two_normals():
    a = normal(40, 1)
    gap = (3 * a).std() - a.std()
    assert metrics.frechet_distance(a - a.mean(), 3 * (a - a.mean())) == pytest.approx(float(gap**2))


def test_more_features_than_vectors():
    """Covariances without full rank, as small sets have them."""
    assert 0 < metrics.frechet_distance(normal(5, 20), normal(5, 20, seed=1)) < float("inf")


def test_precision_and_recall_are_those_of_the_neighbours():
    real, made = normal(40, 3), 0.5 * normal(30, 3, seed=1)
    shares = []
    for points, of in ((made, real), (real, made)):
        radius = NearestNeighbors(n_neighbors=4).fit(of).kneighbors(of)[0][:, -1]
        inside = torch.cdist(points, of).numpy() <= radius
        shares.append(inside.any(1).mean())
    assert metrics.precision_recall(real, made, k=3) == pytest.approx(tuple(shares))
    assert metrics.precision_recall(real, real) == (1, 1)
    assert metrics.precision_recall(real, made + 100) == (0, 0)
    assert shares[0] > shares[1] + 0.2, "a narrow set is precise and recalls little"


def test_diversity_is_the_mean_distance():
    assert metrics.diversity(torch.tensor([[0.0, 0], [3, 4], [0, 0]])) == pytest.approx(10 / 3)
    assert metrics.diversity(torch.zeros(3, 2)) == 0


def test_the_power_spectrum_is_that_of_the_texture():
    images = gaussian_samples(4000, 24, generator(), gaussian_power("ring 0.11", 24))[:, None]
    found, true = metrics.power_spectrum(images), gaussian_power("ring 0.11", 24)
    assert found.sum().item() == pytest.approx(true.sum().item(), rel=0.02)
    assert metrics.log_spectral_distance(found, true) < 0.05  # 4000 images: sqrt(2/4000) = 0.02 or less
    assert metrics.log_spectral_distance(2 * true, true) == pytest.approx(np.log(2))


@pytest.mark.parametrize(
    "bad",
    [
        lambda: metrics.frechet_distance(normal(1, 3), normal(5, 3)),
        lambda: metrics.frechet_distance(normal(5, 2), normal(5, 3)),
        lambda: metrics.precision_recall(normal(3, 2), normal(9, 2)),
        lambda: metrics.diversity(normal(1, 2)),
    ],
)
def test_bad_sets(bad):
    with pytest.raises(ValueError, match="need|same features"):
        bad()
