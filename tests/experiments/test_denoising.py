"""PSNR by conditioning: the measure itself, and the experiments on tiny networks and few images."""

import pytest
import torch

from guidelib import checkpoints
from guidelib.datasets.gaussian import gaussian_textures
from guidelib.datasets.textures import TEXTURES
from guidelib.experiments import denoising, single_class
from guidelib.nets import ProjectedUNet, UNet


@pytest.fixture
def load(monkeypatch):
    """Tiny networks, one image of each class, two levels."""
    monkeypatch.setattr(denoising, "EXAMPLES", 2)
    monkeypatch.setattr(denoising, "SIGMAS", (0.1, 1.0))
    monkeypatch.setattr(denoising, "held_out", lambda n=1, f=denoising.held_out: f(1))
    monkeypatch.setattr(single_class, "held_out", denoising.held_out)
    monkeypatch.setattr(single_class, "IMAGES", 3)
    with torch.random.fork_rng():
        torch.manual_seed(0)
        nets = {"textures-feature": ProjectedUNet(1, [2, 2, 2]), "textures-mixture": UNet(1, [2, 2, 2])}
        single = UNet(1, [2, 2, 2])
    monkeypatch.setattr(checkpoints, "load", {"textures-single": single}.get)
    return nets.get


def test_the_noisy_image_itself_has_the_psnr_of_its_noise():
    x0 = torch.rand(40, 1, 24, 24, generator=torch.Generator().manual_seed(0))
    noise = torch.randn(x0.shape, generator=torch.Generator().manual_seed(1))
    found = denoising.psnr(lambda x, sigma, cond: x, x0, noise, sigmas=(0.1, 1.0), batch=7)
    assert found.shape == (2, 40)
    assert torch.allclose(found.mean(1), torch.tensor([20.0, 0.0]), atol=0.1)


def test_labels_stay_with_their_images_across_batches():
    x0, y = torch.zeros(5, 1, 4, 4), torch.arange(5.0)
    seen = denoising.psnr(lambda x, s, cond: cond[:, None, None, None].expand_as(x), x0, x0, y, (1.0,), 2)
    assert torch.allclose(seen[0, 1:], -20 * y[1:].log10())


def test_the_exact_denoiser_gains_from_the_class_at_high_noise_alone():
    x, y = gaussian_textures(24).sample(60, torch.Generator().manual_seed(0))
    x0, noise = x[:, None].float(), torch.randn(60, 1, 24, 24, generator=torch.Generator().manual_seed(1))
    with_class = denoising.psnr(denoising.exact_denoiser, x0, noise, y, sigmas=(0.05, 0.75)).mean(1)
    without = denoising.psnr(denoising.exact_denoiser, x0, noise, sigmas=(0.05, 0.75)).mean(1)
    gain = with_class - without
    assert gain[0].abs() < 1e-3 and 0.5 < gain[1] < 2.5


def test_the_experiment_measures_every_arm_at_every_level(load):
    found = denoising.experiment(load)
    arms = {"class", "one example", "other class", "unmatched", "mixture"}
    assert set(found["all"]) == arms and set(found["Gaussian"]) == arms | {"exact class", "exact mixture"}
    assert all(len(row) == 2 for part in ("all", "Gaussian") for row in found[part].values())
    assert found["Gaussian"]["exact class"][0] > found["Gaussian"]["mixture"][0]


def test_the_single_class_is_measured_on_itself_and_on_all_others(load):
    found = single_class.experiment(load)
    assert set(found["class"]) == set(found["others"]) == {"feature", "mixture", "single"}
    assert single_class.ONE_CLASS in TEXTURES
