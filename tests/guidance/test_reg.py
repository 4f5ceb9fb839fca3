"""Rectified gradient guidance: the paper's formula on a DDPM network, and exact worlds."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from worlds import STRUCTURES, gaussian_pair, mixture, normal, points

from guidelib.denoisers import from_eps, to_eps
from guidelib.exact.mixtures import GaussianMixture
from guidelib.guidance import cfg, reg
from guidelib.schedules import sigma_from_alpha_bar

LABELS = torch.tensor([0, 1, 2, 3, 1, 4])  # 4 is the null label
ALPHA_BAR = torch.linspace(0.99, 0.01, 20, dtype=torch.float64)


@given(w=st.floats(-3, 10), t=st.integers(0, 19))
def test_is_the_formula_of_the_paper_on_a_network_that_predicts_eps(w, t):
    """The Jacobian of the exact eps of one class is known: no autograd in the reference."""
    world = mixture("full")
    network = to_eps(world, ALPHA_BAR)
    abar = ALPHA_BAR[t]

    def rectified(x_t, t, cond):
        pos, neg = network(x_t, t, cond), network(x_t, t)
        factors = []
        for k in cond:  # eps = sqrt(1 - abar) (abar C + (1 - abar) I)^-1 (x_t - sqrt(abar) mu)
            eye = torch.eye(3, dtype=torch.float64)
            S = abar * world.conditional(k).cov + (1 - abar) * eye
            jacobian = (1 - abar).sqrt() * torch.linalg.inv(S)
            factors.append(1 - (1 - abar).sqrt() * jacobian.sum(0))
        return pos + w * torch.stack(factors) * (pos - neg)

    x, sigma = points(world, 5), sigma_from_alpha_bar(ALPHA_BAR)[t]
    expected = from_eps(rectified, ALPHA_BAR)(x, sigma, LABELS[:5])
    assert torch.allclose(reg(world, 1 + w)(x, sigma, LABELS[:5]), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("sigma", [0.1, 1.0, 10.0])
def test_round_classes_get_cfg_with_a_scale_that_falls_with_the_noise(sigma):
    """Class k ~ N(mu_k, v_k I): the slope is v/(v + sigma^2), so w is multiplied by it."""
    v = torch.tensor([0.5, 2.0], dtype=torch.float64)
    world = GaussianMixture([0.3, 0.7], normal(2, 3), v)
    x = normal(4, 3, seed=1)
    for k in (0, 1):
        label = torch.full((4,), k)
        g = 1 + 2.0 * (v[k] / (v[k] + sigma**2)).item()
        assert torch.allclose(reg(world, 3.0)(x, sigma, label), cfg(world, g)(x, sigma, label), rtol=1e-10)


def test_where_the_slope_is_one_it_is_cfg():
    shifted = lambda x, sigma, cond=None: x + (0 if cond is None else cond[:, None] + sigma)  # noqa: E731
    x, label = normal(2, 3), torch.tensor([0, 2])
    assert torch.allclose(reg(shifted, 4.0)(x, 0.5, label), cfg(shifted, 4.0)(x, 0.5, label), rtol=1e-14)


@pytest.mark.parametrize("w", [0.5, 2.0, 8.0])
def test_a_narrow_class_in_a_wide_world_is_nearer_to_the_tilted_law_than_with_cfg(w):
    """N(0, 1) among N(0, 2): the tilted law is N(0, 1/(1 + w/2)), its denoiser known. Both rules miss it."""
    sigma = torch.logspace(-1, 2, 20, dtype=torch.float64)
    x, label = torch.ones_like(sigma), torch.zeros(20, dtype=torch.int64)
    v = 1 / (1 + w / 2)
    exact = v / (v + sigma**2)
    rectified, plain = ((rule(gaussian_pair, 1 + w)(x, sigma, label) - exact).abs() for rule in (reg, cfg))
    assert (rectified < plain).all() and (rectified > 1e-6).all()


@pytest.mark.parametrize("sigma", [0.3, 3.0])
def test_where_only_the_mean_differs_cfg_is_exact_and_the_correction_spoils_it(sigma):
    """N(m, 1) among N(0, 1): the tilted law is N((1 + w) m, 1), which cfg hits; reg steps too short."""
    m, w, x, label = 1.5, 2.0, normal(4), torch.zeros(4, dtype=torch.int64)

    def pair(x, sigma, cond=None):
        mean = 0.0 if cond is None else m
        return mean + (x - mean) / (1 + sigma**2)

    D_c, exact = pair(x, sigma, label), (1 + w) * m + (x - (1 + w) * m) / (1 + sigma**2)
    assert torch.allclose(cfg(pair, 1 + w)(x, sigma, label), exact, rtol=1e-12)
    short = reg(pair, 1 + w)(x, sigma, label) - D_c
    assert torch.allclose(short, (exact - D_c) / (1 + sigma**2), rtol=1e-12)


def test_a_rotation_of_the_axes_changes_the_rule():
    """cfg commutes with rotations; column sums do not."""
    world, x = mixture("full"), normal(6, 3)
    turn = torch.linalg.qr(normal(3, 3, seed=7)).Q

    def turned(x, sigma, cond=None):
        return world(x @ turn, sigma, cond) @ turn.T

    for rule, same in ((cfg, True), (reg, False)):
        there, here = rule(turned, 3.0)(x @ turn.T, 0.7, LABELS) @ turn, rule(world, 3.0)(x, 0.7, LABELS)
        assert torch.allclose(there, here, rtol=1e-11, atol=1e-11) == same


@pytest.mark.parametrize("structure", STRUCTURES)
def test_scale_one_is_the_conditional_and_null_labels_are_not_guided(structure):
    world = mixture(structure)
    x, null = points(world, 6), torch.full((6,), 4)
    assert torch.equal(reg(world, 1.0)(x, 0.5, LABELS), world(x, 0.5, LABELS))
    assert torch.allclose(reg(world, 7.0)(x, 0.5, null), world(x, 0.5), rtol=1e-12, atol=1e-12)


def test_works_without_gradients_around_it_and_leaves_none_behind():
    world = mixture("full")
    x, rule = points(world, 6), reg(world, 2.0)
    with torch.no_grad():
        quiet = rule(x, 0.5, LABELS)
    assert torch.equal(quiet, rule(x, 0.5, LABELS))
    assert not quiet.requires_grad and not x.requires_grad and x.grad is None


def test_what_does_not_fit_is_refused():
    world = mixture("full")
    with pytest.raises(ValueError, match=r"reg needs labels: call denoiser\(x, sigma, cond\)"):
        reg(world, 2.0)(torch.zeros(1, 3), 0.5)
    with pytest.raises(ValueError, match="takes the gradient of the denoiser, which cut it off"):
        reg(torch.no_grad()(world.__call__), 2.0)(torch.zeros(6, 3), 0.5, LABELS)
