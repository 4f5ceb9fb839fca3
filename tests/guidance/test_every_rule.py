"""What every guidance rule promises, checked over a list of all of them.

A new rule is added to RULES and inherits every check.
"""

import pkgutil

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from worlds import normal

import guidelib.guidance
from guidelib.denoisers import expand_sigma, smoothed
from guidelib.guidance import (
    apg,
    autoguidance,
    cfg,
    classifier,
    denoised_feature,
    feature_guided,
    forcing,
    interval,
    mmps,
    perturbed,
    reconstruction,
    reg,
    rescale,
    zero_init,
    zero_star,
)

B = 6
NULL = 3
SHAPES = {"points": (B,), "vectors": (B, 5), "images": (B, 2, 4, 4)}
SIGMAS = [0.7, 3.0, torch.linspace(0.1, 4, B)]


def labels():
    """Fresh ones each time: a rule that overwrote them would hide it from every later comparison."""
    return torch.tensor([0, 1, 2, 1, 0, NULL])


def network(x, sigma, cond=None):
    """Nonlinear in x, different for every label, row by row, any shape: a stand-in for a network."""
    label = torch.full((len(x),), NULL) if cond is None else cond
    shift = expand_sigma(label.to(x.dtype), x) - NULL
    sigma = expand_sigma(sigma, x)
    mean = x.reshape(len(x), -1).mean(1).reshape(-1, *[1] * (x.ndim - 1))
    return torch.tanh(x + shift) / (1 + sigma**2) + 0.1 * shift * mean


def log_prob(x, sigma, cond):
    """A smooth stand-in for a classifier."""
    total = torch.sin(x).reshape(len(x), -1).sum(1)
    return torch.nn.functional.logsigmoid((cond.to(x.dtype) - 1) * total)


def blurred(denoiser):
    return smoothed(denoiser, 0.5)


def log_likelihood(x0, cond):
    """The same for points without noise."""
    return log_prob(x0, 0.0, cond)


def measure(x0):
    """Two linear measurements of points of any shape, (B, 2)."""
    flat = x0.reshape(len(x0), -1)
    return torch.stack([flat.mean(1), 2 * flat[:, 0]], dim=1)


class Featured:
    """The network with two features, mean and mean square, to which phi may be matched."""

    gains = torch.ones(2)

    def __call__(self, x, sigma, cond=None, *, phi=None):
        if phi is None:
            return network(x, sigma)
        flat = x.reshape(len(x), -1)
        push = phi.to(x) - torch.stack([flat.mean(1), flat.square().mean(1)], dim=1)
        return network(x, sigma) + torch.tanh(push.sum(1)).reshape(-1, *[1] * (x.ndim - 1))


RULES = {
    "apg": apg(network, 3.0, 0.2, max_norm=0.5),
    "autoguidance": autoguidance(network, smoothed(network, 1.0), 2.0),
    "cfg": cfg(network, 3.0),
    "cfg below 1": cfg(network, -0.5),
    "classifier": classifier(network, log_prob, 2.0),
    "denoised_feature": denoised_feature(network, [1.0, -2.0, 0.5], lambda sigma: 1 / (1 + sigma)),
    "features": feature_guided(Featured(), [[0.5, 1.0], [-1.0, 2.0], [0.0, 0.3]]),
    "forcing": forcing(network, [1.0, -2.0, 0.5], lambda sigma: (sigma > 1) / (1 + sigma**2)),
    "interval": interval(cfg(network, 3.0), network, 0.5, 2.0),
    "mmps": mmps(network, measure, [[1.0, 0.0], [-1.0, 0.5], [0.0, 2.0]], [[0.2, 0.1], [0.1, 0.3]]),
    "perturbed": perturbed(network, blurred, 3.0),
    "reconstruction": reconstruction(network, log_likelihood, 2.0),
    "reg": reg(network, 3.0),
    "rescale": rescale(network, 3.0, 0.7),
    "zero_star": zero_star(network, 3.0),
    "zero_star and zero_init": interval(zero_star(network, 3.0), zero_init, 0, 2.0),
}

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES.keys())
NOT_FOR_POINTS = {"rescale"}  # one number has no standard deviation
CASES = {
    f"{shape}-{name}": (rule, SHAPES[shape])
    for shape in SHAPES
    for name, rule in RULES.items()
    if shape != "points" or name not in NOT_FOR_POINTS
}
every_rule_and_shape = pytest.mark.parametrize("rule, shape", CASES.values(), ids=CASES.keys())
every_sigma = pytest.mark.parametrize("sigma", SIGMAS, ids=["inside", "outside", "per row"])


def test_no_rule_is_forgotten():
    """Every module of guidelib.guidance but the converters has a rule in the list above."""
    modules = {module.name for module in pkgutil.iter_modules(guidelib.guidance.__path__)} - {"scales"}
    assert modules == {name.split()[0] for name in RULES}


@every_rule_and_shape
@every_sigma
def test_a_row_does_not_depend_on_its_batch_mates(rule, shape, sigma):
    """One norm over the whole batch is a published mistake: alone, a row must come out the same."""
    x = normal(*shape)
    together = rule(x, sigma, labels())
    for i in range(B):
        one = slice(i, i + 1)
        alone = rule(x[one], sigma[one] if torch.is_tensor(sigma) else sigma, labels()[one])
        assert torch.allclose(together[one], alone, rtol=1e-13, atol=1e-14)


@every_rule_and_shape
@every_sigma
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_dtype_are_kept(rule, shape, sigma, dtype):
    x = normal(*shape).to(dtype)
    out = rule(x, sigma, labels())
    assert out.shape == x.shape and out.dtype == dtype and torch.isfinite(out).all()
    assert not out.requires_grad


@every_rule
@every_sigma
def test_arguments_are_not_changed_and_no_random_numbers_are_drawn(rule, sigma):
    """A released sampler overwrote its labels with the null label at the first step."""
    x, cond = normal(B, 5), labels()
    before, sigma_before, state = x.clone(), torch.as_tensor(sigma).clone(), torch.get_rng_state()
    first = rule(x, sigma, cond)
    assert torch.equal(cond, labels()) and torch.equal(x, before) and not x.requires_grad
    assert torch.equal(torch.as_tensor(sigma), sigma_before)
    assert torch.equal(torch.get_rng_state(), state)
    assert torch.equal(rule(x, sigma, cond), first)  # nothing is remembered between calls


@every_rule
@given(order=st.permutations(range(B)), seed=st.integers(0, 99))
def test_the_order_of_the_batch_does_not_matter(rule, order, seed):
    x, sigma, order = normal(B, 5, seed=seed), torch.linspace(0.1, 4, B), torch.tensor(order)
    shuffled = rule(x[order], sigma[order], labels()[order])
    assert torch.allclose(shuffled, rule(x, sigma, labels())[order], rtol=1e-13, atol=1e-14)
