"""Autoguidance: the ends of the scale, the calls it makes, the error it removes and the one it makes."""

import math

import pytest
import torch
from worlds import normal

from guidelib.denoisers import smoothed
from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.transport import ode_law
from guidelib.guidance import autoguidance, cfg

WORLD = GaussianMixture([0.4, 0.6], [-1.0, 1.0], [0.3, 0.5])
X, Y = normal(7), torch.tensor([0, 1, 2, 1, 0, 0, 1])


def refuse(x, sigma, cond=None):
    raise AssertionError("must not be called here")


def test_the_ends_of_the_scale_are_the_two_models_at_one_call():
    bad = smoothed(WORLD, 0.7)
    assert torch.equal(autoguidance(WORLD, refuse, 1)(X, 0.5, Y), WORLD(X, 0.5, Y))
    assert torch.equal(autoguidance(refuse, bad, 0)(X, 0.5, Y), bad(X, 0.5, Y))


def test_with_the_unconditional_model_as_the_bad_one_it_is_cfg():
    """The rule of Ho and Salimans is the special case in which the bad model is blind to the label."""

    def blind(x, sigma, cond=None):
        return WORLD(x, sigma)

    for sigma in (0.3, torch.linspace(0.1, 3, 7)):
        expected = cfg(WORLD, 2.5)(X, sigma, Y)
        assert torch.allclose(autoguidance(WORLD, blind, 2.5)(X, sigma, Y), expected, rtol=1e-14)


def test_both_models_see_the_labels_and_none_are_needed():
    guided = autoguidance(WORLD, smoothed(WORLD, 0.7), 3.0)
    for cond in (None, Y):
        bad = X + 0.25 / 0.74 * (WORLD(X, 0.74**0.5, cond) - X)
        assert torch.allclose(guided(X, 0.5, cond), bad + 3 * (WORLD(X, 0.5, cond) - bad), rtol=1e-12)


@pytest.mark.parametrize("error, worse", [(0.3, 0.6), (0.5, 1.5)])
def test_a_model_blurred_more_leads_back_to_the_truth(error, worse):
    """Blurs e and E of N(0, 1): the ODE's variance (1 + e^2) [(1 + e^2)/(1 + E^2)]^(g - 1) is 1 at one g."""
    truth = GaussianMixture([1.0], [0.0], [1.0])
    e2, E2 = 1 + error**2, 1 + worse**2
    g = 1 + math.log(e2) / math.log(E2 / e2)
    good, bad = smoothed(truth, error), smoothed(truth, worse)
    assert ode_law(good, 1e6).std ** 2 == pytest.approx(e2, abs=1e-7)
    assert ode_law(autoguidance(good, bad, g), 1e6).std ** 2 == pytest.approx(1.0, abs=1e-7)
    # with a perfect model there is nothing to remove: the same rule makes the law too narrow
    assert ode_law(autoguidance(truth, bad, g), 1e6).std ** 2 == pytest.approx(E2 ** (1 - g), abs=1e-7)


@pytest.mark.parametrize("g", [math.inf, math.nan, "2"])
def test_bad_scales_are_refused(g):
    with pytest.raises(ValueError, match="1 = the good model, 0 = the bad one.*must be one finite number"):
        autoguidance(WORLD, WORLD, g)
