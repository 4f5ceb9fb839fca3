"""Perturbed-model guidance: the same model is called twice, and any perturbation may be put in."""

import torch
from worlds import normal

from guidelib.denoisers import smoothed
from guidelib.exact.mixtures import GaussianMixture
from guidelib.guidance import perturbed

WORLD = GaussianMixture([0.4, 0.6], [-1.0, 1.0], [0.3, 0.5])
X, Y = normal(7), torch.tensor([0, 1, 2, 1, 0, 0, 1])


def test_the_scale_counts_from_the_perturbed_model_and_the_labels_stay():
    def shrunk(denoiser):
        return lambda x, sigma, cond=None: 0.5 * denoiser(x, sigma, cond)

    D = WORLD(X, 0.8, Y)
    for g in (0, 1, 3):
        expected = 0.5 * D + g * (D - 0.5 * D)
        assert torch.allclose(perturbed(WORLD, shrunk, g)(X, 0.8, Y), expected, rtol=1e-14)


def test_smoothing_sharpens_the_score():
    """g grad log p_sigma - (g - 1) grad log p_tau, tau^2 = sigma^2 + blur^2, by autograd of the densities."""
    g, sigma, blur = 2.5, 0.4, 0.9
    x = X.clone().requires_grad_(True)
    fine, coarse = WORLD.log_prob(x, sigma), WORLD.log_prob(x, (sigma**2 + blur**2) ** 0.5)
    (score,) = torch.autograd.grad((g * fine + (1 - g) * coarse).sum(), x)
    guided = perturbed(WORLD, lambda denoiser: smoothed(denoiser, blur), g)(X, sigma)
    assert torch.allclose((guided - X) / sigma**2, score, rtol=1e-10)
