"""Samplers against diffusers, an independent Heun, a fine reference, and the laws they must sample."""

from functools import partial

import numpy as np
import pytest
import torch
from diffusers import DDIMScheduler, DDPMScheduler
from scipy.integrate import solve_ivp
from worlds import generator, normal

from guidelib.denoisers import from_eps
from guidelib.exact.mixtures import GaussianMixture
from guidelib.samplers import sample_ddim, sample_ddpm, sample_heun, sample_langevin, sample_sde
from guidelib.schedules import ddpm_sigmas, geometric_sigmas, karras_sigmas, sigma_from_alpha_bar

SAMPLERS = {
    "ddim": sample_ddim,
    "heun": sample_heun,
    "ddpm": sample_ddpm,
    "sde": sample_sde,
    "langevin": partial(sample_langevin, num_inner=3),
}
every_sampler = pytest.mark.parametrize("sample", SAMPLERS.values(), ids=SAMPLERS.keys())
WORLD = GaussianMixture([0.3, 0.7], [-1.0, 1.5], [0.1, 0.4])


# --- the same numbers as diffusers, step for step


class Network(torch.nn.Module):
    """A small random eps network of images, levels and labels."""

    def __init__(self):
        super().__init__()
        with torch.random.fork_rng():
            torch.manual_seed(0)
            self.into, self.out = torch.nn.Conv2d(3, 8, 3, padding=1), torch.nn.Conv2d(8, 3, 3, padding=1)

    def forward(self, x_t, t, cond=None):
        shift = (t / 1000 + (0 if cond is None else cond)).reshape(-1, 1, 1, 1)
        return self.out(torch.tanh(self.into(x_t) + shift)) + 0.5 * x_t


LABELS = torch.tensor([0, 1, 2, 1])


def by_diffusers(scheduler, network, x, num_steps, **settings):
    scheduler.set_timesteps(num_steps)
    for t in scheduler.timesteps:
        x = scheduler.step(network(x, t.expand(len(x)), LABELS), t, x, **settings).prev_sample
    return x


def by_guidelib(sample, scheduler, network, x_t, sigmas, **settings):
    """x = x_t sqrt(1 + sigma^2) carries the start over; at sigma = 0 both conventions agree."""
    x = x_t * (1 + sigmas[0] ** 2).sqrt().to(x_t.dtype)
    return sample(from_eps(network, scheduler.alphas_cumprod), x, sigmas, LABELS, **settings)


@pytest.mark.parametrize("schedule", ["linear", "squaredcos_cap_v2"])
@pytest.mark.parametrize("eta", [0.0, 0.4, 1.0])
@torch.no_grad()
def test_ddim_is_the_scheduler_of_diffusers(schedule, eta):
    """eta = 0 is sample_ddim, any eta sample_ddpm: float32, 20 steps, the same noise."""
    theirs = DDIMScheduler(1000, beta_schedule=schedule, clip_sample=False)
    theirs.set_timesteps(20)
    levels = sigma_from_alpha_bar(theirs.alphas_cumprod[theirs.timesteps])
    sigmas = torch.cat([levels, levels.new_zeros(1)])
    network, x = Network(), normal(4, 3, 8, 8).float()
    expected = by_diffusers(theirs, network, x, 20, eta=eta, generator=generator(7))
    ours = by_guidelib(sample_ddpm, theirs, network, x, sigmas, eta=eta, generator=generator(7))
    assert (ours - expected).abs().max() < 1e-5 * expected.abs().max()
    if eta == 0:
        assert torch.equal(ours, by_guidelib(sample_ddim, theirs, network, x, sigmas))


@pytest.mark.parametrize("schedule", ["linear", "squaredcos_cap_v2"])
@torch.no_grad()
def test_ddpm_is_the_scheduler_of_diffusers(schedule):
    """On our own grid, with the exact posterior variance ("fixed_small") and the same noise."""
    theirs = DDPMScheduler(1000, beta_schedule=schedule, clip_sample=False, timestep_spacing="linspace")
    sigmas = ddpm_sigmas(theirs.alphas_cumprod, 25)
    network, x = Network(), normal(4, 3, 8, 8).float()
    expected = by_diffusers(theirs, network, x, 25, generator=generator(7))
    ours = by_guidelib(sample_ddpm, theirs, network, x, sigmas, generator=generator(7))
    assert (ours - expected).abs().max() < 1e-5 * expected.abs().max()


def test_heun_is_algorithm_1_of_karras():
    """Written out here with slopes; the library's form saves passes over x."""
    sigmas, x = karras_sigmas(15, 0.01, 20.0), 20 * normal(50)
    ours = sample_heun(WORLD, x, sigmas)
    for t, t_next in zip(sigmas[:-1].tolist(), sigmas[1:].tolist(), strict=True):
        d = (x - WORLD(x, t)) / t
        ahead = x + (t_next - t) * d
        if t_next > 0:
            ahead = x + (t_next - t) * (d / 2 + (ahead - WORLD(ahead, t_next)) / t_next / 2)
        x = ahead
    assert torch.allclose(ours, x, rtol=1e-12, atol=1e-13)


# --- accuracy


@pytest.mark.parametrize("sample, order", [(sample_ddim, 1), (sample_heun, 2)])
def test_order_by_convergence_slope(sample, order):
    """Error against a fine reference from sigma 10 down to 0.1; the slope is within 0.15 of the order."""
    x = 10 * torch.linspace(-1.5, 1.5, 9, dtype=torch.float64)

    def slope(sigma, x):
        return (x - WORLD(torch.from_numpy(x), sigma).numpy()) / sigma

    truth = solve_ivp(slope, (10.0, 0.1), x.numpy(), method="DOP853", rtol=1e-12, atol=1e-12).y[:, -1]
    steps = [32, 64, 128, 256]
    ends = [sample(WORLD, x, geometric_sigmas(n + 1, 0.1, 10.0)[:-1]).numpy() for n in steps]
    errors = [np.abs(end - truth).mean() for end in ends]
    assert -np.polyfit(np.log(steps), np.log(errors), 1)[0] == pytest.approx(order, abs=0.15)
    assert errors[-1] < 0.02


@pytest.mark.parametrize(
    "sample",
    [
        *(partial(sample_sde, beta=beta) for beta in (1.0, 0.7, 0.5, 0.2)),
        *(partial(sample_ddpm, eta=eta) for eta in (1.0, 0.5)),
        sample_heun,
    ],
    ids=["beta 1", "beta 0.7", "beta 0.5", "beta 0.2", "eta 1", "eta 0.5", "heun"],
)
def test_every_member_of_the_family_recovers_the_mixture(sample):
    """One set of marginals: mean, variance and the mass of a class within 4 standard errors, which at
    3,000 points are wider than the first-order bias of 200 steps."""
    x0, _ = WORLD.sample(3000, generator(1))
    start = x0 + 20 * normal(3000, seed=2)
    assert_is_the_mixture(sample(WORLD, start, karras_sigmas(200, 0.01, 20.0), generator=generator(3)))


def assert_is_the_mixture(x):
    n, centred = len(x), x - WORLD.mean
    fourth = (centred**4).mean()
    assert (x.mean() - WORLD.mean).abs() < 4 * (WORLD.cov / n).sqrt()
    assert (centred.square().mean() - WORLD.cov).abs() < 4 * ((fourth - WORLD.cov**2) / n).sqrt()
    left = (x < 0).double().mean().item()
    exact = sum(
        w * torch.distributions.Normal(m, s).cdf(torch.zeros(())).item()
        for w, m, s in ((0.3, -1.0, 0.1**0.5), (0.7, 1.5, 0.4**0.5))
    )
    assert abs(left - exact) < 4 * (exact * (1 - exact) / n) ** 0.5


def test_named_betas_are_the_other_samplers():
    x, sigmas = 20 * normal(100), karras_sigmas(20, 0.01, 20.0)
    assert torch.equal(sample_sde(WORLD, x, sigmas, beta=1.0), sample_ddim(WORLD, x, sigmas))
    assert torch.equal(sample_ddpm(WORLD, x, sigmas, eta=0.0), sample_ddim(WORLD, x, sigmas))
    half = sample_sde(WORLD, x, sigmas, beta=0.5, generator=generator(4))
    assert torch.allclose(half, sample_ddpm(WORLD, x, sigmas, generator=generator(4)), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("variance, step", [(0.0, 0.3), (1.0, 0.2), (4.0, 0.05)])
def test_langevin_reaches_its_stationary_law(variance, step):
    """For x0 ~ N(0, c) the chain is linear; at noise sigma, v = c + sigma^2, its stationary variance is
    v (2 - h)/(2 - h sigma^2/v): v itself for c = 0 (D stands still) and as h -> 0."""
    n, sigma = 10_000, 1.0
    world, v = GaussianMixture([1.0], [0.0], [variance]), variance + sigma**2
    grid = [sigma, sigma * 0.9999]
    x = sample_langevin(world, 3 * normal(n), grid, num_inner=150, step=step, generator=generator(5))
    exact = v * (2 - step) / (2 - step * sigma**2 / v)
    assert x.var().item() == pytest.approx(exact, abs=4 * exact * (2 / n) ** 0.5)
    assert x.mean().item() == pytest.approx(0, abs=4 * (exact / n) ** 0.5)


def test_annealed_langevin_ends_in_the_mixture():
    """Slow annealing carries the weights down; the last value is denoised."""
    n = 5000
    start, sigmas = 10 * normal(n), geometric_sigmas(40, 0.02, 10.0)
    x = sample_langevin(WORLD, start, sigmas, num_inner=15, step=0.1, generator=generator(6))
    assert x.mean().item() == pytest.approx(WORLD.mean.item(), abs=0.05)
    assert x.var().item() == pytest.approx(WORLD.cov.item(), rel=0.05)
    assert (x < 0).double().mean().item() == pytest.approx(0.306, abs=0.03)


# --- what every sampler promises


@every_sampler
def test_the_callback_sees_every_step_before_it_is_taken(sample):
    seen, x, sigmas = [], 5 * normal(4), torch.tensor([5.0, 2.0, 0.5, 0.0])
    sample(WORLD, x, sigmas, callback=lambda *step: seen.append(step), generator=generator())
    inner = 3 if sample is SAMPLERS["langevin"] else 1
    assert [(i, s) for i, s, _, _ in seen] == [
        (i, s) for i, s in enumerate([5.0, 2.0, 0.5]) for _ in range(inner)
    ]
    assert torch.equal(seen[0][2], x)
    for _, sigma, x_i, denoised in seen:
        assert torch.equal(denoised, WORLD(x_i, sigma))
    assert len({id(x_i) for _, _, x_i, _ in seen}) == len(seen)  # not one tensor written over and over


@every_sampler
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_runs_come_again_and_leave_the_global_generator_alone(sample, dtype):
    x, sigmas, state = (5 * normal(50)).to(dtype), geometric_sigmas(8, 0.1, 5.0), torch.get_rng_state()
    before = x.clone()
    first = sample(WORLD, x, sigmas, generator=generator(9))
    assert torch.equal(first, sample(WORLD, x, sigmas, generator=generator(9)))
    assert first.dtype == dtype and torch.equal(x, before)
    assert torch.equal(torch.get_rng_state(), state)
    random = sample not in (sample_ddim, sample_heun)
    assert torch.equal(first, sample(WORLD, x, sigmas, generator=generator(10))) != random


@every_sampler
def test_labels_reach_the_denoiser(sample):
    """Every call gets the labels; conditional samples end in their class."""
    labels = torch.tensor([0, 1]).repeat(100)
    sigmas = karras_sigmas(20, 0.01, 10.0)
    x = sample(WORLD, 10 * normal(200), sigmas, labels, generator=generator(2))
    assert x[labels == 0].mean().item() == pytest.approx(-1.0, abs=0.2)
    assert x[labels == 1].mean().item() == pytest.approx(1.5, abs=0.3)


@every_sampler
def test_a_grid_may_stop_above_zero_and_be_a_list(sample):
    x = 5 * normal(20)
    assert torch.isfinite(sample(WORLD, x, [5, 2, 1], generator=generator())).all()


X = torch.zeros(3, dtype=torch.float64)
GRID = [1.0, 0.5, 0.0]
BAD_SETTINGS = {
    "eta above 1": (lambda: sample_ddpm(WORLD, X, GRID, eta=1.5), r"eta must lie in \[0, 1\].*got 1.5"),
    "eta NaN": (lambda: sample_ddpm(WORLD, X, GRID, eta=float("nan")), "got nan"),
    "beta zero": (lambda: sample_sde(WORLD, X, GRID, beta=0.0), r"beta must lie in \(0, 1\].*got 0.0"),
    "beta above 1": (lambda: sample_sde(WORLD, X, GRID, beta=2), "got 2"),
    "no inner steps": (lambda: sample_langevin(WORLD, X, GRID, num_inner=0), "num_inner >= 1.*got 0 and 0.1"),
    "too long a step": (lambda: sample_langevin(WORLD, X, GRID, step=1.5), "step <= 1; got 20 and 1.5"),
}


@pytest.mark.parametrize("call, message", BAD_SETTINGS.values(), ids=BAD_SETTINGS.keys())
def test_bad_settings_are_refused(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)


@every_sampler
@pytest.mark.parametrize(
    "grid", [[0.0, 1.0, 2.0], [2.0, float("nan"), 0.0], [2.0, -1.0], [1.0], [[2.0, 1.0]]]
)
def test_bad_grids_are_refused_before_the_first_step(sample, grid):
    with pytest.raises(ValueError, match="^sigmas must"):
        sample(None, X, grid)
