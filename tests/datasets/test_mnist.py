"""MNIST and Fashion-MNIST: read from a mirror; from the published files where they are at hand."""

import gzip
import hashlib
import os
import struct

import pytest
import torch

from guidelib.datasets import download, fashion_mnist, mnist
from guidelib.datasets.mnist import FASHION_MD5, MNIST_MD5

SETS = [(fashion_mnist, "fashion-mnist", FASHION_MD5), (mnist, "mnist", MNIST_MD5)]


@pytest.mark.parametrize(("load", "folder", "md5"), SETS)
@pytest.mark.parametrize(("split", "stem", "n"), [("train", "train", 6), ("test", "t10k", 3)])
def test_a_split_is_read_from_its_two_files(tmp_path, monkeypatch, load, folder, md5, split, stem, n):
    images = torch.arange(n * 784).remainder(256).to(torch.uint8).reshape(n, 28, 28)
    labels = torch.arange(n, dtype=torch.uint8)
    monkeypatch.setenv(download.MIRROR, str(tmp_path))
    (tmp_path / folder).mkdir()
    for name, array in ((f"{stem}-images-idx3-ubyte.gz", images), (f"{stem}-labels-idx1-ubyte.gz", labels)):
        head = bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
        content = gzip.compress(head + bytes(array.flatten().tolist()))
        (tmp_path / folder / name).write_bytes(content)
        monkeypatch.setitem(md5, name, hashlib.md5(content).hexdigest())
    data = load(split)
    assert data.images.dtype == torch.float32 and torch.equal(255 * data.images[:, 0], images.float())
    assert torch.equal(data.labels, labels.long()) and len(data.names) == 10


@pytest.mark.parametrize(("load", "folder", "md5"), SETS)
def test_the_published_files_are_read(load, folder, md5):
    if not os.path.isdir(os.path.join(os.environ.get(download.MIRROR, ""), folder)):
        pytest.skip(f"{download.MIRROR} names no folder with {folder}")
    data = load("test")
    assert data.images.shape == (10_000, 1, 28, 28) and data.labels.bincount().sum() == 10_000
    assert 0 == data.images.min() < data.images.max() == 1


def test_a_split_that_there_is_not_is_named_before_anything_is_downloaded():
    with pytest.raises(ValueError, match="'train' or 'test'; got 'val'"):
        mnist("val")
