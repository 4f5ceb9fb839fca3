"""CFG-Zero*: the same chain as flow matching written for itself, and where nothing is left of guidance."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from worlds import STRUCTURES, mixture, normal, points

from guidelib.guidance import cfg, interval, zero_init, zero_star
from guidelib.samplers import sample_ddim

LABELS = torch.tensor([0, 1, 2, 3, 1, 4])  # 4 is the null label


def flow_velocity(world, x_t, t, label=None):
    """E[z - x0 | x_t] at one point of the path (1 - t) x0 + t z, from the Gaussian joint law of (x0, z, x_t).

    Written without sigma and without the library's denoiser: what a flow-matching network would learn.
    """
    d, parts = len(x_t), range(world.num_classes)
    if label is not None and label < world.num_classes:
        parts = [label]
    logs, means = [], []
    for k in parts:
        mu, C = world.means[k], world.conditional(k).cov
        S = (1 - t) ** 2 * C + t**2 * torch.eye(d, dtype=torch.float64)
        law = torch.distributions.MultivariateNormal((1 - t) * mu, S)
        pull = torch.linalg.solve(S, x_t - (1 - t) * mu)
        logs.append(world.weights[k].log() + law.log_prob(x_t))
        means.append(t * pull - (mu + (1 - t) * C @ pull))
    return torch.softmax(torch.stack(logs), 0) @ torch.stack(means)


def chain(world, z, times, g, label, skip):
    """Euler steps of the flow down to t = 0, guided as the paper has it; the first ``skip`` stand still."""
    x_t = z
    for i, (t, t_next) in enumerate(zip(times[:-1], times[1:], strict=True)):
        v_c, v_u = flow_velocity(world, x_t, t, label), flow_velocity(world, x_t, t)
        s = (v_c @ v_u) / (v_u @ v_u)
        v = s * v_u + g * (v_c - s * v_u) if i >= skip else 0 * v_c
        x_t = x_t + (t_next - t) * v
    return x_t


@pytest.mark.parametrize("skip", [0, 2])
@pytest.mark.parametrize("g", [0.0, 1.0, 4.0])
def test_a_chain_in_sigma_is_the_chain_of_the_flow(g, skip):
    """Same starting points, same levels, sigma = t/(1 - t): every sample agrees to rounding."""
    world, times = mixture("full"), torch.linspace(0.98, 0, 9, dtype=torch.float64)
    sigmas, z = times / (1 - times), normal(6, 3)
    expected = torch.stack([chain(world, z[i], times, g, LABELS[i].item(), skip) for i in range(6)])
    edge = sigmas[skip].item()  # the level of the first step that is taken
    rule = interval(zero_star(world, g), zero_init, 0.0, edge)
    ours = sample_ddim(rule, z * (1 + sigmas[0]), sigmas, LABELS)
    assert torch.allclose(ours, expected, rtol=1e-9, atol=1e-9)


@given(g=st.floats(-3, 20), sigma=st.floats(0.05, 50))
def test_is_cfg_away_from_a_corrected_unconditional_point(g, sigma):
    """The second form of the equation, with s from the inner products of the two velocities."""
    world = mixture("full")
    x = points(world, 6)
    D_c, D_u = world(x, sigma, LABELS), world(x, sigma)
    v_c, v_u = ((x - (1 + sigma) * D) / sigma for D in (D_c, D_u))
    s = ((v_c * v_u).sum(1) / (v_u * v_u).sum(1))[:, None]
    expected = g * D_c + (1 - g) * (s * D_u + (1 - s) * x / (1 + sigma))
    assert torch.allclose(zero_star(world, g)(x, sigma, LABELS), expected, rtol=1e-9, atol=1e-9)


def test_where_s_is_one_it_is_cfg():
    """v_c = v_u + something orthogonal to v_u: built by hand."""
    sigma, x = 0.7, normal(6, 3)
    v_u = normal(6, 3, seed=1)
    v_c = v_u + torch.linalg.cross(v_u, normal(6, 3, seed=2))

    def flow(x, sigma, cond=None):
        return (x - sigma * (v_u if cond is None else v_c)) / (1 + sigma)

    ours, plain = (rule(flow, 4.0)(x, sigma, LABELS) for rule in (zero_star, cfg))
    assert torch.allclose(ours, plain, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_two_denoisers_that_agree_are_left_alone(structure):
    world = mixture(structure)
    x, null = points(world, 6), torch.full((6,), 4)
    assert torch.allclose(zero_star(world, 9.0)(x, 0.5, null), world(x, 0.5), rtol=1e-12, atol=1e-12)


def test_in_one_dimension_nothing_is_guided():
    """s v_u = v_c: the scale that fits best fits perfectly, whatever g."""
    world = mixture("scalar")
    x = points(world, 6)
    ours = zero_star(world, 30.0)(x, 0.7, LABELS)
    assert torch.allclose(ours, world(x, 0.7, LABELS), rtol=1e-11, atol=1e-11)


def test_a_flow_that_stands_still_fits_nothing():
    """Where v_u is 0, s is 0/0 and s v_u is 0; at sigma = 0 both velocities are."""
    D = lambda x, s, cond=None: zero_init(x, s) - (0 if cond is None else 0.5 * x)  # noqa: E731
    x, zero = torch.ones(2, 3), torch.tensor([0, 0])
    assert torch.allclose(zero_star(D, 3.0)(x, 1.0, zero), 0.5 * x - 1.5 * x)
    assert torch.equal(zero_star(lambda x, s, c=None: x, 3.0)(x, 0.0, zero), x)


def test_scale_one_costs_one_call():
    calls = []

    def denoiser(x, sigma, cond=None):
        calls.append(cond)
        return x

    assert (
        torch.equal(zero_star(denoiser, 1.0)(torch.ones(6), 0.5, LABELS), torch.ones(6)) and len(calls) == 1
    )


def test_labels_are_needed():
    with pytest.raises(ValueError, match=r"zero_star needs labels: call denoiser\(x, sigma, cond\)"):
        zero_star(mixture("full"), 2.0)(torch.zeros(1, 3), 0.5)
