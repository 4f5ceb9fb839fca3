"""The experiments on samples: what they measure on networks and images whose answers are known."""

import math

import pytest
import torch

from guidelib import nets
from guidelib.datasets.dataset import Dataset
from guidelib.datasets.gaussian import band, gaussian_samples, gaussian_textures
from guidelib.datasets.textures import textures
from guidelib.experiments import (
    equal_steps,
    exact_switching,
    fashion_samples,
    foreign,
    halves,
    interpolation,
    larger,
    rivals,
    samples,
    starts,
    switching,
)

NAMES = ("ring 0.16", "checks 4", "gravel")


def load(recipe: str):
    """Small untrained networks, for three classes."""
    torch.manual_seed(0)
    if recipe == "textures-feature":
        net = nets.ProjectedUNet(1, [4, 4])
    else:
        net = nets.UNet(1, [4, 4], num_classes=0 if recipe == "textures-mixture" else 3)
    return net.eval().requires_grad_(False)


@pytest.fixture(scope="module")
def judge():
    torch.manual_seed(1)
    return nets.Classifier(3, 1, [4, 8]).eval().requires_grad_(False)


def finite(found) -> bool:
    if isinstance(found, dict):
        return all(finite(value) for value in found.values())
    return all(map(finite, found)) if isinstance(found, list) else math.isfinite(found)


def test_real_images_are_judged_as_real(judge):
    real, others, y = samples.held_out(NAMES, 4)
    assert not torch.equal(real, others)
    same = samples.judged(real, y, real, NAMES, judge)
    assert same["distance"] < 1e-3 and same["precision"] == same["recall"] == 1
    assert same["diversity"] == pytest.approx(1)
    assert same["bayes"] == 1  # one Gaussian class alone
    assert same["power"] == pytest.approx(1, abs=0.4)


def test_a_sample_of_twice_the_contrast_has_four_times_the_power(judge):
    real, _, y = samples.held_out(NAMES, 4)
    louder = 0.5 + 2 * (real - 0.5)
    ours, theirs = (samples.spectra(images, y, NAMES) for images in (louder, real))
    assert ours["power"] == pytest.approx(4 * theirs["power"], rel=1e-4)
    assert ours["spectral error"] > theirs["spectral error"]


def test_the_exact_posterior_names_gaussian_classes():
    names = ("ring 0.07", "ring 0.34", "band 60")
    data = textures("test", size=24, names=names, per_class=4)
    assert samples.spectra(data.images, data.labels, names)["bayes"] == 1
    turned = (data.labels + 1) % 3
    order = turned.argsort(stable=True)
    assert samples.spectra(data.images[order], data.labels, names)["bayes"] == 0


def test_families_are_those_of_the_data():
    assert samples.family(NAMES).tolist() == [0, 1, 2]


def test_samples_of_an_exact_denoiser_are_its_point():
    x0 = torch.full((3, 1, 24, 24), 0.25)
    made = samples.draw(lambda x, sigma, y: x0[: len(x)], torch.arange(3), calls=4)
    assert torch.equal(made, x0)


def test_arms_share_their_calls():
    calls = []

    def label(x, sigma, cond=None):
        calls.append(1)
        return 0 * x

    for denoiser, steps in rivals.arms(label).values():
        calls.clear()
        samples.draw(denoiser, torch.zeros(2, dtype=torch.int64), calls=steps)
        assert len(calls) == 32


@pytest.mark.parametrize("experiment", [samples, rivals, halves, equal_steps])
def test_class_samples_are_measured(experiment, judge):
    assert finite(experiment.experiment(load, NAMES, per_class=2, judge=judge))


@pytest.mark.parametrize("asked", [0.0, 30.0, 135.0])
def test_the_angle_of_a_band_is_found(asked):
    images = gaussian_samples(100, 24, torch.Generator().manual_seed(0), band(24, frequency=0.2, angle=asked))
    assert interpolation.shown("band", images[:, None], asked) == pytest.approx(asked, abs=3)


def test_the_frequency_of_a_ring_is_found():
    for asked in (0.1, 0.3):
        images = interpolation.images_of("ring", asked, 100, 0)
        assert interpolation.shown("ring", images) == pytest.approx(asked, abs=0.01)


def test_a_straight_curve_does_not_sag():
    class Contrast:
        """A network whose features are in proportion to the frequency."""

        gains = torch.ones(2)

        def phi_y(self, images):
            f = interpolation.shown("ring", images)
            return nets.Phi(torch.tensor([[f, 2 * f]]), "none")

    ends = torch.tensor([[0.1, 0.2], [0.3, 0.6]])
    assert interpolation.sag(Contrast(), "ring", 0.1, 0.3, ends) < 0.05


def test_walks_and_unseen_textures_are_measured():
    pairs = {"ring 0.11 to 0.23": ("ring", 0.11, 0.23)}
    found = interpolation.experiment(load, per_step=2, pairs=pairs, asked={"wave": (1 / 8,)})
    assert finite(found["unseen wave"]) and len(found["ring 0.11 to 0.23"]["shown"]) == interpolation.STEPS


def test_commitment_is_the_level_from_which_samples_stay():
    kept = torch.tensor([[1.0, 0, 0], [0.2, 0.6, 0], [0.6, 0.5, 0], [1, 1, 0], [1, 1, 0], [1, 1, 0.4]])
    assert switching.commitment(kept) == [switching.LEVELS[2], switching.LEVELS[1], 0.0]


def test_with_exact_denoisers_the_class_is_settled_at_low_noise():
    names = ("ring 0.07", "ring 0.34", "band 60")
    kept = exact_switching.experiment(load, names, per_class=4)["kept"]
    assert kept[-1] == 1 and kept[0] < 1


def test_switching_off_is_measured(judge):
    found = switching.experiment(load, NAMES, per_class=2, judge=judge)
    assert len(found["kept"]) == len(switching.LEVELS) and finite(found["kept"])


def test_a_start_without_a_push_stays_where_it_was(judge):
    found = foreign.experiment(load, NAMES, count=2, judge=judge)
    assert finite(found["share"]) and found["pixels"] == sorted(found["pixels"])


def test_large_samples_are_measured(judge):
    found = larger.experiment(load, NAMES, per_class=1, judge=judge)
    assert finite(found) and found["real, 24 pixels"]["distance"] == pytest.approx(1)
    images, labels = larger.real_large(NAMES, 2)
    assert images.shape == (4, 1, 48, 48) and labels.tolist() == [0, 0, 1, 1]


def test_garments_are_measured_against_what_is_shipped(judge):
    net = nets.ProjectedUNet(1, [4, 4]).eval().requires_grad_(False)
    rng = torch.Generator().manual_seed(0)
    features = torch.rand(30, 8, generator=rng)
    mean, cov = features.mean(0), torch.cov(features.T)
    tensors = {"phi": torch.zeros(3, len(net.gains)), "features": features, "mean": mean, "cov": cov}
    tensors |= {"floor mean": mean, "floor cov": cov}
    train = Dataset(torch.rand(9, 1, 28, 28, generator=rng), torch.arange(9) % 3, ("a", "b", "c"))
    train.images[train.labels == 1] += 3  # seen through any noise
    given = {"judge": judge, "shipped": (tensors, {}), "train": train}
    found = fashion_samples.experiment(lambda recipe: net, per_class=2, **given)
    assert finite(found) and found["seen"] >= 1 / 3
    assert found["white"]["floor"] == pytest.approx(0, abs=1e-5) and len(found["white"]["classes"]) == 3


def test_random_phases_keep_the_power_and_the_mean_and_nothing_else():
    images = textures("train", size=24, names=("bricks", "gravel"), per_class=8).images
    made = starts.random_phase(images, torch.Generator().manual_seed(0))
    power = torch.fft.fft2(images).abs()
    assert torch.allclose(torch.fft.fft2(made).abs(), power, atol=1e-3)
    assert torch.allclose(made.mean((2, 3)), images.mean((2, 3)), atol=1e-6)
    gap = [x - x.mean((2, 3), keepdim=True) for x in (images, made)]
    match = (gap[0] * gap[1]).sum() / gap[0].square().sum()
    assert abs(match) < 0.2
    again = starts.random_phase(images, torch.Generator().manual_seed(1))
    assert not torch.allclose(made, again, atol=0.1)


def test_starts_are_of_the_class(judge):
    y = torch.tensor([0, 0, 1])
    images = starts.starting_images(NAMES, y, 1)
    power = [torch.fft.fft2(x).abs() for x in images]
    assert torch.allclose(power[0], power[1], atol=1e-3), "of one image"
    assert not torch.allclose(power[0], power[2], atol=1)
    found = starts.experiment(load, NAMES, per_class=4, judge=judge)
    assert finite(found) and set(found) > {"feature", "one image", "label", "start alone"}


def test_a_start_is_where_the_path_begins():
    def stay(x, sigma, cond=None):
        return x

    y = torch.zeros(3, dtype=torch.int64)
    images = torch.rand(3, 1, 24, 24, generator=torch.Generator().manual_seed(2))
    gap = samples.draw(stay, y, start=images) - samples.draw(stay, y, start=0.0)
    assert torch.allclose(gap, images, atol=1e-5)


def test_an_exact_denoiser_from_a_quiet_start_loses_the_power_that_is_said():
    """Chapter 12, eq-quiet-start, for a texture of few frequencies."""
    power = band(24, frequency=0.14, angle=0)
    world = gaussian_textures(24, ["band 0"])

    def exact(x, sigma, cond=None):
        return world(x[:, 0], sigma)[:, None]

    made = samples.draw(exact, torch.zeros(500, dtype=torch.int64), calls=400)
    found = torch.fft.fft2(made[:, 0].double() - 0.5, norm="ortho").abs().square().mean(0)
    said = power * (1 - (power / (power + 1)) ** 2)
    assert abs(found.flatten()[1:].sum() / said.flatten()[1:].sum() - 1) < 0.08
    assert said.sum() < 0.8 * power.sum()
