"""Photographs: patches are parts of their region, and no pixel is in both splits."""

import pytest
import skimage.data
import torch
from worlds import generator

from guidelib.datasets.photographs import PHOTOGRAPHS, photograph, photograph_patches, region


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_the_splits_are_the_two_parts_of_a_photograph(name):
    whole, train, test = photograph(name), region(name, "train"), region(name, "test")
    assert train.numel() + test.numel() == whole.numel()
    axis = int(train.shape[0] == whole.shape[0])
    assert torch.equal(torch.cat([train, test], axis), whole)
    assert min(*train.shape, *test.shape) >= 36, "the largest patch fits"
    assert whole.min() == 0 and whole.max() == 1 and 0.06 < whole.std()


def test_every_patch_is_a_piece_of_its_region():
    for split in ("train", "test"):
        places = region("coins", split).unfold(0, 32, 1).unfold(1, 32, 1).reshape(-1, 32 * 32)
        patches = photograph_patches(20, 32, generator(), "coins", split).reshape(20, -1)
        assert all((places == patch).all(1).any() for patch in patches)


def test_a_photograph_is_the_means_of_blocks_of_the_original():
    original = torch.tensor(skimage.data.gravel()).double()
    blocks = original.reshape(256, 2, 256, 2).mean((1, 3))
    ours = photograph("gravel")
    inside = (ours > 0) & (ours < 1)
    slope, offset = torch.linalg.lstsq(
        torch.stack([blocks[inside], torch.ones(int(inside.sum()))], 1), ours[inside][:, None]
    ).solution.flatten()
    assert slope > 0 and torch.allclose(slope * blocks[inside] + offset, ours[inside], atol=1e-9)


def test_what_is_handed_out_can_be_changed_without_harm():
    photograph("grass").zero_()
    assert photograph("grass").std() > 0.1
