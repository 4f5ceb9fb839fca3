"""What every data set is: images, labels and the classes' names."""

import hashlib
from typing import NamedTuple

import torch
from torch import Tensor


class Dataset(NamedTuple):
    """``images`` (N, 1, H, W) float32 with black 0 and white 1, ``labels`` (N,) int64, ``names`` (K,)."""

    images: Tensor
    labels: Tensor
    names: tuple[str, ...]


def data_hash(dataset: Dataset) -> str:
    """SHA-256 of a data set: of its images rounded to 1/255, its labels and its names, 64 hex digits.

    Rounding makes the hash the same on machines whose sines differ in the last bit.
    """
    images, labels, names = dataset
    levels = (255 * images).round().to(torch.int16)
    digest = hashlib.sha256("\n".join(names).encode())
    for part in (torch.tensor(images.shape), labels, levels):
        digest.update(part.contiguous().numpy().tobytes())
    return digest.hexdigest()


def check_split(split: str) -> str:
    """The split; ValueError unless it is train or test."""
    if split not in ("train", "test"):
        raise ValueError(f"split must be 'train' or 'test'; got {split!r}")
    return split
