"""Fashion-MNIST, 28 x 28 pixels, ten classes (Xiao, Rasul and Vollgraf 2017), by verified download."""

from functools import partial

import torch.nn.functional as F

from guidelib.datasets.mnist import fashion_mnist
from guidelib.recipes import denoising
from guidelib.recipes.measures import accuracy
from guidelib.recipes.measures import denoising as metrics
from guidelib.training import Recipe

WIDTHS = [32, 64, 128]
BLIND, DDPM = ("square", 1.0), ("ddpm", 0.5)


def data():
    """The 60,000 images to learn from and the 10,000 to measure on, sorted by label."""
    return denoising.by_label(fashion_mnist("train")), denoising.by_label(fashion_mnist("test"))


def draw_images(data, n: int, generator):
    """A batch of clean images and their labels."""
    batch = denoising.draw(data, n, generator, sigma=BLIND, labels=True)
    return {"x": batch["x0"], "cond": batch["cond"]}


def cross_entropy(net, x, cond):
    """The cross-entropy of each row in nats, (B,)."""
    return F.cross_entropy(net(x).float(), cond, reduction="none")


common = {
    "data": data, "loss": denoising.loss, "metrics": metrics, "steps": 20_000, "batch": 256, "lr": 2e-3,
}  # fmt: skip
of_eps = partial(denoising.loss, of="eps")
FASHION = (
    Recipe(
        "fashion-feature",
        about="projected UNet on Fashion-MNIST",
        cost="CPU 10 h, a GPU minutes",
        network={"network": "ProjectedUNet", "widths": WIDTHS},
        draw=partial(denoising.draw, sigma=BLIND, pairs=True),
        **common,
    ),
    Recipe(
        "fashion-mixture",
        about="the same UNet without classes",
        cost="CPU 5 h, a GPU minutes",
        network={"network": "UNet", "widths": WIDTHS},
        draw=partial(denoising.draw, sigma=BLIND),
        **common,
    ),
    Recipe(
        "fashion-ddpm",
        about="UNet that is told the noise level, without classes; the noise levels and the loss of DDPM",
        cost="CPU 5 h, a GPU minutes",
        network={"network": "UNet", "widths": WIDTHS, "sigma_conditioned": True},
        draw=partial(denoising.draw, sigma=DDPM),
        **common | {"loss": of_eps},
    ),
    Recipe(
        "fashion-cond",
        about="the same with labels, 10% of them hidden",
        cost="CPU 5 h, a GPU minutes",
        network={"network": "UNet", "widths": WIDTHS, "sigma_conditioned": True, "num_classes": 10},
        draw=partial(denoising.draw, sigma=DDPM, labels=True, null=0.1),
        **common | {"loss": of_eps},
    ),
    Recipe(
        "fashion-evaluator",
        about="small classifier that judges samples",
        cost="CPU 20 min",
        network={"network": "Classifier", "num_classes": 10},
        draw=draw_images,
        **common | {"loss": cross_entropy, "metrics": accuracy, "steps": 4000, "weight_decay": 0.01},
    ),
)
