"""Checkers for chapter 10: decibels, the law and the gain of an example, amplified errors, a mixture."""

import math

import torch

from guidelib.checks.core import Exercise, Variant, Wrong, checker
from guidelib.checks.draws import uniform


# Decibels of PSNR: ten decimal logarithms of the ratio of mean squared errors.
def _left(gain: float) -> float:
    return 10 ** (-gain / 10)


DECIBELS = Exercise(
    truth=(1 - _left(1.45), _left(-3.4)),
    tolerance=0.01,
    wrong=(
        Wrong("this is the share that is left", (_left(1.45), None),
              "The question asks for the share that has gone.", "eq-bayes-gain"),
        Wrong("decibels are read as those of an amplitude", (1 - 10 ** (-1.45 / 20), 10 ** (3.4 / 20)),
              "PSNR compares squared errors: ten logarithms, not twenty.", "eq-bayes-gain"),
        Wrong("the logarithm is taken to be natural", (1 - math.exp(-0.145), math.exp(0.34)),
              "A decibel is a tenth of a decimal logarithm.", "eq-bayes-gain"),
        Wrong("this is by how much the error has grown, not the factor", (None, _left(-3.4) - 1),
              "A factor of 1 is no growth.", "eq-bayes-gain"),
        Wrong("the factor is upside down", (None, _left(3.4)),
              "A lower PSNR is a larger error.", "eq-bayes-gain"),
    ),
    variant=Variant(
        "A network gains {gain:g} dB of PSNR. Which share of the mean squared error is left?",
        lambda rng: dict(gain=rng.choice([0.5, 1.0, 2.0, 3.0, 6.0])),
        _left,
    ),
)  # fmt: skip


# The classes that a perfect network samples, given sets of examples of one class.
def _shares(log_p):
    return torch.softmax(log_p.sum(1), -1).mean(0)


def _shares_cases(generator: torch.Generator):
    for N, n, K in ((4, 1, 2), (5, 2, 3), (7, 4, 2)):
        yield (1.5 * torch.randn(N, n, K, generator=generator, dtype=torch.float64) - 1,)


SHARES = Exercise(
    truth=_shares,
    cases=_shares_cases,
    wrong=(
        Wrong("the examples of a set are averaged, not multiplied",
              lambda p: torch.softmax(p.mean(1), -1).mean(0),
              "Independent examples multiply their likelihoods: their logarithms add.", "eq-exemplar-law"),
        Wrong("each example votes by itself", lambda p: torch.softmax(p, -1).mean((0, 1)),
              "The network sees the set at once, and so does its posterior.", "eq-exemplar-law"),
        Wrong("the likeliest class takes all",
              lambda p: torch.nn.functional.one_hot(p.sum(1).argmax(-1), p.shape[-1]).double().mean(0),
              "The network cannot decide; it samples each class as often as it believes in it.",
              "eq-exemplar-law"),
        Wrong("likelihoods are averaged before they are normalised",
              lambda p: p.sum(1).exp().mean(0) / p.sum(1).exp().mean(0).sum(),
              "Every set has a posterior of its own; average those.", "eq-exemplar-law"),
        Wrong("only the first example is looked at", lambda p: torch.softmax(p[:, 0], -1).mean(0),
              "All n examples tell of the class.", "eq-exemplar-law"),
    ),
)  # fmt: skip


# The gain that pairs teach where the feature is the mean of a patch.
def _pair_gain(sigma, tau, d, *, factor=2.0):
    noise = sigma**2 / d
    return noise / (factor * tau**2 + noise)


PAIR_GAIN = Exercise(
    truth=lambda sigma, tau, d: _pair_gain(sigma, tau, d),
    cases=lambda generator: (
        (uniform(generator, 0.2, 2), uniform(generator, 0.05, 0.3), d) for d in (4, 16, 64, 100)
    ),
    wrong=(
        Wrong("the example is taken to be the class mean",
              lambda sigma, tau, d: _pair_gain(sigma, tau, d, factor=1.0),
              "The example strays from the class mean as much as the clean patch does.",
              "eq-channel-gain"),
        Wrong("this is the weight of the noisy patch, not of the example",
              lambda sigma, tau, d: 1 - _pair_gain(sigma, tau, d),
              "Where noise is high, the example should win.", "eq-projected"),
        Wrong("the noise of the mean is not divided by d",
              lambda sigma, tau, d: _pair_gain(sigma, tau, 1),
              "A mean of d pixels has a d-th of their noise variance.", "eq-channel-gain"),
        Wrong("standard deviations are compared, not variances",
              lambda sigma, tau, d: sigma / d**0.5 / (2**0.5 * tau + sigma / d**0.5),
              "Precisions are inverse variances.", "eq-channel-gain"),
        Wrong("the gain is 1 at all noise levels", lambda sigma, tau, d: 1.0,
              "Hard matching copies the example; the loss does not ask for that.", "eq-channel-gain"),
    ),
    variant=Variant(
        "A feature is the mean of {d} pixels, with a spread of {tau:g} within the class. Which gain towards "
        "one example does the pair loss teach at $\\sigma = {sigma:g}$?",
        lambda rng: dict(sigma=rng.choice([0.1, 0.5, 1.0]), tau=rng.choice([0.02, 0.05, 0.1]),
                         d=rng.choice([64, 576, 1024])),
        _pair_gain,
    ),
)  # fmt: skip


# The error of a guided network.
def _guided(g, a, b, c):
    return math.sqrt(g**2 * a**2 + (g - 1) ** 2 * b**2 - 2 * g * (g - 1) * c * a * b)


GUIDED = Exercise(
    truth=_guided,
    cases=lambda generator: (
        (uniform(generator, 1.5, 5), uniform(generator, 0.5, 1), uniform(generator, 1.2, 2),
         uniform(generator, 0.3, 0.7)) for _ in range(4)
    ),
    wrong=(
        Wrong("the correlation has the wrong sign", lambda g, a, b, c: _guided(g, a, b, -c),
              "The unconditional answer is subtracted: what the two have in common cancels.",
              "eq-amplified"),
        Wrong("the errors are taken to be independent", lambda g, a, b, c: _guided(g, a, b, 0.0),
              "Both come from one network.", "eq-amplified"),
        Wrong("the scale is off by one", lambda g, a, b, c: _guided(g + 1, a, b, c),
              "At g = 1 only the conditional error is left.", "eq-amplified"),
        Wrong("this is the mean square, not its root", lambda g, a, b, c: _guided(g, a, b, c) ** 2,
              "Take the root.", "eq-amplified"),
        Wrong("sizes are added, not squares", lambda g, a, b, c: g * a + (g - 1) * b,
              "Errors add like vectors, with an angle between them.", "eq-amplified"),
    ),
    variant=Variant(
        "Both answers of a network err by {a:g}, with a correlation of {c:g}. By how much does it err at "
        "guidance scale {g:g}?",
        lambda rng: dict(g=rng.choice([2.0, 4.0, 7.5]), a=rng.choice([0.05, 0.1]),
                         c=rng.choice([0.0, 0.5, 0.9])),
        lambda g, a, c: _guided(g, a, a, c),
    ),
)  # fmt: skip


# Three ways to ask a feature network for the mixture: the share of class 1.
THREE_WAYS = Exercise(
    truth=(0.02, 1.0, 0.5),
    tolerance=0.06,
    wrong=(
        Wrong("an unmatched network is taken for the mixture", (0.5, None, None),
              "It was never trained without an example.", "eq-pair-loss"),
        Wrong("the mean of the features is taken to give the mean of the laws", (None, 0.5, None),
              "A network answers a feature it has never seen as it likes; it does not average laws.",
              "eq-pair-loss"),
        Wrong("the other class was counted", (0.98, None, None),
              "Class 1 lies around 0 in these units, class 0 around -8.", "fig-mixture64"),
        Wrong("the coin is thrown by no one", (None, None, 1.0),
              "A draw of the label, then of the class, is a draw of the mixture.", "eq-exemplar-law"),
    ),
)  # fmt: skip

EXERCISES = {
    "ex-decibels": DECIBELS,
    "ex-exemplar-law": SHARES,
    "ex-pair-gain": PAIR_GAIN,
    "ex-amplified": GUIDED,
    "ex-three-ways": THREE_WAYS,
}
check = checker(EXERCISES)
