"""CFG++: the step, the scale of plain CFG that it hides, and what more steps do to its law."""

import pytest
import torch
from worlds import gaussian_pair, mixture, normal, points

from guidelib.cfgpp import cfgpp_scale, sample_cfgpp
from guidelib.guidance import cfg
from guidelib.samplers import sample_ddim
from guidelib.schedules import geometric_sigmas, karras_sigmas

LABELS = torch.zeros(5, dtype=torch.int64)


def test_one_step_takes_the_clean_point_guided_and_the_noise_not():
    """Written with noise estimates, as in the paper: x' = (x - sigma eps_lambda) + sigma' eps."""
    world = mixture("diagonal", 3)
    x, sigma, sigma_next, lam = points(world, 5), 1.3, 0.6, 0.7
    eps, eps_y = (x - world(x, sigma)) / sigma, (x - world(x, sigma, LABELS)) / sigma
    expected = x - sigma * (eps + lam * (eps_y - eps)) + sigma_next * eps
    out = sample_cfgpp(world, x, [sigma, sigma_next], LABELS, guidance_scale=lam)
    assert torch.allclose(out, expected, rtol=1e-12)


@pytest.mark.parametrize("sigmas", [geometric_sigmas(12, 0.05, 20.0), karras_sigmas(9, 0.1, 30.0)])
@pytest.mark.parametrize("lam", [0.0, 0.6, 1.0, 1.5])
def test_every_step_is_a_step_of_cfg_at_its_own_scale(sigmas, lam):
    world = mixture("isotropic", 2)
    x = sigmas[0] * normal(5, 2)
    scales = iter(cfgpp_scale(lam, sigmas).tolist())
    pairs = zip(sigmas[:-1], sigmas[1:], strict=True)
    by_cfg = x
    for pair in pairs:
        by_cfg = sample_ddim(cfg(world, next(scales)), by_cfg, list(map(float, pair)), LABELS)
    assert torch.allclose(sample_cfgpp(world, x, sigmas, LABELS, guidance_scale=lam), by_cfg, rtol=1e-9)


def test_the_hidden_scale_grows_with_the_number_of_steps():
    few, many = (cfgpp_scale(0.5, geometric_sigmas(n, 0.01, 10.0)) for n in (10, 100))
    assert torch.allclose(few[:-1], few[:1].expand(9), rtol=1e-9)  # constant on a geometric grid
    assert few[-1] == many[-1] == 0.5  # the last step goes to 0
    assert many[0] / few[0] == pytest.approx((1 - 1e3 ** (-1 / 9)) / (1 - 1e3 ** (-1 / 99)), rel=1e-9)
    assert 7 < many[0] / few[0] < 11


def test_so_the_law_narrows_as_steps_are_added():
    """x|y ~ N(0, 1), x ~ N(0, 2): linear steps, the law's std is the factor that x is multiplied by."""
    stds = []
    for n in (20, 80, 320):
        sigmas = geometric_sigmas(n, 0.01, 100.0)
        one = torch.ones(1, dtype=torch.float64)
        stds.append(100 * sample_cfgpp(gaussian_pair, one, sigmas, LABELS[:1], guidance_scale=0.6).item())
    assert 0.5 < stds[0] < 1.5 and stds[1] < 0.5 * stds[0] and stds[2] < 0.05 * stds[1]


def test_at_zero_it_is_the_unconditional_model_and_labels_are_kept():
    world, sigmas, labels = mixture("isotropic", 2), geometric_sigmas(8, 0.1, 9.0), LABELS.clone()
    x, state, seen = normal(5, 2), torch.get_rng_state(), []
    out = sample_cfgpp(world, x, sigmas, labels, guidance_scale=0.0, callback=lambda *step: seen.append(step))
    assert torch.allclose(out, sample_ddim(world, x, sigmas), rtol=1e-10)
    assert torch.equal(labels, LABELS) and torch.equal(torch.get_rng_state(), state)
    assert [(i, s) for i, s, _, _ in seen] == list(enumerate(sigmas[:-1].tolist()))
    assert torch.equal(seen[0][3], world(x, sigmas[0]))


BAD = {
    "no labels": ({"cond": None}, "needs labels"),
    "a scale that is not finite": ({"guidance_scale": float("nan")}, "lambda of CFG.*finite number; got nan"),
    "an increasing grid": ({"sigmas": [0.0, 1.0]}, "sigmas must decrease"),
}


@pytest.mark.parametrize("change, message", BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused(change, message):
    arguments = {"sigmas": [1.0, 0.0], "cond": LABELS, "guidance_scale": 0.5} | change
    with pytest.raises(ValueError, match=message):
        sample_cfgpp(gaussian_pair, normal(5), **arguments)
