"""Gibbs-like guidance: where the rounds settle, against closed forms."""

import pytest
import torch
from worlds import gaussian_pair, generator, normal

from guidelib.gibbs import sample_gibbs
from guidelib.guidance import cfg
from guidelib.schedules import geometric_sigmas

N = 20_000
LABELS = torch.zeros(N, dtype=torch.int64)


def settled(g, sigma):
    """Stationary variance: the ODE from q = sigma^2 multiplies by F with F^2 = (1 + q)^-g (1 + q/2)^(g - 1),
    so V = F^2 (V + q)."""
    q = sigma**2
    factor = (1 + q) ** -g * (1 + q / 2) ** (g - 1)
    return factor * q / (1 - factor)


def run(g, sigma, rounds, seed=0, x=None):
    start = normal(N, seed=seed) if x is None else x
    sigmas = geometric_sigmas(30, 0.01, sigma)
    return sample_gibbs(
        cfg(gaussian_pair, g), start, sigmas, LABELS[: len(start)], rounds=rounds, generator=generator(seed)
    )


@pytest.mark.parametrize("g, sigma", [(1.0, 1.0), (3.0, 1.0), (3.0, 3.0), (5.0, 0.5)])
def test_the_rounds_settle_on_the_fixed_point(g, sigma):
    """At g = 1 the class itself is kept; in between the fixed point is neither ODE law nor tilted law."""
    variance = run(g, sigma, rounds=20).var().item()
    assert variance == pytest.approx(settled(g, sigma), rel=4 * (2 / N) ** 0.5)


def test_little_noise_settles_on_the_tilted_law_and_much_noise_on_the_guided_ode():
    assert settled(3, 1e-3) == pytest.approx(2 / 4, rel=1e-5)
    assert settled(3, 1e4) == pytest.approx(2.0**-2, rel=1e-5)
    variance = run(3.0, 0.3, rounds=60).var().item()
    assert abs(variance - 2 / 4) < 0.03 < abs(variance - 2.0**-2)


def test_one_round_is_noise_and_then_the_ode():
    x, seen = normal(6, 1, 2, 2), []
    sigmas = geometric_sigmas(400, 0.001, 2.0)
    guided, labels = cfg(gaussian_pair, 2.0), LABELS[:6]
    out = sample_gibbs(
        guided, x, sigmas, labels, rounds=1, generator=generator(3), callback=lambda *s: seen.append(s)
    )
    z = torch.randn(x.shape, generator=generator(3), dtype=x.dtype)
    factor = (1 / 5) * (6 / 2) ** 0.5  # F at g = 2, q = 4
    assert torch.allclose(out, factor * (x + 2 * z), rtol=1e-4)
    assert len(seen) == 1 and seen[0][0] == 0 and torch.equal(seen[0][1], out)


def test_runs_come_again_and_global_random_numbers_are_not_touched():
    state = torch.get_rng_state()
    assert torch.equal(run(2.0, 1.0, 2, x=normal(50)), run(2.0, 1.0, 2, x=normal(50)))
    assert torch.equal(torch.get_rng_state(), state)


def test_no_rounds_are_refused():
    with pytest.raises(ValueError, match="rounds must be >= 1; got 0"):
        run(2.0, 1.0, rounds=0)
