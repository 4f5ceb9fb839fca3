"""Denoisers, scores, noise estimates and DDPM networks: one estimate in several coordinates."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from worlds import mixture, normal, points

from guidelib.denoisers import (
    eps_from_denoiser,
    from_eps,
    from_v,
    score_from_denoiser,
    smoothed,
    to_eps,
    to_v,
)
from guidelib.schedules import alpha_bar_from_sigma, cosine_alpha_bar, linear_alpha_bar, sigma_from_alpha_bar

ADAPTERS = {"eps": (from_eps, to_eps), "v": (from_v, to_v)}
SCHEDULES = {"linear": linear_alpha_bar(), "cosine": cosine_alpha_bar()}


@given(sigma=st.floats(1e-3, 1e3), seed=st.integers(0, 20))
def test_score_and_eps_of_a_denoiser(sigma, seed):
    """score = -eps / sigma, and both give the mixture's own score back."""
    world = mixture("diagonal", 3, seed=seed)
    x = points(world, 6) * (1 + sigma)
    score, eps = score_from_denoiser(world, x, sigma), eps_from_denoiser(world, x, sigma)
    assert torch.allclose(score, -eps / sigma, rtol=1e-12)
    assert torch.allclose(
        score, world.score(x, sigma), rtol=1e-9, atol=1e-13 * x.abs().max().item() / sigma**2
    )


@pytest.mark.parametrize("shape", [(5,), (5, 2), (5, 3, 4, 4)])
def test_sigma_per_row_for_every_shape_of_x(shape):
    """A (B,) sigma must meet the batch axis, not the last one."""
    x, sigma = normal(*shape), torch.linspace(0.5, 2, 5, dtype=torch.float64)

    def half(x, sigma, cond=None):
        return x / 2

    for f in (score_from_denoiser, eps_from_denoiser):
        rows = [f(half, x[i : i + 1], sigma[i].item()) for i in range(5)]
        assert torch.equal(f(half, x, sigma), torch.cat(rows))


@pytest.mark.parametrize("alpha_bar", SCHEDULES.values(), ids=SCHEDULES.keys())
@pytest.mark.parametrize("pair", ADAPTERS.values(), ids=ADAPTERS.keys())
@pytest.mark.parametrize("level", [0, 1, 500, 999])
def test_adapters_are_inverse_to_each_other(pair, alpha_bar, level):
    """denoiser -> network -> denoiser, and network -> denoiser -> network, with and without labels."""
    there, back = pair[1], pair[0]
    world = mixture("full", 3)
    sigma = sigma_from_alpha_bar(alpha_bar)[level].item()
    x, labels, t = points(world, 6) * (1 + sigma), torch.tensor([0, 1, 2, 3, 4, 0]), torch.full((6,), level)
    again = back(there(world, alpha_bar), alpha_bar)
    for cond in (None, labels):
        assert torch.allclose(again(x, sigma, cond), world(x, sigma, cond), rtol=1e-10, atol=1e-10)

    def network(x_t, t, cond=None):
        return torch.sin(x_t) + t[:, None] / 1000

    x_t = normal(6, 3)
    assert torch.allclose(there(back(network, alpha_bar), alpha_bar)(x_t, t), network(x_t, t), atol=1e-10)


def test_what_the_network_sees_and_says():
    """x_t = sqrt(abar) x0 + sqrt(1 - abar) eps; the true eps and the true v both give x0 back."""
    alpha_bar = SCHEDULES["linear"]
    x0, eps, level = normal(4, 2), normal(4, 2, seed=1), 300
    a, b = alpha_bar[level].sqrt(), (1 - alpha_bar[level]).sqrt()
    sigma = (b / a).item()

    def seen(answer):
        def network(x_t, t, cond=None):
            assert torch.allclose(x_t, a * x0 + b * eps, rtol=1e-12) and t.tolist() == [level] * 4
            return answer

        return network

    x = x0 + sigma * eps
    assert torch.allclose(from_eps(seen(eps), alpha_bar)(x, sigma), x0, atol=1e-12)
    assert torch.allclose(from_v(seen(a * eps - b * x0), alpha_bar)(x, sigma), x0, atol=1e-12)


@pytest.mark.parametrize("adapter", [from_eps, from_v])
def test_nearest_level_in_log_sigma_row_by_row(adapter):
    alpha_bar, asked = alpha_bar_from_sigma([0.1, 1.0, 10.0, 100.0]), []

    def network(x_t, t, cond=None):
        asked.append(t.tolist())
        return x_t

    denoiser = adapter(network, alpha_bar)
    denoiser(normal(4, 2), torch.tensor([1e-4, 3.1, 3.2, 100.0]))  # 3.2 is nearer to 10: sqrt(1 * 10) = 3.16
    denoiser(normal(2, 2), 0.0)  # below the smallest level: that level
    assert asked == [[0, 1, 2, 3], [0, 0]]


def test_float32_in_float32_out():
    denoiser = from_eps(lambda x, t, cond=None: x / 2, SCHEDULES["cosine"])
    assert denoiser(torch.zeros(3, 2), 0.5).dtype == torch.float32


def plain(x, sigma, cond=None):
    return x


X = torch.zeros(3, 2)
NETWORK = from_eps(plain, SCHEDULES["linear"])
BAD = {
    "sigma above the largest level": (lambda: NETWORK(X, 158.0), r"158 is above .* largest level 157\.4"),
    "one sigma above it": (lambda: NETWORK(X, torch.tensor([1.0, 1.0, 200.0])), "200 is above.*ddpm_sigmas"),
    "NaN sigma": (lambda: NETWORK(X, float("nan")), "sigma must be finite and >= 0; got nan"),
    "negative sigma": (lambda: NETWORK(X, -1.0), "got -1"),
    "sigma of a wrong length": (
        lambda: eps_from_denoiser(plain, X, torch.ones(2)),
        r"\(3,\); got shape \(2,\)",
    ),
    "score at sigma 0": (lambda: score_from_denoiser(plain, X, 0.0), "sigma must be > 0"),
    "eps at a negative sigma": (lambda: eps_from_denoiser(plain, X, -0.5), "got -0.5"),
    "an increasing alpha_bar": (lambda: from_v(plain, SCHEDULES["linear"].flip(0)), r"alpha_bar.flip\(0\)"),
    "alpha_bar above 1": (lambda: from_eps(plain, [1.5, 0.5]), r"\(0, 1\]; got 1.5"),
    "alpha_bar is a number": (lambda: from_eps(plain, 0.5), "alpha_bar must be 1-D"),
}


@pytest.mark.parametrize("call, message", BAD.values(), ids=BAD.keys())
def test_bad_input_is_refused(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("blur", [0.0, 0.3, 2.0])
@pytest.mark.parametrize("sigma", [0.0, 0.5, "rows"])
def test_smoothed_is_the_denoiser_of_blurred_data(blur, sigma):
    """Blurring a mixture adds blur^2 to every variance: that mixture's own denoiser is the answer."""
    world = mixture("isotropic", 3)
    x = points(world, 6)
    sigma = torch.linspace(0.1, 3, 6, dtype=torch.float64) if sigma == "rows" else sigma
    labels = torch.tensor([0, 1, 2, 3, 4, 0])
    blurred = world.noised(blur)
    for cond in (None, labels):
        assert torch.allclose(smoothed(world, blur)(x, sigma, cond), blurred(x, sigma, cond), rtol=1e-10)


@pytest.mark.parametrize("blur", [-0.1, float("inf"), float("nan")])
def test_a_blur_is_a_finite_length(blur):
    with pytest.raises(ValueError, match=f"blur must be finite and >= 0, in units of x; got {blur}"):
        smoothed(mixture("scalar"), blur)
