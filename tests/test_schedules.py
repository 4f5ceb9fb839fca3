"""Noise grids: formulas at named values, ends, inverses, and the betas of diffusers."""

import math

import pytest
import torch
from diffusers import DDPMScheduler
from hypothesis import given
from hypothesis import strategies as st

from guidelib.schedules import (
    alpha_bar_from_sigma,
    check_sigmas,
    cosine_alpha_bar,
    ddpm_sigmas,
    geometric_sigmas,
    karras_sigmas,
    linear_alpha_bar,
    sigma_from_alpha_bar,
    sigma_grid,
)

NAMES = ["karras", "geometric", "linear", "cosine"]


@given(name=st.sampled_from(NAMES), n=st.integers(2, 200))
def test_every_grid_decreases_to_zero(name, n):
    sigmas = sigma_grid(name, n)
    assert sigmas.shape == (n + 1,) and sigmas.dtype == torch.float64
    assert sigmas[-1] == 0 and (sigmas.diff() < 0).all()
    assert check_sigmas(sigmas) == sigmas.tolist()


@pytest.mark.parametrize("maker", [karras_sigmas, geometric_sigmas])
@given(lo=st.floats(1e-6, 1.0), hi=st.floats(2.0, 1e8), n=st.integers(2, 50))
def test_ends_are_exactly_as_asked(maker, lo, hi, n):
    """A rounded first level would fall out of a guidance interval that ends at sigma_max."""
    sigmas = maker(n, lo, hi)
    assert sigmas[0] == hi and sigmas[-2] == lo


def test_karras_at_named_values():
    """rho = 1 is linear in sigma; rho = 2 is linear in its root; the default is Karras et al.'s."""
    assert torch.allclose(karras_sigmas(3, 1.0, 9.0, rho=1.0), torch.tensor([9.0, 5.0, 1.0, 0.0]).double())
    assert torch.allclose(karras_sigmas(3, 1.0, 9.0, rho=2.0), torch.tensor([9.0, 4.0, 1.0, 0.0]).double())
    middle = ((80 ** (1 / 7) + 0.002 ** (1 / 7)) / 2) ** 7
    assert karras_sigmas(3)[1].item() == pytest.approx(middle, rel=1e-13)


def test_geometric_keeps_its_ratio():
    assert torch.allclose(geometric_sigmas(4, 1.0, 1000.0), torch.tensor([1000.0, 100, 10, 1, 0]).double())


@pytest.mark.parametrize(
    "ours, name", [(linear_alpha_bar, "linear"), (cosine_alpha_bar, "squaredcos_cap_v2")]
)
@pytest.mark.parametrize("T", [50, 1000])
def test_betas_are_those_of_diffusers(ours, name, T):
    alpha_bar = ours(T)
    before = torch.cat([torch.ones(1, dtype=torch.float64), alpha_bar[:-1]])
    theirs = DDPMScheduler(num_train_timesteps=T, beta_schedule=name)
    assert torch.allclose((1 - alpha_bar / before).float(), theirs.betas, rtol=2e-5, atol=1e-7)
    assert torch.allclose(alpha_bar.float(), theirs.alphas_cumprod, rtol=2e-4)


def test_ddpm_schedules_at_named_values():
    assert linear_alpha_bar()[0].item() == pytest.approx(1 - 1e-4, rel=1e-14)
    product = math.prod(1 - (1e-4 + (0.02 - 1e-4) * t / 999) for t in range(1000))
    assert linear_alpha_bar()[-1].item() == pytest.approx(product, rel=1e-10)
    start = math.cos(0.008 / 1.008 * math.pi / 2) ** 2
    half = math.cos((0.5 + 0.008) / 1.008 * math.pi / 2) ** 2
    assert cosine_alpha_bar()[499].item() == pytest.approx(half / start, rel=1e-12)
    assert (1 - cosine_alpha_bar()[-1] / cosine_alpha_bar()[-2]).item() == pytest.approx(0.999)  # the clip


@given(st.floats(1e-6, 1e6))
def test_alpha_bar_and_sigma_are_inverse(sigma):
    """1 - alpha_bar is known to 1e-16 absolute, which limits small sigma."""
    back = sigma_from_alpha_bar(alpha_bar_from_sigma(sigma)).item()
    assert back == pytest.approx(sigma, rel=1e-10 + 1e-16 / sigma**2)
    assert alpha_bar_from_sigma(1.0) == 0.5 and sigma_from_alpha_bar(1.0) == 0


def test_ddpm_sigmas_takes_levels_of_the_schedule():
    alpha_bar = linear_alpha_bar()
    levels = sigma_from_alpha_bar(alpha_bar)
    assert torch.equal(ddpm_sigmas(alpha_bar)[:-1], levels.flip(0))
    few = ddpm_sigmas(alpha_bar, 4)
    assert torch.equal(few, torch.cat([levels[[999, 666, 333, 0]], torch.zeros(1, dtype=torch.float64)]))
    assert torch.equal(sigma_grid("linear", 4), few)


BAD = {
    "unknown name": (lambda: sigma_grid("exponential", 10), "'exponential'; choose one of karras, geometric"),
    "one step": (lambda: karras_sigmas(1), "num_steps >= 2"),
    "ends exchanged": (lambda: karras_sigmas(10, 80.0, 0.002), "sigma_min < sigma_max; got 10, 80.0, 0.002"),
    "sigma_min zero": (lambda: geometric_sigmas(10, 0.0, 1.0), "0 < sigma_min"),
    "NaN sigma_max": (lambda: geometric_sigmas(10, 0.1, float("nan")), "0 < sigma_min"),
    "rho zero": (lambda: karras_sigmas(10, rho=0.0), "rho must be > 0; got 0.0"),
    "betas above 1": (lambda: linear_alpha_bar(10, 0.5, 1.5), r"beta_start <= beta_end < 1; got 0.5 and 1.5"),
    "more steps than levels": (lambda: ddpm_sigmas(linear_alpha_bar(10), 11), r"1\.\.10.*got 11"),
    "no steps": (lambda: ddpm_sigmas(linear_alpha_bar(10), 0), "got 0"),
    "alpha_bar zero": (lambda: sigma_from_alpha_bar([0.5, 0.0]), r"\(0, 1\]; got 0"),
    "alpha_bar NaN": (lambda: sigma_from_alpha_bar(float("nan")), "got nan"),
    "an increasing grid": (lambda: check_sigmas([0.0, 1.0, 2.0]), r"got 0 and then 1\. Flip .*flip\(0\)"),
    "a level twice": (lambda: check_sigmas([2.0, 1.0, 1.0, 0.0]), "got 1 and then 1"),
    "a negative level": (lambda: check_sigmas([2.0, 1.0, -1.0]), ">= 0; got -1"),
    "a NaN level": (lambda: check_sigmas([2.0, float("nan"), 0.0]), "got nan"),
    "one level": (lambda: check_sigmas([2.0]), "two or more levels"),
    "a number": (lambda: check_sigmas(2.0), "1-D grid"),
}


@pytest.mark.parametrize("call, message", BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
