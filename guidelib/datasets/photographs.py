"""Photographs that ship inside scikit-image, cut into patches: one photograph is one class.

All are CC0 or in the public domain (the statements are those of ``skimage.data``; data/README.md has
the list). A photograph is made grey, reduced by a whole factor and cropped to the part that shows one
material. Test patches come from its last quarter, training patches from the rest: no pixel is shared.
"""

import warnings
from functools import cache

import skimage.color
import skimage.data
import torch
import torch.nn.functional as F
from torch import Tensor

# name: (function of skimage.data, reduction, rows, columns of the original)
PHOTOGRAPHS = {
    "brick": ("brick", 3, (0, 510), (0, 510)),
    "grass": ("grass", 2, (0, 512), (0, 512)),
    "gravel": ("gravel", 2, (0, 512), (0, 512)),
    "lawn": ("camera", 1, (332, 510), (410, 512)),
    "fur": ("chelsea", 1, (0, 72), (70, 330)),
    "wood": ("coffee", 1, (200, 400), (470, 600)),
    "retina": ("retina", 3, (300, 1101), (300, 1101)),
    "hubble": ("hubble_deep_field", 2, (0, 872), (0, 1000)),
    "text": ("text", 1, (0, 172), (0, 360)),
    "coins": ("coins", 2, (0, 302), (0, 384)),
    "cell": ("cell", 2, (0, 660), (0, 330)),
}


def photograph(name: str) -> Tensor:
    """The part of a photograph that patches are cut from, (H, W), float64 in [0, 1]."""
    return _photograph(name).clone()


@cache
def _photograph(name: str) -> Tensor:
    function, factor, rows, columns = PHOTOGRAPHS[name]
    with warnings.catch_warnings():  # in a notebook, of a progress bar that nobody needs here
        warnings.filterwarnings("ignore", message="IProgress not found")
        image = getattr(skimage.data, function)()[slice(*rows), slice(*columns)]
    grey = torch.tensor(skimage.color.rgb2gray(image) if image.ndim == 3 else image).to(torch.float64)
    grey = grey if grey.max() <= 1 else grey / 255
    grey = F.avg_pool2d(grey[None], factor)[0]
    lo, hi = grey.quantile(0.005), grey.quantile(0.995)
    return ((grey - lo) / (hi - lo)).clamp(0, 1)


def region(name: str, split: str) -> Tensor:
    """Three quarters of a photograph for training, the last quarter of its longer side for tests."""
    image = _photograph(name)
    axis = int(image.shape[1] >= image.shape[0])
    cut = 3 * image.shape[axis] // 4
    train, test = image.tensor_split([cut], dim=axis)
    return train if split == "train" else test


def photograph_patches(n: int, size: int, generator: torch.Generator, name: str, split: str) -> Tensor:
    """``n`` patches at different random places of the split's region, (n, size, size), in [0, 1].

    They overlap where n is large; more than there are places is a ValueError.
    """
    image = region(name, split)
    patches = image.unfold(0, size, 1).unfold(1, size, 1)  # a view: every patch there is
    rows, columns = patches.shape[:2]
    if n > rows * columns:
        raise ValueError(f"{name!r} has {rows * columns} {split} patches of size {size}; got per_class = {n}")
    at = torch.randperm(rows * columns, generator=generator)[:n]
    return patches[at // columns, at % columns]
