"""Gaussian classes: samples have the spectrum that is stated, and the exact world is theirs."""

import math

import pytest
import torch
from worlds import generator

from guidelib.datasets import gaussian_power, gaussian_textures, textures
from guidelib.datasets.gaussian import FLOOR, GAUSSIAN, MEAN, STD, band, cloud, ring


@pytest.mark.parametrize("size", [24, 32])
@pytest.mark.parametrize("name", GAUSSIAN)
def test_a_pixel_has_the_stated_variance_and_no_frequency_is_empty(name, size):
    power = gaussian_power(name, size)
    assert power.shape == (size, size) and power.min() >= FLOOR**2 - 1e-15
    assert power.mean().item() == pytest.approx(STD**2, rel=1e-12)
    again = torch.fft.ifft2(power)
    assert again.imag.abs().max() < 1e-17, "an even spectrum has a real covariance"


@pytest.mark.parametrize("name", ["ring 0.16", "band 30", "cloud 4", "grain 60"])
def test_the_samples_of_the_data_set_have_the_exact_covariance(name):
    """Lag by lag, wrapped around, against the transform of the spectrum by explicit cosines."""
    n, size = 2000, 16
    x = textures("train", per_class=n, size=size, names=(name,)).images[:, 0].double() - MEAN
    power, f = gaussian_power(name, size), torch.arange(size, dtype=torch.float64) / size
    for dy, dx in ((0, 0), (0, 1), (1, 0), (2, 3), (5, 1), (8, 8), (15, 2)):
        phase = torch.cos(2 * math.pi * (f[:, None] * dy + f * dx))
        exact = (power * phase).mean()
        found = (x * x.roll((-dy, -dx), (1, 2))).mean((1, 2))
        se = found.std() / math.sqrt(n)
        assert abs(found.mean() - exact) < 4.5 * se


def test_the_exact_score_is_that_of_the_dense_normal_law():
    size, sigma = 16, 0.2
    world = gaussian_textures(size, ("band 60",))
    x = textures("test", per_class=3, size=size, names=("band 60",)).images[:, 0].double()
    i = torch.arange(size)
    row, column = i.repeat_interleave(size), i.repeat(size)
    lags = torch.fft.ifft2(gaussian_power("band 60", size)).real  # covariance at each wrapped lag
    dense = lags[(row[:, None] - row) % size, (column[:, None] - column) % size]
    noisy = dense + sigma**2 * torch.eye(size**2, dtype=torch.float64)
    normal = torch.distributions.MultivariateNormal(torch.full((size**2,), MEAN).double(), noisy)
    assert torch.allclose(world.log_prob(x, sigma), normal.log_prob(x.flatten(1)), rtol=1e-9)
    expected = -torch.linalg.solve(noisy, (x.flatten(1) - MEAN).mT).mT
    assert torch.allclose(world.score(x, sigma).flatten(1), expected, rtol=1e-7, atol=1e-9)


def test_labels_of_the_data_set_are_those_of_the_world():
    names = tuple(GAUSSIAN)
    data, world = textures("test", per_class=10, names=names), gaussian_textures()
    guess = world.posterior(data.images[:, 0], 0.05).argmax(1)
    assert world.num_classes == 19 and (guess == data.labels).double().mean() > 0.98


def test_parameters_are_where_the_power_is():
    n, f = 64, torch.fft.fftfreq(64, dtype=torch.float64)
    radius = f[:, None].hypot(f)
    for frequency in (0.1, 0.2, 0.3):
        power = ring(n, frequency=frequency) - FLOOR**2
        assert ((power * radius).sum() / power.sum()).item() == pytest.approx(frequency, rel=0.05)
    upright = band(n, frequency=0.25, angle=0)
    assert upright.flatten().argmax() == 16, "row 0, column 1/4: it varies from left to right"
    turned = band(n, frequency=0.25 * math.sqrt(2), angle=45)
    assert turned[16, 16] == turned.max()
    along_x = torch.fft.ifft2(cloud(n, exponent=3, angle=0, stretch=6)).real
    assert along_x[0, 10] > 2 * along_x[10, 0], "drawn out from left to right"


def test_the_world_is_an_exact_denoiser_of_the_classes_that_were_asked_for():
    world = gaussian_textures(24, ("cloud 2", "ring 0.23"))
    x, label = world.sample(4, generator(3))
    assert x.shape == (4, 24, 24) and set(label.tolist()) <= {0, 1}
    assert torch.allclose(world(x, 1e-5), x, atol=1e-4)
