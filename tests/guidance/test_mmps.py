"""Moment matching: exact for a Gaussian prior, the best linear estimate in much noise, wrong in between."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from worlds import mixture, normal, points

from guidelib.exact.mixtures import GaussianMixture
from guidelib.guidance import mmps, reconstruction

EYE = torch.eye(3, dtype=torch.float64)
A = normal(2, 3, seed=1)
COV = torch.tensor([[0.3, 0.1], [0.1, 0.2]], dtype=torch.float64)
Y = 2 * normal(2, 2, seed=2)  # two observations: labels 0 and 1; 2 is the null label
LABELS = torch.tensor([0, 1, 1, 0, 2])


def measure(x0):
    return x0 @ A.T


def posterior(world, y):
    """The law of x0 given y = A x0 + noise, as a mixture, by the conditioning formulas of Gaussians."""
    logs, means, covs = [], [], []
    for k in range(world.num_classes):
        mu, C = world.means[k], world.conditional(k).cov
        S = A @ C @ A.T + COV
        gain = C @ A.T @ torch.linalg.inv(S)
        law = torch.distributions.MultivariateNormal(A @ mu, S)
        logs.append(world.weights[k].log() + law.log_prob(y))
        means.append(mu + gain @ (y - A @ mu))
        covs.append((C - gain @ A @ C + (C - gain @ A @ C).T) / 2)
    return GaussianMixture(torch.softmax(torch.stack(logs), 0), torch.stack(means), torch.stack(covs))


def exact(world, x, sigma):
    """Row by row, the denoiser of the posterior that the row's label asks for."""
    laws = [posterior(world, y) for y in Y] + [world]
    return torch.stack([laws[k](x, sigma)[i] for i, k in enumerate(LABELS)])


def gaussian():
    root = normal(3, 3, seed=3)
    return GaussianMixture([1.0], normal(1, 3, seed=4), (root @ root.T + 0.1 * EYE)[None])


@given(sigma=st.one_of(st.floats(0.01, 1000), st.just("a sigma per row")))
def test_a_gaussian_prior_is_conditioned_exactly(sigma):
    world, x = gaussian(), normal(5, 3, seed=5)
    sigma = torch.logspace(-2, 2, 5, dtype=torch.float64) if isinstance(sigma, str) else sigma
    ours = mmps(world, measure, Y, COV)(x, sigma, LABELS)
    assert torch.allclose(ours, exact(world, x, sigma), rtol=1e-8, atol=1e-8)


def test_reconstruction_guidance_is_not_exact_there():
    """The same likelihood without the denoiser's own variance: it misses by most of the way or by more."""
    world, x, sigma = gaussian(), normal(5, 3, seed=5), 2.0

    def log_likelihood(x0, cond):
        miss = Y[cond] - measure(x0)
        return -0.5 * (miss * torch.linalg.solve(COV, miss, left=False)).sum(1)

    known = slice(0, 4)  # the likelihood has no null label
    target, D = exact(world, x, sigma)[known], world(x, sigma)[known]
    pushed = reconstruction(world, log_likelihood)(x[known], sigma, LABELS[known])
    error, way = (pushed - target).norm(dim=1), (D - target).norm(dim=1)
    assert (error > 0.8 * way).all() and (error > 4 * way).sum() == 2


def test_in_much_noise_it_is_the_best_linear_estimate():
    """sigma^2 J is then the covariance Sigma of the whole mixture: the Gaussian formula with its moments."""
    world, x, label = mixture("full"), normal(2, 3), torch.tensor([0, 1])
    gain = world.cov @ A.T @ torch.linalg.inv(A @ world.cov @ A.T + COV)
    linear = world.mean + (Y - A @ world.mean) @ gain.T
    assert torch.allclose(mmps(world, measure, Y, COV)(x, 1e5, label), linear, rtol=1e-3)


def test_a_mixture_is_not_conditioned_exactly_until_the_noise_is_gone():
    world = mixture("full")
    x, rule = points(world, 5), mmps(world, measure, Y, COV)
    wrong = {sigma: (rule(x, sigma, LABELS) - exact(world, x, sigma)).norm(dim=1) for sigma in (0.01, 3.0)}
    assert wrong[3.0][:-1].max() > 0.1 and wrong[0.01].max() < 1e-4
    assert max(error[-1] for error in wrong.values()) < 1e-12  # the null label is not guided


def test_one_call_and_no_graph_left_behind():
    world, calls = mixture("full"), []

    def counted(*args):
        calls.append(args)
        return world(*args)

    x, rule = points(world, 5), mmps(counted, measure, Y, COV)
    with torch.no_grad():
        quiet = rule(x, 0.5, LABELS)
    assert len(calls) == 1 and torch.equal(quiet, rule(x, 0.5, LABELS))
    assert not quiet.requires_grad and not x.requires_grad and x.grad is None


def test_what_does_not_fit_is_refused():
    world, x = mixture("full"), normal(5, 3)
    for y, cov in ((Y[0], COV), (Y, EYE), (Y * torch.inf, COV), (Y[:, :0], COV[:0, :0])):
        with pytest.raises(ValueError, match=r"y must be finite, \(K, m\).* and cov \(m, m\); got"):
            mmps(world, measure, y, cov)
    for cov in (-COV, 0 * COV, COV + EYE[:2, :2].roll(1)):
        with pytest.raises(ValueError, match="cov must be symmetric and positive definite"):
            mmps(world, measure, Y, cov)
    with pytest.raises(ValueError, match=r"mmps needs labels: call denoiser\(x, sigma, cond\)"):
        mmps(world, measure, Y, COV)(x, 0.5)
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.2; got 3"):
        mmps(world, measure, Y, COV)(x, 0.5, LABELS + 1)
    with pytest.raises(ValueError, match=r"A must return shape \(5, 2\); got \(5, 3\)"):
        mmps(world, lambda x0: x0, Y, COV)(x, 0.5, LABELS)
    with pytest.raises(ValueError, match=r"A must be linear, but A\(0\) is not 0"):
        mmps(world, lambda x0: measure(x0) + 1, Y, COV)(x, 0.5, LABELS)
