"""Four data sets in one network, each of them one class, 28 x 28 pixels.

Source: Kadkhodaie, Mallat and Simoncelli 2024, figure 14, with six sets of colour photographs.
"""

from functools import partial

import torch
import torch.nn.functional as F

from guidelib.datasets.crawl import crawl_tiles
from guidelib.datasets.dataset import Dataset
from guidelib.datasets.mnist import fashion_mnist, mnist
from guidelib.datasets.textures import textures
from guidelib.recipes import denoising
from guidelib.recipes.measures import denoising as metrics
from guidelib.training import Recipe

SIZE = 28
NAMES = ("MNIST", "Fashion-MNIST", "textures", "Crawl tiles")
EACH = {"train": 6080, "test": 380}


def sets(split: str) -> Dataset:
    """As many images of each set: the first of the large ones, the few tiles over and over."""
    n = EACH[split]
    tiles = F.interpolate(crawl_tiles(split).images, size=(SIZE, SIZE), mode="area")
    parts = (
        mnist(split).images[:n],
        fashion_mnist(split).images[:n],
        textures(split, size=SIZE, per_class=n // 76).images.clamp(0, 1),
        tiles[torch.arange(n) % len(tiles)],
    )
    return Dataset(torch.cat(parts), torch.arange(len(parts)).repeat_interleave(n), NAMES)


def data() -> tuple[Dataset, Dataset]:
    """The images to learn from and to measure on."""
    return sets("train"), sets("test")


SETS = (
    Recipe(
        "sets-feature",
        about="projected UNet on MNIST, Fashion-MNIST, the textures and the Crawl tiles, one class each",
        cost="CPU 10 min",
        network={"network": "ProjectedUNet", "widths": [16, 48, 96]},
        data=data,
        draw=partial(denoising.draw, sigma=("square", 1.0), pairs=True),
        loss=denoising.loss,
        metrics=metrics,
        steps=4500,
        batch=64,
        lr=4e-3,
    ),
)
