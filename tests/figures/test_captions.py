"""What the captions of the moving figures tell the reader to notice is so."""

import pytest
import torch

from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.transport import mixture_law, ode_law, sde_law, tilted_law, wasserstein1
from guidelib.guidance import cfg, denoised_feature, forcing
from guidelib.samplers import sample_ddim, sample_ddpm, sample_heun
from guidelib.schedules import geometric_sigmas
from tools.figures import figures
from tools.half_rings import apart, guided, half_rings

OPTIONS = {figure.name: figure.options for figure in figures()}


def mixture_of(options):
    return GaussianMixture(options["weights"], options["means"], [w**2 for w in options["widths"]])


def test_the_denoiser_is_steepest_where_the_classes_cross_and_so_is_the_score():
    mixture = mixture_of(OPTIONS["noise"])
    for sigma in (0.3, 1.0, 2.0):
        x = torch.linspace(-4, 3, 7001, dtype=torch.float64)
        steepest = x[:-1][mixture(x, sigma).diff().argmax()]
        assert steepest == x[:-1][mixture.score(x, sigma).diff().argmax()]
        assert abs(mixture.posterior(steepest[None], sigma)[0, 0] - 0.5) < 2e-3
    (slope,) = torch.autograd.functional.jacobian(
        lambda x: mixture(x, 2**0.5), torch.tensor([-0.5 - 9 / 4 * torch.tensor(2.0).log() / 3]).double()
    )[0]
    assert abs(slope - 1) < 1e-4


@pytest.mark.parametrize("steps", [8, 20, 50])
def test_euler_is_narrow_heun_near_and_ancestral_slow(steps):
    mixture = mixture_of(OPTIONS["trajectories"])
    assert OPTIONS["trajectories"]["steps"] == 8
    quantiles = (torch.arange(4000, dtype=torch.float64) + 0.5) / 4000
    start, exact = 20 * torch.special.ndtri(quantiles), mixture_law(mixture).quantile(quantiles.numpy())
    far, spread = {}, {}
    for sampler in (sample_ddim, sample_heun, sample_ddpm):
        generator = torch.Generator().manual_seed(1)
        end = sampler(mixture, start, geometric_sigmas(steps, 0.05, 20.0), generator=generator)
        far[sampler] = (end.sort().values - torch.from_numpy(exact)).abs().mean()
        spread[sampler] = end.std()
    assert far[sample_heun] < 0.6 * far[sample_ddim] and far[sample_ddpm] > 1.2 * far[sample_ddim]
    assert spread[sample_ddim] < 1.48


def test_separation_cures_the_sde_slowly_and_the_ode_not_and_noise_leads_to_the_tilted_density():
    options = OPTIONS["guidance"]
    far = {}
    for rho in (4, 8):
        world = GaussianMixture([options["weight"], 1 - options["weight"]], [0.0, -float(rho)], [1.0, 1.0])
        guided = cfg(world, options["scale"])
        laws = {"ode": ode_law(guided, 1e6, 0), "sde": sde_law(guided, 1e6, 0)}
        laws["tilted"] = tilted_law(world, 0, options["scale"])
        far[rho] = {kind: wasserstein1(law, mixture_law(world, 0)) for kind, law in laws.items()}
        if rho == 4:
            noisier = sde_law(guided, 1e6, 0, beta=0.1)
            gap = wasserstein1(noisier, laws["tilted"]), wasserstein1(laws["sde"], laws["tilted"])
            assert gap[0] < 0.2 * gap[1]
    assert far[8]["tilted"] < 0.1 * far[4]["tilted"]
    assert 0.3 < far[8]["sde"] / far[4]["sde"] < 0.7
    assert far[8]["ode"] > 0.98 * far[4]["ode"]


def test_a_push_is_let_go_too_early_or_too_late_and_a_spring_keeps_width_under_the_sde_only():
    rho, strength = OPTIONS["push"]["separation"], OPTIONS["push"]["strength"]
    world = GaussianMixture([0.5, 0.5], [0.0, -float(rho)], [1.0, 1.0])
    laws = {}
    for r in (2, OPTIONS["push"]["off"], 4, 6.5):
        off = ((rho / r) ** 2 - 1) ** 0.5
        push = denoised_feature(world, world.means, lambda s, off=off: strength * (s > off))
        spring = forcing(world, world.means, lambda s, off=off: strength / (1 + s**2) * (s > off))
        laws[r] = [law(D, 100.0, 0, breaks=[off]) for D in (push, spring) for law in (ode_law, sde_law)]
    truth = mixture_law(world, 0)
    for i in (0, 1):
        assert laws[2][i].cdf(-rho / 2) > 0.1 and laws[6.5][i].std < 0.8
        assert wasserstein1(laws[4][i], truth) < 0.75 * min(wasserstein1(laws[r][i], truth) for r in (2, 6.5))
    assert laws[4][2].std < 0.05 and laws[4][3].std > 0.5


def test_autoguidance_mends_a_blur_and_cfg_does_not_and_an_exact_model_needs_neither():
    options = OPTIONS["rules"]
    one, everything = half_rings()
    edge = apart(one.sample(50_000, torch.Generator().manual_seed(0))[0]).quantile(0.99)
    start = 40 * torch.randn(1000, 2, generator=torch.Generator().manual_seed(5), dtype=torch.float64)

    def end(name, g, blur):
        rule = guided(name, g, blur)
        return sample_heun(rule, start, geometric_sigmas(32, 0.015, 40.0), torch.zeros(1000).long())

    def off(x):
        return (apart(x) > edge).double().mean()

    assert (options["first"], options["second"], options["model"]) == ("cfg", "auto", "blurred")
    blurred, pushed = end("conditional", 1, 0.2), end("cfg", options["firstScale"], 0.2)
    mended, thin = (end("auto", options["secondScale"], blur) for blur in (0.2, 0.0))
    assert 0.15 < off(blurred) < 0.25 and 0.15 < off(pushed) < 0.25
    inner = [(x[:, 0] > 1.5).double().mean() for x in (blurred, pushed, mended)]
    assert inner[1] < 0.02 < 0.15 < min(inner[0], inner[2])
    assert off(mended) < 0.02 and off(thin) == 0
    assert apart(thin).median() < 0.6 * apart(end("conditional", 1, 0.0)).median()
