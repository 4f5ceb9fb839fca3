"""Checkers for chapter 4: two labs, a constant push, an exemplar, an overlap, a push without end, a cone."""

import math

import torch

from guidelib.checks.core import Exercise, Variant, Wrong, checker
from guidelib.checks.draws import uniform


# Point or puddle: a spring contracts like a power of the noise that it starts from.
def _factor(kappa, low, high):
    return (high / low) ** kappa


POINT = Exercise(
    truth=("second", _factor(0.5, 10, 1000)),
    tolerance=0.02,
    wrong=(
        Wrong("the larger start is thought to leave the wider class", ("first", None),
              "The spring pulls all the way, and the second lab's way is longer.", "eq-spring-u"),
        Wrong("kappa is taken for 1, or variances for widths", (None, _factor(1, 10, 1000)),
              "Widths contract like the power kappa of r.", "eq-spring-u"),
        Wrong("the start is thought to be forgotten", (None, 1.0),
              "The ODE has no noise, and no forgetting.", "eq-spring-u"),
        Wrong("the factor is turned over", (None, _factor(-0.5, 10, 1000)),
              "Give how many times wider the wider ones are.", "eq-spring-u"),
        Wrong("the powers of ten are counted", (None, 2.0),
              "r itself falls like 1 / sigma_max; its logarithm is the time, not the width.", "eq-spring-u"),
    ),
    variant=Variant(
        "One class, and a spring of $\\kappa = {kappa:g}$ at all noise levels. The ODE starts at "
        "$\\sigma_{{\\max}} = {low:g}$ or at ${high:g}$. By what factor do the widths of the samples differ?",
        lambda rng: dict(kappa=rng.choice([0.25, 0.5, 1.0, 2.0]), low=rng.choice([10, 20, 50]),
                         high=rng.choice([500, 1000, 5000])),
        _factor,
    ),
)  # fmt: skip


# The constant push: v times the missing force, where all noisy classes are one.
def _push(means, weights, y):
    return means[y] - weights @ means


def _class_cases(generator: torch.Generator):
    for K in (2, 2, 3, 5):
        weights = 0.2 + torch.rand(K, generator=generator, dtype=torch.float64)
        weights[-1] += 0.5
        means = 3 * torch.randn(K, generator=generator, dtype=torch.float64)
        yield means, weights / weights.sum(), int(torch.randint(K, (), generator=generator))


def _others(means, weights, y):
    rest = weights.clone()
    rest[y] = 0
    return means[y] - rest @ means / rest.sum()


CONSTANT = Exercise(
    truth=lambda means, weights, y: _push(means, weights, y),
    cases=_class_cases,
    wrong=(
        Wrong("the weights are left out", lambda means, weights, y: means[y] - means.mean(),
              "The midpoint is the mean of everything only if the classes weigh the same.", "eq-bayes-score"),
        Wrong("the class is left out of everything", _others,
              "At high noise a point may still be of the class itself: its own weight counts.",
              "eq-denoised-split"),
        Wrong("the sign is turned around", lambda *a: -_push(*a),
              "The force leads towards the class.", "eq-forcing"),
        Wrong("the push is thought to vanish", lambda means, weights, y: 0 * means[y],
              "A spring's push averages to nothing; this one is the same for everyone.", "eq-loss-spring"),
        Wrong("the mean of everything is the push", lambda means, weights, y: weights @ means,
              "That is where the denoised point lies; the push leads from there to the class.",
              "eq-denoised-feature"),
    ),
    variant=Variant(
        "Two classes of equal width; the target has mean {m:g} and weight {pi:g}, the other one mean "
        "{other:g}. What does $v$ times the missing force tend to as $\\sigma \\to \\infty$?",
        lambda rng: dict(m=rng.choice([0.0, 1.0, 2.0]), other=rng.choice([-8.0, -4.0, 5.0]),
                         pi=rng.choice([0.1, 0.25, 0.5, 0.8])),
        lambda m, other, pi: (1 - pi) * (m - other),
    ),
)  # fmt: skip


EXEMPLAR = Exercise(  # variances of the feature, in units of tau^2
    truth=(0.0, 1.0, 2.0),
    tolerance=0.05,
    wrong=(
        Wrong("hard matching is thought to keep the spread", (1.0, None, None),
              "Gain 1 puts the target in the place of the one number that varies.", "eq-channel-gain"),
        Wrong("the exemplar is taken for a constant", (None, 0.0, None),
              "Each sample has an exemplar of its own.", "eq-channel-gain"),
        Wrong("hard matching is thought to add a spread of its own", (None, 2.0, None),
              "The sample copies its exemplar's feature to the last digit.", "eq-channel-gain"),
        Wrong("the falling gain is thought right for any target", (None, None, 1.0),
              "It gives the target the spread tau, and this target has one already.", "eq-channel-gain"),
        Wrong("a standard deviation stands where its square belongs", (None, None, 2**0.5),
              "Variances of independent parts add.", "eq-channel-gain"),
    ),
    variant=Variant(
        "A feature has variance {tau2:g} within its class. Samples are matched to random exemplars of the "
        "class with the gain that is exact for the class mean. What is the variance of their feature?",
        lambda rng: dict(tau2=rng.choice([0.25, 1.0, 4.0, 9.0])),
        lambda tau2: 2 * tau2,
    ),
)  # fmt: skip


OVERLAP = Exercise(  # measured; tests/checks/test_ch04.py scans again
    truth=(1.0, 0.169, 1.64),
    tolerance=0.1,  # a scan in steps of 0.1 is fine enough
    wrong=(
        Wrong("half of the mass is counted, not how far it is", (0.5, None, None),
              "W1 is mass times distance: half of it lies two widths away.", "sec-denoised"),
        Wrong("all of the mass is thought to be misplaced", (2.0, None, None),
              "Without a push half of the samples are of the class already.", "sec-denoised"),
        Wrong("the push is thought exact at its best", (None, 0.0, None),
              "Let go early, paths are lost; late, width is lost. Here the two overlap.", "fig-reach"),
        Wrong("this is the ODE's best moment", (None, None, 1.40),
              "The SDE loses more paths at the same r, so it lets go later.", "eq-lost"),
        Wrong("the push is held to the very end", (None, None, 2.0),
              "At r = rho the class has lost its width.", "eq-denoised-feature"),
    ),
)  # fmt: skip


# Never let go: what a constant push leaves of a class at noise level sigma.
def _spread(kappa, sigma, lam):
    return sigma**kappa * (lam**2 + sigma**2) ** ((1 - kappa) / 2)


NEVER = Exercise(
    truth=_spread,
    cases=lambda generator: (
        (uniform(generator, 0.1, 0.4), uniform(generator, 0.3, 1), uniform(generator, 1.2, 2))
        for _ in range(4)
    ),
    wrong=(
        Wrong("the push is left out", lambda kappa, sigma, lam: math.hypot(lam, sigma),
              "This is the noisy class itself, what is there for kappa = 0.", "eq-denoised-feature"),
        Wrong("kappa and 1 - kappa are swapped", lambda kappa, sigma, lam: _spread(1 - kappa, sigma, lam),
              "kappa is the share of the way to the mean: 1 leaves only noise.", "eq-denoised-feature"),
        Wrong("one push is taken for all", lambda kappa, sigma, lam: (1 - kappa) * math.hypot(lam, sigma),
              "Each step pushes again: the factors multiply along the path.", "eq-pf-ode"),
        Wrong("a variance stands where its root belongs", lambda *a: _spread(*a) ** 2,
              "Give the standard deviation.", "eq-pf-ode"),
        Wrong("this is the limit of small noise", lambda kappa, sigma, lam: sigma**kappa * lam ** (1 - kappa),
              "Right as sigma tends to 0; before, the noise adds to the width of the class.", "eq-pf-ode"),
        Wrong("the noisy point is pushed, not the denoised one",
              lambda kappa, sigma, lam: math.hypot(lam, sigma) * sigma**kappa,
              "The denoised point is shrunk already: the push adds less than that.", "eq-denoised-feature"),
    ),
    variant=Variant(
        "A class of width {lam:g} is pushed by $\\kappa = {kappa:g}$ at all noise levels. How wide is the "
        "ODE's cloud when it comes to $\\sigma = {sigma:g}$?",
        lambda rng: dict(kappa=rng.choice([0.25, 0.5, 0.75]), sigma=rng.choice([0.1, 0.5, 1.0]),
                         lam=rng.choice([0.5, 1.0, 2.0])),
        _spread,
    ),
)  # fmt: skip


# A cone: J against the squared distance of log-spectra, frequency by frequency.
def _upper(delta, power=2, half=2):
    return (2 * math.sinh(delta / half) / (2 * delta / half)) ** power


CONE = Exercise(
    truth=lambda delta: (1.0, _upper(delta)),
    cases=lambda generator: ((uniform(generator, 1, 4),) for _ in range(4)),
    wrong=(
        Wrong("the root of 2 in the feature is forgotten", lambda delta: (0.5, _upper(delta) / 2),
              "The squared distance of the features is half of that of the log-spectra.",
              "eq-jeffreys-texture"),
        Wrong("the constants are those of distances, not of their squares",
              lambda delta: (1.0, _upper(delta, power=1)),
              "J is compared with the squared distance.", "eq-jeffreys-texture"),
        Wrong("the half in the hyperbolic sine is missing", lambda delta: (1.0, _upper(delta, half=1)),
              "Each frequency contributes 2 sinh(t/2)^2.", "eq-jeffreys-texture"),
        Wrong("the two constants are swapped", lambda delta: (_upper(delta), 1.0),
              "sinh grows faster than its argument, so the ratio is least at t = 0.", "eq-jeffreys-texture"),
        Wrong("the series is cut off", lambda delta: (1.0, 1 + delta**2 / 12),
              "The bound must hold at delta itself, not only for small ones.", "eq-jeffreys-texture"),
    ),
    variant=Variant(
        "The log-spectra of two textures of equal mean differ by at most {delta:g}. What is the largest "
        "possible ratio of $J$ to $|\\varphi_y-\\varphi_{{y'}}|^2$, for $\\varphi=\\ln P/\\sqrt2$?",
        lambda rng: dict(delta=rng.choice([0.5, 1.0, 2.0, 3.0])),
        _upper,
    ),
)  # fmt: skip

EXERCISES = {
    "ex-point": POINT,
    "ex-constant": CONSTANT,
    "ex-exemplar": EXEMPLAR,
    "ex-overlap": OVERLAP,
    "ex-never": NEVER,
    "ex-cone": CONE,
}
check = checker(EXERCISES)
