"""The law object, laws of known densities, and distances between laws."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import ndtr
from scipy.stats import norm

from guidelib.exact.law import fit_law
from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.transport import (
    kl,
    mixture_law,
    tilted_law,
    tilted_law_of,
    wasserstein1,
    wasserstein2,
)


def gaussian(mean, std):
    return mixture_law(GaussianMixture([1.0], [mean], [std**2]))


def log_normal(mean, var):
    return lambda x: -((x - mean) ** 2) / (2 * var)


@st.composite
def mixtures(draw):
    K = draw(st.integers(1, 4))
    weights = np.array(draw(st.lists(st.floats(0.02, 1), min_size=K, max_size=K)))
    means = draw(st.lists(st.floats(-20, 20), min_size=K, max_size=K))
    stds = np.array(draw(st.lists(st.floats(0.05, 3), min_size=K, max_size=K)))
    return GaussianMixture(weights / weights.sum(), means, stds**2)


@settings(max_examples=25, deadline=None)
@given(mixtures())
def test_a_mixture_law_is_the_mixture(m):
    law = mixture_law(m)
    means, stds = m.means.numpy(), [m.conditional(k).cov.sqrt().item() for k in range(m.num_classes)]
    weights = m.weights.numpy()
    assert law.mean == pytest.approx(float(m.mean), abs=1e-8)
    assert law.std == pytest.approx(float(m.cov) ** 0.5, rel=1e-7)
    x = np.concatenate([mu + s * np.linspace(-6, 6, 31) for mu, s in zip(means, stds, strict=True)])
    np.testing.assert_allclose(law.cdf(x), norm.cdf(x[:, None], means, stds) @ weights, atol=2e-9)
    density = norm.pdf(x[:, None], means, stds) @ weights
    np.testing.assert_allclose(law.pdf(x), density, rtol=1e-4, atol=1e-6 * density.max())
    q = np.linspace(0.001, 0.999, 200)
    np.testing.assert_allclose(law.cdf(law.quantile(q)), q, atol=1e-12)
    assert (np.diff(law.quantile(q)) > 0).all()


def test_skew_is_the_third_standardised_moment():
    m = GaussianMixture([0.8, 0.2], [0.0, 3.0], [1.0, 0.25])
    p = mixture_law(m)
    third = quad(lambda x: (x - p.mean) ** 3 * p.pdf(x), -12, 12, epsabs=1e-10, limit=200)[0]
    assert p.skew == pytest.approx(third / p.std**3, abs=1e-7)


def test_numbers_in_numbers_out_and_any_shape():
    law = gaussian(1.0, 2.0)
    assert law.cdf(1.0) == pytest.approx(0.5, abs=1e-12) and np.ndim(law.pdf(1.0)) == 0
    assert law.pdf(np.zeros((2, 3))).shape == law.quantile(np.full((2, 3), 0.3)).shape == (2, 3)
    assert law.quantile(0.0) == -np.inf and law.quantile(1.0) == np.inf
    with pytest.raises(dataclasses.FrozenInstanceError):
        law.mean = 0.0


def test_tails_are_exact_far_out():
    law = gaussian(0.0, 1.0)
    x = np.array([-30.0, -12.0, -9.0, 9.0, 12.0, 30.0])  # inside the panels and beyond
    np.testing.assert_allclose(law.log_pdf(x), norm.logpdf(x), rtol=0.02)
    np.testing.assert_allclose(law.log_pdf(x[1:-1]), norm.logpdf(x[1:-1]), rtol=1e-5)
    np.testing.assert_allclose(law.cdf(x[1:3]), ndtr(x[1:3]), rtol=1e-3)


@pytest.mark.parametrize("g", [-0.5, 0.0, 0.5, 1.0, 3.0, 10.0])
def test_tilted_gaussians(g):
    # the class N(1, 1) within N(0, 2): precision (g + 1)/2, mean 2g/(g + 1)
    law = tilted_law_of(log_normal(1.0, 1.0), log_normal(0.0, 2.0), g)
    assert law.std**2 == pytest.approx(2 / (g + 1), rel=1e-10)
    assert law.mean == pytest.approx(2 * g / (g + 1), abs=1e-10)


@pytest.mark.parametrize("g", [0.0, 1.0, 2.0, 4.0, 30.0])
def test_tilted_law_is_the_quadrature(g):
    m = GaussianMixture([0.3, 0.5, 0.2], [0.0, -2.0, 3.0], [1.0, 4.0, 0.25])
    law = tilted_law(m, 0, g)

    x = np.linspace(-15.0, 15.0, 100_001)
    log_p = norm.logpdf(x[:, None], [0.0, -2.0, 3.0], [1.0, 2.0, 0.5])
    log_tilted = g * log_p[:, 0] + (1 - g) * np.log(np.exp(log_p) @ [0.3, 0.5, 0.2])
    mass = np.exp(log_tilted - log_tilted.max())  # smooth and 0 at both ends: plain sums converge fast
    mean = (mass * x).sum() / mass.sum()
    assert law.mean == pytest.approx(mean, abs=1e-8)
    std = np.sqrt((mass * (x - mean) ** 2).sum() / mass.sum())
    assert law.std == pytest.approx(std, abs=1e-8)
    if g in (0.0, 1.0):
        assert wasserstein1(law, mixture_law(m, 0 if g else None)) < 1e-9


def test_distances_between_gaussians():
    p, q = gaussian(0.0, 1.0), gaussian(1.0, 2.0)
    assert kl(p, q) == pytest.approx(np.log(2) + 2 / 8 - 0.5, abs=1e-9)
    assert kl(q, p) == pytest.approx(-np.log(2) + 5 / 2 - 0.5, abs=1e-9)
    assert wasserstein2(p, q) == pytest.approx(np.sqrt(2), abs=1e-9)
    # |mu + s z| with mu = s = 1, a folded normal: the quantile functions cross
    assert wasserstein1(p, q) == pytest.approx(2 * norm.pdf(1) + 1 - 2 * norm.cdf(-1), abs=1e-8)
    far = gaussian(5.0, 1.0)
    assert wasserstein1(p, far) == pytest.approx(5.0, abs=1e-9)
    assert kl(p, far) == pytest.approx(12.5, abs=1e-8)


def test_distances_across_a_gap():
    # moving a fifth of the mass from one mode to the other, 40 to the right
    p, q = (mixture_law(GaussianMixture([a, 1 - a], [0.0, 40.0], [1.0, 1.0])) for a in (0.6, 0.4))
    assert wasserstein1(p, q) == pytest.approx(0.2 * 40, abs=1e-6)
    assert kl(p, q) == pytest.approx(0.2 * np.log(1.5), abs=1e-8)


@settings(max_examples=6, deadline=None)
@given(mixtures(), mixtures())
def test_distances_are_distances(a, b):
    p, q = mixture_law(a), mixture_law(b)
    assert wasserstein1(p, p) < 1e-9 and wasserstein2(p, p) < 1e-6 and abs(kl(p, p)) < 1e-9
    assert wasserstein1(p, q) == pytest.approx(wasserstein1(q, p), rel=1e-6, abs=1e-9)
    assert abs(p.mean - q.mean) - 1e-7 <= wasserstein1(p, q) <= wasserstein2(p, q) + 1e-7
    assert kl(p, q) > -1e-7
    low, high = min(p.edges[0], q.edges[0]), max(p.edges[-1], q.edges[-1])
    x = np.linspace(low, high, 40_001)
    assert wasserstein1(p, q) == pytest.approx(
        np.trapezoid(np.abs(p.cdf(x) - q.cdf(x)), x), rel=1e-3, abs=1e-4
    )


def test_bad_input_is_named():
    m = GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0, 9.0])
    with pytest.raises(ValueError, match="cannot be normalised at g = -3"):
        tilted_law(m, 0, -3.0)
    with pytest.raises(ValueError, match="cannot be normalised at g = 3"):
        tilted_law_of(log_normal(0.0, 2.0), log_normal(0.0, 1.0), 3.0)
    for g in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="guidance_scale must be a finite number"):
            tilted_law(m, 0, g)
    for label in (2, -1):
        with pytest.raises(ValueError, match=r"labels must lie in 0\.\.1; got"):
            tilted_law(m, label, 2.0)
    with pytest.raises(ValueError, match="mixture of scalars"):
        mixture_law(GaussianMixture([1.0], [[0.0, 1.0]], [1.0]))
    for q in (-0.1, 1.1, float("nan")):
        with pytest.raises(ValueError, match=r"probabilities in \[0, 1\]"):
            gaussian(0.0, 1.0).quantile(q)
    with pytest.raises(RuntimeError, match="not resolved"):
        fit_law(lambda x: np.sign(x - 0.123) + x, np.linspace(-9.0, 9.0, 9))
