"""Checkers for chapter 1: far points, slopes, DDPM's coordinates, a wrong sign, a wrong start, a bump."""

import math

import torch
from torch.special import ndtr, ndtri

from guidelib.checks.core import CHANGES_INPUTS, Exercise, Variant, Wrong, checker
from guidelib.checks.draws import uniform
from guidelib.exact.mixtures import GaussianMixture


# A far point: shrinkage towards the centre of the only class that can have made it.
def _far(x: float, mu: float, lam: float, sigma: float) -> float:
    return mu + lam**2 / (lam**2 + sigma**2) * (x - mu)


FAR = Exercise(
    truth=(_far(30.0, 1.0, 0.5, 1.0), 0.0),
    tolerance=0.05,
    wrong=(
        Wrong("the far point is put at the centre of its class", (1.0, None),
              "A class has a width, so a point far out is likeliest a far-out member plus much noise.",
              "eq-denoiser-mixture"),
        Wrong("the noisy point is taken at its word", (30.0, None),
              "Part of the distance is noise, and the larger part here.", "eq-denoiser-mixture"),
        Wrong("the shares of class and noise are swapped", (_far(30.0, 1.0, 1.0, 0.5), None),
              "The point keeps the share of the variance that the class has, not the noise.",
              "eq-denoiser-mixture"),
        Wrong("the shrinkage goes to 0, not to the centre of the class", (_far(30.0, 0.0, 0.5, 1.0), None),
              "Measure the distance from the mean of the class.", "eq-denoiser-mixture"),
        Wrong("at infinite noise one class is still preferred", (None, 1.0),
              "Without an observation the best guess is the mean of all data.", "eq-denoiser-mixture"),
    ),
    variant=Variant(
        "A class has mean {mu:g} and width {lam:g}; no other class is near. What does the denoiser answer "
        "to $x_\\sigma = {x:g}$ at $\\sigma = {sigma:g}$?",
        lambda rng: dict(x=rng.choice([20.0, 25.0, 40.0]), mu=rng.choice([-1.0, 2.0, 3.0]),
                         lam=rng.choice([0.5, 1.0, 2.0]), sigma=rng.choice([1.0, 2.0, 3.0])),
        _far,
    ),
)  # fmt: skip


# The slope of a denoiser: within the classes, and between them.
def _slope(P, gap, lam, sigma, between=lambda P: P * (1 - P), shrink=True, within=True):
    v = lam**2 + sigma**2
    distance = gap * sigma**2 / v if shrink else gap
    return (within * lam**2 * sigma**2 / v + distance**2 * between(P)) / sigma**2


SECOND = Exercise(
    truth=lambda P, gap, lam, sigma: _slope(P, gap, lam, sigma),
    cases=lambda generator: (
        (torch.rand(n, generator=generator, dtype=torch.float64), uniform(generator, 1, 4),
         uniform(generator, 0.3, 1), uniform(generator, 0.5, 2)) for n in (1, 2, 3, 50)
    ),
    wrong=(
        Wrong("the doubt between the classes is missing",
              lambda P, gap, lam, sigma: _slope(P, gap, lam, sigma, between=lambda P: 0 * P),
              "The posterior variance has two parts: within a class, and between the guesses.", "eq-slope"),
        Wrong("the spread within a class is missing",
              lambda P, gap, lam, sigma: _slope(P, gap, lam, sigma, within=False),
              "Even when the class is certain, the point within it is not.", "eq-denoiser-mixture"),
        Wrong("the guesses are put a whole gap apart",
              lambda P, gap, lam, sigma: _slope(P, gap, lam, sigma, shrink=False),
              "The two guesses share the observation, so they are closer to each other than the centres.",
              "eq-denoiser-mixture"),
        Wrong("a probability stands where its variance belongs",
              lambda P, gap, lam, sigma: _slope(P, gap, lam, sigma, between=lambda P: P),
              "A coin that shows 1 with probability P has variance P (1 - P).", "eq-slope"),
        Wrong("the variance is divided by sigma, not by its square",
              lambda P, gap, lam, sigma: _slope(P, gap, lam, sigma) * sigma,
              "Compare units: a slope has none.", "eq-tweedie"),
    ),
    variant=Variant(
        "Two classes of width {lam:g} lie {gap:g} apart. Where the denoiser holds class 1 for {P:g} likely, "
        "at $\\sigma = {sigma:g}$, how steep is it?",
        lambda rng: dict(P=rng.choice([0.1, 0.3, 0.5]), gap=rng.choice([2.0, 3.0, 4.0]),
                         lam=rng.choice([0.5, 1.0]), sigma=rng.choice([0.5, 1.0, 1.5])),
        lambda P, gap, lam, sigma: _slope(P, gap, lam, sigma),
    ),
)  # fmt: skip


# A DDIM step in DDPM's coordinates.
def _vp_step(denoiser, x_t, alpha_bar, alpha_bar_next, scaled=True, sign=1.0, root=math.sqrt, vp_noise=True):
    sigma = math.sqrt((1 - alpha_bar) / alpha_bar)
    x = x_t / root(alpha_bar) if scaled else x_t
    D = denoiser(x, sigma)
    eps = sign * (x - D) / sigma
    noise = math.sqrt(1 - alpha_bar_next) if vp_noise else math.sqrt((1 - alpha_bar_next) / alpha_bar_next)
    return root(alpha_bar_next) * D + noise * eps


def _in_place(denoiser, x_t, alpha_bar, alpha_bar_next):
    x_t /= math.sqrt(alpha_bar)
    return _vp_step(denoiser, x_t * math.sqrt(alpha_bar), alpha_bar, alpha_bar_next)


def _vp_cases(generator: torch.Generator):
    for n in (1, 2, 3, 40):
        mean = torch.randn(2, generator=generator, dtype=torch.float64)
        denoiser = GaussianMixture([0.4, 0.6], mean, [0.2, 0.2])
        x_t = torch.randn(n, generator=generator, dtype=torch.float64)
        low = uniform(generator, 0.05, 0.5)
        yield denoiser, x_t, low, uniform(generator, low + 0.05, 0.95)


VP = Exercise(
    truth=lambda denoiser, x_t, alpha_bar, alpha_bar_next: _vp_step(
        denoiser, x_t, alpha_bar, alpha_bar_next
    ),
    cases=_vp_cases,
    wrong=(
        Wrong("the denoiser is called at x_t, which is shrunk",
              lambda *a: _vp_step(*a, scaled=False),
              "Our denoiser wants the point with noise added and nothing shrunk.", "eq-vp"),
        Wrong("alpha-bar stands where its root belongs",
              lambda *a: _vp_step(*a, root=lambda a: a),
              "alpha-bar is a share of the variance; points scale with its root.", "eq-vp"),
        Wrong("the noise has the wrong sign", lambda *a: _vp_step(*a, sign=-1.0),
              "The noise is what leads from the clean point to the noisy one.", "eq-eps"),
        Wrong("the step goes from the new level to the old one",
              lambda denoiser, x_t, a, b: _vp_step(denoiser, x_t, b, a),
              "x_t lies at alpha_bar; alpha_bar_next is where it goes.", "eq-ddim"),
        Wrong("sigma' multiplies the noise where the root of 1 - alpha-bar' belongs",
              lambda *a: _vp_step(*a, vp_noise=False),
              "In these coordinates the noise shrinks with the point.", "eq-vp"),
        Wrong(CHANGES_INPUTS, _in_place, "", "eq-vp"),
    ),
)  # fmt: skip


# The wrong sign: the cloud spreads by the factor by which it should have shrunk.
def _wreck(spread, sigma_max, lam):
    return spread * math.sqrt(lam**2 + sigma_max**2) / lam


SIGN = Exercise(
    truth=_wreck,
    cases=lambda generator: (
        (uniform(generator, 1, 30), uniform(generator, 5, 30), uniform(generator, 0.3, 2))
        for _ in range(4)
    ),
    tolerance=0.02,  # at sigma_max, sigma and the noisy width are nearly the same: both are accepted
    wrong=(
        Wrong("this is the flow with the right sign",
              lambda spread, s, lam: spread * lam / math.hypot(lam, s),
              "The score now points away from the data.", "eq-pf-ode"),
        Wrong("the spread stays as it was", lambda spread, s, lam: spread,
              "The drift does not vanish; it has turned around.", "eq-pf-ode"),
        Wrong("variances stand where widths belong", lambda spread, s, lam: spread * (1 + (s / lam) ** 2),
              "d ln|x| is half of d ln v.", "eq-pf-ode"),
        Wrong("the step to the data is forgotten", lambda spread, s, lam: spread * math.hypot(lam, s),
              "Divide by the width at the end: only the ratio of two widths has no unit.", "eq-pf-ode"),
    ),
    variant=Variant(
        "Data of width {lam:g}, starting points of spread {spread:g} at $\\sigma = {sigma_max:g}$, and a "
        "score with the wrong sign: what is the spread at $\\sigma = 0$?",
        lambda rng: dict(spread=rng.choice([10.0, 20.0, 30.0]), sigma_max=rng.choice([10.0, 20.0]),
                         lam=rng.choice([0.25, 0.5, 1.0])),
        _wreck,
    ),
)  # fmt: skip

_THIRD = 1 / 3
_SHIFTED = ndtr(ndtri(torch.tensor(_THIRD, dtype=torch.float64)) - 0.5).item()

FORGET = Exercise(
    truth=(_SHIFTED, _THIRD, _THIRD),
    tolerance=0.2,
    wrong=(
        Wrong("nobody notices the wrong start", (_THIRD, _THIRD, _THIRD),
              "The ODE has no noise that could mix: in units of the noisy width an offset stays.",
              "eq-pf-ode"),
        Wrong("everybody remembers the wrong start", (_SHIFTED, _SHIFTED, _SHIFTED),
              "Noise pulls the cloud back: the offset falls like a power of sigma.", "eq-sde-family"),
        Wrong("the order is turned around", (_THIRD, None, _SHIFTED),
              "More noise forgets faster; beta = 1 is the sampler without noise.", "eq-sde-family"),
        Wrong("the shift goes to the wrong side",
              (ndtr(ndtri(torch.tensor(_THIRD, dtype=torch.float64)) + 0.5).item(), None, None),
              "The points move to the right, so fewer of them start left of the watershed.", "eq-pf-ode"),
    ),
)  # fmt: skip


# The field at which a second bump appears.
def _field(r, c=lambda r: (1 - 4 / r**2) ** 0.5, artanh=2.0, power=2):
    return r**power * c(r) / 2 - artanh * torch.atanh(torch.as_tensor(c(r), dtype=torch.float64))


BUMP = Exercise(
    truth=lambda r: _field(r),
    cases=lambda generator: ((2.3 + 3 * torch.rand((), generator=generator, dtype=torch.float64),)
                             for _ in range(5)),
    wrong=(
        Wrong("the other edge of the tongue", lambda r: -_field(r),
              "With b > 0 class 1 is the likelier one, and the bump that is missing is that of class 0: "
              "P is below one half.", "eq-slope"),
        Wrong("r stands where its square belongs", lambda r: _field(r, power=1),
              "The slope of the log odds, Delta/v, times Delta.", "eq-posterior"),
        Wrong("the log odds are half of what they are", lambda r: _field(r, artanh=1.0),
              "ln(P/(1-P)) at P = (1-c)/2 is -2 artanh c.", "eq-posterior"),
        Wrong("the tongue's edge is off by a factor",
              lambda r: _field(r, c=lambda r: (1 - 2 / r**2) ** 0.5),
              "Solve r^2 P (1-P) = 1 for P = (1-c)/2: P (1-P) = (1-c^2)/4.", "eq-slope"),
    ),
    variant=Variant(
        "At which log-odds $b$ of the weights does the second bump appear at $r = {r:g}$?",
        lambda rng: dict(r=rng.choice([2.2, 2.5, 3.0, 3.5])),
        lambda r: _field(r).item(),
    ),
)  # fmt: skip

EXERCISES = {
    "ex-far": FAR,
    "ex-second": SECOND,
    "ex-vp": VP,
    "ex-sign": SIGN,
    "ex-forget": FORGET,
    "ex-bump": BUMP,
}
check = checker(EXERCISES)
