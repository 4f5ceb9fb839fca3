"""Rescaled guidance: the formula on v of a VP network, the spread it keeps, and rows of one number."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from worlds import mixture, normal, points

from guidelib.denoisers import from_v, to_v
from guidelib.guidance import cfg, rescale
from guidelib.schedules import sigma_from_alpha_bar

LABELS = torch.tensor([0, 1, 2, 3, 1, 4])  # 4 is the null label
ALPHA_BAR = torch.linspace(0.999, 0.001, 50, dtype=torch.float64)


@given(g=st.floats(-3, 20), phi=st.floats(0, 1), t=st.integers(0, 49))
def test_is_the_formula_of_the_paper_on_a_network_that_predicts_v(g, phi, t):
    """The world as a VP network, guided and rescaled there row by row, and brought back by the adapter."""
    world = mixture("full", d=8)
    network = to_v(world, ALPHA_BAR)

    def rescaled(x_t, t, cond):
        pos, neg = network(x_t, t, cond), network(x_t, t)
        out = neg + g * (pos - neg)
        for i in range(len(out)):
            fixed = out[i] * (pos[i].std() / out[i].std())
            out[i] = phi * fixed + (1 - phi) * out[i]
        return out

    x, sigma = points(world, 6), sigma_from_alpha_bar(ALPHA_BAR)[t]
    expected = from_v(rescaled, ALPHA_BAR)(x, sigma, LABELS)
    assert torch.allclose(rescale(world, g, phi)(x, sigma, LABELS), expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("g", [-1.0, 0.0, 1.0, 3.0])
def test_phi_zero_is_cfg(g):
    world = mixture("full")
    x = points(world, 6)
    expected = cfg(world, g)(x, 0.7, LABELS)
    assert torch.allclose(rescale(world, g, phi=0.0)(x, 0.7, LABELS), expected, rtol=1e-12, atol=1e-12)


def test_phi_one_keeps_the_spread_of_v_and_not_of_the_denoised_point():
    """Which output is rescaled makes a difference: the rule promises it for v alone."""
    world, sigma = mixture("full", d=8), 0.7
    x = points(world, 6)
    D_c, D_phi = world(x, sigma, LABELS), rescale(world, 5.0, phi=1.0)(x, sigma, LABELS)
    v_c, v_phi = (x / (1 + sigma**2) - D for D in (D_c, D_phi))
    assert torch.allclose(v_phi.std(1), v_c.std(1), rtol=1e-12)
    assert not torch.allclose(D_phi.std(1)[:-1], D_c.std(1)[:-1], rtol=0.01)


def test_a_guided_output_without_spread_is_left_alone():
    """0/0: where v_g is constant there is nothing to stretch."""
    flat = lambda x, sigma, cond=None: x * 0 + (0 if cond is None else 1)  # noqa: E731
    x = torch.ones(2, 4, dtype=torch.float64)
    assert torch.equal(rescale(flat, 3.0)(x, 1.0, torch.tensor([0, 0])), 3 * x)


def test_scale_one_costs_one_call():
    calls = []

    def denoiser(x, sigma, cond=None):
        calls.append(cond)
        return x

    x = normal(6, 2)
    assert torch.equal(rescale(denoiser, 1.0)(x, 0.5, LABELS), x) and len(calls) == 1


@pytest.mark.parametrize("shape", [(6,), (6, 1), (6, 1, 1)])
def test_one_number_has_no_spread(shape):
    with pytest.raises(ValueError, match=r"rescale needs at least two numbers in a row.*shape \(6,"):
        rescale(mixture("scalar"), 2.0)(torch.zeros(shape), 0.5, LABELS)


@pytest.mark.parametrize("bad", [-0.1, 1.1, math.nan, None])
def test_phi_is_a_share(bad):
    with pytest.raises(ValueError, match="^phi"):
        rescale(None, 2.0, bad)


def test_labels_are_needed():
    with pytest.raises(ValueError, match=r"rescale needs labels: call denoiser\(x, sigma, cond\)"):
        rescale(mixture("full"), 2.0)(torch.zeros(1, 3), 0.5)
