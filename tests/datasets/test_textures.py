"""The texture set as a whole: its classes, its randomness, its hash, its cost."""

import time
from collections import Counter

import pytest
import torch

from guidelib.datasets import TEXTURES, data_hash, gaussian_power, texture_parameters, textures
from guidelib.datasets.gaussian import GAUSSIAN
from guidelib.datasets.photographs import PHOTOGRAPHS
from guidelib.datasets.procedural import GENERATORS, PROCEDURAL


@pytest.fixture(scope="module")
def small():
    return textures("train", per_class=40)


def test_there_are_enough_classes_of_every_kind():
    assert len(TEXTURES) == len(set(TEXTURES)) == 76
    assert len(GAUSSIAN) >= 16 and len(PROCEDURAL) >= 36 and len(PHOTOGRAPHS) >= 10
    families = Counter(texture_parameters(name)[0] for name in PROCEDURAL)
    assert families.keys() == GENERATORS.keys() and min(families.values()) >= 4


def test_shapes_labels_and_range(small):
    assert small.images.shape == (76 * 40, 1, 32, 32) and small.images.dtype == torch.float32
    assert small.labels.bincount().tolist() == [40] * 76 and small.names == TEXTURES
    outside = (small.images < 0) | (small.images > 1)
    gaussian = small.labels < len(GAUSSIAN)
    assert not outside[~gaussian].any()
    assert 0 < outside[gaussian].double().mean() < 2e-4, "not clipped, and four standard deviations wide"
    assert (small.images.std((1, 2, 3)) > 0.02).all(), "no image is blank"


def test_every_image_of_a_class_is_another(small):
    for images in small.images.flatten(1).split(40):
        assert torch.pdist(images).min() > 0.1


def test_a_seed_repeats_and_seeds_splits_and_names_do_not_mix(small):
    names = ("contours", "ring 0.11", "grass")
    part = textures("train", per_class=40, names=names)
    assert torch.equal(part.labels, torch.arange(3).repeat_interleave(40))
    for k, name in enumerate(names):
        whole = small.images[small.labels == TEXTURES.index(name)]
        assert torch.equal(part.images[part.labels == k], whole), "a class has its own random numbers"
    for other in (textures("test", per_class=40, names=names), textures(per_class=40, names=names, seed=1)):
        assert torch.cdist(part.images.flatten(1), other.images.flatten(1)).min() > 0.1


def test_the_hash_is_that_of_the_data_sheet_and_changes_with_the_data():
    tiny = textures("test", per_class=2)
    known = "e58244602e34594b4823cf5774f6e0c69dcdbe8af422c2318f7b7304d45f7ba1"
    assert data_hash(tiny) == known
    changed = tiny.images.clone()
    changed[5, 0, 3, 3] = changed[5, 0, 3, 3].nextafter(torch.tensor(2.0))
    assert data_hash(tiny._replace(images=changed)) == known, "the last bit of a sine is no difference"
    changed[5, 0, 3, 3] += 0.01
    for other in (
        tiny._replace(images=changed),
        tiny._replace(labels=tiny.labels.flip(0)),
        tiny._replace(names=tiny.names[::-1]),
    ):
        assert data_hash(other) != known


def test_the_smaller_size_shows_the_same_patterns():
    images = textures("train", per_class=3, size=24).images
    assert images.shape == (76 * 3, 1, 24, 24) and images.isfinite().all()


def test_parameters_can_be_read_and_not_changed():
    assert texture_parameters("ring 0.11") == ("ring", {"frequency": 0.11})
    assert texture_parameters("checks 8") == ("checks", {"period": 16.0, "angle": 0})
    family, parameters = texture_parameters("wood")
    assert family == "photograph" and parameters["image"] == "coffee"
    parameters["image"] = "tea"
    assert texture_parameters("wood")[1]["image"] == "coffee"


def test_the_training_set_takes_a_tenth_of_the_minute_it_may():
    """500 for each class may take 60 s of one core; 50 are timed, in time of the process."""
    began = time.process_time()
    textures("train", per_class=50)
    assert time.process_time() - began < 6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: textures("valid"), "'train' or 'test'; got 'valid'"),
        (lambda: textures(size=64), r"size in 16\.\.36.*got 64"),
        (lambda: textures(per_class=0), "per_class >= 1"),
        (lambda: textures(names=()), "and 0 names"),
        (lambda: textures(per_class=9999, names=("fur",)), "'fur' has 6724 train patches of size 32; got"),
        (lambda: textures(names=("brik",)), "no texture is called 'brik'; nearest: brick"),
        (lambda: texture_parameters("brik"), "no texture is called 'brik'"),
        (lambda: gaussian_power("brick"), "no Gaussian class is called 'brick'"),
    ],
)
def test_bad_input_gets_one_clear_line(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "\n" not in str(error.value)
