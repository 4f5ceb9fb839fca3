"""The two pushes towards a class mean: scores, equivalent densities, closed-form laws, labels."""

import math

import pytest
import torch
from worlds import mixture, normal, points

from guidelib.denoisers import score_from_denoiser
from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.transport import mixture_law, ode_law, sde_law
from guidelib.guidance import denoised_feature, forcing

LABELS = torch.tensor([0, 1, 2, 3, 1, 4])  # 4 is the null label


@pytest.mark.parametrize("structure", ["scalar", "full"])
@pytest.mark.parametrize("sigma", [0.3, 5.0, torch.linspace(0.1, 9, 6, dtype=torch.float64)])
def test_the_score_gains_a_spring(structure, sigma):
    """eq-forcing, with the mixture's own score; rows with the null label keep it."""
    world = mixture(structure)
    x = points(world, 6)
    pushed = forcing(world, world.means, lambda s: 2 / (1 + s**2))
    gain = score_from_denoiser(pushed, x, sigma, LABELS) - world.score(x, sigma)
    K = (2 / (1 + torch.as_tensor(sigma, dtype=torch.float64) ** 2)).expand(6)
    expected = K.reshape(-1, *[1] * (x.ndim - 1)) * (world.means[LABELS.clamp_max(3)] - x)
    expected[-1] = 0
    assert torch.allclose(gain, expected, rtol=1e-9, atol=1e-9)


def test_the_spring_is_the_score_of_the_mixture_times_a_gaussian():
    """s + K (m - x) is the gradient of log p_sigma(x) - K |x - m|^2 / 2, by autograd."""
    world, K = mixture("full"), 0.7
    x = points(world, 6).requires_grad_()
    m = world.means[LABELS.clamp_max(3)]
    total = world.log_prob(x, 2.0) - 0.5 * K * (x - m).square().sum(1)
    (gradient,) = torch.autograd.grad(total[:-1].sum(), x)
    pushed = score_from_denoiser(forcing(world, world.means, K), x.detach(), 2.0, LABELS)
    assert torch.allclose(pushed[:-1], gradient[:-1], rtol=1e-10, atol=1e-10)


def test_a_strength_of_one_puts_the_mean_in_place_of_the_denoised_point():
    world, x = mixture("full"), normal(6, 3)
    out = denoised_feature(world, world.means, 1.0)(x, 2.0, LABELS)
    assert torch.allclose(out[:-1], world.means[LABELS[:-1]], rtol=1e-14)
    assert torch.equal(out[-1], world(x, 2.0)[-1])
    half = denoised_feature(world, world.means, 0.5)(x, 2.0, LABELS)
    assert torch.allclose(half, (out + world(x, 2.0)) / 2, rtol=1e-13)


def test_strengths_may_switch_off_row_by_row():
    world, x = mixture("full"), normal(6, 3)
    sigma = torch.tensor([0.1, 0.5, 1.0, 2.0, 3.0, 4.0], dtype=torch.float64)
    for rule in (forcing, denoised_feature):
        out = rule(world, world.means, lambda s: s > 1)(x, sigma, torch.zeros(6, dtype=torch.int64))
        same = (out == world(x, sigma)).all(1)
        assert same.tolist() == [True, True, True, False, False, False]


def test_the_spring_of_an_sde_ends_where_the_formula_says():
    """eq-spring-std: std^2 = 1 - kappa/(1 - beta + kappa) (r_off/rho)^(2a), with no other class about."""
    rho, r_off, kappa = 8.0, 6.0, 1.0
    off = math.sqrt((rho / r_off) ** 2 - 1)
    one = GaussianMixture([1.0], [0.0], [1.0])
    rule = forcing(one, [0.0], lambda s: kappa / (1 + s**2) * (s > off))
    for beta in (0.5, 0.75):
        a = (1 - beta) / beta
        law = sde_law(rule, 1e8, 0, beta=beta, breaks=[off])
        expected = 1 - kappa / (1 - beta + kappa) * (r_off / rho) ** (2 * a)
        assert law.std**2 == pytest.approx(expected, abs=1e-5)


def test_the_spring_of_an_ode_shrinks_the_class_by_the_range_of_noise():
    """du/dr = -kappa u / r: every factor of noise is a factor of contraction; at infinity, a point."""
    one = GaussianMixture([1.0], [0.0], [1.0])
    rule = forcing(one, [0.0], lambda s: 1 / (1 + s**2))
    for sigma_max in (5.0, 20.0):
        law = ode_law(rule, sigma_max, 0)
        assert law.std == pytest.approx(sigma_max / (1 + sigma_max**2), rel=1e-6)


def test_the_denoised_push_works_for_the_ode_too():
    """Up to the switch-off the denoised point is m_y, so x - m_y = sigma z exactly; then a free ODE."""
    rho, r_off = 16.0, 8.0
    off = math.sqrt((rho / r_off) ** 2 - 1)
    world = GaussianMixture([0.5, 0.5], [0.0, -rho], [1.0, 1.0])
    rule = denoised_feature(world, world.means, lambda s: s > off)
    law = ode_law(rule, 1e6, 0, breaks=[off])
    target = mixture_law(world, 0)
    assert law.std**2 == pytest.approx(1 - (r_off / rho) ** 2, abs=2e-3)
    assert law.cdf(-rho / 2) < 1e-4 and abs(law.mean - target.mean) < 1e-3


def test_a_target_may_be_one_number_per_channel():
    x = normal(2, 3, 4, 4)
    means = torch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    out = denoised_feature(lambda x, sigma, cond=None: 0 * x, means, 1.0)(x, 1.0, torch.tensor([1, 0]))
    assert torch.equal(out[0, :, 2, 3], means[1].double()) and torch.equal(out[1, :, 0, 0], means[0].double())


@pytest.mark.parametrize("rule", [forcing, denoised_feature])
def test_what_does_not_fit_is_refused(rule):
    world, x = mixture("full"), normal(2, 3)
    zero = torch.zeros(2, dtype=torch.int64)
    with pytest.raises(ValueError, match="a push needs labels"):
        rule(world, world.means, 1.0)(x, 1.0)
    with pytest.raises(ValueError, match=r"target must hold a finite point per class.*write \[m\]"):
        rule(world, 0.0, 1.0)
    with pytest.raises(ValueError, match=r"a target of shape \(2,\) does not fit points of shape \(3,\)"):
        rule(world, world.means[:, :2], 1.0)(x, 1.0, zero)
    with pytest.raises(ValueError, match="one finite number for each sigma"):
        rule(world, world.means, lambda s: math.nan)(x, 1.0, zero)
    with pytest.raises(ValueError, match=r"labels must lie in 0\.\.4; got 5"):
        rule(world, world.means, 1.0)(x, 1.0, zero + 5)
