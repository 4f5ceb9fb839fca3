"""What chapters need of public data sets that are not here: a safetensors file and a card for each.

``python -m guidelib.stats`` makes them anew from the data sets and the shipped networks.
"""

import hashlib
import json
import sys

import torch
from safetensors.torch import load, save
from torch import Tensor

from guidelib import checkpoints, files
from guidelib.datasets.dataset import data_hash
from guidelib.datasets.mnist import fashion_mnist
from guidelib.metrics import moments
from guidelib.nets.projection import Phi
from guidelib.recipes.sets import sets

STATS = checkpoints.CHECKPOINTS.parent / "stats"
EXAMPLES, FEATURES = 4, 1000


def read(name: str) -> tuple[dict[str, Tensor], dict]:
    """The tensors of ``data/stats/NAME.safetensors`` and their card.

    Raises FileNotFoundError or KeyError for a name that is not there, ValueError for a file that is not
    that of its card.
    """
    data = files.path(f"stats/{name}.safetensors").read_bytes()
    card = json.loads(files.path(f"stats/{name}.json").read_text(encoding="utf-8"))
    if hashlib.sha256(data).hexdigest() != card["sha256"]:
        raise ValueError(f"stats/{name}.safetensors is not the file of its card; restore both files")
    return load(data), card


def phi(name: str) -> Phi:
    """The mean features of each class of a data set, for ``feature_guided``."""
    tensors, card = read(name)
    return Phi(tensors["phi"], card["network"])


@torch.no_grad()
def fashion() -> tuple[dict[str, Tensor], dict]:
    """Fashion-MNIST: the class features of ``fashion-feature``, and what ``fashion-evaluator`` sees.

    "phi" (10, P): means over the training images of a class. "examples" (10, 4, 28, 28), uint8: the first
    test images of each class. "mean" and "cov": moments of the judge's features of all test images;
    "floor mean" and "floor cov" those of as many training images. "features" (1000, P'): the judge's,
    of 100 test images of each class.
    """
    net, judge = checkpoints.load("fashion-feature"), checkpoints.load("fashion-evaluator")
    train, test = fashion_mnist("train"), fashion_mnist("test")
    seen = {name: _features(judge, images) for name, images in _halves(train, test).items()}
    mean, cov = moments(seen["test"])
    floor_mean, floor_cov = moments(seen["train"])
    first = _first(test, FEATURES // 10)
    tensors = {
        "phi": net.phi_y(train.images, train.labels).values,
        "examples": _bytes(test.images[_first(test, EXAMPLES)]).reshape(10, EXAMPLES, 28, 28),
        "mean": mean.float(), "cov": cov.float(),
        "floor mean": floor_mean.float(), "floor cov": floor_cov.float(),
        "features": seen["test"][first].half(),
    }  # fmt: skip
    return tensors, {"network": net.fingerprint(), "classes": list(test.names), "data": data_hash(test)}


@torch.no_grad()
def four_sets() -> tuple[dict[str, Tensor], dict]:
    """Four data sets in one network: the features of ``sets-feature``, and examples.

    "phi" (4, P): means over the training images of a set. "examples" (3, 4, 28, 28), uint8: test images
    of all sets but MNIST, whose images carry no licence.
    """
    net = checkpoints.load("sets-feature")
    train, test = sets("train"), sets("test")
    rows = torch.arange(1, 4)[:, None] * 380 + torch.tensor([3, 120, 237, 354])
    tensors = {
        "phi": net.phi_y(train.images, train.labels).values,
        "examples": _bytes(test.images[rows.flatten()]).reshape(3, EXAMPLES, 28, 28),
    }
    return tensors, {"network": net.fingerprint(), "classes": list(test.names), "data": data_hash(test)}


MAKERS = {"fashion": fashion, "sets": four_sets}


def write(name: str) -> None:
    """Make ``data/stats/NAME.safetensors`` and its card."""
    tensors, card = MAKERS[name]()
    data = save({key: value.contiguous() for key, value in tensors.items()})
    about = " ".join(MAKERS[name].__doc__.split())
    card = {"about": about, **card, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    checkpoints.write_whole(STATS / f"{name}.safetensors", data)
    checkpoints.write_whole(STATS / f"{name}.json", checkpoints.as_json(card).encode())


def _halves(train, test) -> dict[str, Tensor]:
    return {"train": train.images[: len(test.images)], "test": test.images}


def _features(judge, images: Tensor) -> Tensor:
    return torch.cat([judge.features(part) for part in images.split(500)])


def _first(data, n: int) -> Tensor:
    """The rows of the first n images of each class, class after class."""
    return torch.cat([(data.labels == k).nonzero()[:n, 0] for k in range(len(data.names))])


def _bytes(images: Tensor) -> Tensor:
    return (255 * images.clamp(0, 1)).round().to(torch.uint8)


if __name__ == "__main__":
    for name in sys.argv[1:] or MAKERS:
        write(name)
