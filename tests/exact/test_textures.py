"""Gaussian textures against dense covariances, autograd and quadrature; what their distance is and is not."""

import math

import pytest
import torch
from scipy.integrate import quad
from worlds import generator, normal

from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.textures import TextureMixture

LABELS = torch.tensor([0, 1, 0, 1, 2])  # 2 is the null label


def even(power):
    axes = tuple(range(1, power.ndim))
    return (power + power.flip(axes).roll([1] * len(axes), axes)) / 2


def textures(*shape, seed=0):
    powers = even(normal(2, *shape, seed=seed).square() + 0.1)
    return TextureMixture([0.3, 0.7], [-0.2, 0.3], powers)


def dense(world):
    """The same world as Gaussians with circulant covariance matrices, built from shifted filters."""
    d = world.dim
    eye = torch.eye(d, dtype=torch.float64).reshape(d, *world.shape)
    axes = tuple(range(1, eye.ndim))
    covs = [torch.fft.ifftn(P * torch.fft.fftn(eye, dim=axes), dim=axes).real for P in world.powers]
    covs = torch.stack([C.reshape(d, d) for C in covs])
    return GaussianMixture(world.weights, world.means[:, None].expand(-1, d), (covs + covs.mT) / 2)


@pytest.mark.parametrize("shape", [(7,), (6,), (3, 4)])
@pytest.mark.parametrize("sigma", [0.0, 1.3, torch.linspace(0.1, 4, 5, dtype=torch.float64)])
def test_a_texture_is_a_gaussian_with_a_circulant_covariance(shape, sigma):
    world, x = textures(*shape), normal(5, *shape, seed=3)
    twin, flat = dense(world), x.flatten(1)
    close = dict(rtol=1e-9, atol=1e-9)
    assert torch.allclose(world.log_prob(x, sigma), twin.log_prob(flat, sigma), **close)
    assert torch.allclose(world.posterior(x, sigma), twin.posterior(flat, sigma), **close)
    assert torch.allclose(world.score(x, sigma).flatten(1), twin.score(flat, sigma), **close)
    assert torch.allclose(world(x, sigma).flatten(1), twin(flat, sigma), **close)
    assert torch.allclose(world(x, sigma, LABELS).flatten(1), twin(flat, sigma, LABELS), **close)


@pytest.mark.parametrize("cond", [None, LABELS])
def test_score_and_denoiser_are_gradients_of_the_density(cond):
    world = textures(4, 5)
    x = normal(5, 4, 5).requires_grad_()
    (gradient,) = torch.autograd.grad(world.log_prob(x, 0.8, cond).sum(), x)
    x = x.detach()
    assert torch.allclose(world.score(x, 0.8, cond), gradient, rtol=1e-10, atol=1e-12)
    assert torch.allclose(world(x, 0.8, cond), x + 0.8**2 * gradient, rtol=1e-10, atol=1e-12)


def test_samples_have_the_spectrum_and_the_mean():
    world = textures(4, 6)
    x, labels = world.sample(20000, generator(1), torch.ones(20000, dtype=torch.int64))
    assert (labels == 1).all()
    power = torch.fft.fftn(x - 0.3, dim=(1, 2), norm="ortho").abs().square().mean(0)
    assert torch.allclose(power, world.powers[1], rtol=0.08)
    spread = (world.powers[1, 0, 0] / 24).sqrt()  # of the mean of a sample: P(0)/d is its variance
    assert x.mean((1, 2)).std().item() == pytest.approx(spread.item(), rel=0.03)
    assert world.sample(4000, generator(2))[1].double().mean().item() == pytest.approx(0.7, abs=0.03)


def score_gap(world, sigma):
    """E_0 |s_0 - s_1|^2 + E_1 |s_0 - s_1|^2 at sigma, coefficient by coefficient."""
    P, Q = (power.flatten() + sigma**2 for power in world.powers)
    gap = world.dim * (world.means[0] - world.means[1]) ** 2
    both = (P + Q) * (1 / P - 1 / Q) ** 2
    both[0] += gap * (1 / P[0] ** 2 + 1 / Q[0] ** 2)
    return both.sum().item()


def test_the_expected_score_difference_is_the_one_that_samples_show():
    world, n = textures(3, 3), 40000
    total = 0.0
    for k in (0, 1):
        cond = torch.full((n,), k)
        x = world.sample(n, generator(k), cond)[0] + 0.7 * normal(n, 3, 3, seed=9 + k)
        gap = world.score(x, 0.7, 0 * cond) - world.score(x, 0.7, 0 * cond + 1)
        total += gap.square().flatten(1).sum(1).mean()
    assert total.item() == pytest.approx(score_gap(world, 0.7), rel=0.03)


def test_the_constant_before_the_integral_is_one():
    """eq-jeffreys: int |score difference|^2 sigma dsigma is Jeffreys' divergence, no factor two."""
    world = textures(3, 4)
    integral = quad(lambda s: s * score_gap(world, s), 0, math.inf, epsabs=1e-10, epsrel=1e-10)[0]
    assert integral == pytest.approx(world.jeffreys()[0, 1].item(), rel=1e-8)


def test_an_interval_of_noise_levels_gives_the_difference():
    world = textures(5)
    integral = quad(lambda s: s * score_gap(world, s), 0.2, 3.0, epsabs=1e-12, epsrel=1e-12)[0]
    expected = world.jeffreys(0.2)[0, 1] - world.jeffreys(3.0)[0, 1]
    assert integral == pytest.approx(expected.item(), rel=1e-9)


def test_jeffreys_against_dense_gaussians():
    """KL(0|1) + KL(1|0) from traces and quadratic forms of the covariance matrices."""
    world = textures(2, 3)
    A, B = (dense(world).conditional(k).cov for k in (0, 1))
    m = torch.full((6,), 0.5, dtype=torch.float64)
    traces = torch.trace(torch.linalg.solve(B, A)) + torch.trace(torch.linalg.solve(A, B))
    form = m @ (torch.linalg.solve(A, m) + torch.linalg.solve(B, m))
    J = world.jeffreys()
    assert torch.allclose(J[0, 1], 0.5 * (traces - 12 + form), rtol=1e-11)
    assert torch.equal(J, J.T) and (J.diagonal() == 0).all()


def test_its_root_fails_the_triangle_inequality():
    """N(0, 1), N(0, 4), N(0, 16): 2.651650 by the direct way, 2.121320 by the detour."""
    world = TextureMixture([1 / 3] * 3, [0.0] * 3, [[1.0], [4.0], [16.0]])
    root = world.jeffreys().sqrt()
    assert root[0, 2].item() == pytest.approx(2.651650, abs=1e-6)
    assert (root[0, 1] + root[1, 2]).item() == pytest.approx(2.121320, abs=1e-6)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="even"):
        TextureMixture([1.0], [0.0], [[1.0, 2.0, 3.0]])
    with pytest.raises(ValueError, match="must agree in K"):
        TextureMixture([0.5, 0.5], [0.0], [[1.0, 2.0, 2.0]])
    with pytest.raises(ValueError, match="sum to 1"):
        TextureMixture([0.5], [0.0], [[1.0]])
    world = TextureMixture([1.0], [0.0], [[0.0, 1.0, 1.0]])
    with pytest.raises(ValueError, match=r"x must have shape \(B, 3,?\)"):
        world(torch.zeros(2, 4), 1.0)
    with pytest.raises(ValueError, match="no density; give sigma > 0"):
        world.score(torch.zeros(2, 3), 0.0)
    assert torch.isfinite(world(torch.zeros(2, 3), 0.5)).all()
