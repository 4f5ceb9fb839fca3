"""Feynman-Kac sampling: the tilted density, which the guided SDE alone misses."""

import pytest
import torch
from worlds import gaussian_pair, generator, normal

from guidelib.exact.mixtures import GaussianMixture
from guidelib.guidance import cfg
from guidelib.samplers import sample_ddpm
from guidelib.schedules import geometric_sigmas, karras_sigmas
from guidelib.smc import _systematic, sample_feynman_kac

SIGMAS, N, SEEDS = geometric_sigmas(70, 0.01, 50.0), 4000, range(6)
LABELS = torch.zeros(N, dtype=torch.int64)


def moments(statistic, sample):
    """Mean and standard error of a statistic over independent seeds."""
    values = torch.tensor([statistic(*sample(50 * normal(N, seed=s), generator(100 + s))) for s in SEEDS])
    return values.mean().item(), (values.std() / len(values) ** 0.5).item()


def second_moment(x, weights):
    return (weights @ x.square()).item()


@pytest.mark.parametrize("g", [2.0, 3.0, 5.0])
def test_weighted_guided_sde_reaches_the_tilted_variance(g):
    """x|y ~ N(0, 1), x ~ N(0, 2): p(x|y)^g p(x)^(1-g) has variance 2/(g + 1); unweighted, the same SDE has
    (2 - 2^(2-2g))/(2g - 1), more than ten standard errors away: this test can fail."""
    tilted, sde = 2 / (g + 1), (2 - 2 ** (2 - 2 * g)) / (2 * g - 1)

    def corrected(x, generator):
        return sample_feynman_kac(gaussian_pair, x, SIGMAS, LABELS, guidance_scale=g, generator=generator)

    def plain(x, generator):
        sigmas = geometric_sigmas(400, 0.01, 50.0)
        return sample_ddpm(cfg(gaussian_pair, g), x, sigmas, LABELS, generator=generator), torch.ones(N) / N

    value, error = moments(second_moment, corrected)
    assert error < 0.03 * tilted and abs(value - tilted) < 3 * error
    value, error = moments(lambda x, w: second_moment(x, w.double()), plain)
    assert abs(value - tilted) > 10 * error
    assert value == pytest.approx(sde, rel=0.05)  # first-order steps


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_the_tilted_mean_of_two_classes_at_every_threshold(threshold):
    """Never, sometimes and always resampling: the same target, by quadrature."""
    g, world = 3.0, GaussianMixture([0.5, 0.5], [-0.5, 0.5], [0.8, 0.5])
    x = torch.linspace(-12, 12, 20_001, dtype=torch.float64)
    tilted = torch.softmax(g * world.conditional(1).log_prob(x) + (1 - g) * world.log_prob(x), dim=0)

    def corrected(x, generator):
        settings = {"guidance_scale": g, "ess_threshold": threshold, "generator": generator}
        return sample_feynman_kac(world, x, SIGMAS, LABELS + 1, **settings)

    value, error = moments(lambda x, weights: (weights @ x).item(), corrected)
    assert error < 0.05 and abs(value - (tilted @ x).item()) < 3 * error


def test_at_scale_one_all_weights_are_equal():
    x, weights = sample_feynman_kac(
        gaussian_pair, 50 * normal(N), SIGMAS, LABELS, guidance_scale=1, generator=generator()
    )
    assert (weights == 1 / N).all()
    assert x.var().item() == pytest.approx(1.0, abs=4 * (2 / N) ** 0.5)


def test_particles_of_any_shape_and_labels():
    """Images too; the gap between the scores is summed over a particle, not over the batch."""
    x, sigmas = 10 * normal(6, 1, 2, 2), karras_sigmas(10, 0.1, 10.0)
    out, weights = sample_feynman_kac(
        gaussian_pair, x, sigmas, LABELS[:6], guidance_scale=2.0, generator=generator()
    )
    assert out.shape == x.shape and weights.shape == (6,) and weights.sum().item() == pytest.approx(1)


def test_the_callback_sees_every_step_and_runs_come_again():
    seen, state = [], torch.get_rng_state()

    def run(callback=None):
        settings = {"guidance_scale": 3.0, "generator": generator(1), "callback": callback}
        return sample_feynman_kac(
            gaussian_pair, 5 * normal(50), [5.0, 2.0, 0.5, 0.0], LABELS[:50], **settings
        )

    x, weights = run(lambda *step: seen.append(step))
    assert [(i, s) for i, s, _, _ in seen] == [(0, 2.0), (1, 0.5), (2, 0.0)]
    assert all(w.sum().item() == pytest.approx(1) for _, _, _, w in seen)
    assert torch.equal(x, run()[0]) and torch.equal(weights, run()[1])
    assert torch.equal(torch.get_rng_state(), state)


def test_systematic_resampling_copies_each_particle_n_times_its_weight():
    """Rounded down or up, whatever the offset; a particle of weight 0 never survives."""
    weights = torch.tensor([0.0, 0.5, 0.05, 0.35, 0.1, 0.0], dtype=torch.float64)
    for seed in range(20):
        copies = torch.bincount(_systematic(weights, generator(seed)), minlength=6)
        assert ((copies - 6 * weights).abs() < 1).all() and copies.sum() == 6


BAD = {
    "no labels": ({"cond": None}, "needs labels"),
    "a scale that is not finite": (
        {"guidance_scale": float("inf")},
        "guidance_scale.*finite number; got inf",
    ),
    "a threshold above 1": ({"ess_threshold": 2.0}, r"ess_threshold must lie in \[0, 1\]; got 2.0"),
    "an increasing grid": ({"sigmas": [0.0, 1.0]}, "sigmas must decrease"),
}


@pytest.mark.parametrize("change, message", BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused(change, message):
    arguments = {"sigmas": [1.0, 0.0], "cond": LABELS[:3], "guidance_scale": 2.0} | change
    with pytest.raises(ValueError, match=message) as error:
        sample_feynman_kac(gaussian_pair, normal(3), **arguments)
    assert "\n" not in str(error.value)
