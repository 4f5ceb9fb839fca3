"""Hand-drawn floor and wall tiles of the game Dungeon Crawl Stone Soup: real 32 pixel textures, CC0."""

import hashlib
import io
import re
import zipfile
from collections import defaultdict
from pathlib import Path

import numpy as np
import skimage.color
import torch
from PIL import Image
from torch import Tensor

from guidelib.datasets.dataset import Dataset, check_split
from guidelib.datasets.download import MIRROR, MissingData, mirror_folder

# of the names and bytes of all tiles used
SHA256 = "7d700d0c8b606712f8c9b9f41e2bced25a266d28bae8a9532ccf65cab607d4dd"


def crawl_tiles(split: str = "train") -> Dataset:
    """Tiles of 76 kinds of floor and wall, four variants or more of each, grey, (N, 1, 32, 32).

    The last quarter of the variants, at least one, are the test tiles. There is no archive to
    download: clone https://github.com/crawl/tiles to ``$GUIDELIB_DATA/crawl-tiles-cc0/tiles``, or
    else this raises ``MissingData``. Tiles that differ from those of 2015 are a ValueError.
    """
    check_split(split)
    files = _files()
    if _hash(files) != SHA256:
        raise ValueError("the Crawl tiles are not those of the release of November 2015: clone them anew")
    images, labels, names = [], [], sorted(files)
    for k, name in enumerate(names):
        tests = max(1, len(files[name]) // 4)
        chosen = files[name][-tests:] if split == "test" else files[name][:-tests]
        images += [_grey(content) for _, content in chosen]
        labels += [k] * len(chosen)
    return Dataset(torch.stack(images), torch.tensor(labels), tuple(names))


def _files() -> dict[str, list[tuple[int, bytes]]]:
    """The number and bytes of every variant of each kind, in order: {'floor/moss': [(0, ...), ...]}."""
    kinds = defaultdict(list)
    root = _root()
    for place in ("floor", "wall"):
        for path in (root / "dngn" / place).iterdir():
            variant = re.fullmatch(r"(.+?)_?(\d+)\.png", path.name)
            if variant:
                kinds[f"{place}/{variant[1]}"].append((int(variant[2]), path.read_bytes()))
    return {name: sorted(variants) for name, variants in kinds.items() if len(variants) >= 4}


def _root() -> Path | zipfile.Path:
    """The folder of the release, in a clone or in an archive of it."""
    folder = mirror_folder("crawl-tiles-cc0")
    if folder and (clone := folder / "tiles/releases/Nov-2015").exists():
        return clone
    if folder and (archive := folder / "crawl_tiles_Nov2015.zip").exists():
        return zipfile.Path(archive)
    raise MissingData(
        "the Crawl tiles are not here: clone https://github.com/crawl/tiles to a folder "
        f"crawl-tiles-cc0/tiles and set {MIRROR} to the folder that holds crawl-tiles-cc0"
    )


def _hash(files: dict[str, list[tuple[int, bytes]]]) -> str:
    digest = hashlib.sha256()
    for name in sorted(files):
        for number, content in files[name]:
            digest.update(f"{name} {number} {len(content)} ".encode() + content)
    return digest.hexdigest()


def _grey(content: bytes) -> Tensor:
    """One tile, (1, 32, 32), float32 in [0, 1], transparent pixels black."""
    image = np.asarray(Image.open(io.BytesIO(content)).convert("RGBA")) / 255
    grey = skimage.color.rgb2gray(image[..., :3]) * image[..., 3]
    return torch.tensor(grey, dtype=torch.float32)[None]
