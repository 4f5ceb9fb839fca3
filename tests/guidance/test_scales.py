"""w = guidance_scale - 1, and what is no scale at all."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from guidelib.guidance import cfg, classifier, scale_to_w, w_to_scale


def test_named_values():
    """Ho and Salimans' w = 0 is the conditional model, w = -1 the unconditional one."""
    assert w_to_scale(0) == 1 and w_to_scale(-1) == 0 and scale_to_w(7.5) == 6.5


@given(st.floats(-1e6, 1e6))
def test_the_two_conventions_are_inverse(w):
    assert scale_to_w(w_to_scale(w)) == pytest.approx(w, abs=1e-9)


BAD = [math.inf, -math.inf, math.nan, "3", None, torch.ones(2), 1j]


@pytest.mark.parametrize("bad", BAD, ids=str)
def test_a_scale_that_is_no_finite_number_is_refused(bad):
    """At once, when the rule is made: not in the middle of a chain."""
    makers = {
        "guidance_scale": [
            lambda: cfg(None, bad),
            lambda: classifier(None, None, bad),
            lambda: scale_to_w(bad),
        ],
        "w ": [lambda: w_to_scale(bad)],
    }
    for name, calls in makers.items():
        for call in calls:
            with pytest.raises(ValueError, match=f"^{name}.*must be one finite number; got") as error:
                call()
            assert "\n" not in str(error.value)
