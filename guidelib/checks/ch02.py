"""Checkers for chapter 2: three classifiers, missing pulls, modesty, DDIM, a wreck, a rescue."""

import math
from itertools import pairwise

import torch
from torch.nn.functional import logsigmoid

from guidelib.checks.core import Exercise, Variant, Wrong, checker
from guidelib.checks.draws import uniform
from guidelib.denoisers import to_eps
from guidelib.exact.mixtures import GaussianMixture
from guidelib.schedules import linear_alpha_bar


def _row(generator: torch.Generator, low: float, high: float, n: int) -> torch.Tensor:
    return torch.empty(n, dtype=torch.float64).uniform_(low, high, generator=generator)


# Three classifiers: which factors the gradient of a logarithm sees.
INVISIBLE = Exercise(
    truth=("mixture", "neither", "class"),
    wrong=(
        Wrong("a constant answer is taken for advice", ("class", None, None),
              "Only the gradient of the answer steers, and a constant has none.", "eq-classifier"),
        Wrong("the joint density is taken for the probability of the class", (None, "class", None),
              "The missing divisor depends on x, so the gradient sees it: it is a whole score.",
              "thm-bayes-score"),
        Wrong("a factor without x is thought to matter", (None, None, "neither"),
              "Its logarithm is a summand without x, and the gradient drops it.", "eq-bayes-score"),
    ),
    variant=Variant(
        "You steer with the power {k} of the exact $p_\\sigma(y\\mid x)$, times a function of $\\sigma$ "
        "alone. At which guidance scale $g$ do you sample the class?",
        lambda rng: dict(k=rng.choice([0.5, 2, 3, 4, 5])),
        lambda k: 1 / k,
    ),
)  # fmt: skip


# No free advice: the pulls of all classes, weighted by their probabilities, cancel.
def _missing_pull(p, pulls):
    return -(p[:, :-1] * pulls).sum(1) / p[:, -1]


def _pulls_cases(generator: torch.Generator):
    for n, classes in (1, 2), (2, 3), (3, 4), (20, 4):
        weights = _row(generator, 0.5, 1, classes)
        means = _row(generator, -1, 1, classes)
        world = GaussianMixture(weights / weights.sum(), means, torch.ones(classes))
        x, sigma = _row(generator, -2, 2, n), uniform(generator, 0.5, 2)
        guesses = [world(x, sigma, torch.full((n,), k)) for k in range(classes - 1)]
        pulls = torch.stack([(guess - world(x, sigma)) / sigma**2 for guess in guesses], dim=1)
        yield world.posterior(x, sigma), pulls


BALANCE = Exercise(
    truth=_missing_pull,
    cases=_pulls_cases,
    wrong=(
        Wrong("the sign is turned around", lambda p, pulls: -_missing_pull(p, pulls),
              "The last pull has to balance the others, so it points the other way.", "eq-bayes-score"),
        Wrong("the pulls are summed without their probabilities", lambda p, pulls: -pulls.sum(1),
              "What vanishes is the mean of the pulls, not their sum: p grad log p is grad p.",
              "eq-evidence"),
        Wrong("the last class's own probability is missing", lambda p, pulls: -(p[:, :-1] * pulls).sum(1),
              "The last pull has a weight too; divide by it.", "eq-evidence"),
        Wrong("the other classes' weights are made to sum to 1",
              lambda p, pulls: -(p[:, :-1] * pulls).sum(1) / (1 - p[:, -1]),
              "Divide by the probability of the class whose pull you want.", "eq-evidence"),
        Wrong("all points are summed together", lambda p, pulls: -(p[:, :-1] * pulls).sum() / p[:, -1],
              "The pulls cancel at every point by itself: sum over classes, dim=1.", "eq-evidence"),
    ),
    variant=Variant(
        "Three classes have probabilities {p0:g}, {p1:g} and the rest at a point; the pulls to the first "
        "two are {u0:g} and {u1:g}. What is the pull to the third?",
        lambda rng: dict(p0=rng.choice([0.1, 0.2, 0.3]), p1=rng.choice([0.2, 0.4, 0.5]),
                         u0=rng.choice([-2.0, -1.0, 1.0]), u1=rng.choice([0.5, 1.5, 2.0])),
        lambda p0, p1, u0, u1: -(p0 * u0 + p1 * u1) / (1 - p0 - p1),
    ),
)  # fmt: skip


# The clean classifier's answer, its evidence counted once.
def _modest(clean, b, lam, sigma, power=2, exponent=-1, subtract=True, restore=True):
    evidence = clean[:, 0] - clean[:, 1] - subtract * b
    return logsigmoid(restore * b + evidence * (1 + (sigma / lam) ** power) ** exponent)


def _clean_cases(generator: torch.Generator):
    for n in (1, 2, 3, 40):
        pi_0, gap = uniform(generator, 0.15, 0.4), uniform(generator, 1, 3)
        lam, sigma = uniform(generator, 0.5, 0.9), uniform(generator, 1, 3)
        world = GaussianMixture([pi_0, 1 - pi_0], [-gap / 2, gap / 2], [lam**2] * 2)
        x = _row(generator, -3, 3, n)
        clean = [world.label_log_prob(x, 0.0, torch.full((n,), k)) for k in (0, 1)]
        yield torch.stack(clean, dim=1), math.log(pi_0 / (1 - pi_0)), lam, sigma


TEMPER = Exercise(
    truth=lambda clean, b, lam, sigma: _modest(clean, b, lam, sigma),
    cases=_clean_cases,
    wrong=(
        Wrong("the prior is divided together with the evidence",
              lambda *a: _modest(*a, subtract=False, restore=False),
              "Noise takes evidence away, not what was known before: at infinite noise b is left.",
              "eq-overcount"),
        Wrong("the prior is not put back", lambda *a: _modest(*a, restore=False),
              "Log-odds are prior plus evidence.", "eq-evidence"),
        Wrong("the evidence is multiplied where it must be divided", lambda *a: _modest(*a, exponent=1),
              "The clean classifier has counted too much already.", "eq-overcount"),
        Wrong("widths stand where variances belong", lambda *a: _modest(*a, power=1),
              "The distance of the classes is weighed against a variance, v = lam^2 + sigma^2.",
              "eq-overcount"),
        Wrong("the log-probability is divided, not the log-odds",
              lambda clean, b, lam, sigma: clean[:, 0] / (1 + (sigma / lam) ** 2),
              "Evidence is a difference of two logarithms.", "eq-overcount"),
        Wrong("this is the answer for class 1",
              lambda clean, b, lam, sigma: _modest(clean.flip(1), -b, lam, sigma),
              "Log-odds are those of class 0 against class 1, as b is.", "eq-evidence"),
        Wrong("this is the probability, not its logarithm", lambda *a: _modest(*a).exp(),
              "Guidance takes the gradient of a logarithm.", "eq-classifier"),
    ),
    variant=Variant(
        "The prior of class 0 is {pi_0:g}, both classes have width {lam:g}. Shown a point with noise "
        "$\\sigma = {sigma:g}$, the clean classifier gives class 0 the probability {p:g}. Which is right?",
        lambda rng: dict(pi_0=rng.choice([0.2, 0.25, 0.4]), lam=rng.choice([0.5, 1.0, 2.0]),
                         sigma=rng.choice([1.0, 2.0, 3.0]), p=rng.choice([0.9, 0.99, 0.999])),
        lambda pi_0, lam, sigma, p: _modest(torch.tensor([[p, 1 - p]], dtype=torch.float64).log(),
                                            math.log(pi_0 / (1 - pi_0)), lam, sigma).exp().item(),
    ),
)  # fmt: skip


# Guided DDIM in DDPM's coordinates.
def _guided_ddim(model, log_prob, x_t, alpha_bar, steps,
                 factor=lambda a: (1 - a).sqrt(), sign=-1.0, both=True, root=torch.sqrt):  # fmt: skip
    for t, t_next in pairwise(steps):
        a, b = alpha_bar[t], alpha_bar[t_next]
        at = x_t.detach().requires_grad_()
        (gradient,) = torch.autograd.grad(log_prob(at, t).sum(), at)
        plain = model(x_t, t)
        eps = plain + sign * factor(a) * gradient
        x0 = (x_t - root(1 - a) * eps) / root(a)
        x_t = root(b) * x0 + root(1 - b) * (eps if both else plain)
    return x_t


def _ddim_cases(generator: torch.Generator):
    T = 60
    for n, count in (1, 2), (2, 3), (3, 4), (20, 6):
        pi_0, gap = uniform(generator, 0.2, 0.5), uniform(generator, 1, 3)
        world = GaussianMixture([pi_0, 1 - pi_0], [-gap / 2, gap / 2], [1.0, 0.5])
        alpha_bar = linear_alpha_bar(T, 0.001, uniform(generator, 0.1, 0.15))

        def log_prob(x_t, t, world=world, alpha_bar=alpha_bar):
            a = alpha_bar[t]
            label = torch.zeros(len(x_t), dtype=torch.int64)
            return world.label_log_prob(x_t / a.sqrt(), ((1 - a) / a).sqrt(), label)

        x_t = torch.randn(n, generator=generator, dtype=torch.float64)
        steps = torch.linspace(T // 2, 3, count).round().int().tolist()
        yield to_eps(world, alpha_bar), log_prob, x_t, alpha_bar, steps


LOOP = Exercise(
    truth=lambda model, log_prob, x_t, alpha_bar, steps: _guided_ddim(
        model, log_prob, x_t, alpha_bar, steps
    ),
    cases=_ddim_cases,
    wrong=(
        Wrong("the gradient is added to the noise", lambda *a: _guided_ddim(*a, sign=1.0),
              "The noise estimate is the score times -sigma: what leads to the class is not noise.",
              "eq-ddim-classifier"),
        Wrong("the gradient's factor is missing",
              lambda *a: _guided_ddim(*a, factor=lambda a: torch.ones_like(a)),
              "A score becomes an estimate of the noise when it is multiplied by the size of the noise.",
              "eq-ddim-classifier"),
        Wrong("sigma stands where the root of 1 - alpha-bar belongs",
              lambda *a: _guided_ddim(*a, factor=lambda a: ((1 - a) / a).sqrt()),
              "In DDPM's coordinates the gradient is longer already, by one over the root of alpha-bar.",
              "eq-ddim-classifier"),
        Wrong("the label shifts the clean point but not the noise", lambda *a: _guided_ddim(*a, both=False),
              "A step has one estimate of the noise, and uses it twice.", "sec-ddim-form"),
        Wrong("alpha-bar stands where its root belongs", lambda *a: _guided_ddim(*a, root=lambda a: a),
              "alpha-bar is a share of the variance; points scale with its root.", "eq-vp"),
        Wrong("this is DDIM without the label", lambda *a: _guided_ddim(*a, sign=0.0),
              "Put the gradient into the estimate of the noise.", "eq-ddim-classifier"),
    ),
    variant=Variant(
        "At $\\bar\\alpha = {a:g}$ and $x_t = {x_t:g}$ the model estimates the noise as {eps:g}, and the "
        "gradient of $\\log p(y\\mid x_t)$ in $x_t$ is {u:g}. What is the guided $\\hat x_0$ at $g = 1$?",
        lambda rng: dict(a=rng.choice([0.2, 0.36, 0.64]), x_t=rng.choice([-1.0, 0.5, 2.0]),
                         eps=rng.choice([-0.5, 0.4, 1.2]), u=rng.choice([-1.5, -0.5, 1.0])),
        lambda a, x_t, eps, u: (x_t - math.sqrt(1 - a) * eps + (1 - a) * u) / math.sqrt(a),
    ),
)  # fmt: skip


# Forty steps: one step along the clean pull, then the ODE keeps the offset in units of the noise.
def _wreck(gap, lam, sigma, sigma_next):
    return (1 - sigma_next / sigma) * gap * sigma**2 / lam**2 / math.hypot(lam, sigma_next)


FORTY = Exercise(
    truth=_wreck,
    cases=lambda generator: (
        (uniform(generator, 1, 4), uniform(generator, 0.4, 0.8), uniform(generator, 40, 100),
         uniform(generator, 25, 36)) for _ in range(5)
    ),
    tolerance=0.02,  # sigma' and the noisy width are nearly the same: both are accepted
    wrong=(
        Wrong("this is the pull of a classifier that knows the noise",
              lambda gap, lam, s, t: _wreck(gap, lam, s, t) * lam**2 / (lam**2 + s**2),
              "The clean classifier divides the distance by the variance of a clean class.",
              "eq-overcount"),
        Wrong("sigma stands where its square belongs", lambda gap, lam, s, t: _wreck(gap, lam, s, t) / s,
              "The gradient enters the denoiser times sigma^2.", "eq-classifier"),
        Wrong("the whole way to the denoiser's answer is gone",
              lambda gap, lam, s, t: _wreck(gap, lam, s, t) / (1 - t / s),
              "A step goes a part of the way: the part of the noise that it removes.", "eq-ddim"),
        Wrong("the part of the noise that stays is taken for the part that goes",
              lambda gap, lam, s, t: _wreck(gap, lam, s, t) / (s / t - 1),
              "A step to sigma' keeps sigma'/sigma of the distance to D.", "eq-ddim"),
        Wrong("the distance is thought to stay as it is",
              lambda gap, lam, s, t: _wreck(gap, lam, s, t) * math.hypot(lam, t) / lam,
              "The ODE keeps distances in units of the noisy width, and that shrinks.", "eq-pf-ode"),
    ),
    variant=Variant(
        "Two classes of width {lam:g} lie {gap:g} apart. A classifier of clean points guides one DDIM step "
        "from $\\sigma = {sigma:g}$ to {sigma_next:g}, then many small ones. How many class widths off does "
        "the worst sample land?",
        lambda rng: dict(gap=rng.choice([2.0, 3.0, 4.0]), lam=rng.choice([0.5, 1.0]),
                         sigma=rng.choice([60.0, 80.0, 100.0]), sigma_next=rng.choice([30.0, 40.0, 50.0])),
        _wreck,
    ),
)  # fmt: skip


# A cheap rescue: its pull over the right one, where there is nothing but noise.
def _measured(pi_0, gap, lam):
    world = GaussianMixture([pi_0, 1 - pi_0], [-gap / 2, gap / 2], [lam**2] * 2)
    x, label = world.mean.reshape(1).clone().requires_grad_(), torch.tensor([0])
    sigma = 1e4
    log_probs = world.label_log_prob(world(x, sigma), 0.0, label), world.label_log_prob(x, sigma, label)
    rescue, right = (torch.autograd.grad(log_p, x)[0].item() for log_p in log_probs)
    return rescue / right


def _excess(pi_0, gap, lam, within=1.0, between=1.0, blur=1.0, power=2):
    odds = math.log(pi_0 / (1 - pi_0)) + blur * gap**2 / lam**2 * (pi_0 - 0.5)
    variance = within * lam**2 + between * pi_0 * (1 - pi_0) * gap**2
    return variance / lam**power / (1 + math.exp(odds)) / (1 - pi_0)


RESCUE = Exercise(
    truth=_measured,
    cases=lambda generator: (
        (uniform(generator, 0.2, 0.4), uniform(generator, 1, 2), uniform(generator, 0.5, 0.9))
        for _ in range(5)
    ),
    wrong=(
        Wrong("the spread between the classes is missing", lambda *a: _excess(*a, between=0.0),
              "D's slope is the variance of all data, and the classes lie apart.", "eq-slope"),
        Wrong("the spread within a class is missing", lambda *a: _excess(*a, within=0.0),
              "D's slope is the variance of all data, and a class has a width.", "eq-slope"),
        Wrong("the clean classifier is thought to answer with the prior",
              lambda *a: _excess(*a, blur=0.0),
              "Shown the mean of all data, it looks which class is nearer.", "eq-noisy-posterior"),
        Wrong("the clean classifier's gradient is taken for Delta", lambda *a: _excess(*a, power=0),
              "It is Delta over the variance of a clean class.", "eq-overcount"),
        Wrong("this is the factor for class 1", lambda pi_0, gap, lam: _excess(1 - pi_0, gap, lam),
              "The pull to class 0 is felt where class 1 is likely.", "eq-evidence"),
    ),
    variant=Variant(
        "Class 0 has weight {pi_0:g}, both classes have width {lam:g}, their centres lie {gap:g} apart. At "
        "infinite noise, by what factor is the pull of the clean classifier, shown $D$, too strong?",
        lambda rng: dict(pi_0=rng.choice([0.2, 0.25, 0.4]), gap=rng.choice([1.0, 2.0, 3.0]),
                         lam=rng.choice([0.8, 1.0, 1.5])),
        _excess,
    ),
)  # fmt: skip

EXERCISES = {
    "ex-b-invisible": INVISIBLE,
    "ex-b-balance": BALANCE,
    "ex-b-temper": TEMPER,
    "ex-b-loop": LOOP,
    "ex-b-forty": FORTY,
    "ex-b-rescue": RESCUE,
}
check = checker(EXERCISES)
