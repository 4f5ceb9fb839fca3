"""Guidance in an interval: which side of each edge, row by row, and what it does not call."""

import math

import pytest
import torch
from worlds import normal

from guidelib.guidance import interval
from guidelib.schedules import karras_sigmas


def plus(x, sigma, cond=None):
    return x + 1


def minus(x, sigma, cond=None):
    return x - 1


def refuse(x, sigma, cond=None):
    raise AssertionError("must not be called here")


def test_the_lower_edge_is_outside_and_the_upper_one_inside():
    x, limited = normal(3, 2), interval(plus, minus, 0.1, 2.0)
    for sigma, expected in [(0.1, minus), (math.nextafter(0.1, 1), plus), (2.0, plus), (2.0000001, minus)]:
        assert torch.equal(limited(x, sigma), expected(x, sigma))
        assert torch.equal(limited(x.float(), sigma), expected(x.float(), sigma))  # no rounding to float32


def test_outside_the_interval_guidance_is_not_called():
    """That is what saves half of the network's calls."""
    x = normal(3, 2)
    assert torch.equal(interval(refuse, minus, 0.1, 2.0)(x, 3.0), x - 1)
    assert torch.equal(interval(plus, refuse, 0.1, 2.0)(x, 1.0), x + 1)
    assert torch.equal(interval(plus, refuse, 0.0, math.inf)(x, 1e8), x + 1)


@pytest.mark.parametrize("shape", [(4,), (4, 2), (4, 3, 2, 2)])
def test_every_row_by_its_own_sigma(shape):
    x, sigma = normal(*shape), torch.tensor([0.05, 0.1, 2.0, 3.0])
    sides = torch.tensor([-1.0, 1.0, 1.0, -1.0]).reshape(4, *[1] * (x.ndim - 1))  # float32 0.1 lies above 0.1
    assert torch.equal(interval(plus, minus, 0.1, 2.0)(x, sigma), x + sides)


def test_an_interval_up_to_sigma_max_holds_the_first_level():
    first = karras_sigmas(10, 0.002, 80.0)[0]
    assert torch.equal(interval(plus, refuse, 1.0, 80.0)(torch.zeros(2), first), torch.ones(2))


@pytest.mark.parametrize("lo, hi", [(2.0, 1.0), (1.0, 1.0), (-0.1, 1.0), (math.nan, 1.0), (0.0, math.nan)])
def test_bad_edges_are_refused(lo, hi):
    with pytest.raises(ValueError, match=f"need 0 <= sigma_lo < sigma_hi; got {lo} and {hi}"):
        interval(plus, minus, lo, hi)
