"""Checkers for chapter 3: scales below one, noised tilts, two conventions, walls, a wrong start, a race."""

import math

import torch
from scipy.integrate import solve_ivp
from scipy.special import expit

from guidelib.checks.core import Exercise, Variant, Wrong, checker
from guidelib.checks.draws import uniform
from guidelib.denoisers import eps_from_denoiser
from guidelib.exact.mixtures import GaussianMixture
from guidelib.guidance import cfg


# Below one: the three variances of the pair N(0, 1), N(0, 2).
def _variance(law: str, g: float) -> float:
    sde = 2 * math.log(2) if g == 0.5 else (2 - 4 ** (1 - g)) / (2 * g - 1)
    return {"ODE": 2 ** (1 - g), "SDE": sde, "tilted density": 2 / (g + 1)}[law]


BELOW_ONE = Exercise(
    truth=("ODE", "tilted", _variance("SDE", 0.5)),
    tolerance=0.005,
    wrong=(
        Wrong("the order of the scales above 1 is kept", ("tilted", "ODE", None),
              "The missing weight has the factor g (g - 1): below 1 its sign turns around.",
              "eq-feynman-kac"),
        Wrong("this is the ODE's variance", (None, None, _variance("ODE", 0.5)),
              "ODE and SDE agree for a true diffusion only.", "eq-ode-variance"),
        Wrong("this is the tilted density's variance", (None, None, _variance("tilted density", 0.5)),
              "Whoever follows the tilted scores does not end in the tilted density.", "eq-ode-variance"),
        Wrong("a standard deviation stands where its square belongs",
              (None, None, _variance("SDE", 0.5) ** 0.5), "A variance is asked for.", "eq-ode-variance"),
        Wrong("w stands where g belongs", (None, None, _variance("SDE", 1.5)),
              "A scale of one half is g = 1/2, so w is negative.", "sec-algebra"),
    ),
    variant=Variant(
        "The class is $\\mathcal N(0,1)$, everything together $\\mathcal N(0,2)$. At guidance scale {g:g}, "
        "what is the variance of the {law}?",
        lambda rng: dict(g=rng.choice([0.25, 0.5, 1.5, 2.0, 5.0]),
                         law=rng.choice(["ODE", "SDE", "tilted density"])),
        lambda g, law: _variance(law, g),
    ),
)  # fmt: skip


# Not a copy: the variance of "tilt, then noise" less that of "noise, then tilt".
def _tilt(g, a, b):
    return 1 / (g / a + (1 - g) / b)


def _excess(g, q, a, b):
    m = (1 - g) * a + g * b
    return q * g * (g - 1) * (b - a) ** 2 / (m * (m + q))


def _by_hand(g, q, a, b, tilt=_tilt):
    return tilt(g, a, b) + q - tilt(g, a + q, b + q)


def _copy_cases(generator: torch.Generator):
    for n in (1, 2, 3, 30):
        q = 0.5 + 3 * torch.rand(n, generator=generator, dtype=torch.float64)
        yield uniform(generator, 1.5, 5), q, uniform(generator, 0.5, 1), uniform(generator, 1.5, 3)


COPY = Exercise(
    truth=lambda g, q, a, b: _excess(g, q, a, b),
    cases=_copy_cases,
    wrong=(
        Wrong("variances are mixed where precisions belong",
              lambda g, q, a, b: _by_hand(g, q, a, b, lambda g, a, b: g * a + (1 - g) * b),
              "A product of Gaussians adds precisions; with variances the two would agree.", "eq-tilted"),
        Wrong("sigma is added where its square belongs",
              lambda g, q, a, b: _tilt(g, a, b) + q**0.5 - _tilt(g, a + q**0.5, b + q**0.5),
              "q is a variance already, and variances add.", "eq-noising"),
        Wrong("class and whole are swapped", lambda g, q, a, b: _by_hand(g, q, b, a),
              "The class has the exponent g, the whole the exponent 1 - g.", "eq-tilted"),
        Wrong("g stands where w belongs, or w where g does",
              lambda g, q, a, b: _by_hand(g + 1, q, a, b),
              "The exponents are g and 1 - g; with w they are 1 + w and -w.", "eq-tilted"),
        Wrong("the noise reaches the class only",
              lambda g, q, a, b: _tilt(g, a, b) + q - _tilt(g, a + q, b),
              "Both densities are noised before the second tilt.", "eq-tilted"),
    ),
    variant=Variant(
        "A class of variance {a:g} lies in a whole of variance {b:g}, both Gaussian around 0. At $g={g:g}$ "
        "and $\\sigma^2={q:g}$, how much larger is the variance of 'tilt, noise' than of 'noise, tilt'?",
        lambda rng: dict(g=rng.choice([0.5, 2.0, 3.0]), q=rng.choice([1.0, 2.0, 4.0]),
                         a=rng.choice([0.5, 1.0]), b=rng.choice([2.0, 3.0])),
        _excess,
    ),
)  # fmt: skip


# Whose 7.5? Both code bases word for word, in noise estimates.
def _both(denoiser, x, sigma, y, scale):
    cond, uncond = eps_from_denoiser(denoiser, x, sigma, y), eps_from_denoiser(denoiser, x, sigma)
    noises = uncond + scale * (cond - uncond), (1 + scale) * cond - scale * uncond
    return tuple(x - sigma * noise for noise in noises)


def _scales(first, second):
    """Both answers as guided denoised points at these scales."""
    return lambda denoiser, x, sigma, y, scale: tuple(
        cfg(denoiser, g(scale))(x, sigma, y) for g in (first, second)
    )


def _noises(denoiser, x, sigma, y, scale):
    return tuple((x - D) / sigma for D in _both(denoiser, x, sigma, y, scale))


def _code_cases(generator: torch.Generator):
    for n in (1, 2, 3, 40):
        means = 2 * torch.randn(2, generator=generator, dtype=torch.float64)
        y = torch.randint(2, (n,), generator=generator)
        y[0] = 0
        x = 2 * torch.randn(n, generator=generator, dtype=torch.float64)
        world = GaussianMixture([0.4, 0.6], means, [0.5, 1.0])
        yield world, x, uniform(generator, 0.7, 2), y, uniform(generator, 2.5, 8)


WHOSE = Exercise(
    truth=lambda denoiser, x, sigma, y, scale: _both(denoiser, x, sigma, y, scale),
    cases=_code_cases,
    wrong=(
        Wrong("both numbers are read as g", _scales(lambda s: s, lambda s: s),
              "Set the second number to 0: that code base returns the conditional noise.", "eq-cfg"),
        Wrong("both numbers are read as w", _scales(lambda s: s + 1, lambda s: s + 1),
              "Set the first number to 0: that code base returns the unconditional noise.", "eq-cfg"),
        Wrong("the two code bases are swapped", _scales(lambda s: s + 1, lambda s: s),
              "Where the conditional noise has the factor 1 + w, w = 0 is the conditional model.", "eq-cfg"),
        Wrong("conditional and unconditional are swapped", _scales(lambda s: 1 - s, lambda s: -s),
              "The scale multiplies the way from the unconditional to the conditional estimate.", "eq-cfg"),
        Wrong("these are noise estimates", _noises,
              "cfg is given a denoiser and returns one: the denoised point is x - sigma eps.", "eq-eps"),
    ),
    variant=Variant(
        "A code base says `noise = (1 + {w:g}) * eps_cond - {w:g} * eps_uncond`. Which scale $g$ is that?",
        lambda rng: dict(w=rng.choice([0.5, 2.0, 4.0, 6.5, 9.0])),
        lambda w: 1 + w,
    ),
)  # fmt: skip


# Against the wall: the posterior mean by brute force on a fine grid.
def _walls(x, sigma, cond=None):
    right = 1 + (torch.arange(1000, dtype=torch.float64) + 0.5) / 1000
    points = torch.cat([right, -right])
    fit = -(((x[:, None] - points) / sigma) ** 2) / 2
    if cond is not None:
        fit = fit.masked_fill((points > 0) == (cond[:, None] == 1), -torch.inf)
    return fit.softmax(1) @ points


_BELLS = GaussianMixture([0.5, 0.5], [1.5, -1.5], [1 / 12, 1 / 12])
_POINTS = GaussianMixture([0.5, 0.5], [1.5, -1.5], [1e-8, 1e-8])


def _wall_cases(generator: torch.Generator):
    for n in (1, 2, 3, 20, 40):
        x = 6 * torch.rand(n, generator=generator, dtype=torch.float64) - 3
        y = torch.arange(n) % 2
        yield x, uniform(generator, 0.2, 0.8), None if n in (1, 3, 40) else y


WALLS = Exercise(
    truth=lambda x, sigma, cond: _walls(x, sigma, cond),
    cases=_wall_cases,
    tolerance=0.02,  # fifty narrow Gaussians are not quite a wall
    wrong=(
        Wrong("the label is not looked at", lambda x, sigma, cond: _walls(x, sigma),
              "Without a label all points may be the clean one, with a label only those of its class.",
              "sec-tweedie"),
        Wrong("the label is always looked at",
              lambda x, sigma, cond: _walls(x, sigma, torch.zeros(len(x)) if cond is None else cond),
              "Guidance also asks for the mean of everything: cond=None.", "eq-cfg"),
        Wrong("the classes are swapped",
              lambda x, sigma, cond: _walls(x, sigma, None if cond is None else 1 - cond),
              "Class 0 is the one on the right.", "sec-two-classes"),
        Wrong("a class is one bell with the variance of the interval",
              lambda x, sigma, cond: _BELLS(x, sigma, cond),
              "A bell has no wall: no point beyond 2 may come back.", "eq-denoiser-mixture"),
        Wrong("a class is a point in its middle", lambda x, sigma, cond: _POINTS(x, sigma, cond),
              "Within a class the noisy point still says where.", "eq-denoiser-mixture"),
    ),
    variant=Variant(
        "A class is uniform on $[1, 2]$. What does its denoiser answer to $x={x:g}$ at $\\sigma={sigma:g}$?",
        lambda rng: dict(x=rng.choice([0.0, 1.0, 2.0, 3.0]), sigma=rng.choice([0.25, 0.5, 1.0])),
        lambda x, sigma: _walls(torch.tensor([x], dtype=torch.float64), sigma, torch.tensor([0])).item(),
    ),
)  # fmt: skip


# The wrong start: an offset goes with the width of the cloud, once for the ODE and twice for the SDE.
def _landed(prior_mean, sigma_max, lam, ode=1, sde=2):
    shrunk = lam / math.hypot(lam, sigma_max)
    return prior_mean * shrunk**ode, prior_mean * shrunk**sde


START = Exercise(
    truth=lambda prior_mean, sigma_max, lam: _landed(prior_mean, sigma_max, lam),
    cases=lambda generator: (
        (uniform(generator, -4, -1), uniform(generator, 3, 10), uniform(generator, 0.5, 2))
        for _ in range(4)
    ),
    wrong=(
        Wrong("the two samplers are swapped", lambda *a: _landed(*a, ode=2, sde=1),
              "It is noise that forgets; the ODE has none.", "eq-sde-family"),
        Wrong("the SDE remembers like the ODE", lambda *a: _landed(*a, sde=1),
              "Noise in place of drift: the SDE pulls the mean in twice as fast.", "eq-sde-family"),
        Wrong("nothing shrinks", lambda *a: _landed(*a, ode=0, sde=0),
              "The flow narrows the whole cloud, and the offset with it.", "eq-pf-ode"),
        Wrong("everything is forgotten", lambda *a: (0.0, 0.0),
              "The prior is finite: at sigma_max an offset is a part of a width, and a part of that stays.",
              "eq-pf-ode"),
        Wrong("variances stand where widths belong", lambda *a: _landed(*a, ode=2, sde=4),
              "d ln|x| is half of d ln v for the ODE.", "eq-pf-ode"),
        Wrong("the noisy width at the start is taken for sigma_max",
              lambda m, s, lam: (m * lam / s, m * (lam / s) ** 2),
              "The cloud that noise makes of the class has the variance lam^2 + sigma_max^2.", "eq-noising"),
    ),
    variant=Variant(
        "The class is $\\mathcal N(0, {lam:g}^2)$; its {sampler} starts at $\\sigma={sigma_max:g}$ from a "
        "cloud around {prior_mean:g}. Where does the mean of the samples lie?",
        lambda rng: dict(prior_mean=rng.choice([-4.0, -2.0, 1.0]), sigma_max=rng.choice([5.0, 10.0, 20.0]),
                         lam=rng.choice([0.5, 1.0, 2.0]), sampler=rng.choice(["ODE", "reverse SDE"])),
        lambda prior_mean, sigma_max, lam, sampler:
            _landed(prior_mean, sigma_max, lam)[0 if sampler == "ODE" else 1],
    ),
)  # fmt: skip


# The race: u = sqrt(w) U(R) with dU/dR = S(-RU); a small difference of two paths decays at the rate R S'(RU).
def _limits() -> tuple[float, float]:
    def rate(R, y):
        S = expit(-R * y[0])
        return [S, -R * S * (1 - S) * y[1]]

    U, spread = solve_ivp(rate, (0, 60), [0.0, 1.0], method="LSODA", rtol=1e-10, atol=1e-12).y[:, -1]
    return float(U), float(spread)


_U, _SPREAD = _limits()

RACE = Exercise(
    truth=(0.5, _U, _SPREAD),
    tolerance=0.03,
    wrong=(
        Wrong("the overshoot is thought to grow like w", (1.0, None, None),
              "The push ends when u r is large, and a fast path ends it sooner.", "eq-u-ode"),
        Wrong("the overshoot is thought to stay bounded", (0.0, None, None),
              "A constant in the separation is not a constant in w.", "sec-apart"),
        Wrong("the class is thought to collapse", (None, None, 0.0),
              "Only a class with neighbours on both sides collapses; this one travels.", "eq-collapse"),
        Wrong("the class is thought to keep its width", (None, None, 1.0),
              "Paths on the side of the other class are pushed longer.", "eq-u-ode"),
        Wrong("a variance stands where its root belongs", (None, None, _SPREAD**2),
              "Give the standard deviation of u, in class widths.", "eq-u-ode"),
    ),
    variant=Variant(
        "Two classes of equal weight lie far apart. By how many class widths does the guided ODE overshoot "
        "at the large scale $w={w:g}$?",
        lambda rng: dict(w=rng.choice([400.0, 900.0, 2500.0, 10000.0])),
        lambda w: _U * w**0.5,
    ),
)  # fmt: skip

EXERCISES = {
    "ex-below-one": BELOW_ONE,
    "ex-not-a-copy": COPY,
    "ex-whose-scale": WHOSE,
    "ex-edge": WALLS,
    "ex-wrong-start": START,
    "ex-run-away": RACE,
}
check = checker(EXERCISES)
