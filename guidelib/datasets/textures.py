"""The texture data set: one generator or one photograph is one class."""

import difflib
import hashlib

import torch
from torch import Tensor

from guidelib.datasets.dataset import Dataset, check_split
from guidelib.datasets.gaussian import GAUSSIAN, gaussian_power, gaussian_samples
from guidelib.datasets.photographs import PHOTOGRAPHS, photograph_patches
from guidelib.datasets.procedural import PROCEDURAL, procedural_samples

TEXTURES = (*GAUSSIAN, *PROCEDURAL, *PHOTOGRAPHS)


def textures(
    split: str = "train", *, per_class: int | None = None, size: int = 32, seed: int = 0, names=None
) -> Dataset:
    """Grey textures of 76 classes, or of the classes ``names``: (K per_class, 1, size, size).

    ``split`` train or test; ``per_class`` 500 and 100 if not given; ``size`` from 16 to 36 pixels
    (24 and 32 are the book's). The rows of a class are neighbours. The same arguments give the same
    images; every class has its own random numbers, whatever other classes are asked for. Values lie
    in [0, 1], but for one Gaussian pixel in 16,000 (``gaussian.py``); training and test patches of a
    photograph share no pixel. Source: the data of Kadkhodaie, Mallat and Simoncelli 2024, appendix A,
    in miniature.
    """
    check_split(split)
    names = tuple(TEXTURES if names is None else names)
    per_class = {"train": 500, "test": 100}[split] if per_class is None else per_class
    if not 16 <= size <= 36 or per_class < 1 or not names:
        raise ValueError(
            f"need size in 16..36, per_class >= 1 and a class; got {size}, {per_class} and {len(names)} names"
        )
    images = torch.empty(len(names) * per_class, 1, size, size)
    for i, name in enumerate(names):
        images[i * per_class : (i + 1) * per_class, 0] = _draw(name, per_class, size, seed, split)
    labels = torch.arange(len(names)).repeat_interleave(per_class)
    return Dataset(images, labels, names)


def texture_parameters(name: str) -> tuple[str, dict]:
    """The family of a class and the parameters of its generator: ``('ring', {'frequency': 0.11})``.

    A Gaussian class's exact spectrum is ``gaussian_power(name, size)``. A photograph's parameters are
    the function of ``skimage.data``, its reduction and the rows and columns it was cropped to.
    """
    if name in PHOTOGRAPHS:
        image, factor, rows, columns = PHOTOGRAPHS[name]
        return "photograph", {"image": image, "factor": factor, "rows": rows, "columns": columns}
    family, parameters = (GAUSSIAN | PROCEDURAL)[_check_name(name)]
    return family, dict(parameters)


def _draw(name: str, n: int, size: int, seed: int, split: str) -> Tensor:
    _check_name(name)
    digest = hashlib.sha256(f"{seed} {split} {name}".encode()).digest()
    generator = torch.Generator().manual_seed(int.from_bytes(digest[:7], "big"))
    if name in GAUSSIAN:
        return gaussian_samples(n, size, generator, gaussian_power(name, size))
    if name in PROCEDURAL:
        return procedural_samples(n, size, generator, name)
    return photograph_patches(n, size, generator, name, split)


def _check_name(name: str) -> str:
    if name not in TEXTURES:
        near = difflib.get_close_matches(str(name), TEXTURES, n=3, cutoff=0.3) or list(TEXTURES)
        raise ValueError(f"no texture is called {name!r}; nearest: {', '.join(near)}")
    return name
