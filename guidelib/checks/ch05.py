"""Checkers for chapter 5: a dial, a step, REG's variance, little noise, wrong errors, one model more."""

import math

import torch

from guidelib.cfgpp import sample_cfgpp
from guidelib.checks.core import CHANGES_INPUTS, Exercise, Variant, Wrong, checker
from guidelib.checks.draws import uniform
from guidelib.exact.mixtures import GaussianMixture


# Five hundred steps: the scale of CFG behind the dial, n levels with equal ratios.
def _hidden(dial: float, n: int, high: float = 100.0, low: float = 0.01) -> float:
    return dial / (1 - (low / high) ** (1 / (n - 1)))


_LIKED, _PUBLISHED = _hidden(0.6, 50), _hidden(0.6, 500)

STEPS = Exercise(
    truth=(_LIKED, _PUBLISHED, 0.6 * _LIKED / _PUBLISHED),
    tolerance=0.08,  # n steps or n - 1, and the approximation for many steps, are all right
    wrong=(
        Wrong("the dial is read as the scale", (0.6, None, None),
              "A step of CFG++ is a step of CFG, but at a scale that the step's length decides.",
              "eq-cfgpp-scale"),
        Wrong("more steps are thought to change nothing", (None, _LIKED, None),
              "The noise is never guided, so each step, however small, adds the same push.", "fig-cfgpp"),
        Wrong("a logarithm to base 10 is taken", (0.6 * 50 / 4, None, None),
              "Four powers of ten are 9.2 natural logarithms.", "eq-cfgpp-scale"),
        Wrong("the dial is left where it was", (None, None, 0.6),
              "The same dial at other steps is another scale.", "eq-cfgpp-scale"),
        Wrong("the dial is turned the wrong way", (None, None, 0.6 * _PUBLISHED / _LIKED),
              "Ten times as many pushes: each must be a tenth.", "eq-cfgpp-scale"),
    ),
    variant=Variant(
        "CFG++ runs with the dial at {dial:g} on {n} levels in a geometric grid from $\\sigma = {high:g}$ to "
        "0.01. Which scale of plain CFG is that?",
        lambda rng: dict(dial=rng.choice([0.2, 0.4, 0.8, 1.0]), n=rng.choice([20, 30, 100, 200]),
                         high=rng.choice([50.0, 100.0, 1000.0])),
        _hidden,
    ),
)  # fmt: skip


# One step of CFG++; the wrong ones mix up who gives what.
def _step(denoiser, x, sigma, sigma_next, y, dial, noise=0.0, base=0.0, sign=1.0, ratio=lambda s, t: t / s):
    D, D_y = denoiser(x, sigma), denoiser(x, sigma, y)
    guided = D + (base + sign * dial) * (D_y - D)
    clean = guided if noise is None else D + noise * (D_y - D)
    return guided + ratio(sigma, sigma_next) * (x - clean)


def _in_place(denoiser, x, sigma, sigma_next, y, dial):
    result = _step(denoiser, x, sigma, sigma_next, y, dial)
    x.copy_(result)
    return result


def _step_cases(generator: torch.Generator):
    for n in (1, 2, 3, 40):
        means = 3 * torch.randn(2, generator=generator, dtype=torch.float64)
        y = torch.randint(2, (n,), generator=generator)
        y[0] = 0
        x = 2 * torch.randn(n, generator=generator, dtype=torch.float64)
        sigma = uniform(generator, 0.8, 2)
        yield (GaussianMixture([0.4, 0.6], means, [0.5, 1.0]), x, sigma,
               sigma * uniform(generator, 0.5, 0.9), y, uniform(generator, 0.2, 0.8))  # fmt: skip


STEP = Exercise(
    truth=lambda denoiser, x, sigma, sigma_next, y, dial: sample_cfgpp(
        denoiser, x, [sigma, sigma_next], y, guidance_scale=dial
    ),
    cases=_step_cases,
    wrong=(
        Wrong("this is a step of DDIM with CFG", lambda *a: _step(*a, noise=None),
              "CFG++ guides the clean point and leaves the noise to the unconditional model.", "eq-cfgpp"),
        Wrong("the noise is the conditional model's", lambda *a: _step(*a, noise=1.0),
              "The noise is what leads to x from the unconditional point.", "eq-cfgpp"),
        Wrong("the dial is counted from the conditional model", lambda *a: _step(*a, base=1.0),
              "At 0 the clean point is the unconditional one, at 1 the conditional one.", "eq-cfgpp"),
        Wrong("conditional and unconditional are swapped",
              lambda *a: _step(*a, noise=1.0, base=1.0, sign=-1.0),
              "The dial multiplies the way from the unconditional point to the conditional one.", "eq-cfgpp"),
        Wrong("the ratio of the noise levels is upside down", lambda *a: _step(*a, ratio=lambda s, t: s / t),
              "The next level is lower: less noise is put back than there was.", "eq-cfgpp"),
        Wrong("the next noise level is forgotten", lambda *a: _step(*a, ratio=lambda s, t: 1 / s),
              "x - D over sigma is noise of unit size; it has to be put back at the next level.", "eq-ddim"),
        Wrong(CHANGES_INPUTS, _in_place, "", "eq-cfgpp"),
    ),
    variant=Variant(
        "A step of CFG++ with the dial at {dial:g} goes from $\\sigma = {sigma:g}$ to ${sigma_next:g}$. "
        "Which scale has the step of CFG with DDIM that does the same?",
        lambda rng: dict(dial=rng.choice([0.2, 0.5, 0.8]), sigma=rng.choice([2.0, 4.0, 10.0]),
                         sigma_next=rng.choice([1.0, 1.5, 1.8])),
        lambda dial, sigma, sigma_next: dial / (1 - sigma_next / sigma),
    ),
)  # fmt: skip


# Two over e: the variance of REG's ODE for a class N(0, a) in a whole N(0, b).
def _reg(g, a, b):
    return a * math.exp(-(g - 1) * (1 - a / (b - a) * math.log(b / a)))


REG = Exercise(
    truth=lambda g, a, b: _reg(g, a, b),
    cases=lambda generator: (
        (uniform(generator, 2.2, 6), uniform(generator, 0.4, 0.9), uniform(generator, 1.3, 4))
        for _ in range(4)
    ),
    wrong=(
        Wrong("this is the variance of plain CFG's ODE", lambda g, a, b: a * (a / b) ** (g - 1),
              "REG multiplies the push by the slope of the conditional denoiser.", "eq-reg"),
        Wrong("this is the variance that REG promises", lambda g, a, b: 1 / (g / a + (1 - g) / b),
              "REG comes near the tilted density; follow its ODE to see how near.", "eq-ode-variance"),
        Wrong("g stands where w belongs", lambda g, a, b: _reg(g + 1, a, b),
              "At g = 1 nothing is guided, and the class comes out.", "eq-reg"),
        Wrong("a standard deviation stands where its square belongs", lambda g, a, b: _reg(g, a, b) ** 0.5,
              "A variance is asked for: d ln x / dq is half of the factor of -x in the score.", "eq-pf-ode"),
        Wrong("the class's own variance is forgotten", lambda g, a, b: _reg(g, a, b) / a,
              "The unguided part of the flow ends at a, not at 1.", "eq-ode-variance"),
        Wrong("the slope is that of the unconditional denoiser",
              lambda g, a, b: a * math.exp(-(g - 1) * (b / (b - a) * math.log(b / a) - 1)),
              "It is the conditional denoiser that is differentiated.", "eq-reg"),
        Wrong("the push widens", lambda g, a, b: _reg(2 - g, a, b),
              "The class is narrower than the whole, so its denoised points lie further in.", "eq-reg"),
    ),
    variant=Variant(
        "A class of variance {a:g} lies in a whole of variance {b:g}, both Gaussian around 0. What variance "
        "does REG's ODE sample at $g = {g:g}$?",
        lambda rng: dict(g=rng.choice([2.0, 3.0, 4.0, 6.0]), a=rng.choice([0.5, 1.0]),
                         b=rng.choice([2.0, 3.0, 5.0])),
        _reg,
    ),
)  # fmt: skip


# Little noise: what Gibbs-like rounds miss and how many it takes, both to leading order in q = star^2.
def _rounds(g, q, bias=lambda g: -g * (g - 1) / (2 * (g + 1) ** 2), factor=2.0):
    return bias(g) * q, factor / ((g + 1) * q)


NOISE = Exercise(
    truth=lambda g, star: _rounds(g, star**2),
    cases=lambda generator: ((uniform(generator, 1.5, 6), uniform(generator, 0.003, 0.01)) for _ in range(4)),
    tolerance=0.005,  # what is exact, not expanded, is right as well
    wrong=(
        Wrong("the sign of the bias is turned around",
              lambda g, star: _rounds(g, star**2, lambda g: g * (g - 1) / (2 * (g + 1) ** 2)),
              "Between the guided ODE's variance and the tilted one: which of them is the smaller?",
              "eq-gibbs-variance"),
        Wrong("sigma* stands where its square belongs", lambda g, star: _rounds(g, star),
              "A round is a step of Langevin dynamics of size sigma*^2 / 2.", "eq-gibbs-variance"),
        Wrong("the rounds are those of a wrong mean", lambda g, star: _rounds(g, star**2, factor=4.0),
              "A round multiplies points by F, and their variance by its square.", "eq-gibbs-variance"),
        Wrong("ln F^2 is cut off after its first order",
              lambda g, star: _rounds(g, star**2, lambda g: -0.5),
              "The bias is of second order in F^-2 - 1, and so needs ln F^2 to second order.",
              "eq-gibbs-variance"),
        Wrong("the square of ln F^2 is left out",
              lambda g, star: _rounds(g, star**2, lambda g: (3 * g + 1) / (2 * (g + 1) ** 2)),
              "exp(u) is 1 + u + u^2 / 2: the square of the first order counts too.", "eq-gibbs-variance"),
        Wrong("the bias is given as a share of the variance",
              lambda g, star: _rounds(g, star**2, lambda g: -g * (g - 1) / (4 * (g + 1))),
              "Give the difference of the two variances.", "eq-gibbs-variance"),
        Wrong("w stands where g belongs",
              lambda g, star: _rounds(g - 1, star**2),
              "The tilted variance of this pair is 2 / (g + 1).", "eq-gibbs-variance"),
    ),
    variant=Variant(
        "Gibbs-like rounds at $g = {g:g}$ add noise of $\\sigma_* = {star:g}$ each time. How many rounds, to "
        "leading order, shrink the error of a wrong variance at the start by a factor $e$?",
        lambda rng: dict(g=rng.choice([2.0, 3.0, 4.0, 7.0]), star=rng.choice([0.05, 0.1, 0.2])),
        lambda g, star: _rounds(g, star**2)[1],
    ),
)  # fmt: skip


# The wrong kind of bad: where a wall lands, and how wide.
def _wall(g, up, bad_up, lam, blur):
    return bad_up + g * (up - bad_up), lam * (1 + (blur / lam) ** 2) ** ((1 - g) / 2)


def _shift(of):
    """The right width with another shift."""
    return lambda g, up, bad_up, lam, blur: (of(g, up, bad_up), _wall(g, up, bad_up, lam, blur)[1])


def _width(of):
    """The right shift with another width."""
    return lambda g, up, bad_up, lam, blur: (_wall(g, up, bad_up, lam, blur)[0], of(g, lam, blur))


WALL = Exercise(
    truth=lambda g, up, bad_up, lam, blur: _wall(g, up, bad_up, lam, blur),
    cases=lambda generator: (
        (uniform(generator, 1.3, 3), uniform(generator, 0.05, 0.3), uniform(generator, -0.4, -0.1),
         uniform(generator, 0.1, 0.3), uniform(generator, 0.2, 0.5)) for _ in range(4)
    ),
    wrong=(
        Wrong("g stands where w belongs",
              lambda g, *a: _wall(g + 1, *a),
              "At scale 1 the good model answers alone, at 0 the bad one.", "eq-autoguidance"),
        Wrong("good and bad are swapped", _shift(lambda g, up, bad_up: up + g * (bad_up - up)),
              "From the bad model through the good one, and on.", "eq-autoguidance"),
        Wrong("the shift is thought to stay", _shift(lambda g, up, bad_up: up),
              "Both models shift the score, and the rule extrapolates scores.", "eq-autoguidance"),
        Wrong("errors are thought to cancel whatever their sign",
              _shift(lambda g, up, bad_up: g * up - (g - 1) * abs(bad_up)),
              "Only an error of the same sign is taken off; an opposite one is put on top.", "eq-richardson"),
        Wrong("the wall is thought to be blurred",
              _width(lambda g, lam, blur: lam * (1 + (blur / lam) ** 2) ** ((g - 1) / 2)),
              "The rule leads away from the blur.", "eq-richardson"),
        Wrong("a variance stands where its root belongs",
              _width(lambda g, lam, blur: lam**2 * (1 + (blur / lam) ** 2) ** (1 - g)),
              "Give the standard deviation.", "eq-ode-variance"),
        Wrong("the variances are extrapolated",
              _width(lambda g, lam, blur: max(lam**2 - (g - 1) * blur**2, 0.0) ** 0.5),
              "The rule mixes scores; along the ODE it is the logarithms of variances that mix.",
              "eq-richardson"),
    ),
    variant=Variant(
        "A model shifts everything by {up:g}. Autoguidance at $g = {g:g}$ guides it by one that shifts by "
        "{bad_up:g} and is right otherwise. How far off are the samples?",
        lambda rng: dict(g=rng.choice([1.5, 2.0, 3.0]), up=rng.choice([0.1, 0.2]),
                         bad_up=rng.choice([-0.3, -0.1, 0.4, 0.6])),
        lambda g, up, bad_up: _wall(g, up, bad_up, 1, 0)[0],
    ),
)  # fmt: skip


# One bad model more: the value at 0 of the polynomial through the models.
def _lagrange(at):
    weights = torch.ones_like(at)
    for i in range(len(at)):
        for j in range(len(at)):
            if j != i:
                weights[i] *= at[j] / (at[j] - at[i])
    return weights


def _two(blurs):
    return torch.cat([_lagrange(blurs[:2] ** 2), torch.zeros_like(blurs[2:])])


def _blur_cases(generator: torch.Generator):
    for n in (2, 2, 3, 3):
        gaps = 0.2 + 0.3 * torch.rand(n, generator=generator, dtype=torch.float64)
        yield (gaps.cumsum(0),)


MODELS = Exercise(
    truth=lambda blurs: _lagrange(blurs**2),
    cases=_blur_cases,
    wrong=(
        Wrong("the blurs stand where their squares belong", lambda blurs: _lagrange(blurs),
              "Blurring adds a variance: the error is a series in the square of the blur.", "eq-smoothed"),
        Wrong("the models are averaged", lambda blurs: torch.ones_like(blurs) / len(blurs),
              "All err to the same side: no average of them comes out on the other.", "eq-autoguidance"),
        Wrong("the models are weighted by how good they are", lambda blurs: blurs**-2 / (blurs**-2).sum(),
              "Positive weights interpolate; the truth lies beyond the best model.", "eq-autoguidance"),
        Wrong("the best model answers alone", lambda blurs: (blurs == blurs.min()).to(blurs.dtype),
              "The weights add to 1, and nothing cancels yet.", "eq-richardson"),
        Wrong("only two of the models are asked", _two,
              "Two models cancel the first power; the third can cancel the second.", "eq-richardson"),
    ),
    variant=Variant(
        "Three models blur by {b1:g}, {b2:g} and {b3:g}. What weight has the best of them if the first two "
        "powers of the squared blur are to cancel?",
        lambda rng: dict(b1=rng.choice([0.1, 0.2]), b2=rng.choice([0.3, 0.4]), b3=rng.choice([0.5, 0.6])),
        lambda b1, b2, b3: _lagrange(torch.tensor([b1, b2, b3], dtype=torch.float64) ** 2)[0].item(),
    ),
)  # fmt: skip

EXERCISES = {
    "ex-five-hundred": STEPS,
    "ex-cfgpp-step": STEP,
    "ex-two-over-e": REG,
    "ex-little-noise": NOISE,
    "ex-wrong-bad": WALL,
    "ex-bad-models": MODELS,
}
WHOLE = ("ex-bad-models",)
check = checker(EXERCISES)
