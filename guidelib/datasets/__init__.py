"""Data sets: images in [0, 1] with labels and names, generated, inside a wheel, or downloaded."""

from guidelib.datasets.crawl import crawl_tiles
from guidelib.datasets.dataset import Dataset, data_hash
from guidelib.datasets.digits import digits
from guidelib.datasets.download import MissingData
from guidelib.datasets.gaussian import gaussian_power, gaussian_textures
from guidelib.datasets.mnist import fashion_mnist, mnist
from guidelib.datasets.textures import TEXTURES, texture_parameters, textures

__all__ = [
    "TEXTURES",
    "Dataset",
    "MissingData",
    "crawl_tiles",
    "data_hash",
    "digits",
    "fashion_mnist",
    "gaussian_power",
    "gaussian_textures",
    "mnist",
    "texture_parameters",
    "textures",
]
