"""The small digits: scikit-learn's, each in one split."""

import torch
from sklearn.datasets import load_digits

from guidelib.datasets import digits


def test_every_digit_is_in_one_split_and_unchanged():
    train, test = digits("train"), digits("test")
    assert train.images.shape == (1442, 1, 8, 8) and test.images.shape == (355, 1, 8, 8)
    theirs = {(tuple(i.flatten()), int(t)) for i, t in zip(*load_digits(return_X_y=True), strict=True)}
    ours = [
        (tuple(image.flatten().tolist()), int(label))
        for part in (train, test)
        for image, label in zip(16 * part.images, part.labels, strict=True)
    ]
    assert set(ours) == theirs and len(ours) == 1797


def test_classes_are_as_frequent_in_both():
    train, test = (digits(split).labels.bincount().double() for split in ("train", "test"))
    assert torch.allclose(test / train, torch.full_like(train, 0.25), atol=0.01)
    assert digits().names == tuple("0123456789")
