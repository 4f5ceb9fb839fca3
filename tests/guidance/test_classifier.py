"""Classifier guidance: exact with the exact classifier, and its gradient belongs to each row alone."""

import pytest
import torch
from worlds import STRUCTURES, mixture, normal, points

from guidelib.guidance import classifier

LABELS = torch.tensor([0, 1, 2, 3, 1, 4])  # 4 is the null label


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize("sigma", [0.05, 1.0, 50.0, "a sigma per row"])
def test_scale_one_with_the_exact_posterior_is_the_conditional_denoiser(structure, sigma):
    """Bayes' rule for scores: grad log p(x|y) = grad log p(x) + grad log p(y|x)."""
    world = mixture(structure)
    x = points(world, 6)
    sigma = torch.logspace(-1, 2, 6, dtype=torch.float64) if isinstance(sigma, str) else sigma
    guided = classifier(world, world.label_log_prob, 1.0)(x, sigma, LABELS)
    assert torch.allclose(guided, world(x, sigma, LABELS), rtol=1e-9, atol=1e-9)


def test_scale_zero_is_the_unconditional_denoiser():
    world = mixture("full")
    x = points(world, 6)
    assert torch.equal(classifier(world, world.label_log_prob, 0.0)(x, 0.5, LABELS), world(x, 0.5))


def test_the_push_is_g_sigma_squared_times_the_gradient():
    """log p = -|x|^2 has gradient -2x, whatever the shape of x; the gradient is taken at x_sigma."""
    for shape in [(3,), (3, 2), (3, 1, 4, 4)]:
        x, sigma = normal(*shape), torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64)

        def log_prob(x, sigma, cond):
            return -x.reshape(len(x), -1).square().sum(1)

        guided = classifier(lambda x, sigma, cond=None: 0 * x, log_prob, 3.0)(
            x, sigma, torch.tensor([0, 0, 0])
        )
        rows = sigma.reshape(3, *[1] * (x.ndim - 1))
        assert torch.allclose(guided, -6 * rows**2 * x, rtol=1e-14)


def test_works_without_gradients_around_it_and_leaves_none_behind():
    """Samplers run under no_grad; x must not come back attached to a graph."""
    world = mixture("full")
    x = points(world, 6)
    guided = classifier(world, world.label_log_prob, 2.0)
    with torch.no_grad():
        quiet = guided(x, 0.5, LABELS)
    assert torch.equal(quiet, guided(x, 0.5, LABELS))
    assert not quiet.requires_grad and not x.requires_grad and x.grad is None


def test_labels_are_needed():
    world = mixture("full")
    with pytest.raises(
        ValueError, match=r"classifier guidance needs labels: call denoiser\(x, sigma, cond\)"
    ):
        classifier(world, world.label_log_prob, 2.0)(torch.zeros(1, 3), 0.5)


def test_a_classifier_that_returns_all_classes_is_refused():
    """Its sum would be differentiated without complaint: the push would favour every class at once."""
    world = mixture("full")
    with pytest.raises(ValueError, match=r"log p\(cond \| x\), shape \(6,\); got \(6, 4\)"):
        classifier(world, lambda x, s, c: world.posterior(x, s).log(), 1.0)(points(world, 6), 0.5, LABELS)
