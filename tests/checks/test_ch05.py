"""The truths of chapter 5's checkers against computations that do not use their formulas."""

import torch
from scipy.optimize import brentq

from guidelib.checks.ch05 import EXERCISES
from guidelib.denoisers import smoothed
from guidelib.exact.mixtures import GaussianMixture
from guidelib.exact.transport import ode_law
from guidelib.guidance import autoguidance, cfg, reg
from guidelib.samplers import sample_ddim
from guidelib.schedules import geometric_sigmas


def truth(label):
    return EXERCISES[label].truth


def pair(a, b):
    """A class N(0, a) in a whole N(0, b)."""

    def denoiser(x, sigma, cond=None):
        variance = b if cond is None else a
        return x * variance / (variance + sigma**2)

    return denoiser


def wall(lam, shift=0.0):
    return GaussianMixture([1.0], [shift], [lam**2])


def test_the_steps_are_those_of_cfg_at_the_scale_behind_the_dial():
    step, x = truth("ex-cfgpp-step"), torch.tensor([1.7], dtype=torch.float64)
    liked, published, dial = truth("ex-five-hundred")
    label = torch.zeros(1, dtype=torch.int64)
    for n, setting, scale in ((50, 0.6, liked), (500, 0.6, published), (500, dial, liked)):
        sigma, sigma_next = geometric_sigmas(n, 0.01, 100.0)[:2].tolist()

        def apart(g, s=sigma, t=sigma_next, setting=setting):
            plus = step(pair(1.0, 2.0), x, s, t, label, setting)
            return (sample_ddim(cfg(pair(1.0, 2.0), g), x, [s, t], label) - plus).item()

        assert abs(brentq(apart, 0.1, 100) / scale - 1) < 1e-6


def test_regs_ode_samples_this_variance():
    for g, a, b in ((4.0, 1.0, 2.0), (2.5, 0.6, 3.0), (0.5, 1.0, 1.5)):
        law = ode_law(reg(pair(a, b), g), 1e5, 0)
        assert abs(law.std**2 / truth("ex-two-over-e")(g, a, b) - 1) < 1e-5


def test_rounds_with_little_noise_settle_and_forget_as_told():
    g, star = 3.0, 0.02
    rule = cfg(pair(1.0, 2.0), g)
    ends = ode_law(rule, star, 0).std  # from N(0, star^2), so the map's factor is ends / star
    F2, V, start = (ends / star) ** 2, 0.0, 10.0
    for _ in range(50_000):
        V = F2 * (V + star**2)
    bias, rounds = truth("ex-little-noise")(g, star)
    assert abs((V - 2 / (g + 1)) / bias - 1) < 0.01
    other = start
    for _ in range(round(rounds)):
        other = F2 * (other + star**2)
    assert abs((start - V) / (other - V) / torch.e - 1) < 0.01


def test_a_wall_guided_by_wrong_errors_lands_there():
    g, up, bad_up, lam, blur = 2.3, 0.2, -0.3, 0.7, 0.5
    shift, width = truth("ex-wrong-bad")(g, up, bad_up, lam, blur)
    model = wall(lam, up)
    law = ode_law(autoguidance(model, wall(lam, bad_up), g), 1e5, 0)
    assert abs(law.mean - shift) < 1e-4 and abs(law.std - lam) < 1e-5
    law = ode_law(autoguidance(model, smoothed(model, blur), g), 1e5, 0)
    assert abs(law.mean - up) < 1e-4 and abs(law.std - width) < 1e-5


def test_every_further_model_cancels_a_power():
    for n in (1, 2, 3):
        missed = []
        for size in (0.2, 0.1):
            blurs = size * torch.tensor([1.0, 1.5, 2.0], dtype=torch.float64)[:n]
            models = [smoothed(wall(1.0), b) for b in blurs.tolist()]
            weights = truth("ex-bad-models")(blurs)

            def rule(x, sigma, cond=None, weights=weights, models=models):
                return sum(c * model(x, sigma) for c, model in zip(weights, models, strict=True))

            missed.append(ode_law(rule, 1e5, 0).std ** 2 - 1)
        assert abs(missed[0] / missed[1] / 4**n - 1) < 0.25
