"""Handwritten digits of 8 x 8 pixels, inside the scikit-learn wheel."""

import torch
import torch.nn.functional as F

from guidelib.datasets.dataset import Dataset, check_split


def digits(split: str = "train") -> Dataset:
    """1,442 (train) or 355 (test) digits, light on black, 17 grey levels, (N, 1, 8, 8).

    Every fifth image of a class is a test image; who wrote it plays no part. Source: Alpaydin and
    Kaynak 1998, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository.
    """
    from sklearn.datasets import load_digits  # takes two seconds to import, and only this needs it

    bunch = load_digits()
    images = torch.tensor(bunch.images, dtype=torch.float32)[:, None] / 16
    labels = torch.tensor(bunch.target, dtype=torch.int64)
    turn = F.one_hot(labels).cumsum(0).gather(1, labels[:, None])[:, 0]  # 1 for a class's first image
    test = turn % 5 == 0
    chosen = test if check_split(split) == "test" else ~test
    return Dataset(images[chosen], labels[chosen], tuple("0123456789"))
