"""Classifier-free guidance: exact at its named scales, and what it is the same as."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from worlds import STRUCTURES, mixture, points

from guidelib.guidance import cfg, classifier

LABELS = torch.tensor([0, 1, 2, 3, 1, 4])  # 4 is the null label


class Counted:
    """A denoiser that counts its calls."""

    def __init__(self, world):
        self.world, self.calls = world, 0

    def __call__(self, *args):
        self.calls += 1
        return self.world(*args)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_scale_one_is_the_conditional_and_zero_the_unconditional_bit_for_bit(structure):
    """And each calls the network once: guidance that is switched off costs nothing."""
    world = Counted(mixture(structure))
    x = points(world.world, 6)
    conditional, plain = world(x, 0.5, LABELS), world(x, 0.5)
    for g, expected, calls in ((1, conditional, 1), (0, plain, 1), (1.0, conditional, 1), (3.0, None, 2)):
        world.calls = 0
        out = cfg(world, g)(x, 0.5, LABELS)
        assert world.calls == calls and (expected is None or torch.equal(out, expected))


@given(g=st.floats(-5, 30), sigma=st.floats(0.01, 100))
def test_is_the_straight_line_through_both(g, sigma):
    """(1 + w) D_y - w D, as Ho and Salimans write it."""
    world = mixture("full")
    x, w = points(world, 6), g - 1
    expected = (1 + w) * world(x, sigma, LABELS) - w * world(x, sigma)
    size = world(x, sigma).abs().max().item() * (1 + abs(g))
    assert torch.allclose(cfg(world, g)(x, sigma, LABELS), expected, rtol=1e-12, atol=1e-14 * size)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("g", [-1.0, 0.5, 1.0, 3.0])
def test_is_classifier_guidance_with_the_exact_posterior(structure, g):
    """Claim B5: the implicit classifier is the true one when the scores are exact."""
    world = mixture(structure)
    x, sigma = points(world, 6), torch.logspace(-1, 2, 6, dtype=torch.float64)
    ours = cfg(world, g)(x, sigma, LABELS)
    assert torch.allclose(
        ours, classifier(world, world.label_log_prob, g)(x, sigma, LABELS), rtol=1e-9, atol=1e-10
    )


def test_null_labels_are_not_guided():
    world = mixture("full")
    x, null = points(world, 5), torch.full((5,), 4)
    assert torch.allclose(cfg(world, 7.0)(x, 0.5, null), world(x, 0.5), rtol=1e-14)


def test_labels_are_needed():
    with pytest.raises(ValueError, match=r"cfg needs labels: call denoiser\(x, sigma, cond\)"):
        cfg(mixture("full"), 2.0)(torch.zeros(1, 3), 0.5)
