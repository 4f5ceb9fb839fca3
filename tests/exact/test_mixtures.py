"""The exact mixture against autograd, quadrature, scipy, torch.distributions and 60-digit arithmetic."""

import mpmath
import numpy as np
import pytest
import scipy.stats
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad
from torch.utils._python_dispatch import TorchDispatchMode
from worlds import STRUCTURES, generator, mixture, normal, points

from guidelib.denoisers import score_from_denoiser
from guidelib.exact.mixtures import GaussianMixture

SIGMAS = {
    "one sigma": lambda n: 0.7,
    "zero": lambda n: 0.0,
    "wide": lambda n: 30.0,
    "a sigma per row": lambda n: torch.logspace(-3, 3, n, dtype=torch.float64),
}


def relative(a, b):
    return ((a - b).abs().max() / b.abs().max()).item()


def autograd_score(world, x, sigma):
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad(world.log_prob(x, sigma).sum(), x)[0]


# --- score, denoiser, density: one world seen from several sides


@pytest.mark.parametrize("sigma", SIGMAS.values(), ids=SIGMAS.keys())
@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("d", [1, 2, 6])
def test_score_is_the_gradient_of_log_prob(structure, d, sigma):
    """Three formulas are written by hand (score, denoiser, density): autograd ties the first to the third."""
    world = mixture(structure, d)
    x = points(world, 40)
    for row_score, row in zip(
        world.score(x, sigma(40)), autograd_score(world, x, sigma(40)), strict=True
    ):  # row by row: a batch with large scores must not hide the error of a small one
        assert relative(row_score, row) < 1e-10


def test_score_by_finite_differences():
    """Autograd would also be wrong if log_prob were detached somewhere."""
    world, h = mixture("full", 2), 1e-5
    x, steps = points(world, 20), h * torch.eye(2, dtype=torch.float64)
    slopes = [(world.log_prob(x + e, 0.3) - world.log_prob(x - e, 0.3)) / (2 * h) for e in steps]
    assert relative(world.score(x, 0.3), torch.stack(slopes, dim=1)) < 1e-8


@pytest.mark.parametrize("structure", STRUCTURES)
@given(sigma=st.floats(0.01, 1e3), seed=st.integers(0, 99))
def test_tweedie(structure, sigma, seed):
    """x + sigma^2 score = D: the identity the whole book rests on."""
    world = mixture(structure, 3, seed=seed)
    x = points(world, 16, seed=seed) * max(1.0, sigma)
    denoised = world(x, sigma)
    assert relative(x + sigma**2 * world.score(x, sigma), denoised) < 1e-9 * max(1, sigma)
    assert torch.allclose(score_from_denoiser(world, x, sigma), world.score(x, sigma), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("sigma", SIGMAS.values(), ids=SIGMAS.keys())
def test_descriptions_of_the_same_mixture_agree(sigma):
    """Isotropic, diagonal, full and low-rank go through different arithmetic."""
    weights, means, variances = [0.2, 0.5, 0.3], normal(3, 4), torch.tensor([0.3, 1.0, 0.7])
    eye = torch.eye(4, dtype=torch.float64)
    one = torch.zeros(3, 4, 1)  # a rank-one part of width zero
    same = [
        GaussianMixture(weights, means, variances),
        GaussianMixture(weights, means, variances[:, None].expand(3, 4)),
        GaussianMixture(weights, means, variances[:, None, None] * eye),
        GaussianMixture(weights, means, (one, variances)),
    ]
    x = points(same[0], 30)
    assert_all_agree(same, x, sigma(30))


def test_low_rank_is_the_full_matrix_it_stands_for():
    factors, eye = normal(3, 5, 2), torch.eye(5, dtype=torch.float64)
    weights, means = [0.2, 0.5, 0.3], normal(3, 5, seed=1)
    full = GaussianMixture(weights, means, factors @ factors.mT + 0.2 * eye)
    wide = GaussianMixture(weights, means, (torch.cat([factors, torch.zeros(3, 5, 4)], 2), 0.2))  # r > d
    assert_all_agree([full, GaussianMixture(weights, means, (factors, 0.2)), wide], points(full, 30), 0.5)


def test_scalar_events_are_one_dimensional_points():
    scalar = mixture("scalar")
    flat = GaussianMixture(
        scalar.weights, scalar.means[:, None], [[scalar.conditional(k).cov] for k in range(4)]
    )
    x = points(scalar, 30)
    assert torch.allclose(scalar(x, 0.4), flat(x[:, None], 0.4)[:, 0], rtol=1e-13)
    assert torch.allclose(scalar.log_prob(x, 0.4), flat.log_prob(x[:, None], 0.4), rtol=1e-13)


def assert_all_agree(worlds, x, sigma):
    for other in worlds[1:]:
        assert relative(other.log_prob(x, sigma), worlds[0].log_prob(x, sigma)) < 1e-12
        assert relative(other(x, sigma), worlds[0](x, sigma)) < 1e-12
        assert relative(other.score(x, sigma), worlds[0].score(x, sigma)) < 1e-12
        assert relative(other.posterior(x, sigma), worlds[0].posterior(x, sigma)) < 1e-12
        assert relative(other.cov, worlds[0].cov) < 1e-12


@pytest.mark.parametrize("structure", STRUCTURES)
def test_posterior_is_a_distribution_and_label_log_prob_its_log(structure):
    world = mixture(structure)
    x = points(world, 10)
    posterior = world.posterior(x, 0.8)
    assert torch.allclose(posterior.sum(1), torch.ones(10, dtype=torch.float64), rtol=1e-14)
    for k in range(world.num_classes):
        labels = torch.full((10,), k)
        assert torch.allclose(world.label_log_prob(x, 0.8, labels).exp(), posterior[:, k], rtol=1e-12)
    null = torch.full((10,), world.num_classes)
    assert (world.label_log_prob(x, 0.8, null) == 0).all()  # "any class" is certain


def test_what_cannot_be_has_weight_zero():
    """Exactly: a class of weight 0, one too far away, and with a label all the others."""
    world = GaussianMixture([0.5, 0.0, 0.5], [0.0, 0.0, 1e3], [1.0, 1.0, 1.0])
    assert world.posterior([0.0], 0.5).tolist() == [[1.0, 0.0, 0.0]]
    far = torch.tensor([2])
    assert torch.equal(world([0.0], 0.5, far), world.conditional(2)([0.0], 0.5))


@pytest.mark.parametrize("structure", STRUCTURES)
def test_bayes_rule_between_the_parts(structure):
    """p(k|x) = pi_k p(x|k) / p(x), with p(x|k) from conditional(k): a second way to the same number."""
    world, x = mixture(structure), points(mixture(structure), 10)
    for k in range(world.num_classes):
        log_joint = world.weights[k].log() + world.conditional(k).log_prob(x, 0.6)
        label = torch.full((10,), k)
        assert torch.allclose(
            world.label_log_prob(x, 0.6, label), log_joint - world.log_prob(x, 0.6), atol=1e-11
        )
        assert torch.allclose(world(x, 0.6, label), world.conditional(k)(x, 0.6), rtol=1e-12, atol=1e-13)


# --- against other people's code and plain integration


@pytest.mark.parametrize("sigma", [0.0, 0.5, 20.0])
def test_density_integrates_to_one_and_agrees_with_scipy(sigma):
    world = mixture("scalar")
    deviations = [(world.conditional(k).cov.item() + sigma**2) ** 0.5 for k in range(4)]

    def density(x):
        return sum(
            w * scipy.stats.norm.pdf(x, m, s)
            for w, m, s in zip(world.weights.tolist(), world.means.tolist(), deviations, strict=True)
        )

    x = points(world, 20)
    assert torch.allclose(world.log_prob(x, sigma), torch.from_numpy(density(x.numpy())).log(), rtol=1e-12)
    edges = [-40 * (1 + sigma), *sorted(world.means.tolist()), 40 * (1 + sigma)]
    mass = sum(
        quad(lambda t: world.log_prob([t], sigma).exp().item(), a, b, limit=200)[0]
        for a, b in zip(edges[:-1], edges[1:], strict=True)
    )
    assert abs(mass - 1) < 1e-9


def test_density_agrees_with_torch_distributions():
    world = mixture("full", 3)
    covs = torch.stack([world.conditional(k).cov for k in range(4)]) + 0.25 * torch.eye(3)
    peer = torch.distributions.MixtureSameFamily(
        torch.distributions.Categorical(world.weights),
        torch.distributions.MultivariateNormal(world.means, covs),
    )
    x = points(world, 20)
    assert torch.allclose(world.log_prob(x, 0.5), peer.log_prob(x), rtol=1e-12)
    assert torch.allclose(world.noised(0.5).mean, peer.mean, rtol=1e-12)


@pytest.mark.parametrize("sigma", [0.05, 0.5, 5.0])
def test_denoiser_is_the_posterior_mean_by_brute_force(sigma):
    """int x0 p(x0) N(x; x0, sigma^2) dx0 / int p(x0) N(x; x0, sigma^2) dx0 on a fine grid."""
    world = mixture("scalar")
    x = points(world, 8)
    x0 = torch.linspace(-30, 30, 12_001, dtype=torch.float64)
    prior = world.log_prob(x0)
    for xi, denoised in zip(x, world(x, sigma), strict=True):
        weight = torch.softmax(prior - 0.5 * ((xi - x0) / sigma) ** 2, dim=0)
        assert abs((weight @ x0 - denoised).item()) < 1e-9


@pytest.mark.parametrize("structure", STRUCTURES)
def test_noised_is_the_sigma_argument(structure):
    world, x = mixture(structure), points(mixture(structure), 10)
    assert torch.allclose(world.noised(0.6).log_prob(x), world.log_prob(x, 0.6), rtol=1e-12)
    assert torch.allclose(world.noised(0.6).log_prob(x, 0.8), world.log_prob(x, 1.0), rtol=1e-12)
    assert torch.allclose(world.noised(0.6).score(x), world.score(x, 0.6), rtol=1e-11)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_samples_have_the_moments_and_come_again(structure):
    """Mean and covariance of 40,000 points within 4 standard errors; the same generator, the same points."""
    world, n = mixture(structure), 40_000
    x, labels = world.sample(n, generator(3))
    again, _ = world.sample(n, generator(3))
    assert torch.equal(x, again) and x.shape == (n, *world.mean.shape)
    shares = torch.bincount(labels, minlength=4) / n
    assert ((shares - world.weights).abs() < 4 * (world.weights * (1 - world.weights) / n).sqrt()).all()
    for k in range(4):
        part = world.conditional(k)
        rows = x[labels == k].reshape(int((labels == k).sum()), -1)
        mean, cov = part.mean.reshape(-1), part.cov.reshape(rows.shape[1], -1)
        variances = cov.diagonal()
        assert ((rows.mean(0) - mean).abs() < 4 * (variances / len(rows)).sqrt()).all()
        # Var of a product of centred normals: c_ii c_jj + c_ij^2
        error = ((torch.outer(variances, variances) + cov**2) / len(rows)).sqrt()
        assert ((torch.cov(rows.T).reshape(cov.shape) - cov).abs() < 4 * error).all()


def test_mean_and_cov_of_the_mixture():
    world = mixture("diagonal", 2)
    x, _ = world.sample(200_000, generator(1))
    assert torch.allclose(x.mean(0), world.mean, atol=0.03) and torch.allclose(
        torch.cov(x.T), world.cov, atol=0.1
    )


# --- labels and shapes


@pytest.mark.parametrize("structure", STRUCTURES)
def test_null_label_none_and_rows_of_different_labels(structure):
    world = mixture(structure)
    x, labels = points(world, 5), torch.tensor([0, 4, 2, 1, 3])  # 4 is the null label
    alone = [world(x[i : i + 1], 0.5, None if k == 4 else labels[i : i + 1]) for i, k in enumerate(labels)]
    assert torch.allclose(world(x, 0.5, labels), torch.cat(alone), rtol=1e-13)
    assert torch.equal(world(x, 0.5, torch.full((5,), 4)), world(x, 0.5))


def test_sigma_per_row_is_one_sigma_at_a_time():
    """Rows in the wide and in the narrow regime share a batch."""
    for structure in STRUCTURES:
        world = mixture(structure)
        x, sigma = points(world, 9), torch.logspace(-8, 8, 9, dtype=torch.float64)
        alone = torch.cat([world(x[i : i + 1], sigma[i].item()) for i in range(9)])
        assert torch.allclose(world(x, sigma), alone, rtol=1e-12)


@pytest.mark.parametrize("structure", STRUCTURES)
def test_large_batches_go_in_blocks_without_a_trace(structure):
    world = mixture(structure, 3, K=50)
    x, labels = points(world, 1500), torch.arange(1500) % 51
    sigma = torch.logspace(-2, 2, 1500, dtype=torch.float64)
    some = torch.tensor([0, 435, 436, 1309, 1310, 1499])
    for f in (world.log_prob, world.score, world.posterior):
        assert torch.allclose(f(x, sigma)[some], f(x[some], sigma[some]), rtol=1e-11)
    assert torch.allclose(
        world(x, sigma, labels)[some], world(x[some], sigma[some], labels[some]), rtol=1e-11
    )
    many = world.label_log_prob(x, sigma, labels)[some]
    assert torch.allclose(many, world.label_log_prob(x[some], sigma[some], labels[some]), rtol=1e-10)


def test_float32_points_are_computed_in_float64_and_come_back_as_float32():
    """Samplers mix x and D: a float32 start must not stop them, nor round the arithmetic."""
    world = mixture("full")
    x = points(world, 10).float()
    assert world(x, 0.5).dtype == world.score(x, 0.5).dtype == torch.float32
    assert torch.equal(world(x, 0.5), world(x.double(), 0.5).float())
    assert world.log_prob(x, 0.5).dtype == torch.float64
    weights = torch.full((3,), 1 / 3)  # float32: sums to 1 + 3e-8
    assert GaussianMixture(weights, [0.0, 1.0, 2.0], [1.0, 1.0, 1.0]).weights.sum() == 1


def test_plain_lists_are_exact():
    """0.1 in a list is the double 0.1, not the float32 one; an empty batch is a batch."""
    world = mixture("scalar")
    assert torch.equal(world([0.1], 0.5), world(torch.tensor([0.1], dtype=torch.float64), 0.5))
    assert world(torch.zeros(0, dtype=torch.float64), 0.5, torch.zeros(0, dtype=torch.int64)).shape == (0,)


def test_two_variances_in_a_tuple_are_variances():
    """A pair of numbers is no (factors, floor)."""
    as_list = GaussianMixture([0.5, 0.5], [0.0, 1.0], [1.0, 2.0])
    as_tuple = GaussianMixture([0.5, 0.5], [0.0, 1.0], (1.0, 2.0))
    assert torch.equal(as_list.cov, as_tuple.cov)


class Largest(TorchDispatchMode):
    """Remembers the size of the largest tensor that torch computes."""

    numbers = 0

    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        out = function(*args, **(kwargs or {}))
        if isinstance(out, torch.Tensor):
            self.numbers = max(self.numbers, out.numel())
        return out


def test_low_rank_in_many_dimensions_forms_no_matrix():
    """d = 4096: no tensor is larger than points times components times d; a (d, d) matrix would be."""
    d = 4096
    world = GaussianMixture([0.5, 0.5], normal(2, d), (normal(2, d, 2, seed=1), 0.1))
    x, _ = world.sample(8, generator())
    with Largest() as largest:
        denoised, score = world(x, 0.5), world.score(x, 0.5)
    assert largest.numbers <= 8 * 2 * d
    assert relative(x + 0.25 * score, denoised) < 1e-10


# --- extremes


def reference(world, x, sigma):
    """log p, score and D of a scalar mixture with 60 digits."""
    with mpmath.workdps(60):
        x, sigma = mpmath.mpf(x), mpmath.mpf(sigma)
        parts = [
            (mpmath.mpf(w), mpmath.mpf(m), mpmath.mpf(world.conditional(k).cov.item()))
            for k, (w, m) in enumerate(zip(world.weights.tolist(), world.means.tolist(), strict=True))
        ]
        joint = [w * mpmath.npdf(x, m, mpmath.sqrt(c + sigma**2)) for w, m, c in parts]
        total = sum(joint)
        score = sum(-p * (x - m) / (c + sigma**2) for p, (_, m, c) in zip(joint, parts, strict=True)) / total
        mean = sum(p * (m + c / (c + sigma**2) * (x - m)) for p, (_, m, c) in zip(joint, parts, strict=True))
        return float(mpmath.log(total)), float(score), float(mean / total)


WORLDS = {
    "plain": ([0.3, 0.7], [-1.0, 2.0], [0.5, 1.5]),
    "equal widths": ([0.5, 0.5], [-1.0, 1.0], [1.0, 1.0]),
    "all but coinciding": ([0.5, 0.5], [-1e-6, 1e-6], [1.0, 1.0]),
    "a weight of 1e-12": ([1 - 1e-12, 1e-12], [0.0, 3.0], [1.0, 1.0]),
    "origin a million away": ([0.3, 0.7], [1e6, 1e6 + 3], [0.5, 1.5]),
    "one component": ([1.0], [2.0], [0.5]),
    "nearly singular": ([0.4, 0.6], [-1.0, 1.0], [1e-12, 1.0]),
    "far apart": ([0.4, 0.6], [0.0, 1e6], [1.0, 2.0]),
}


@pytest.mark.parametrize("sigma", [1e-8, 1e-3, 0.5, 30.0, 1e6, 1e8])
@pytest.mark.parametrize("world", WORLDS.values(), ids=WORLDS.keys())
def test_extremes_against_sixty_digits(world, sigma):
    """Up to a million standard deviations out, for every sigma from 1e-8 to 1e8."""
    world = GaussianMixture(*world)
    sd = (world.cov.item() + sigma**2) ** 0.5
    for out in [0.0, 0.37, -1.6, 40.0, -1e3, 1e6, -1e6]:
        x = float(world.mean.item() + out * sd)
        log_p, score, mean = reference(world, x, sigma)
        at = torch.tensor([x], dtype=torch.float64)
        assert world.log_prob(at, sigma).item() == pytest.approx(log_p, rel=1e-10, abs=1e-8)
        assert world(at, sigma).item() == pytest.approx(mean, rel=1e-9, abs=1e-9 * world.cov.item() ** 0.5)
        # x and the means are doubles: their last bits move the score by eps |x| / variance
        size = abs(x) + world.means.abs().max().item()
        least = min(world.conditional(k).cov.item() for k in range(world.num_classes)) + sigma**2
        assert world.score(at, sigma).item() == pytest.approx(score, rel=1e-9, abs=2e-15 * size / least)


@given(
    out=st.floats(-1e6, 1e6),
    log_sigma=st.floats(-8, 8),
    structure=st.sampled_from(STRUCTURES),
    seed=st.integers(0, 50),
)
def test_denoised_stays_among_plausible_values(out, log_sigma, structure, seed):
    """D is a mean of the K component-wise posterior means: coordinate by coordinate it lies between them."""
    world, sigma = mixture(structure, 3, seed=seed), 10.0**log_sigma
    x = out * (1 + sigma) * points(world, 4, seed=seed)
    each = torch.stack([world.conditional(k)(x, sigma) for k in range(4)])
    denoised, slack = world(x, sigma), 1e-12 * (1 + x.abs())
    assert torch.isfinite(denoised).all() and torch.isfinite(world.score(x, sigma)).all()
    assert torch.isfinite(world.log_prob(x, sigma)).all()
    assert (denoised >= each.amin(0) - slack).all() and (denoised <= each.amax(0) + slack).all()


def test_far_out_under_great_noise_the_components_still_differ():
    """x = 1e6 sigma, sigma = 1e6: |x - mu|^2 / sigma^2 is 1e12, the log-odds are 4 x / sigma^2 = 4."""
    for covs in ([1.0, 1.0], [[1.0, 1.0]] * 2, [[[1.0, 0.0], [0.0, 1.0]]] * 2, (torch.ones(2, 2, 1), 0.5)):
        world = GaussianMixture([0.5, 0.5], [[-2.0, 0.0], [2.0, 0.0]], covs)
        odds = world.posterior([[1e12, 0.0]], 1e6).log().diff()
        assert odds.item() == pytest.approx(4.0, rel=1e-9)


def test_nearly_singular_matrices():
    """A pencil of condition 1e12: along its thin direction the exact answer is known."""
    turn = torch.linalg.qr(normal(3, 3))[0]
    spectrum = torch.tensor([1e-12, 1.0, 1.0], dtype=torch.float64)
    world = GaussianMixture([1.0], torch.zeros(1, 3), (turn * spectrum @ turn.T)[None])
    x = (1e-6 * turn[:, 0])[None]  # one standard deviation out
    assert relative(world.score(x), -x / 1e-12) < 1e-3  # eigh knows the small eigenvalue to 1e-16 absolute
    singular = GaussianMixture([1.0], torch.zeros(1, 2), torch.tensor([[[1.0, 1.0], [1.0, 1.0]]]))
    assert torch.allclose(singular([[3.0, 1.0]], 1e-4), torch.tensor([[2.0, 2.0]], dtype=torch.float64))


# --- bad input: what was given, what is allowed, what to do

MEANS2 = [[0.0, 0.0], [1.0, 1.0]]
EYES = torch.eye(2).expand(2, 2, 2)
BAD_MIXTURES = {
    "negative weights": ([-0.5, 1.5], [0.0, 1.0], [1.0, 1.0], "non-negative and sum to 1"),
    "weights that do not sum": ([0.5, 0.4], [0.0, 1.0], [1.0, 1.0], "got sum 0.9.*Divide them"),
    "NaN weights": ([float("nan"), 1.0], [0.0, 1.0], [1.0, 1.0], "weights must be"),
    "no components": ([], [], [], "K >= 1"),
    "K differs": ([0.5, 0.5], [0.0, 1.0, 2.0], [1.0, 1.0], r"got \(2,\) and \(3,\)"),
    "infinite means": ([0.5, 0.5], [0.0, float("inf")], [1.0, 1.0], "means must be finite"),
    "negative variance": ([0.5, 0.5], [0.0, 1.0], [1.0, -1.0], "component 1 has variance -1"),
    "indefinite matrix": ([0.5, 0.5], MEANS2, EYES - 1.5 * torch.ones(2, 2), "positive semi-definite"),
    "asymmetric matrix": ([0.5, 0.5], MEANS2, EYES + torch.tensor([[0.0, 1.0], [0.0, 0.0]]), "symmetric"),
    "NaN matrix": ([0.5, 0.5], MEANS2, EYES * float("nan"), "covs must be finite"),
    "covs of a wrong shape": ([0.5, 0.5], MEANS2, torch.ones(2, 3), r"K=2, d=2; got shape \(2, 3\)"),
    "factors of a wrong shape": ([0.5, 0.5], MEANS2, (torch.ones(2, 3, 1), 0.1), r"\(2, 2, r\); got shape"),
    "factors without K": ([0.5, 0.5], MEANS2, (torch.ones(2, 1), 0.1), r"\(2, 2, r\); got shape \(2, 1\)"),
    "a floor of a wrong shape": ([0.5, 0.5], MEANS2, (torch.ones(2, 2, 1), [0.1] * 3), "floor must be one"),
    "a negative floor": ([0.5, 0.5], MEANS2, (torch.ones(2, 2, 1), -0.1), "positive semi-definite"),
}


@pytest.mark.parametrize("bad", BAD_MIXTURES.values(), ids=BAD_MIXTURES.keys())
def test_a_bad_mixture_is_refused(bad):
    *arguments, message = bad
    with pytest.raises(ValueError, match=message) as error:
        GaussianMixture(*arguments)
    assert "\n" not in str(error.value)


X2 = torch.zeros(3, 2, dtype=torch.float64)
BAD_CALLS = {
    "x of a wrong dimension": (lambda w: w(torch.zeros(3, 5), 1.0), r"\(B, 2\).*got \(3, 5\)"),
    "x without a batch": (lambda w: w.log_prob(torch.zeros(2), 1.0), r"got \(2,\)"),
    "negative sigma": (lambda w: w(X2, -1.0), "sigma must be finite and >= 0; got -1"),
    "NaN sigma": (lambda w: w.score(X2, float("nan")), "got nan"),
    "one bad sigma": (lambda w: w(X2, torch.tensor([1.0, float("inf"), 2.0])), "got inf"),
    "sigma of a wrong length": (lambda w: w(X2, torch.ones(2)), r"shape \(3,\); got shape \(2,\)"),
    "noised by many sigmas": (lambda w: w.noised(torch.ones(3)), r"one number; got shape \(3,\)"),
    "noised by less than nothing": (lambda w: w.noised(-0.1), "got -0.1"),
    "float labels": (lambda w: w(X2, 1.0, torch.zeros(3)), "integer label.*float32"),
    "too few labels": (lambda w: w(X2, 1.0, torch.tensor([0])), r"shape \(3,\); got \(1,\)"),
    "a label too large": (lambda w: w(X2, 1.0, torch.tensor([0, 3, 1])), r"0\.\.2; got 3"),
    "a negative label": (lambda w: w.label_log_prob(X2, 1.0, torch.tensor([0, -1, 1])), r"0\.\.2; got -1"),
    "no such component": (lambda w: w.conditional(2), r"0\.\.1; got 2"),
}


@pytest.mark.parametrize("call, message", BAD_CALLS.values(), ids=BAD_CALLS.keys())
def test_a_bad_call_is_refused(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call(GaussianMixture([0.5, 0.5], MEANS2, [1.0, 2.0]))
    assert "\n" not in str(error.value)


def test_a_point_mass_has_no_density_but_a_denoiser():
    """Zero variances are allowed as soon as there is noise: D is then a weighted mean of the points."""
    world = GaussianMixture([0.5, 0.5], [-1.0, 1.0], [0.0, 0.0])
    with pytest.raises(ValueError, match="give sigma > 0"):
        world.log_prob([0.0])
    assert world([0.3], 0.5).item() == pytest.approx(np.tanh(0.3 / 0.25), rel=1e-13)
