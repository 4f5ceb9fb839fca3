"""Checkers for chapter 12: what a difference is worth, a spectrum's frequency, a chord, a stalled sampler."""

import math

import torch

from guidelib.checks.core import Exercise, Variant, Wrong, checker
from guidelib.checks.draws import uniform


# The standard error of a share, and of the difference of two.
def _share_se(p: float, n: int) -> float:
    return math.sqrt(p * (1 - p) / n)


RESOLVED = Exercise(
    truth=(_share_se(0.6, 600), math.sqrt(2) * _share_se(0.6, 600), 4800.0),
    tolerance=0.02,
    wrong=(
        Wrong("the variance is given, not its root",
              (_share_se(0.6, 600) ** 2, 2 * _share_se(0.6, 600) ** 2, None),
              "A standard error has the unit of the share; take the root.", "fig-arms"),
        Wrong("the difference is taken to be as certain as one share", (None, _share_se(0.6, 600), None),
              "Two sets of samples err independently, and variances add.", "fig-arms"),
        Wrong("the errors of the two shares are added", (None, 2 * _share_se(0.6, 600), None),
              "Independent errors add as squares.", "fig-arms"),
        Wrong("the two arms share one set of samples", (None, None, 2400.0),
              "Each arm needs its own samples; the difference has the variance of both.", "fig-arms"),
        Wrong("one standard error is asked for, not two", (None, None, 1200.0),
              "The book's rules ask for twice the standard error.", "fig-arms"),
    ),
    variant=Variant(
        "A judge puts {share:g} of {n} samples into their class. What is the standard error of the share?",
        lambda rng: dict(share=rng.choice([0.5, 0.8, 0.9]), n=rng.choice([76, 152, 608])),
        lambda share, n: _share_se(share, n),
    ),
)  # fmt: skip


# The frequency that a spectrum shows.
def _frequency(images, *, power=2, zero=False, norm="hypot"):
    x = images if zero else images - images.mean()
    weight = torch.fft.fft2(x).abs().square().mean(0) ** power
    f = torch.fft.fftfreq(images.shape[-1], dtype=images.dtype).abs()
    fy, fx = f[:, None], f[None, :]
    radius = {"hypot": fy.hypot(fx), "sum": fy + fx, "max": torch.maximum(fy, fx)}[norm]
    return (weight * radius).sum() / weight.sum()


def _numbered(images):
    """Frequencies in cycles per image."""
    return images.shape[-1] * _frequency(images)


def _images(generator: torch.Generator):
    for B, n in ((1, 4), (2, 8), (5, 12)):
        yield (0.5 + torch.randn(B, n, n, generator=generator, dtype=torch.float64),)


SHOWN = Exercise(
    truth=lambda images: _frequency(images),
    cases=_images,
    wrong=(
        Wrong("the weights are the power, not its square", lambda images: _frequency(images, power=1),
              "A floor of noise has most of the frequencies; the square keeps it out of the mean.",
              "eq-shown"),
        Wrong("the mean of the images is left in", lambda images: _frequency(images, zero=True),
              "The mean sits at frequency 0 and outweighs everything.", "eq-shown"),
        Wrong("the frequencies are in cycles per image", _numbered,
              "Cycles per pixel: the highest along an axis is 1/2.", "eq-shown"),
        Wrong("the two components are added", lambda images: _frequency(images, norm="sum"),
              "The size of a vector is the root of the sum of squares.", "eq-shown"),
        Wrong("only the larger component counts", lambda images: _frequency(images, norm="max"),
              "The size of a vector is the root of the sum of squares.", "eq-shown"),
    ),
)  # fmt: skip


# The contrast half way between textures.
def _contrast(weights, *, power=2.0, root=0.5):
    return (torch.as_tensor(weights) ** power).sum() ** root


def _weights(generator: torch.Generator):
    for K in (2, 2, 3, 5):
        w = torch.rand(K, generator=generator, dtype=torch.float64) + 0.1
        yield (w / w.sum(),)


CHORD = Exercise(
    truth=lambda weights: _contrast(weights),
    cases=_weights,
    wrong=(
        Wrong("the power is given, not the contrast", lambda w: _contrast(w, root=1.0),
              "Contrast is a standard deviation, the root of the power.", "eq-chord"),
        Wrong("contrasts are averaged, as if features were powers", lambda w: _contrast(w, power=1.0),
              "A mean of rectified responses grows like an amplitude.", "eq-chord"),
        Wrong("the largest weight decides alone", lambda w: w.max(),
              "Each class keeps its own frequencies, and their powers add.", "eq-chord"),
        Wrong("the weights are squared twice", lambda w: _contrast(w, power=4.0, root=0.25),
              "Amplitude times weight; power is its square, once.", "eq-chord"),
        Wrong("the number of classes is counted, whatever their weights",
              lambda w: torch.tensor(len(w) ** -0.5, dtype=torch.float64),
              "That is the case of equal weights.", "eq-chord"),
    ),
    variant=Variant(
        "Features at the share {share:g} of the way between two textures of equal contrast and disjoint "
        "spectra: what is the contrast, in units of theirs?",
        lambda rng: dict(share=rng.choice([0.1, 0.25, 0.4, 0.5])),
        lambda share: math.hypot(share, 1 - share),
    ),
)  # fmt: skip


# What SISA reads under guidance.
def _reading(x, plain, cond, g, *, base=True, root=True, size=True, swap=False, over=0.0):
    if swap:
        plain, cond = cond, plain
    residual = (plain - x if base else 0.0) + (g - over) * (cond - plain)
    square = residual.flatten(1).square()
    total = square.mean(1) if size else square.sum(1)
    return total.sqrt() if root else total


def _points(generator: torch.Generator):
    for B, n in ((1, 3), (2, 4), (4, 6)):
        x, plain, cond = torch.randn(3, B, n, n, generator=generator, dtype=torch.float64)
        yield x, plain, cond, uniform(generator, 1.5, 4)


STALL = Exercise(
    truth=lambda *a: _reading(*a),
    cases=_points,
    wrong=(
        Wrong("the residual of the unconditional denoiser is missing", lambda *a: _reading(*a, base=False),
              "The residual is guided point minus noisy point.", "eq-noise-reading"),
        Wrong("the square is not undone", lambda *a: _reading(*a, root=False),
              "A noise level, not a variance.", "eq-noise-reading"),
        Wrong("the norm is not divided by the root of d", lambda *a: _reading(*a, size=False),
              "The level is that of one pixel.", "eq-noise-reading"),
        Wrong("conditional and unconditional are swapped", lambda *a: _reading(*a, swap=True),
              "Guidance runs from the unconditional through the conditional point.", "eq-cfg"),
        Wrong("the scale counts from 0, not from 1", lambda *a: _reading(*a, over=-1.0),
              "In this book scale 1 is the conditional model.", "eq-cfg"),
    ),
)  # fmt: skip

EXERCISES = {
    "ex-resolved": RESOLVED,
    "ex-shown": SHOWN,
    "ex-chord": CHORD,
    "ex-stall": STALL,
}
check = checker(EXERCISES)
