"""Reconstruction guidance: its gradient in closed form, its error against the exact posterior."""

import pytest
import torch
from worlds import STRUCTURES, mixture, normal, points

from guidelib.exact.mixtures import GaussianMixture
from guidelib.guidance import reconstruction

LABELS = torch.tensor([0, 1, 2, 3, 1, 4])  # 4 is the null label


def test_the_push_runs_through_the_denoiser():
    """Prior N(m, C), y = A x0 + noise: the gradient is J A^T (y - A D)/r^2 with J = C (C + sigma^2)^-1."""
    root, A, y, r = normal(3, 3), normal(2, 3, seed=1), normal(2, seed=2), 0.5
    eye = torch.eye(3, dtype=torch.float64)
    C, m, sigma, g = root @ root.T + 0.1 * eye, normal(1, 3, seed=3), 1.3, 2.5
    world, x = GaussianMixture([1.0], m, C[None]), normal(4, 3, seed=4)

    def log_likelihood(x0, cond):
        return -(y - x0 @ A.T).square().sum(1) / (2 * r**2)

    J = C @ torch.linalg.inv(C + sigma**2 * eye)
    D = m + (x - m) @ J
    expected = D + g * sigma**2 * ((y - D @ A.T) @ A @ J) / r**2
    ours = reconstruction(world, log_likelihood, g)(x, sigma, torch.zeros(4, dtype=torch.int64))
    assert torch.allclose(ours, expected, rtol=1e-10, atol=1e-10)


@pytest.mark.parametrize("sigma", [0.1, 1.0, 10.0, 1000.0])
def test_a_gaussian_prior_is_pushed_too_far_by_one_plus_tau_over_r_squared(sigma):
    """x0 ~ N(0, v), y = x0 + N(0, r^2): the exact step to y is tau/(r^2 + tau), the rule's is tau/r^2.

    tau = v sigma^2/(v + sigma^2) is what x leaves open about x0; in noise it is v.
    """
    v, r, y = 2.0, 0.5, torch.tensor([0.7, -3.0], dtype=torch.float64)
    world, x, label = GaussianMixture([1.0], [0.0], [v]), normal(2), torch.tensor([0, 1])
    tau = v * sigma**2 / (v + sigma**2)
    precision = 1 / v + 1 / sigma**2 + 1 / r**2  # Gaussian algebra: three sources, weighted by precision
    exact = (x / sigma**2 + y / r**2) / precision
    D = x * v / (v + sigma**2)

    def log_likelihood(x0, cond):
        return -((y[cond] - x0) ** 2) / (2 * r**2)

    too_far = reconstruction(world, log_likelihood)(x, sigma, label) - D
    assert torch.allclose(too_far, (1 + tau / r**2) * (exact - D), rtol=1e-9)
    shortened = reconstruction(world, log_likelihood, r**2 / (r**2 + tau))(x, sigma, label)
    assert torch.allclose(shortened, exact, rtol=1e-9)


def test_a_clean_classifier_is_not_the_noisy_one():
    """With exact parts the rule still misses the conditional denoiser; only without noise it does not."""
    world = mixture("full")
    x = points(world, 6)
    rule = reconstruction(world, lambda x0, cond: world.label_log_prob(x0, 0.0, cond))
    error = (rule(x, 3.0, LABELS) - world(x, 3.0, LABELS)).norm(dim=1)
    assert error[:-1].min() > 0.1 and error[-1] < 1e-12  # the null label is not guided
    small = (rule(x, 1e-3, LABELS) - world(x, 1e-3, LABELS)).abs().max()
    assert small < 1e-6


@pytest.mark.parametrize("structure", STRUCTURES)
def test_scale_zero_is_the_unconditional_denoiser(structure):
    world = mixture(structure)
    x = points(world, 6)
    rule = reconstruction(world, lambda x0, cond: world.label_log_prob(x0, 0.0, cond), 0.0)
    assert torch.allclose(rule(x, 0.5, LABELS), world(x, 0.5), rtol=1e-14)


def test_works_without_gradients_around_it_and_leaves_none_behind():
    """Samplers run under no_grad; x must not come back attached to a graph. One call of the denoiser."""
    world, calls = mixture("full"), []

    def counted(*args):
        calls.append(args)
        return world(*args)

    x = points(world, 6)
    rule = reconstruction(counted, lambda x0, cond: -x0.square().sum(1))
    with torch.no_grad():
        quiet = rule(x, 0.5, LABELS)
    assert len(calls) == 1 and torch.equal(quiet, rule(x, 0.5, LABELS))
    assert not quiet.requires_grad and not x.requires_grad and x.grad is None


def test_what_does_not_fit_is_refused():
    world, x = mixture("full"), normal(6, 3)
    good = lambda x0, cond: -x0.square().sum(1)  # noqa: E731
    with pytest.raises(
        ValueError, match=r"reconstruction guidance needs labels: call denoiser\(x, sigma, cond"
    ):
        reconstruction(world, good)(x, 0.5)
    with pytest.raises(ValueError, match=r"log p\(cond \| x0\), shape \(6,\); got \(6, 3\)"):
        reconstruction(world, lambda x0, cond: -(x0**2))(x, 0.5, LABELS)
    with pytest.raises(ValueError, match="takes the gradient of the denoiser, which cut it off"):
        reconstruction(torch.no_grad()(world.__call__), good)(x, 0.5, LABELS)
    with pytest.raises(ValueError, match="must be one finite number"):
        reconstruction(world, good, torch.inf)
