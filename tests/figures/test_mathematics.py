"""The moving figures' mathematics, in JavaScript, gives guidelib's values."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.special import ndtr
from scipy.stats import kstest

from guidelib import plots
from guidelib.cfgpp import sample_cfgpp
from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.transport import mixture_law, ode_law, sde_law, tilted_law, wasserstein1
from guidelib.guidance import cfg, denoised_feature, forcing
from guidelib.samplers import sample_ddim, sample_heun
from guidelib.schedules import geometric_sigmas
from tools.half_rings import guided as rule_of
from tools.half_rings import half_rings

ANY = -1  # the label of no class in mixture.mjs
LINE = ([0.2, 0.5, 0.3], [-2.0, 1.0, 1.5], [0.25, 1.0, 0.04])
PLANE = ([0.6, 0.4], [[0.0, 1.0], [-3.0, 0.5]], [0.5, 2.0])
SIGMAS = (0.0, 0.05, 1.0, 30.0)


def evaluate(*calls):
    """The results of the calls, from one run of node."""
    node = Path(sys.executable).with_name("node")
    done = subprocess.run(
        [str(node) if node.exists() else "node", Path(__file__).with_name("evaluate.mjs")],
        input=json.dumps(calls), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def world(mix):
    return GaussianMixture(*mix)


def points(mix):
    """Points in the bulk, between the classes and far out."""
    line = torch.tensor([-40.0, -6.0, -2.2, -0.7, 0.1, 1.3, 5.0, 60.0], dtype=torch.float64)
    if isinstance(mix[1][0], float):
        return line
    return torch.stack([line, line.flip(0) * 0.4 - 0.3], 1)


def assert_equal(got, wanted, rtol=1e-10):
    wanted = wanted.flatten()
    torch.testing.assert_close(torch.tensor(got, dtype=torch.float64), wanted, rtol=rtol, atol=1e-13)


@pytest.mark.parametrize("mix", [LINE, PLANE], ids=["line", "plane"])
@pytest.mark.parametrize("sigma", SIGMAS)
def test_densities_posteriors_scores_denoisers(mix, sigma):
    m, x, k = world(mix), points(mix), 1
    labels = torch.full((len(x),), k)
    x_list, target = x.tolist(), [[0.5, -1.0]] if x.ndim == 2 else [0.5]
    log_all, log_one, post, score, score_one, D, D_one, guided, pushed, moved = evaluate(
        ("logDensity", mix, x_list, sigma, ANY),
        ("logDensity", mix, x_list, sigma, k),
        ("posterior", mix, x_list, sigma),
        ("score", mix, x_list, sigma, ANY),
        ("score", mix, x_list, sigma, k),
        ("denoiser", mix, x_list, sigma, ANY),
        ("denoiser", mix, x_list, sigma, k),
        ("cfg", mix, x_list, sigma, 3.5, k),
        ("forcing", mix, x_list, sigma, np.ravel(target).tolist(), 0.7),
        ("denoisedFeature", mix, x_list, sigma, np.ravel(target).tolist(), 0.7),
    )
    assert_equal(log_all, m.log_prob(x, sigma))
    assert_equal(log_one, m.conditional(k).log_prob(x, sigma))
    assert_equal(post, m.posterior(x, sigma))
    assert_equal(score, m.score(x, sigma))
    assert_equal(score_one, m.conditional(k).score(x, sigma))
    assert_equal(D, m(x, sigma))
    assert_equal(D_one, m(x, sigma, labels))
    assert_equal(guided, cfg(m, 3.5)(x, sigma, labels))
    zeros = torch.zeros(len(x)).long()
    assert_equal(pushed, forcing(m, target, 0.7)(x, sigma, zeros))
    assert_equal(moved, denoised_feature(m, target, 0.7)(x, sigma, zeros))


@pytest.mark.parametrize("mix", [LINE, PLANE], ids=["line", "plane"])
@pytest.mark.parametrize(("solver", "sampler"), [("euler", sample_ddim), ("heun", sample_heun)])
def test_smooth_solvers(mix, solver, sampler):
    x, sigmas = points(mix), geometric_sigmas(12, 0.05, 20.0)
    levels, got = evaluate(
        ("geometricSigmas", 12, 0.05, 20.0), ("walk", mix, x.tolist(), sigmas.tolist(), solver)
    )
    assert_equal(levels, sigmas)
    assert_equal(got, sampler(world(mix), x, sigmas), rtol=1e-9)


@pytest.mark.parametrize("mix", [LINE, PLANE], ids=["line", "plane"])
@pytest.mark.parametrize("sigma", SIGMAS)
def test_what_the_denoisers_jacobian_does(mix, sigma):
    x = points(mix)
    vec = torch.randn(x.shape, generator=torch.Generator().manual_seed(2), dtype=torch.float64)
    wanted = torch.autograd.functional.vjp(lambda x: world(mix)(x, sigma), x, vec)[1]
    (got,) = evaluate(("slope", mix, x.tolist(), sigma, vec.tolist()))
    assert_equal(got, wanted)


RULES = [
    "plain", "conditional", "cfg", "late", "apg", "rescaled", "zero", "reg", "auto",
]  # fmt: skip


@pytest.mark.parametrize("blur", [0.0, 0.2])
@pytest.mark.parametrize("name", RULES)
def test_rules(name, blur):
    generator = torch.Generator().manual_seed(3)
    for g in (2.5, -0.5):
        for sigma in (0.02, 0.3, 0.7, 3.0, 40.0):
            x = half_rings()[1].sample(40, generator)[0]
            x += max(sigma, 0.3) * torch.randn(40, 2, generator=generator, dtype=torch.float64)
            (got,) = evaluate(("rule", name, g, blur, x.tolist(), sigma))
            wanted = rule_of(name, g, blur)(x, sigma, torch.zeros(40).long())
            error = (torch.tensor(got, dtype=torch.float64).reshape(-1, 2) - wanted).norm(dim=1)
            assert (error / wanted.norm(dim=1)).max() < 1e-10, (g, sigma)


def test_cfg_plus_plus():
    x, sigmas = points(PLANE), geometric_sigmas(12, 0.05, 20.0)
    (got,) = evaluate(("cfgpp", PLANE, x.tolist(), sigmas.tolist(), 0.6, 1))
    wanted = sample_cfgpp(world(PLANE), x, sigmas, torch.ones(len(x)).long(), guidance_scale=0.6)
    assert_equal(got, wanted, rtol=1e-9)


@pytest.mark.parametrize("beta", [0.5, 0.2])
def test_a_noisy_step_has_the_mean_and_spread_of_its_equation(beta):
    n, start, sigma, after = 40_000, 0.4, 2.0, 1.2
    D = world(LINE)(torch.tensor([start]).double(), sigma).item()
    (got,) = evaluate(("noisyStep", LINE, n, start, sigma, after, beta))
    mean = D + (after / sigma) ** (1 / beta) * (start - D)
    spread = after * np.sqrt(1 - (after / sigma) ** (2 / beta - 2))
    z = (np.array(got) - mean) / spread
    assert kstest(z, "norm").pvalue > 1e-3
    assert abs(z.mean()) < 4 / n**0.5 and abs(z.std() - 1) < 4 / (2 * n) ** 0.5


def test_random_numbers_are_normal_and_repeat():
    first, again, other = evaluate(("normals", 1, 20_000), ("normals", 1, 20_000), ("normals", 2, 20_000))
    assert first == again and first != other
    assert kstest(first, "norm").pvalue > 1e-3
    assert abs(np.corrcoef(first, other)[0, 1]) < 0.03
    assert abs(np.corrcoef(first[1:], first[:-1])[0, 1]) < 0.03


def test_samples_follow_the_mixture():
    n = 20_000
    (got,) = evaluate(("sample", LINE, n, 5))
    x, labels = np.array(got[:n]), np.array(got[n:], int)
    assert kstest(x, mixture_law(world(LINE)).cdf).pvalue > 1e-3
    assert np.abs(np.bincount(labels) / n - LINE[0]).max() < 4 * np.sqrt(0.25 / n)


def test_the_normal_cdf():
    z = np.concatenate([np.linspace(-12, 12, 241), [3 - 1e-12, 3 + 1e-12]])
    (got,) = evaluate(("ndtr", z.tolist()))
    np.testing.assert_allclose(got, ndtr(z), rtol=1e-11)


# what the sliders of the figures reach: separations 1 to 8, weights, scales, stochasticity, a third class
LAWS = [
    (([0.5, 0.5], [0.0, -4.0], [1.0, 1.0]), 4, 0.5),
    (([0.5, 0.5], [0.0, -1.0], [1.0, 1.0]), 8, 0.5),
    (([0.5, 0.5], [0.0, -8.0], [1.0, 1.0]), 8, 0.5),
    (([0.1, 0.9], [0.0, -8.0], [1.0, 1.0]), 8, 0.9),
    (([0.9, 0.1], [0.0, -3.0], [1.0, 1.0]), 2, 0.1),
    (([0.5, 0.5], [0.0, -4.0], [1.0, 1.0]), 0, 0.5),
    (([0.4, 0.6], [0.0, -4.0], [1.0, 2.0]), 3, 0.5),
    (([1 / 3] * 3, [0.0, -6.0, 6.0], [1.0, 1.0, 1.0]), 2, 0.5),
    (([1 / 3, 2 / 3], [-2.0, 1.0], [0.25, 0.25]), 3, 0.5),
]


@pytest.mark.parametrize(("mix", "g", "beta"), LAWS)
def test_laws(mix, g, beta):
    m = world(mix)
    guided = cfg(m, g)
    exact = {
        "ode": ode_law(guided, 1e6, 0),
        "sde": sde_law(guided, 1e6, 0, beta=beta),
        "tilted": tilted_law(m, 0, g),
        "conditional": mixture_law(m, 0),
    }
    at = (mix[1][0] + np.linspace(-3, 3, 13)).tolist()
    (got,) = evaluate(("laws", mix, g, 0, beta, at, 240))
    for kind, law in exact.items():
        ours = got[kind]
        assert abs(ours["mean"] - law.mean) < 1e-4, kind
        assert abs(ours["std"] - law.std) < 1e-4, kind
        assert np.abs(np.array(ours["cdf"]) - law.cdf(np.array(at))).max() < 1e-4, kind
        assert abs(ours["w1"] - wasserstein1(law, exact["conditional"])) < 1e-4, kind


# separation, push, strength, where it is let go, sampler: collapse, parting, both ends of the sliders
PUSHES = [
    (8, "spring", 2, 4, "ode"),
    (8, "spring", 3, 3.5, "sde"),
    (8, "denoised", 1, 3, "ode"),
    (8, "denoised", 1, 4.1, "sde"),
    (8, "denoised", 1, 1.5, "ode"),
    (16, "spring", 0.1, 8, "ode"),
    (16, "denoised", 0.5, 0.5, "ode"),
    (16, "denoised", 0, 4, "sde"),
    (16, "denoised", 4, 10, "sde"),
    (3, "denoised", 4, 2.7, "ode"),
]


@pytest.mark.parametrize("settings", PUSHES)
def test_laws_of_a_push_that_is_let_go(settings):
    rho, push, strength, r, sampler = settings
    m, off = world(([0.5, 0.5], [0.0, -rho], [1.0, 1.0])), np.sqrt(rho**2 / r**2 - 1)
    if push == "spring":
        rule = forcing(m, m.means, lambda s: strength / (1 + s**2) * (s > off))
    else:
        rule = denoised_feature(m, m.means, lambda s: strength * (s > off))
    law = (ode_law if sampler == "ode" else sde_law)(rule, 100.0, 0, breaks=[off])
    at = np.linspace(-rho - 3, 3, 25)
    if law.std < 0.1:
        at = law.mean + law.std * np.linspace(-3, 3, 13)
    (got,) = evaluate(("pushLaw", settings, at.tolist()))
    exact = {"mean": law.mean, "std": law.std, "wrong": law.cdf(-rho / 2),
             "w1": wasserstein1(law, mixture_law(m, 0))}  # fmt: skip
    for name, value in exact.items():
        assert abs(got[name] - value) < 1e-4 * max(1, abs(value)), name
    # where all stands in one place, the place itself is known to a part of a part of its width
    assert np.abs(np.array(got["cdf"]) - law.cdf(at)).max() < (1e-4 if law.std > 0.1 else 5e-3)


def test_objects_have_the_colours_of_the_book():
    assert evaluate(("colors",))[0] == plots.COLORS
