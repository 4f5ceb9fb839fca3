"""What the captions of the moving figures tell the reader to notice is so."""

import pytest
import torch

from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.transport import mixture_law, ode_law, sde_law, tilted_law, wasserstein1
from guidelib.guidance import cfg
from guidelib.samplers import sample_ddim, sample_ddpm, sample_heun
from guidelib.schedules import geometric_sigmas
from tools.figures import figures

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
