"""Checkers for chapter 11: strays, the share of a range of noise, denoisers' distance, stopovers."""

import math

import torch

from guidelib.checks.core import Exercise, Variant, Wrong, checker
from guidelib.checks.draws import uniform


# Two round classes: beyond the middle lies what is more than half the distance away.
def _beyond(widths: float) -> float:
    return 0.5 * math.erfc(widths / math.sqrt(2))


STRAY = Exercise(
    truth=(_beyond(2.0), 16.0),
    tolerance=0.02,
    wrong=(
        Wrong("this is the share beyond the other centroid", (_beyond(4.0), None),
              "An image is nearer to the other centroid as soon as it is past the middle.", "eq-separation"),
        Wrong("the ratio is taken for the distance in widths", (_beyond(8.0), None),
              "R is a ratio of squares: the distance is its root.", "eq-separation"),
        Wrong("strays on both sides are counted", (2 * _beyond(2.0), None),
              "The other class lies on one side only.", "eq-separation"),
        Wrong("the ratio is given a unit", (None, 160.0),
              "Numerator and denominator are both squares of features.", "eq-separation"),
        Wrong("only the numerator is scaled", (None, 1600.0),
              "The spread within a class grows as the features do.", "eq-separation"),
        Wrong("only the denominator is scaled", (None, 0.16),
              "The distance of the centroids grows as the features do.", "eq-separation"),
    ),
    variant=Variant(
        "Two classes have the ratio $R = {R:g}$ and Gaussian features of one width. Which share of the "
        "images of one class is nearer to the centroid of the other?",
        lambda rng: dict(R=rng.choice([1.0, 4.0, 9.0, 16.0, 36.0])),
        lambda R: _beyond(math.sqrt(R) / 2),
    ),
)  # fmt: skip


# Classes of equal width: the share of the distance that a range of noise levels sees.
def _share(lam, low, high):
    return lam**2 * (1 / (lam**2 + low**2) - 1 / (lam**2 + high**2))


SHARE = Exercise(
    truth=_share,
    cases=lambda generator: (
        (uniform(generator, 0.3, 1.5), low := uniform(generator, 0.1, 0.8), low + uniform(generator, 0.3, 3))
        for _ in range(4)
    ),
    wrong=(
        Wrong("the ends are swapped", lambda lam, low, high: _share(lam, high, low),
              "The divergence falls as noise is added: the lower end counts positive.", "eq-range"),
        Wrong("the upper end is forgotten", lambda lam, low, high: lam**2 / (lam**2 + low**2),
              "Noise beyond the upper end is not seen either.", "eq-range"),
        Wrong("the lower end is forgotten",
              lambda lam, low, high: high**2 / (lam**2 + high**2),
              "Noise below the lower end is not seen either.", "eq-range"),
        Wrong("this is not a share yet", lambda lam, low, high: _share(lam, low, high) / lam**2,
              "Divide by the whole, the divergence without noise.", "eq-range"),
        Wrong("this is the share left out", lambda lam, low, high: 1 - _share(lam, low, high),
              "What is asked for is what the range sees.", "eq-range"),
        Wrong("widths are added, not variances",
              lambda lam, low, high: lam * (1 / (lam + low) - 1 / (lam + high)),
              "Noise adds its variance to that of the class.", "eq-de-bruijn"),
    ),
    variant=Variant(
        "Two Gaussian classes of equal width {lam:g} differ in the mean. Which share of their density "
        "distance comes from noise levels between {low:g} and {high:g}?",
        lambda rng: dict(lam=rng.choice([0.01, 0.1, 0.5]), low=rng.choice([0.02, 0.05]),
                         high=rng.choice([0.5, 1.0, 2.0])),
        _share,
    ),
)  # fmt: skip


# The distance from mean squared differences of denoisers, by quadrature in ln sigma.
def _distance(gaps, sigma, weight, *, power=2, both=torch.sum):
    return (weight * both(gaps, 1) / sigma**power).sum()


def _distance_cases(generator: torch.Generator):
    for n in (1, 2, 5):
        gaps = torch.rand(n, 2, generator=generator, dtype=torch.float64) + 0.1
        sigma = 0.5 * torch.rand(n, generator=generator, dtype=torch.float64) + 0.2
        yield gaps, sigma, torch.rand(n, generator=generator, dtype=torch.float64) + 0.5


DISTANCE = Exercise(
    truth=lambda gaps, sigma, weight: _distance(gaps, sigma, weight),
    cases=_distance_cases,
    wrong=(
        Wrong("the factor of the noise levels' measure is missing",
              lambda *a: _distance(*a, power=4),
              "The scores differ by the denoisers' difference over the variance; then a sigma d-sigma is "
              "still to come, which is sigma squared times d-ln-sigma.", "eq-distance-denoisers"),
        Wrong("the weights are taken for those of d-sigma", lambda *a: _distance(*a, power=3),
              "The weights integrate over the logarithm of sigma.", "eq-distance-denoisers"),
        Wrong("the noise is not squared", lambda *a: _distance(*a, power=1),
              "Compare units: a squared difference needs a squared noise level.", "eq-distance-denoisers"),
        Wrong("nothing is divided by the noise", lambda *a: _distance(*a, power=0),
              "A distance of densities has no unit.", "eq-distance-denoisers"),
        Wrong("the two classes are averaged", lambda *a: _distance(*a, both=torch.mean),
              "Jeffreys' divergence is the sum of two divergences, one for each class.", "eq-distance"),
        Wrong("only the first class's points are used", lambda *a: _distance(*a, both=lambda g, _: g[:, 0]),
              "That is one Kullback-Leibler divergence; the distance has both.", "eq-distance"),
    ),
)  # fmt: skip


# The way from N(0, 1) to N(0, V) with stops at equal ratios.
def _way(V, stops):
    legs = stops + 1
    return legs * math.sqrt(2) * math.sinh(math.log(V) / (2 * legs))


def _legs(points) -> float:
    return sum(math.sqrt(0.5 * (a / b + b / a) - 1) for a, b in zip(points, points[1:], strict=False))


STOPOVERS = Exercise(
    truth=_way,
    cases=lambda generator: (
        (uniform(generator, 4, 30), stops) for stops in (0, 1, 2, 7)
    ),
    wrong=(
        Wrong("divergences are added, not their roots",
              lambda V, stops: 2 * (stops + 1) * math.sinh(math.log(V) / (2 * (stops + 1))) ** 2,
              "It is the root of J that is called a distance.", "eq-one-frequency"),
        Wrong("the root of 2 is missing", lambda V, stops: _way(V, stops) / math.sqrt(2),
              "J of one frequency is twice the square of a hyperbolic sine.", "eq-one-frequency"),
        Wrong("stops are counted as legs",
              lambda V, stops: max(stops, 1) * math.sqrt(2) * math.sinh(math.log(V) / (2 * max(stops, 1))),
              "Two stops make three legs.", "eq-one-frequency"),
        Wrong("the stops are equally far apart in variance, not in ratio",
              lambda V, stops: _legs([1 + (V - 1) * k / (stops + 1) for k in range(stops + 2)]),
              "The shortest way multiplies the variance by the same factor on each leg.", "eq-one-frequency"),
        Wrong("a width is taken for a variance",
              lambda V, stops: _way(V**2, stops),
              "V is a variance already.", "eq-one-frequency"),
        Wrong("this is the limit of very many stops", lambda V, stops: math.log(V) / math.sqrt(2),
              "With few stops the legs are still curved.", "eq-one-frequency"),
    ),
    variant=Variant(
        "How long, in $\\sqrt J$, is the way from $\\mathcal N(0, 1)$ to $\\mathcal N(0, {V:g})$ with "
        "{stops} stops, the variance growing by the same factor on each leg?",
        lambda rng: dict(V=rng.choice([4.0, 9.0, 16.0, 100.0]), stops=rng.choice([1, 2, 3, 4])),
        _way,
    ),
)  # fmt: skip

EXERCISES = {
    "ex-stray": STRAY,
    "ex-share": SHARE,
    "ex-denoisers": DISTANCE,
    "ex-stopovers": STOPOVERS,
}
check = checker(EXERCISES)
