"""Checkers for chapter 6: losses, DDPM's step as printed, coats, a photocopier, a cliff, a reading."""

import math

import torch

from guidelib.checks.core import Exercise, Variant, Wrong, checker
from guidelib.checks.draws import uniform


# The lowest loss: the posterior variance of the clean point, or of the noise.
def _floor(lam: float, sigma: float) -> float:
    return lam**2 * sigma**2 / (lam**2 + sigma**2)


GOOD_LOSS = Exercise(
    truth=(_floor(1.0, 2.0), _floor(1.0, 2.0) / 4),
    tolerance=0.02,
    wrong=(
        Wrong("a perfect network is given a loss of zero", (0.0, 0.0),
              "The noisy point does not determine the clean one; the posterior variance is left over.",
              "eq-regression"),
        Wrong("the two losses are swapped", (_floor(1.0, 2.0) / 4, _floor(1.0, 2.0)),
              "An error of the noise is an error of the clean point divided by sigma.", "tab-coats"),
        Wrong("the loss is divided by sigma, not by its square", (None, _floor(1.0, 2.0) / 2),
              "The loss is a square, so its weight is one over sigma squared.", "eq-coat-loss"),
        Wrong("the loss is multiplied by the weight's inverse", (None, _floor(1.0, 2.0) * 4),
              "At sigma above 1 the noise is the easier one to tell.", "eq-coat-loss"),
        Wrong("this is the loss without denoising", (4.0, None),
              "Returning the noisy point costs the variance of the noise; the best guess costs less than "
              "that and less than the variance of the data.", "eq-residual"),
        Wrong("the loss of a guess that ignores the observation", (1.0, None),
              "The observation says something even at sigma = 2.", "eq-regression"),
    ),
    variant=Variant(
        "The data are Gaussian of width {lam:g}. What is the lowest mean squared error on $x_0$ at "
        "$\\sigma = {sigma:g}$?",
        lambda rng: dict(lam=rng.choice([0.5, 1.0, 2.0]), sigma=rng.choice([0.5, 1.0, 3.0])),
        _floor,
    ),
)  # fmt: skip


# DDPM's mean: the truth is the ancestral step in sigma, and not the printed formula.
def _printed(x_t, eps, alpha_bar, alpha_bar_next):
    x = x_t / math.sqrt(alpha_bar)
    var, var_next = (1 - alpha_bar) / alpha_bar, (1 - alpha_bar_next) / alpha_bar_next
    D = x - math.sqrt(var) * eps
    return math.sqrt(alpha_bar_next) * (D + var_next / var * (x - D))


def _print(x_t, eps, a, a_next, *, alpha=None, root=math.sqrt, scale=True, sign=1.0):
    alpha = a / a_next if alpha is None else alpha
    step = x_t - sign * (1 - alpha) / root(1 - a) * eps
    return step / math.sqrt(alpha) if scale else step


def _printed_cases(generator: torch.Generator):
    for n in (1, 2, 3, 40):
        x_t, eps = torch.randn(2, n, generator=generator, dtype=torch.float64)
        low = uniform(generator, 0.05, 0.5)
        yield x_t, eps, low, uniform(generator, low + 0.1, 0.95)


PRINTED = Exercise(
    truth=_printed,
    cases=_printed_cases,
    wrong=(
        Wrong("alpha-bar stands where alpha belongs", lambda *a: _print(*a, alpha=a[2]),
              "alpha belongs to one step: it is the ratio of two alpha-bars.", "eq-vp"),
        Wrong("the ratio is upside down",
              lambda x, e, a, b: math.sqrt(a / b) * (x - (1 - b / a) / math.sqrt(1 - a) * e),
              "alpha is below 1: the signal fades as t grows.", "eq-vp"),
        Wrong("the point is not scaled back", lambda *a: _print(*a, scale=False),
              "Each step on the way out shrank the point by the root of alpha.", "eq-vp"),
        Wrong("the root of 1 - alpha-bar is missing", lambda *a: _print(*a, root=lambda v: v),
              "1 - alpha-bar is the variance of the noise; divide by its width.", "eq-vp"),
        Wrong("the noise is added", lambda *a: _print(*a, sign=-1.0),
              "A step back takes noise away.", "eq-ancestral"),
        Wrong("this is DDIM's step",
              lambda x, e, a, b: math.sqrt(b / a) * (x - math.sqrt(1 - a) * e) + math.sqrt(1 - b) * e,
              "DDPM keeps less of the old noise, and buys the rest new.", "eq-ddim"),
    ),
)  # fmt: skip


# The coat of a x0 + b z.
def _coat(a, b, sigma):
    """(c_skip, c_out): f = a x0 + b (x - x0)/sigma, solved for x0."""
    slope = a - b / sigma
    return -b / sigma / slope, 1 / slope


ANY_COAT = Exercise(
    truth=_coat,
    cases=lambda generator: (
        (uniform(generator, -2, -0.3), uniform(generator, 0.3, 2), uniform(generator, 0.2, 3))
        for _ in range(5)
    ),
    wrong=(
        Wrong("x0 and z are swapped", lambda a, b, sigma: _coat(b, a, sigma),
              "a multiplies the clean point, b the noise.", "eq-coat"),
        Wrong("the signs are turned around", lambda a, b, sigma: tuple(-c for c in _coat(a, b, sigma)),
              "Try it on the coat of the noise: (1, -sigma).", "tab-coats"),
        Wrong("the noise is taken to be x - x0", lambda a, b, sigma: _coat(a, b, 1.0),
              "x - x0 is sigma z.", "eq-noising"),
        Wrong("the coat turns the denoiser into the target, not the target into the denoiser",
              lambda a, b, sigma: (b / sigma, a - b / sigma),
              "That is the target in terms of x and x0; solve it for x0.", "eq-coat"),
        Wrong("nothing of x is passed on", lambda a, b, sigma: (0.0, _coat(a, b, sigma)[1]),
              "The noise contains x, so x has a share of its own.", "eq-coat"),
    ),
    variant=Variant(
        "A network predicts ${a:g}\\,x_0 + {b:g}\\,z$. By which factor, in size, does its error come back in "
        "the denoised point at $\\sigma = {sigma:g}$?",
        lambda rng: dict(a=rng.choice([-1.0, -0.5, -2.0]), b=rng.choice([0.5, 1.0]),
                         sigma=rng.choice([0.1, 0.5, 2.0, 10.0])),
        lambda a, b, sigma: abs(_coat(a, b, sigma)[1]),
    ),
)  # fmt: skip


# The denoiser of a finite set of points.
def _copier(x, sigma, clean, *, power=2, factor=2.0, dim=1, variance=True, sign=-1.0):
    square = (x[:, None] - clean[None]).square().sum(2) ** (power / 2)
    scale = factor * (sigma**2 if variance else sigma)
    return torch.softmax(sign * square / scale, dim) @ clean


def _copier_cases(generator: torch.Generator):
    for B, n, d in ((1, 2, 1), (2, 3, 2), (5, 7, 3)):
        clean = torch.randn(n, d, generator=generator, dtype=torch.float64)
        x = 1.5 * torch.randn(B, d, generator=generator, dtype=torch.float64)
        yield x, uniform(generator, 0.6, 0.9), clean


COPIER = Exercise(
    truth=lambda x, sigma, clean: _copier(x, sigma, clean),
    cases=_copier_cases,
    wrong=(
        Wrong("the distance is not squared", lambda *a: _copier(*a, power=1),
              "The logarithm of a Gaussian is a square.", "eq-photocopier"),
        Wrong("the 2 of the Gaussian is missing", lambda *a: _copier(*a, factor=1.0),
              "The exponent is minus the square over twice the variance.", "eq-photocopier"),
        Wrong("sigma stands where its square belongs", lambda *a: _copier(*a, variance=False),
              "Compare units: an exponent has none.", "eq-photocopier"),
        Wrong("the weights are normalised over the batch", lambda *a: _copier(*a, dim=0),
              "For each noisy point the weights of the clean ones sum to 1.", "eq-photocopier"),
        Wrong("far points weigh most", lambda *a: _copier(*a, sign=1.0),
              "The nearer a clean point, the likelier it lies behind this one.", "eq-photocopier"),
        Wrong("this is the nearest point, not the mean",
              lambda x, sigma, clean: clean[torch.cdist(x, clean).argmin(1)],
              "The best guess under squared error averages over what is possible.", "fig-regression"),
    ),
)  # fmt: skip


# A wrong noise estimate at the first level.
def _displaced(delta, sigma, sigma_next):
    """(DDIM, DDPM): what is not kept of x - D comes from a D that is off by sigma delta."""
    ratio = sigma_next / sigma
    return tuple((1 - kept) * sigma * delta / sigma_next for kept in (ratio, ratio**2))


CLIFF = Exercise(
    truth=_displaced,
    cases=lambda generator: (
        (uniform(generator, 0.01, 0.1), uniform(generator, 10, 40), uniform(generator, 4, 8))
        for _ in range(4)
    ),
    wrong=(
        Wrong("the two samplers are swapped", lambda *a: _displaced(*a)[::-1],
              "DDPM keeps less of x - D, so it trusts D more.", "eq-ancestral"),
        Wrong("the displacement is not measured in units of the new noise level",
              lambda d, s, n: tuple(v * n for v in _displaced(d, s, n)),
              "A displacement counts beside the noise that is left.", "eq-blow-up"),
        Wrong("this is the displacement of the clean point, which the step does not reach",
              lambda d, s, n: (s * d / n, s * d / n),
              "A step goes towards D and stops where noise is left.", "eq-ddim"),
        Wrong("DDIM and DDPM are taken to be the same", lambda *a: (_displaced(*a)[0],) * 2,
              "DDPM keeps the square of the ratio.", "eq-ancestral"),
        Wrong("what is kept and what is taken from D are swapped",
              lambda d, s, n: (d, d * n / s),
              "The ratio multiplies x - D; D has the rest.", "eq-ddim"),
    ),
    variant=Variant(
        "An $\\epsilon$ network is wrong by {delta:g} at $\\sigma = {sigma:g}$. By how many $\\sigma'$ does "
        "the DDIM step to $\\sigma' = {sigma_next:g}$ displace the points?",
        lambda rng: dict(delta=rng.choice([0.01, 0.02, 0.05]), sigma=rng.choice([100.0, 157.0, 20291.0]),
                         sigma_next=rng.choice([10.0, 30.0])),
        lambda delta, sigma, sigma_next: _displaced(delta, sigma, sigma_next)[0],
    ),
)  # fmt: skip


# What the residual reads.
def _reading(sigma, lam, rank, dim, *, sign=-1.0, share=None, root=0.5):
    share = lam**2 / (lam**2 + sigma**2) if share is None else share
    return (sigma**2 * (1 + sign * rank / dim * share)) ** root


READING = Exercise(
    truth=lambda sigma, lam, rank, dim: _reading(sigma, lam, rank, dim),
    cases=lambda generator: (
        (uniform(generator, 0.3, 2), uniform(generator, 0.5, 1.5), rank, dim)
        for rank, dim in ((1, 2), (3, 8), (16, 20), (5, 64))
    ),
    wrong=(
        Wrong("the error of the denoiser is added", lambda *a: _reading(*a, sign=1.0),
              "The residual and the error are the legs of a triangle; the noise is its long side.",
              "eq-noise-reading"),
        Wrong("the variance is given, not the level", lambda *a: _reading(*a, root=1.0),
              "The reading is the root of the mean square.", "eq-noise-reading"),
        Wrong("the data are taken to fill all dimensions",
              lambda sigma, lam, rank, dim: _reading(sigma, lam, dim, dim),
              "Where the data are constant the denoiser makes no error.", "eq-noise-reading"),
        Wrong("the shares of data and noise are swapped",
              lambda s, lam, rank, dim: _reading(s, lam, rank, dim, share=s**2 / (lam**2 + s**2)),
              "The error per unit of noise is large where the noise is small beside the data.",
              "eq-residual"),
        Wrong("the reading is taken to be exact", lambda sigma, lam, rank, dim: sigma,
              "Part of the noise lies along the data and cannot be told from them.", "eq-noise-reading"),
    ),
    variant=Variant(
        "Gaussian data of width {lam:g} fill {rank} of {dim} dimensions. Which noise level does the exact "
        "denoiser read at $\\sigma = {sigma:g}$?",
        lambda rng: dict(sigma=rng.choice([0.1, 0.5, 1.0]), lam=rng.choice([0.5, 1.0, 2.0]),
                         rank=rng.choice([1, 8, 32]), dim=rng.choice([32, 64])),
        _reading,
    ),
)  # fmt: skip

EXERCISES = {
    "ex-good-loss": GOOD_LOSS,
    "ex-printed": PRINTED,
    "ex-any-coat": ANY_COAT,
    "ex-copier": COPIER,
    "ex-cliff": CLIFF,
    "ex-reading": READING,
}
check = checker(EXERCISES)
