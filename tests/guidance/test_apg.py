"""Adaptive projected guidance: what is parallel, what is bounded, and when it is plain guidance."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from worlds import STRUCTURES, mixture, normal, points

from guidelib.guidance import apg, cfg

LABELS = torch.tensor([0, 1, 2, 3, 1, 4])  # 4 is the null label


def by_rotation(D_c, D_u, g, eta, r):
    """One row, in a basis whose first axis points along D_c: the step's first coordinate is the parallel."""
    basis = torch.linalg.qr(torch.cat([D_c[:, None], normal(len(D_c), len(D_c) - 1)], dim=1)).Q
    step = basis.T @ (D_c - D_u)
    step = step * min(1.0, r / step.norm().item())
    step[0] *= eta
    return D_c + (g - 1) * basis @ step


@given(
    g=st.floats(-3, 20),
    eta=st.floats(-1, 2),
    r=st.one_of(st.floats(0.01, 5), st.just(math.inf)),
    sigma=st.floats(0.05, 50),
)
def test_is_the_split_in_a_basis_along_the_denoised_point(g, eta, r, sigma):
    world = mixture("full")
    x = points(world, 6)
    D_c, D_u = world(x, sigma, LABELS), world(x, sigma)
    expected = torch.stack([by_rotation(c, u, g, eta, r) for c, u in zip(D_c[:-1], D_u[:-1], strict=True)])
    ours = apg(world, g, eta, r)(x, sigma, LABELS)
    assert torch.allclose(ours[:-1], expected, rtol=1e-10, atol=1e-10)
    assert torch.allclose(ours[-1], D_u[-1], rtol=1e-12)  # the null label is not guided


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("g", [-1.0, 0.0, 1.0, 3.0])
def test_with_both_parts_and_no_bound_it_is_cfg(structure, g):
    world = mixture(structure)
    x = points(world, 6)
    expected = cfg(world, g)(x, 0.7, LABELS)
    assert torch.allclose(apg(world, g, eta=1.0)(x, 0.7, LABELS), expected, rtol=1e-12, atol=1e-12)


def test_the_step_is_orthogonal_and_never_longer_than_the_bound():
    world, g, r = mixture("full"), 4.0, 0.3
    x = points(world, 6)
    step = apg(world, g, max_norm=r)(x, 0.7, LABELS) - world(x, 0.7, LABELS)
    assert (step * world(x, 0.7, LABELS)).sum(1).abs().max() < 1e-13
    full = apg(world, g, eta=1.0, max_norm=r)(x, 0.7, LABELS) - world(x, 0.7, LABELS)
    free = (cfg(world, g)(x, 0.7, LABELS) - world(x, 0.7, LABELS)).norm(dim=1)
    assert torch.allclose(full.norm(dim=1), free.clamp_max((g - 1) * r), rtol=1e-12)
    assert (free > (g - 1) * r).any() and (free < (g - 1) * r).any()  # both cases were met


def test_in_one_dimension_nothing_is_guided():
    """Numbers have no direction but their own: the rule is the conditional denoiser for every scale."""
    world = mixture("scalar")
    x = points(world, 6)
    assert torch.allclose(apg(world, 30.0)(x, 0.7, LABELS), world(x, 0.7, LABELS), rtol=1e-12, atol=1e-12)


def test_a_shift_of_the_data_changes_the_rule():
    """cfg commutes with a shift of the origin; a projection on D_c does not."""
    world, shift = mixture("full"), torch.tensor([3.0, -1.0, 2.0], dtype=torch.float64)
    x = points(world, 6)

    def moved(x, sigma, cond=None):
        return world(x - shift, sigma, cond) + shift

    for rule, same in ((lambda D: cfg(D, 3.0), True), (lambda D: apg(D, 3.0), False)):
        there, here = rule(moved)(x + shift, 0.7, LABELS) - shift, rule(world)(x, 0.7, LABELS)
        assert torch.allclose(there, here, rtol=1e-11, atol=1e-11) == same


def test_the_directions_of_a_zero_point_are_all_orthogonal():
    """Where D_c is 0 there is no parallel part: plain guidance, no division by zero."""
    zero_at_label = lambda x, sigma, cond=None: x if cond is None else 0 * x  # noqa: E731
    x = normal(2, 3)
    out = apg(zero_at_label, 3.0)(x, 1.0, torch.tensor([0, 0]))
    assert torch.allclose(out, -2 * x, rtol=1e-14)


def test_scale_one_costs_one_call():
    calls = []

    def denoiser(x, sigma, cond=None):
        calls.append(cond)
        return x

    assert torch.equal(apg(denoiser, 1.0)(torch.ones(6), 0.5, LABELS), torch.ones(6)) and len(calls) == 1


@pytest.mark.parametrize("bad", [0.0, -1.0, math.nan])
def test_a_bound_must_be_positive(bad):
    with pytest.raises(ValueError, match="max_norm must be > 0"):
        apg(None, 2.0, max_norm=bad)


def test_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="^eta .* must be one finite number"):
        apg(None, 2.0, eta=math.inf)
    with pytest.raises(ValueError, match=r"apg needs labels: call denoiser\(x, sigma, cond\)"):
        apg(mixture("full"), 2.0)(torch.zeros(1, 3), 0.5)
